import { Fp } from '../../field/fp.ts';
import { type Ext, Fp5 } from '../../field/fp5.ts';
import { eqTable as eqWords } from '../../poly/eq.ts';
import { SKIP_SIZE } from '../../poly/interpolate.ts';
import type { Weight } from '../interface.ts';
import { blocksOf, eqTable, runTasks, split, storeConstant } from './ext-table.ts';
import { foldTasks, type Halves, halvesOf, SPARE_BYTES } from './halves.ts';
import { BLOCK_BYTES, EXT_WORDS, extBytes, LANES, pieces, toMont, WORD_BYTES } from './layout.ts';
import { type ColumnWeight, sameExts } from './opening-columns.ts';
import { PowerRounds, type PowerWeight } from './opening-powers.ts';
import { foldWords, roundSums, tensor } from './opening-tables.ts';
import type { KernelPool, Task } from './pool.ts';

/** Distinct bases L that pay: each costs a pass over the table, where weights in full cost a table five times as long. */
const MAX_BASES = 4;

/** Weights with one basis L on the four lowest bits: factors ⊗ L; `dots`: Σ_k L_k · words[16 i + k]. */
type Tensor = { readonly basis: readonly Ext[]; readonly factors: number; readonly dots: number };

/** What rounds leave: folded table and weights over the variables that are left, and powers to be added to the weights. */
export type LeftOver = {
  readonly table: number;
  readonly weights: number;
  readonly powers: readonly PowerWeight[];
};

/** The first rounds of an opening, over words: `round` and `bind` in turn, `rounds` times, then `finish`. */
export type WordsRounds = {
  readonly rounds: number;
  round(): [Ext, Ext];
  bind(r: Ext): void;
  /** The tables are the caller's. */
  finish(): LeftOver;
  free(): void;
};

/**
 * The first rounds of an opening, over a table of 2^log canonical words whose top variables are bound. A column's weights
 * are factors ⊗ L, so while variables above the four lowest are bound, Σ weights · table is Σ factors · dots over a
 * sixteenth of the entries; powers of y are a factor per column times the same vector. Neither weights nor folded table
 * are needed before the last of these variables is bound.
 */
export class WordsOpening implements WordsRounds {
  readonly rounds: number;
  private readonly pool: KernelPool;
  private readonly words: number;
  private readonly log: number;
  private readonly tensors: readonly Tensor[];
  private readonly powers: PowerRounds;
  private readonly bound: Ext[] = [];
  private readonly spare: number;
  private halves: readonly (readonly [Halves, Halves])[] = [];

  /** Whether so many variables can be bound with these weights. */
  static fits(log: number, rounds: number, weights: readonly Weight[]): boolean {
    return rounds <= log - Math.log2(SKIP_SIZE) && byBasis(weights).length <= MAX_BASES;
  }

  /** @param rounds how many variables will be bound */
  constructor(pool: KernelPool, words: number, log: number, rounds: number, weights: readonly Weight[]) {
    this.pool = pool;
    this.words = words;
    this.log = log;
    this.rounds = rounds;
    this.spare = pool.memory.alloc(2 * MAX_BASES * SPARE_BYTES + BLOCK_BYTES);
    this.tensors = byBasis(weights).map((columns) => this.makeTensor(columns));
    this.powers = new PowerRounds(pool, words, log, rounds, weights);
  }

  /** Values at 0 and 2 of the round's polynomial. */
  round(): [Ext, Ext] {
    const { pool, spare } = this;
    const n = 2 ** (this.log - this.bound.length) / SKIP_SIZE;
    this.halves = this.tensors.map(({ factors, dots }, i) => [
      halvesOf(pool, factors, n, BLOCK_BYTES, spare + 2 * i * SPARE_BYTES),
      halvesOf(pool, dots, n, BLOCK_BYTES, spare + (2 * i + 1) * SPARE_BYTES),
    ]);
    const sums = this.halves.map(([factors, dots]) => roundSums(pool, factors, dots, n / 2));
    return sums.reduce((a, b) => [Fp5.add(a[0], b[0]), Fp5.add(a[1], b[1])], this.powers.round());
  }

  /** Binds the top variable. Follows `round`. */
  bind(r: Ext): void {
    const { pool } = this;
    const half = 2 ** (this.log - this.bound.length) / SKIP_SIZE / 2;
    const factor = this.spare + 2 * MAX_BASES * SPARE_BYTES;
    storeConstant(pool, factor, r);
    this.tensors.forEach(({ factors, dots }, i) => {
      const [ofFactors, ofDots] = this.halves[i]!;
      runTasks(pool, foldTasks(pool, ofFactors, factors, half, BLOCK_BYTES, factor));
      runTasks(pool, foldTasks(pool, ofDots, dots, half, BLOCK_BYTES, factor));
    });
    this.powers.bind(r);
    this.bound.push(r);
  }

