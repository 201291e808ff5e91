import type { Constraints } from '../../air/chip.ts';
import { array, bit, type CellTargets, type View } from '../../air/columns.ts';
import { type Expr, sum } from '../../air/expr.ts';
import { anyOf, type Word } from '../../air/word.ts';
import { RANGE16 } from '../buses.ts';

/** Columns of a comparison of numbers of 2 or 4 limbs. */
export const compareColumns = <N extends 2 | 4>(limbs: N) => ({
  isLess: bit('1 if a < b'),
  marker: array(bit('one-hot at the most significant limb where a and b differ; zero if a = b'), limbs),
});

/** Columns of a comparison that may be signed. */
export const signColumns = {
  a: bit('sign of a; 0 in an unsigned comparison'),
  b: bit('sign of b; 0 in an unsigned comparison'),
};

const ONCE = { maxPerRow: 1 } as const;

/**
 * Limbs of a signed number, its order that of unsigned ones: the top limb plus 2^15 modulo 2^16, which is range-checked
 * and so determines the sign.
 */
export function biased(c: Constraints, limbs: readonly Expr[], isSigned: Expr, sign: Expr): Expr[] {
  const top = limbs
    .at(-1)!
    .add(isSigned.mul(2 ** 15))
    .sub(sign.mul(2 ** 16));
  c.send(RANGE16, [top], isSigned, ONCE);
  c.assertZero('sign only of signed numbers', sign.mul(isSigned.not()));
  return [...limbs.slice(0, -1), top];
}

/** The same of words: the top limb with its highest bit flipped where signed. */
export const biasedWords = (limbs: readonly Word[], isSigned: Word): Word[] =>
  limbs.map((limb, k) => (k === limbs.length - 1 ? limb.xor(isSigned.shl(15)) : limb));

/** Fills the signs of numbers given by their limbs. */
export function fillSigns(
  row: CellTargets<typeof signColumns>,
  a: readonly Word[],
  b: readonly Word[],
  isSigned: Word,
): void {
  row.a = isSigned.and(a.at(-1)!.bit(15));
  row.b = isSigned.and(b.at(-1)!.bit(15));
}

/**
 * The order of a and b. The marked limb is the first that differs, because those above are equal and the difference
 * there, less one, is range-checked in the direction that isLess names. *Assumes* all limbs below 2^16.
 * @returns 1 if a = b, else 0
 */
export function compare(
  c: Constraints,
  a: readonly Expr[],
  b: readonly Expr[],
  { isLess, marker }: View<ReturnType<typeof compareColumns>, Expr>,
  isReal: Expr,
): Expr {
  const differs = sum(marker);
  c.assertZero('at most one marker', differs.mul(differs.sub(1)));
  a.forEach((limb, i) => {
    c.assertZero(`limb ${i} equal unless marked at or above`, sum(marker.slice(i)).not().mul(limb.sub(b[i]!)));
  });
  const difference = sum(marker.map((m, i) => m.mul(b[i]!.sub(a[i]!))));
  // a < b: b − a − 1 at the marked limb; else a − b − 1 there, and 0 where nothing is marked.
  const less = isLess.mul(difference.mul(2).sub(1).add(differs));
  c.send(RANGE16, [less.sub(difference).sub(differs)], isReal, ONCE);
  return differs.not();
}

/** Fills the comparison of numbers given by (biased) limbs. */
export function fillCompare(
  row: CellTargets<ReturnType<typeof compareColumns>>,
  a: readonly Word[],
  b: readonly Word[],
): void {
  const differs = a.map((limb, k) => limb.equal(b[k]!).not());
  const marker = differs.map((d, k) => (k + 1 < a.length ? d.and(anyOf(differs.slice(k + 1)).not()) : d));
  row.marker = marker;
  row.isLess = anyOf(marker.map((m, k) => m.and(a[k]!.less(b[k]!))));
}
