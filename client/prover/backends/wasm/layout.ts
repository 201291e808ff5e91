import { EXT_WORDS } from '../../field/ext-vec.ts';
import { Fp } from '../../field/fp.ts';

/** Bytes of a block: four extension elements, coordinate by coordinate, one element per lane, Montgomery form. */
export const BLOCK_BYTES = 80 as const;
export const LANES = 4;

/** Bytes of a vector of n extension elements; the unused lanes of the last block are zero. */
export const extBytes = (n: number): number => Math.ceil(n / LANES) * BLOCK_BYTES;

/** 2^32 mod P, what an element is multiplied by in Montgomery form. */
const R = 33554430;
const R_INV = Fp.inv(R);
/** 1 in Montgomery form. */
export const ONE_MONT = R;

/** Montgomery form x · 2^32 mod P of a canonical element. */
export const toMont = (x: number): number => Fp.mul(x, R);
/** The canonical element of a Montgomery form below P. */
export const fromMont = (x: number): number => Fp.mul(x, R_INV);

/** Cuts [0, n) into pieces of `unit` items or multiples of it, about `parts` pieces. */
export function pieces(n: number, parts: number, unit = 1): { readonly from: number; readonly count: number }[] {
  const size = Math.max(unit, Math.ceil(n / parts / unit) * unit);
  const result: { from: number; count: number }[] = [];
  for (let from = 0; from < n; from += size) result.push({ from, count: Math.min(size, n - from) });
  return result;
}

export const WORD_BYTES = 4;
export { EXT_WORDS };
