/**
 * Registers of a call of `ec_msm`, written once each: the sums of the subsets of its points, and two per bit of the
 * scalars, from the highest: the doubled sum, and that sum with the subset added whose scalars have the bit.
 */

/** Points and scalars of a call. */
export const POINTS = 4;
export const SCALAR_BITS = 128;
/** Sums of subsets, by the subset's bits; the empty one, infinity, is also the sum before the first bit. */
export const SUBSETS = 2 ** POINTS;
export const INFINITY_REGISTER = 0;

/** Bits that one row of the control chip works through, and rows of a call. */
export const STEPS_PER_ROW = 16;
export const CONTROL_ROWS = SCALAR_BITS / STEPS_PER_ROW;

/** Register of the doubled sum of a step; the next one takes the subset's addition, where there is one. */
export const doubledRegister = (step: number): number => SUBSETS + 2 * step;

/** The additions that fill the registers of subsets of two points and more: (left, right, result). */
export const SUBSET_ADDITIONS: readonly (readonly [number, number, number])[] = Array.from(
  { length: SUBSETS },
  (_, subset) => subset,
).flatMap((subset) => {
  const highest = 2 ** (31 - Math.clz32(Math.max(1, subset)));
  return subset === 0 || subset === highest ? [] : [[subset - highest, highest, subset] as const];
});
