import { type Ext, Fp5 } from '../../field/fp5.ts';
import type { Weight } from '../interface.ts';
import { blocksOf, runTasks, split } from './ext-table.ts';
import { constantBlock } from './halves.ts';
import { BLOCK_BYTES, extBytes, WORD_BYTES } from './layout.ts';
import { addColumns, bindTop, groupColumns, onWindow, splitAt, type TensorWeight } from './opening-columns.ts';
import { PowerRounds } from './opening-powers.ts';
import { foldWords, roundSums } from './opening-tables.ts';
import type { LeftOver, WordsRounds } from './opening-words.ts';
import type { KernelPool, Task } from './pool.ts';

/** Where a window of entries lies with their weights, in blocks. */
type Window = { readonly weights: number; readonly table: number };

/**
 * The first rounds of an opening with weights of many bases, as a closing has them, a basis per segment: over a table of
 * 2^log canonical words, whose top variables are bound. Weights and folded table exist for one window of entries at a
 * time. A column's weights stay a multiple of a tensor when variables are bound or entries are left out, so each window
 * is made from its factors: every round costs a pass over words and weights, but no memory. As many entries as are left
 * in the end keep their weights from the start, the first ones: there lie the key's columns, which every segment claims.
 */
export class StreamedOpening implements WordsRounds {
  readonly rounds: number;
  private readonly pool: KernelPool;
  private readonly words: number;
  private readonly log: number;
  private readonly size: number;
  private readonly powers: PowerRounds;
  private readonly bound: Ext[] = [];
  private isFinished = false;
  /** Weights of the first `left` entries: as they were given, and the factor that binding has multiplied them by. */
  private readonly first: number;
  private readonly left: number;
  private scale: Ext = Fp5.ONE;
  /** The other weights, with variables bound. */
  private columns: readonly TensorWeight[];
  /** The windows in the lower and the upper half of the table. */
  private readonly windows: readonly Window[];

  /**
   * @param rounds how many variables will be bound; at least four are left
   * @param windowLog log2 of a window's entries, at least 4
   */
  constructor(
    pool: KernelPool,
    words: number,
    log: number,
    rounds: number,
    weights: readonly Weight[],
    windowLog: number,
  ) {
    this.pool = pool;
    this.words = words;
    this.log = log;
    this.rounds = rounds;
    this.size = 2 ** windowLog;
    this.left = 2 ** (log - rounds);
    const columns = groupColumns(weights.filter((w) => w.kind === 'column'));
    this.columns = columns.flatMap((c) => splitAt(c, this.left).behind);
    this.first = pool.memory.alloc(extBytes(this.left));
    pool.memory.view(this.first, extBytes(this.left) / WORD_BYTES).fill(0);
    const before = columns.flatMap((c) => splitAt(c, this.left).before);
    addColumns(pool, this.first, before);
    this.powers = new PowerRounds(pool, words, log, rounds, weights);
    const bytes = extBytes(this.size);
    const window = (): Window => ({ weights: pool.memory.alloc(bytes), table: pool.memory.alloc(bytes) });
    this.windows = rounds === 0 ? [] : [window(), window()];
  }

  /** Values at 0 and 2 of the round's polynomial. */
  round(): [Ext, Ext] {
    const { pool } = this;
    const half = 2 ** (this.log - this.bound.length - 1);
    const size = Math.min(this.size, half);
    let [zero, two] = this.powers.round();
    for (let from = 0; from < half; from += size) {
      const columns = [from, half + from].map((at) => this.columns.flatMap((c) => onWindow(c, at, size) ?? []));
      if (from >= this.left && columns.every((c) => c.length === 0)) continue;
      const [lo, hi] = this.windows as [Window, Window];
      this.fill(lo, from, size, columns[0]!);
      this.fill(hi, half + from, size, columns[1]!);
      const [atZero, atTwo] = roundSums(pool, { lo: lo.weights, hi: hi.weights }, { lo: lo.table, hi: hi.table }, size);
      zero = Fp5.add(zero, atZero);
      two = Fp5.add(two, atTwo);
    }
    return [zero, two];
  }

  /** Binds the top variable. */
  bind(r: Ext): void {
    const half = 2 ** (this.log - this.bound.length - 1);
    this.columns = this.columns.map((c) => bindTop(c, half, r));
    this.scale = Fp5.mul(this.scale, Fp5.sub(Fp5.ONE, r));
    this.powers.bind(r);
    this.bound.push(r);
  }

  finish(): LeftOver {
    const { pool, first, left } = this;
    // Times the factor in place: plus itself times one less.
    this.addFirst(first, 0, left, Fp5.sub(this.scale, Fp5.ONE));
    addColumns(pool, first, this.columns);
    const table = pool.memory.alloc(extBytes(left));
    this.foldWords(0, left, table);
    this.isFinished = true;
    return { weights: first, table, powers: this.powers.left() };
  }

  free(): void {
    const { memory } = this.pool;
    if (!this.isFinished) memory.free(this.first);
    for (const { weights, table } of this.windows) {
      memory.free(weights);
      memory.free(table);
    }
  }

  /** Folded words and weights of `size` entries from `from` on. */
  private fill(to: Window, from: number, size: number, columns: readonly TensorWeight[]): void {
    const { pool } = this;
    pool.memory.view(to.weights, extBytes(size) / WORD_BYTES).fill(0);
    if (from < this.left) this.addFirst(to.weights, from, size, this.scale);
    addColumns(pool, to.weights, columns);
    this.foldWords(from, size, to.table);
  }

  /** to += by · weights of `size` of the first entries. */
  private addFirst(to: number, from: number, size: number, by: Ext): void {
    const { pool } = this;
    const constant = constantBlock(pool, by);
    const source = this.first + blocksOf(from) * BLOCK_BYTES;
    runTasks(
      pool,
      split(pool, blocksOf(size)).map((part): Task => {
        const at = part.from * BLOCK_BYTES;
        return ['addScaledBlocks', to + at, source + at, to + at, constant, part.count];
      }),
    );
    pool.memory.free(constant);
  }

  private foldWords(from: number, size: number, out: number): void {
    foldWords(this.pool, { words: this.words, log: this.log, bound: this.bound }, from, size, out);
  }
}
