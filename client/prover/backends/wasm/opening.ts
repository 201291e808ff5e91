import { powersVec } from '../../field/ext-vec.ts';
import { Fp } from '../../field/fp.ts';
import { type Ext, Fp5 } from '../../field/fp5.ts';
import type { Weight } from '../interface.ts';
import { blocksOf, downloadExts, eqTable, runTasks, split, storeConstant, sumBlocks, uploadExts } from './ext-table.ts';
import { foldTasks, type Halves, halvesOf, SPARE_BYTES } from './halves.ts';
import { BLOCK_BYTES, EXT_WORDS, extBytes, LANES, pieces, toMont, WORD_BYTES } from './layout.ts';
import type { KernelPool, Task } from './pool.ts';

/** Entries of a table of powers: larger exponents are split, so that it stays in a near cache. */
const POWERS_LOG = 10;

type ColumnWeight = Extract<Weight, { readonly kind: 'column' }>;

/** Words that a table is padded to with zeros, so that it consists of whole chunks of powers. */
export const TABLE_UNIT = 2 ** POWERS_LOG;

/** Σ words[i] · y^i over a table of canonical words, padded to `TABLE_UNIT`. */
export function evaluateWords(pool: KernelPool, at: number, count: number, y: Ext): Ext {
  let size = 2 * LANES;
  while (size < Math.min(count, TABLE_UNIT)) size *= 2;
  const powers = uploadExts(pool, powersVec(y, size));
  const chunks = Math.ceil(count / size);
  const out = pool.memory.alloc(chunks * BLOCK_BYTES);
  pool.run(
    Array.from({ length: chunks }, (_, c): Task => {
      return ['dotWords', powers, at + c * size * WORD_BYTES, out + c * BLOCK_BYTES, size / LANES];
    }),
  );
  const step = Fp5.pow(y, BigInt(size));
  let sum = Fp5.ZERO;
  for (let c = chunks - 1; c >= 0; c--) {
    const words = pool.memory.view(out + c * BLOCK_BYTES, LANES * EXT_WORDS);
    const coordinate = (k: number): number =>
      [0, 1, 2, 3].reduce((acc, lane) => Fp.add(acc, words[LANES * k + lane]!), 0);
    sum = Fp5.add(Fp5.mul(sum, step), [coordinate(0), coordinate(1), coordinate(2), coordinate(3), coordinate(4)]);
  }
  pool.memory.free(out);
  pool.memory.free(powers);
  return sum;
}

/**
 * Σ weights · table, variable by variable from the top: the state of one opening. The table starts as canonical words,
 * which belong to the caller, and consists of extension elements after the first fold; both tables are owned then.
 */
export class OpeningTable {
  /** log2 of the entries. */
  log: number;
  /** Address of the table. */
  private at: number;
  private readonly pool: KernelPool;
  private readonly onWordsDone: () => void;
  private readonly weights: number;
  private words: boolean;
  private readonly spare: number;
  private tableHalves: Halves = { lo: 0, hi: 0 };
  private weightHalves: Halves = { lo: 0, hi: 0 };

  /**
   * @param words a table of 2^log canonical words, log ≥ 2
   * @param onWordsDone called when the words are no longer read
   */
  constructor(pool: KernelPool, words: number, log: number, onWordsDone: () => void) {
    this.onWordsDone = onWordsDone;
    this.pool = pool;
    this.log = log;
    this.at = words;
    this.words = true;
    this.weights = pool.memory.alloc(extBytes(2 ** log));
    this.spare = pool.memory.alloc(2 * SPARE_BYTES + BLOCK_BYTES);
    pool.memory.view(this.weights, extBytes(2 ** log) / WORD_BYTES).fill(0);
  }

  free(): void {
    this.pool.memory.free(this.weights);
    this.pool.memory.free(this.spare);
    if (this.words) this.onWordsDone();
    else this.pool.memory.free(this.at);
  }

  /** Adds weights over the variables that are left. */
  addWeights(weights: readonly Weight[]): void {
    const columns: ColumnWeight[] = [];
    const basePowers: { readonly y: number; readonly by: Ext }[] = [];
    for (const weight of weights) {
      if (weight.kind === 'column') columns.push(weight);
      else if (Fp5.eq(weight.y, Fp5.from(weight.y[0]))) basePowers.push({ y: weight.y[0], by: weight.by });
      else this.addPower(weight.y, weight.by);
    }
    this.addColumns(columns);
    this.addBasePowers(basePowers);
  }

