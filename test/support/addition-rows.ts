/** Rows of the point addition: honest ones, and those of a prover who fills everything else to fit a lie. */
import { fillTrace } from '../../client/prover/air/chip.ts';
import { columnList, viewOf } from '../../client/prover/air/columns.ts';
import type { CompiledChip } from '../../client/prover/air/dag.ts';
import { additionCoefficients, pointAdd } from '../../client/prover/chips/curve/add.ts';
import {
  type Addition,
  type AdditionMode,
  type AffinePoint,
  addPoints,
  canonicalDigits,
  DIGITS,
  FIELD_P,
  groupValues,
  LIMB_OFFSET,
  limbValues,
  P_LIMBS,
  type Register,
  registerOf,
  signedDigits,
  splitQuotient,
  withInverses,
} from '../../client/prover/chips/curve/field.ts';
import { fillMarker } from '../../client/prover/chips/wide/core.ts';
import { Fp, P } from '../../client/prover/field/fp.ts';
import { withCells } from './chip-rows.ts';

const chip = pointAdd.compiled;
const COLUMNS = columnList(pointAdd.spec.columns).map((c) => c.name);

/** Mode, slope and result of P + Q. */
export const added = (p: AffinePoint, q: AffinePoint): Addition => withInverses([addPoints(p, q)])[0]!;

/** The row of P + Q. */
export function additionRow(p: AffinePoint, q: AffinePoint): number[] {
  const { mode, slope, sum } = added(p, q);
  const [left, right, result] = [p, q, sum].map(registerOf) as [Register, Register, Register];
  const registers = { left: 2, right: 3, result: 20, p: left, q: right, r: result };
  return Array.from(
    fillTrace(pointAdd, [{ call: 1, ...registers, mode, slope, uses: 1 }]).rows.subarray(0, COLUMNS.length),
  );
}

/** Integers as a ring of objects. */
class Int {
  readonly value: bigint;
  constructor(value: bigint) {
    this.value = value;
  }
  private static of(x: Int | number): bigint {
    return typeof x === 'number' ? BigInt(x) : x.value;
  }
  add(x: Int | number): Int {
    return new Int(this.value + Int.of(x));
  }
  sub(x: Int | number): Int {
    return new Int(this.value - Int.of(x));
  }
  mul(x: Int | number): Int {
    return new Int(this.value * Int.of(x));
  }
}

export type Lie = {
  readonly mode: AdditionMode;
  /** λ; 0 by default. */
  readonly slope?: bigint;
  /** L where it is another representation of 2λ. */
  readonly doubledSlope?: bigint;
  readonly sum: AffinePoint;
  /** Added to the representation of a coordinate of the sum. */
  readonly xShift?: bigint;
  readonly yShift?: bigint;
};

type Digits = { readonly x: number[]; readonly y: number[] };
const named = (name: string, values: readonly number[]): Record<string, number> =>
  Object.fromEntries(values.map((v, i) => [`${name}[${i}]`, v]));
const zeros = (count: number): number[] => new Array<number>(count).fill(0);
const signedValue = (digits: readonly number[]): bigint =>
  digits.reduceRight((value, digit) => value * 256n + BigInt(digit), 0n);

/** A row that adds P and Q in another way: quotients, witnesses and markers are what fits best. */
export function lyingRow(p: AffinePoint, q: AffinePoint, lie: Lie): number[] {
  const live = lie.mode === 'general' || lie.mode === 'double';
  const [one, two, three] = [p, q, lie.sum].map((point) => {
    const { xDigits, yDigits } = registerOf(point);
    return { x: [...xDigits], y: [...yDigits] };
  }) as [Digits, Digits, Digits];
  const x3 = signedDigits(signedValue(three.x) + (lie.xShift ?? 0n));
  const y3 = signedDigits(signedValue(three.y) + (lie.yShift ?? 0n));
  const slope =
    lie.doubledSlope === undefined ? canonicalDigits(2n * (lie.slope ?? 0n)) : signedDigits(lie.doubledSlope);
  const groups = groupValues(two.x.map((digit, i) => digit - one.x[i]!));
  const at = groups.findIndex((g) => g !== 0);
  const modes = { general: 0, double: 0, cancel: 0, leftInfinite: 0, rightInfinite: 0, [lie.mode]: 1 };
  let row = withCells(chip, zeros(COLUMNS.length), {
    ...{ isReal: 1, call: 1, left: 2, right: 3, result: 20, mult: 1, isRightInfinite: q === undefined ? 1 : 0 },
    ...Object.fromEntries(Object.entries(modes).map(([name, value]) => [`mode.${name}`, value])),
    ...{ ...named('x1', one.x), ...named('y1', one.y), ...named('x2', two.x), ...named('y2', limbValues(two.y)) },
    ...{ ...named('slope', live ? slope : zeros(DIGITS)), ...named('x3', x3), ...named('y3', limbValues(y3)) },
    ...(lie.mode === 'general' && at >= 0 ? { [`difference[${at}]`]: Fp.inv(Fp.fromInt(groups[at]!)) } : {}),
    ...(live
      ? named(
          'marker',
          fillMarker(
            limbValues(x3).map((limb) => limb + LIMB_OFFSET),
            P_LIMBS,
          ),
        )
      : {}),
  });
  const view = viewOf(pointAdd.spec.columns, (c) => new Int(signedCell(row[c]!)));
  const identities = additionCoefficients(view, view.mode, new Int(0n));
  const quotient = (coefficients: readonly Int[]) =>
    splitQuotient(coefficients.reduceRight((value, c) => value * 256n + c.value, 0n) / FIELD_P);
  const [first, second, third] = [quotient(identities.slope), quotient(identities.x), quotient(identities.y)];
  row = withCells(chip, row, {
    ...{ ...named('quotients.slope', first.digits), ...named('quotients.x', second.digits) },
    ...{ ...named('quotients.y', third.digits), 'tops.slope': first.top, 'tops.y': third.top },
  });
  return row;
}

const signedCell = (x: number): bigint => BigInt(x > P / 2 ? x - P : x);

/** The value of a coordinate modulo p, from digits (8 bits) or limbs (16) of a row. */
export function coordinateOf(of: CompiledChip, row: readonly number[], name: string, bits: 8 | 16): bigint {
  const first = of.columns.findIndex((c) => c.name === `${name}[0]`);
  const digits = row.slice(first, first + 256 / bits).map(signedCell);
  const value = digits.reduceRight((v, digit) => v * 2n ** BigInt(bits) + digit, 0n);
  return ((value % FIELD_P) + FIELD_P) % FIELD_P;
}
