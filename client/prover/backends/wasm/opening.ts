import { powersVec } from '../../field/ext-vec.ts';
import { Fp } from '../../field/fp.ts';
import { type Ext, Fp5 } from '../../field/fp5.ts';
import { SKIP_LOG } from '../../poly/interpolate.ts';
import type { Weight } from '../interface.ts';
import { blocksOf, downloadExts, runTasks, storeConstant, sumBlocks, uploadExts } from './ext-table.ts';
import { foldTasks, type Halves, halvesOf, SPARE_BYTES } from './halves.ts';
import { BLOCK_BYTES, EXT_WORDS, extBytes, LANES, toMont, WORD_BYTES } from './layout.ts';
import { addColumns, type ColumnWeight, groupColumns } from './opening-columns.ts';
import { evaluateWords, POWERS_LOG } from './opening-powers.ts';
import { StreamedOpening } from './opening-streamed.ts';
import { roundSums } from './opening-tables.ts';
import { WordsOpening, type WordsRounds } from './opening-words.ts';
import type { KernelPool, Task } from './pool.ts';

/** log2 of the entries that an opening holds as extension elements with their weights, 40 bytes an entry, at most. */
const DENSE_LOG = 23;

/** log2 of how many windows these entries take, in which larger tables are gone through. */
const WINDOWS_LOG = 3;

/**
 * Σ weights · table, variable by variable from the top: the state of one opening. The table starts as canonical words,
 * which belong to the caller, and consists of extension elements after the first fold; both tables are owned then.
 */
export class OpeningTable {
  /** log2 of the entries. */
  log: number;
  private readonly pool: KernelPool;
  private readonly onWordsDone: () => void;
  private readonly denseLog: number;
  /** Weights while the table consists of words. */
  private readonly given: Weight[] = [];
  /** Address of the table. */
  private at: number;
  /** Address of the weights; none while the table consists of words. */
  private weights: number | undefined;
  /** The rounds under way over a table of words. */
  private words: WordsRounds | undefined;
  private roundsLeft = 0;
  private readonly spare: number;
  private tableHalves: Halves = { lo: 0, hi: 0 };
  private weightHalves: Halves = { lo: 0, hi: 0 };

  /**
   * @param words a table of 2^log canonical words, log ≥ 4
   * @param onWordsDone called when the words are no longer read
   * @param denseLog log2 of the entries that are held as extension elements, where weights are of many bases
   */
  constructor(pool: KernelPool, words: number, log: number, onWordsDone: () => void, denseLog = DENSE_LOG) {
    this.denseLog = denseLog;
    this.onWordsDone = onWordsDone;
    this.pool = pool;
    this.log = log;
    this.at = words;
    this.spare = pool.memory.alloc(2 * SPARE_BYTES + BLOCK_BYTES);
  }

  /** Gives back what the opening holds; where the table still is the words, says that they are no longer read. */
  free(): void {
    const { memory } = this.pool;
    memory.free(this.spare);
    this.words?.free();
    if (this.weights === undefined) this.onWordsDone();
    else {
      memory.free(this.weights);
      memory.free(this.at);
    }
  }

  /** Adds weights over the variables that are left. */
  addWeights(weights: readonly Weight[]): void {
    if (this.weights === undefined) {
      this.given.push(...weights);
      return;
    }
    const columns: ColumnWeight[] = [];
    const basePowers: { readonly y: number; readonly by: Ext }[] = [];
    for (const weight of weights) {
      if (weight.kind === 'column') columns.push(weight);
      else if (Fp5.eq(weight.y, Fp5.from(weight.y[0]))) basePowers.push({ y: weight.y[0], by: weight.by });
      else this.addPower(this.weights, weight.y, weight.by);
    }
    addColumns(this.pool, this.weights, groupColumns(columns));
    this.addBasePowers(this.weights, basePowers);
  }

  /** Prepares `count` rounds, each `round` and `bind`. */
  startRounds(count: number): void {
    if (this.weights !== undefined) return;
    const { pool, at, log, given } = this;
    if (WordsOpening.fits(log, count, given)) this.words = new WordsOpening(pool, at, log, count, given);
    else {
      const streamed = Math.min(count, Math.max(0, log - Math.max(this.denseLog, SKIP_LOG)));
      const windowLog = Math.max(SKIP_LOG, this.denseLog - WINDOWS_LOG);
      this.words = new StreamedOpening(pool, at, log, streamed, given, windowLog);
    }
    this.roundsLeft = this.words.rounds;
    if (this.roundsLeft === 0) this.leaveWords(this.words);
  }

  private leaveWords(rounds: WordsRounds): void {
    const { table, weights, powers } = rounds.finish();
    rounds.free();
    this.words = undefined;
    this.onWordsDone();
    this.at = table;
    this.weights = weights;
    this.log -= rounds.rounds;
    this.addWeights(powers);
  }

  /** weights += by · (1, y, y², …) for a point of E. */
  private addPower(weights: number, y: Ext, by: Ext): void {
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
      const at = weights + c * extBytes(size);
      tasks.push(['addScaledBlocks', at, powers, at, constants + c * BLOCK_BYTES, blocksOf(size)]);
    }
    pool.run(tasks);
    pool.memory.free(powers);
    pool.memory.free(constants);
  }

  /** weights += Σ by · (1, y, y², …) for points of the base field. */
  private addBasePowers(weights: number, terms: readonly { readonly y: number; readonly by: Ext }[]): void {
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
        const to = weights + c * extBytes(size);
        return ['addPowers', to, powers, size * WORD_BYTES, factors + c * factorBytes, even.length, blocksOf(size)];
      }),
    );
    pool.memory.free(powers);
    pool.memory.free(factors);
  }

  /** The entries, canonical. */
  entries(): Uint32Array {
    const n = 2 ** this.log;
    if (this.weights !== undefined) return downloadExts(this.pool, this.at, n);
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
    if (this.words !== undefined) return this.words.round();
    const n = 2 ** this.log;
    this.weightHalves = halvesOf(this.pool, this.weights!, n, BLOCK_BYTES, this.spare);
    this.tableHalves = halvesOf(this.pool, this.at, n, BLOCK_BYTES, this.spare + SPARE_BYTES);
    return roundSums(this.pool, this.weightHalves, this.tableHalves, n / 2);
  }

  /** Binds the top variable. Follows `round`. */
  bind(r: Ext): void {
    const { words } = this;
    if (words !== undefined) {
      words.bind(r);
      this.roundsLeft--;
      if (this.roundsLeft === 0) this.leaveWords(words);
      return;
    }
    const { pool } = this;
    const half = 2 ** (this.log - 1);
    const factor = this.spare + 2 * SPARE_BYTES;
    storeConstant(pool, factor, r);
    const tasks = [
      ...foldTasks(pool, this.weightHalves, this.weights!, half, BLOCK_BYTES, factor),
      ...foldTasks(pool, this.tableHalves, this.at, half, BLOCK_BYTES, factor),
    ];
    if (tasks.length === 2) for (const task of tasks) pool.call(...task);
    else pool.run(tasks);
    this.log--;
  }

  /** Value of the table as a polynomial by its coefficients. */
  evaluate(y: Ext): Ext {
    const { pool } = this;
    const n = 2 ** this.log;
    if (this.weights === undefined) return evaluateWords(pool, this.at, n, y);
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
}