  /** Weights of one instance share their tensor; they come one after another. */
  private addColumns(columns: readonly ColumnWeight[]): void {
    const { pool } = this;
    let shared: { readonly column: ColumnWeight; readonly at: number } | undefined;
    const constants = pool.memory.alloc(Math.max(1, columns.length) * BLOCK_BYTES);
    let tasks: Task[] = [];
    const flush = (): void => {
      if (tasks.length > 0) pool.run(tasks);
      tasks = [];
      if (shared !== undefined) pool.memory.free(shared.at);
      shared = undefined;
    };
    columns.forEach((column, i) => {
      const { lagrange, high, offset, by } = column;
      const entries = lagrange.length * 2 ** high.length;
      if (shared === undefined || !sameExts(shared.column.lagrange, lagrange) || !sameExts(shared.column.high, high)) {
        flush();
        shared = { column, at: this.tensor(lagrange, high) };
      }
      const constant = constants + i * BLOCK_BYTES;
      storeConstant(pool, constant, by);
      for (const { from, count } of pieces(blocksOf(entries), 1 + Math.floor(entries / 65536))) {
        const to = this.weights + (offset / LANES + from) * BLOCK_BYTES;
        tasks.push(['addScaledBlocks', to, shared.at + from * BLOCK_BYTES, to, constant, count]);
      }
    });
    flush();
    pool.memory.free(constants);
  }

  /** weights += by · (1, y, y², …) for a point of E. */
  private addPower(y: Ext, by: Ext): void {
    const { pool } = this;
    const chunkLog = Math.min(POWERS_LOG, this.log);
    const size = 2 ** chunkLog;
    const powers = uploadExts(pool, powersVec(y, size));
    const chunks = 2 ** (this.log - chunkLog);
    const constants = pool.memory.alloc(chunks * BLOCK_BYTES);
    const step = Fp5.pow(y, BigInt(size));
    const tasks: Task[] = [];
    for (let c = 0, factor = by; c < chunks; c++, factor = Fp5.mul(factor, step)) {
      storeConstant(pool, constants + c * BLOCK_BYTES, factor);
      const at = this.weights + c * extBytes(size);
      tasks.push(['addScaledBlocks', at, powers, at, constants + c * BLOCK_BYTES, blocksOf(size)]);
    }
    pool.run(tasks);
    pool.memory.free(powers);
    pool.memory.free(constants);
  }

  /** weights += Σ by · (1, y, y², …) for points of the base field. */
  private addBasePowers(terms: readonly { readonly y: number; readonly by: Ext }[]): void {
    const { pool } = this;
    if (terms.length === 0) return;
    const even = terms.length % 2 === 0 ? terms : [...terms, { y: 0, by: Fp5.ZERO }];
    const chunkLog = Math.min(POWERS_LOG, this.log);
    const size = Math.max(LANES, 2 ** chunkLog);
    const powers = pool.memory.alloc(even.length * size * WORD_BYTES);
    even.forEach(({ y }, j) => {
      const words = pool.memory.view(powers + j * size * WORD_BYTES, size);
      for (let i = 0, x = toMont(1); i < size; i++, x = Fp.mul(x, y)) words[i] = i < 2 ** chunkLog ? x : 0;
    });
    const chunks = 2 ** (this.log - chunkLog);
    const factorBytes = even.length * EXT_WORDS * WORD_BYTES;
    const factors = pool.memory.alloc(chunks * factorBytes);
    even.forEach(({ y, by }, j) => {
      const step = Fp.pow(y, size);
      let factor = by.map(toMont);
      const words = pool.memory.view(factors, (chunks * factorBytes) / WORD_BYTES);
      for (let c = 0; c < chunks; c++) {
        words.set(factor, (c * factorBytes) / WORD_BYTES + j * EXT_WORDS);
        factor = factor.map((x) => Fp.mul(x, step));
      }
    });
    pool.run(
      Array.from({ length: chunks }, (_, c): Task => {
        const to = this.weights + c * extBytes(size);
        return ['addPowers', to, powers, size * WORD_BYTES, factors + c * factorBytes, even.length, blocksOf(size)];
      }),
    );
    pool.memory.free(powers);
    pool.memory.free(factors);
  }

  /** The entries, canonical. */
  entries(): Uint32Array {
    const n = 2 ** this.log;
    if (!this.words) return downloadExts(this.pool, this.at, n);
    const words = this.pool.memory.view(this.at, n);
    const entries = new Uint32Array(EXT_WORDS * n);
    for (let i = 0; i < n; i++) entries[EXT_WORDS * i] = words[i]!;
    return entries;
  }

  /** Where the folded table lies, as columns of 2^logRows entries. After the first fold. */
  folded(logRows: number): { readonly at: number; readonly kind: 'ext'; readonly columns: number } {
    return { at: this.at, kind: 'ext', columns: 2 ** (this.log - logRows) };
  }

