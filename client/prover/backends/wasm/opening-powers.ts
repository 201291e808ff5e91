import { powersVec } from '../../field/ext-vec.ts';
import { Fp } from '../../field/fp.ts';
import { type Ext, Fp5 } from '../../field/fp5.ts';
import type { Weight } from '../interface.ts';
import { uploadExts } from './ext-table.ts';
import { BLOCK_BYTES, EXT_WORDS, LANES, WORD_BYTES } from './layout.ts';
import type { KernelPool, Task } from './pool.ts';

/** A weight of the powers of one element: see `Weight`. */
export type PowerWeight = Extract<Weight, { readonly kind: 'power' }>;

/** Weights by · (1, y, y², …): a factor per column, and the columns' values at y. */
type Power = { readonly y: Ext; factors: Ext[]; values: Ext[] };

/** Entries of a table of powers: larger exponents are split, so that it stays in a near cache. */
export const POWERS_LOG = 10;

/** Words that a table is padded to with zeros, so that it consists of whole chunks of powers. */
export const TABLE_UNIT = 2 ** POWERS_LOG;

/** Σ words[i] · y^i over a table of canonical words, padded to `TABLE_UNIT`. */
export const evaluateWords = (pool: KernelPool, at: number, count: number, y: Ext): Ext =>
  columnValues(pool, at, count, 1, y)[0]!;

/** The same for each of `columns` ≤ `count` parts of the table, a power of two unless it is 1. */
export function columnValues(pool: KernelPool, at: number, count: number, columns: number, y: Ext): Ext[] {
  let size = 2 * LANES;
  while (size < Math.min(count / columns, TABLE_UNIT)) size *= 2;
  const powers = uploadExts(pool, powersVec(y, size));
  const chunks = Math.ceil(count / size);
  const out = pool.memory.alloc(chunks * BLOCK_BYTES);
  pool.run(
    Array.from({ length: chunks }, (_, c): Task => {
      return ['dotWords', powers, at + c * size * WORD_BYTES, out + c * BLOCK_BYTES, size / LANES];
    }),
  );
  const step = Fp5.pow(y, BigInt(size));
  const perColumn = chunks / columns;
  const values = Array.from({ length: columns }, (_, column) => {
    let sum = Fp5.ZERO;
    for (let c = (column + 1) * perColumn - 1; c >= column * perColumn; c--) {
      const words = pool.memory.view(out + c * BLOCK_BYTES, LANES * EXT_WORDS);
      const coordinate = (k: number): number =>
        [0, 1, 2, 3].reduce((acc, lane) => Fp.add(acc, words[LANES * k + lane]!), 0);
      sum = Fp5.add(Fp5.mul(sum, step), [coordinate(0), coordinate(1), coordinate(2), coordinate(3), coordinate(4)]);
    }
    return sum;
  });
  pool.memory.free(out);
  pool.memory.free(powers);
  return values;
}

/**
 * The powers among the weights of an opening while the top variables of its words are bound: powers of y are a factor per
 * column times the same vector, so Σ weights · words is Σ factors · values over the columns.
 */
export class PowerRounds {
  private readonly powers: readonly Power[];

  /** @param rounds how many variables will be bound */
  constructor(pool: KernelPool, words: number, log: number, rounds: number, weights: readonly Weight[]) {
    const columns = 2 ** rounds;
    this.powers = weights
      .filter((w) => w.kind === 'power')
      .map(({ y, by }) => {
        const step = Fp5.pow(y, BigInt(2 ** (log - rounds)));
        const factors = [by];
        while (factors.length < columns) factors.push(Fp5.mul(factors[factors.length - 1]!, step));
        return { y, factors, values: columnValues(pool, words, 2 ** log, columns, y) };
      });
  }

  /** Values at 0 and 2 of their part of the round's polynomial. */
  round(): [Ext, Ext] {
    return this.powers
      .map(roundOfPower)
      .reduce(([a, b], [c, d]) => [Fp5.add(a, c), Fp5.add(b, d)], [Fp5.ZERO, Fp5.ZERO]);
  }

  /** Takes the round's challenge: factors and values fold to half as many. */
  bind(r: Ext): void {
    for (const power of this.powers) {
      power.factors = foldExts(power.factors, r);
      power.values = foldExts(power.values, r);
    }
  }

  /** The weights over the variables that are left, after all rounds. */
  left(): PowerWeight[] {
    return this.powers.map(({ y, factors }) => ({ kind: 'power', y, by: factors[0]! }));
  }
}

const foldExts = (values: readonly Ext[], r: Ext): Ext[] => {
  const half = values.length / 2;
  return values.slice(0, half).map((lo, i) => Fp5.add(lo, Fp5.mul(r, Fp5.sub(values[half + i]!, lo))));
};

function roundOfPower({ factors, values }: Power): [Ext, Ext] {
  const half = factors.length / 2;
  let zero = Fp5.ZERO;
  let two = Fp5.ZERO;
  const atTwo = (x: readonly Ext[], i: number): Ext => Fp5.sub(Fp5.add(x[half + i]!, x[half + i]!), x[i]!);
  for (let i = 0; i < half; i++) {
    zero = Fp5.add(zero, Fp5.mul(factors[i]!, values[i]!));
    two = Fp5.add(two, Fp5.mul(atTwo(factors, i), atTwo(values, i)));
  }
  return [zero, two];
}