  finish(): LeftOver {
    const { pool } = this;
    const n = 2 ** (this.log - this.bound.length);
    const weights = pool.memory.alloc(extBytes(n));
    if (this.tensors.length === 0) pool.memory.view(weights, extBytes(n) / WORD_BYTES).fill(0);
    this.tensors.forEach(({ basis, factors }, i) => {
      const to = i === 0 ? weights : pool.memory.alloc(extBytes(n));
      tensor(pool, factors, n / SKIP_SIZE, basis, to);
      if (i === 0) return;
      runTasks(
        pool,
        split(pool, blocksOf(n)).map(({ from, count }): Task => {
          const at = from * BLOCK_BYTES;
          return ['addBlocks', weights + at, to + at, weights + at, count];
        }),
      );
      pool.memory.free(to);
    });
    const table = pool.memory.alloc(extBytes(n));
    foldWords(pool, { words: this.words, log: this.log, bound: this.bound }, 0, n, table);
    return { table, weights, powers: this.powers.left() };
  }

  free(): void {
    for (const { factors, dots } of this.tensors) {
      this.pool.memory.free(factors);
      this.pool.memory.free(dots);
    }
    this.pool.memory.free(this.spare);
  }

  private makeTensor(columns: readonly ColumnWeight[]): Tensor {
    const { pool } = this;
    const n = 2 ** this.log / SKIP_SIZE;
    const factors = pool.memory.alloc(extBytes(n));
    pool.memory.view(factors, extBytes(n) / WORD_BYTES).fill(0);
    addFactors(pool, factors, columns);
    const basis = columns[0]!.lagrange;
    const packed = basis.flatMap((l) => l.map((x) => toMont(toMont(x))));
    const at = pool.memory.alloc(packed.length * WORD_BYTES);
    pool.memory.view(at, packed.length).set(packed);
    const dots = pool.memory.alloc(extBytes(n));
    runTasks(
      pool,
      split(pool, blocksOf(n)).map(({ from, count }): Task => {
        return ['dotSixteens', this.words, at, from, from + count, dots];
      }),
    );
    pool.memory.free(at);
    return { basis, factors, dots };
  }
}

/** The column weights by their basis on the four lowest bits. */
function byBasis(weights: readonly Weight[]): ColumnWeight[][] {
  const groups: ColumnWeight[][] = [];
  for (const weight of weights) {
    if (weight.kind !== 'column') continue;
    const { lagrange } = weight;
    const known = groups.find(([first]) => first!.lagrange === lagrange || sameExts(first!.lagrange, lagrange));
    if (known === undefined) groups.push([weight]);
    else known.push(weight);
  }
  return groups;
}

/** factors += by · eq(high) at each column's place; columns of one instance share eq and come one after another. */
function addFactors(pool: KernelPool, factors: number, columns: readonly ColumnWeight[]): void {
  const constants = pool.memory.alloc(columns.length * BLOCK_BYTES);
  let shared: { readonly high: readonly Ext[]; readonly at: number } | undefined;
  let tasks: Task[] = [];
  const flush = (): void => {
    if (tasks.length > 0) pool.run(tasks);
    tasks = [];
    if (shared !== undefined) pool.memory.free(shared.at);
    shared = undefined;
  };
  columns.forEach(({ high, offset, by }, i) => {
    const entries = 2 ** high.length;
    const first = offset / SKIP_SIZE;
    if (entries < LANES) {
      const words = pool.memory.view(factors + Math.floor(first / LANES) * BLOCK_BYTES, BLOCK_BYTES / WORD_BYTES);
      const values = eqWords(high, by);
      for (let e = 0; e < entries; e++)
        for (let k = 0; k < EXT_WORDS; k++) {
          const at = LANES * k + (first % LANES) + e;
          words[at] = Fp.add(words[at]!, toMont(values[EXT_WORDS * e + k]!));
        }
      return;
    }
    if (shared?.high !== high && !(shared !== undefined && sameExts(shared.high, high))) {
      flush();
      shared = { high, at: eqTable(pool, high) };
    }
    storeConstant(pool, constants + i * BLOCK_BYTES, by);
    for (const { from, count } of pieces(entries / LANES, 1 + Math.floor(entries / 16384))) {
      const to = factors + (first / LANES + from) * BLOCK_BYTES;
      tasks.push(['addScaledBlocks', to, shared!.at + from * BLOCK_BYTES, to, constants + i * BLOCK_BYTES, count]);
    }
  });
  flush();
  pool.memory.free(constants);
}