  /** Values at 0 and 2 of the round's polynomial. */
  round(): [Ext, Ext] {
    const { pool } = this;
    const n = 2 ** this.log;
    const step = this.words ? 16 : BLOCK_BYTES;
    this.weightHalves = halvesOf(pool, this.weights, n, BLOCK_BYTES, this.spare);
    this.tableHalves = halvesOf(pool, this.at, n, step, this.spare + SPARE_BYTES);
    const w = this.weightHalves;
    const t = this.tableHalves;
    const parts = split(pool, blocksOf(n / 2));
    const out = pool.memory.alloc(parts.length * 2 * BLOCK_BYTES);
    runTasks(
      pool,
      parts.map(({ from, count }, i): Task => {
        const b = from * BLOCK_BYTES;
        const s = from * step;
        const to = out + i * 2 * BLOCK_BYTES;
        return [this.words ? 'roundWords' : 'roundBlocks', w.lo + b, w.hi + b, t.lo + s, t.hi + s, to, count];
      }),
    );
    const sum = (at: number): Ext => {
      const x = sumBlocks(pool, at, parts.length, 2 * BLOCK_BYTES);
      // Canonical words times weights in Montgomery form are canonical already: undo the conversion of the sums.
      return this.words ? [toMont(x[0]), toMont(x[1]), toMont(x[2]), toMont(x[3]), toMont(x[4])] : x;
    };
    const values: [Ext, Ext] = [sum(out), sum(out + BLOCK_BYTES)];
    pool.memory.free(out);
    return values;
  }

  /** Binds the top variable. Follows `round`. */
  bind(r: Ext): void {
    const { pool } = this;
    const half = 2 ** (this.log - 1);
    const factor = this.spare + 2 * SPARE_BYTES;
    storeConstant(pool, factor, r);
    const tasks = foldTasks(pool, this.weightHalves, this.weights, half, BLOCK_BYTES, factor);
    let constant = 0;
    if (this.words) {
      constant = pool.memory.alloc(BLOCK_BYTES);
      storeConstant(pool, constant, [toMont(r[0]), toMont(r[1]), toMont(r[2]), toMont(r[3]), toMont(r[4])]);
      const folded = pool.memory.alloc(extBytes(half));
      const { lo, hi } = this.tableHalves;
      for (const { from, count } of split(pool, blocksOf(half)))
        tasks.push(['foldWords', lo + from * 16, hi + from * 16, folded + from * BLOCK_BYTES, constant, count]);
      this.at = folded;
    } else tasks.push(...foldTasks(pool, this.tableHalves, this.at, half, BLOCK_BYTES, factor));
    if (tasks.length === 2) for (const task of tasks) pool.call(...task);
    else pool.run(tasks);
    if (constant !== 0) pool.memory.free(constant);
    if (this.words) this.onWordsDone();
    this.words = false;
    this.log--;
  }

  /** Value of the table as a polynomial by its coefficients. */
  evaluate(y: Ext): Ext {
    const { pool } = this;
    const n = 2 ** this.log;
    if (this.words) return evaluateWords(pool, this.at, n, y);
    const size = 2 ** Math.min(POWERS_LOG, this.log);
    const powers = uploadExts(pool, powersVec(y, size));
    const chunks = n / size;
    const out = pool.memory.alloc(chunks * BLOCK_BYTES);
    runTasks(
      pool,
      Array.from({ length: chunks }, (_, c): Task => {
        return ['dotBlocks', powers, this.at + c * extBytes(size), out + c * BLOCK_BYTES, blocksOf(size)];
      }),
    );
    const step = Fp5.pow(y, BigInt(size));
    let sum = Fp5.ZERO;
    for (let c = chunks - 1; c >= 0; c--)
      sum = Fp5.add(Fp5.mul(sum, step), sumBlocks(pool, out + c * BLOCK_BYTES, 1, BLOCK_BYTES));
    pool.memory.free(out);
    pool.memory.free(powers);
    return sum;
  }

  /** eq(high) ⊗ lagrange as blocks. */
  private tensor(lagrange: readonly Ext[], high: readonly Ext[]): number {
    const { pool } = this;
    const eq = eqTable(pool, high);
    const basis = pool.memory.alloc(extBytes(lagrange.length));
    const words = pool.memory.view(basis, extBytes(lagrange.length) / WORD_BYTES);
    lagrange.forEach((l, k) => {
      const block = Math.floor(k / LANES) * LANES * EXT_WORDS;
      l.forEach((x, i) => {
        words[block + LANES * i + (k % LANES)] = toMont(x);
      });
    });
    const n = 2 ** high.length;
    const at = pool.memory.alloc(n * extBytes(lagrange.length));
    runTasks(
      pool,
      pieces(n, pool.threads * 4, 64).map(({ from, count }): Task => {
        return ['tensor', eq, basis, from, from + count, at];
      }),
    );
    pool.memory.free(eq);
    pool.memory.free(basis);
    return at;
  }
}

const sameExts = (a: readonly Ext[], b: readonly Ext[]): boolean =>
  a.length === b.length && a.every((x, i) => Fp5.eq(x, b[i]!));
