/** Interval arithmetic: proves that equations modulo P hold over the integers, from the ranges that a chip checks. */
import type { CompiledChip, NodeId } from '../../client/prover/air/dag.ts';
import { P } from '../../client/prover/field/fp.ts';

export class Interval {
  readonly low: number;
  readonly high: number;

  constructor(low: number, high: number) {
    this.low = low;
    this.high = high;
  }

  static of(x: Interval | number): Interval {
    return typeof x === 'number' ? new Interval(x, x) : x;
  }

  add(x: Interval | number): Interval {
    const other = Interval.of(x);
    return new Interval(this.low + other.low, this.high + other.high);
  }

  sub(x: Interval | number): Interval {
    const other = Interval.of(x);
    return new Interval(this.low - other.high, this.high - other.low);
  }

  mul(x: Interval | number): Interval {
    const other = Interval.of(x);
    const products = [this.low, this.high].flatMap((a) => [a * other.low, a * other.high]);
    return new Interval(Math.min(...products), Math.max(...products));
  }
}

const signed = (x: number): number => (x > P / 2 ? x - P : x);

/**
 * Ranges of a chip's columns on rows where `isReal` is 1, by column: bits by their kind, others by the RANGE16, BYTES and
 * POW lookups whose field is the column, perhaps with a constant added. Undefined where no lookup bounds a column.
 */
export function checkedRanges(chip: CompiledChip): readonly (Interval | undefined)[] {
  const ranges = chip.columns.map((c) => (c.kind === 'bit' ? new Interval(0, 1) : undefined));
  const isReal = chip.columns.findIndex((c) => c.name === 'isReal');
  const constantOf = (id: NodeId): number | undefined => {
    const node = chip.nodes[id]!;
    return node.op === 'const' ? signed(node.value) : undefined;
  };
  const narrow = (field: NodeId, limit: number): void => {
    const node = chip.nodes[field]!;
    if (node.op === 'column') ranges[node.column] = new Interval(0, limit - 1);
    if (node.op !== 'add' && node.op !== 'sub') return;
    const [left, right] = [chip.nodes[node.a]!, chip.nodes[node.b]!];
    const column = left.op === 'column' ? left.column : node.op === 'add' && right.op === 'column' ? right.column : -1;
    const constant = constantOf(left.op === 'column' ? node.b : node.a);
    if (column < 0 || constant === undefined) return;
    const shift = node.op === 'add' ? constant : -constant;
    ranges[column] = new Interval(-shift, limit - 1 - shift);
  };
  for (const { bus, fields, count } of chip.interactions) {
    const counted = chip.nodes[count]!;
    if (counted.op !== 'column' || counted.column !== isReal) continue;
    if (bus.id === 'RANGE16') narrow(fields[0]!, 2 ** 16);
    if (bus.id === 'BYTES') for (const field of fields) narrow(field, 2 ** 8);
    const power = bus.id === 'POW' ? constantOf(fields[1]!) : undefined;
    if (power !== undefined) narrow(fields[0]!, power);
  }
  return ranges;
}

/**
 * What `assertZeroSum` needs of its coefficients: `worst`, the largest |C_2k + 256 · C_2k+1 + c_(k−1) − 2^16 · c_k| over P
 * for any carries in their range, below 1 for soundness; `carry`, the largest honest carry over the limit, at most 1 for
 * completeness.
 */
export function carryBounds(
  coefficients: readonly Interval[],
  carryBits: number,
): { readonly worst: number; readonly carry: number } {
  const limit = 2 ** (carryBits - 1);
  const steps = coefficients.length / 2;
  const everyCarry = new Interval(-limit, limit - 1);
  let worst = 0;
  let carry = 0;
  let honest = new Interval(0, 0);
  for (let k = 0; k < steps; k++) {
    const total = coefficients[2 * k]!.add(coefficients[2 * k + 1]!.mul(256));
    const isLast = k === steps - 1;
    const zero = new Interval(0, 0);
    const residue = total.add(k === 0 ? zero : everyCarry).sub(isLast ? zero : everyCarry.mul(2 ** 16));
    worst = Math.max(worst, residue.high, -residue.low);
    const sum = total.add(honest);
    honest = new Interval(Math.ceil(sum.low / 2 ** 16), Math.floor(sum.high / 2 ** 16));
    if (!isLast) carry = Math.max(carry, -honest.low, honest.high + 1);
  }
  return { worst: worst / P, carry: carry / limit };
}
