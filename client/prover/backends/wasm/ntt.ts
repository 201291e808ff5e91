import { Fp } from '../../field/fp.ts';
import { rootOfUnity, subgroup } from '../../field/roots.ts';
import { BLOCK_BYTES, EXT_WORDS, LANES, ONE_MONT, pieces, toMont, WORD_BYTES } from './layout.ts';
import type { KernelPool, Task } from './pool.ts';

/** Bytes of a line: one row of a strip of 16 columns. */
export const LINE_BYTES = 64;
const LINE_WORDS = LINE_BYTES / WORD_BYTES;

/** Transforms up to this length run in one go, longer ones in two dimensions. */
const SHORT_LOG = 10;

/**
 * A table to encode: columns of 2^logRows coefficients one behind the other, entries of one word (canonical) or
 * extension elements in blocks.
 */
export type CoefficientTable = {
  readonly at: number;
  readonly kind: 'base' | 'ext';
  readonly columns: number;
  readonly logRows: number;
};

/**
 * Values on a domain of 2^(logRows + logInvRate) points: per coset of the subgroup of order 2^logRows, per strip of 16
 * words, a line per point. Line i of coset c holds row reverseBits(i) · 2^logInvRate + c.
 */
export type Codeword = {
  readonly at: number;
  readonly width: number;
  readonly strips: number;
  readonly logRows: number;
  readonly logInvRate: number;
};

/** Bytes of one strip of one coset. */
export const stripBytes = (c: Codeword): number => LINE_BYTES * 2 ** c.logRows;

/** Pieces per thread of a parallel step: evens out threads that are held up. */
const PIECES = 4;

/** Powers of a root of unity in Montgomery form; kept per pool. */
const TWIDDLES = new WeakMap<KernelPool, Map<number, number>>();

function twiddles(pool: KernelPool, log: number): number {
  const known = TWIDDLES.get(pool) ?? new Map<number, number>();
  TWIDDLES.set(pool, known);
  let at = known.get(log);
  if (at === undefined) {
    const powers = subgroup(log).map(toMont);
    at = pool.memory.alloc(powers.length * WORD_BYTES);
    pool.memory.view(at, powers.length).set(powers);
    known.set(log, at);
  }
  return at;
}

/** Reed–Solomon encoding of every column. The caller frees `at`. */
export function encode(pool: KernelPool, table: CoefficientTable, logInvRate: number): Codeword {
  const { logRows } = table;
  const rows = 2 ** logRows;
  const words = table.kind === 'base' ? 1 : EXT_WORDS;
  const width = table.columns * words;
  const strips = Math.ceil(width / LINE_WORDS);
  const stride = LINE_BYTES * rows;
  const cosets = 2 ** logInvRate;
  const lines = pool.memory.alloc(stride);
  const at = pool.memory.alloc(stride * strips * cosets);
  const codeword = { at, width, strips, logRows, logInvRate };
  const shifts = Array.from({ length: cosets }, (_, c) => Fp.pow(rootOfUnity(logRows + logInvRate), c));
  for (let s = 0; s < strips; s++) {
    const used = Math.min(LINE_BYTES, Math.ceil((width - LINE_WORDS * s) / LANES) * LANES * WORD_BYTES);
    fillStrip(pool, table, s, lines);
    const targets = shifts.map((_, c) => at + (c * strips + s) * stride);
    if (logRows <= SHORT_LOG) short(pool, lines, targets, shifts, logRows, used);
    else long(pool, lines, targets, shifts, logRows, used);
  }
  pool.memory.free(lines);
  return codeword;
}

function fillStrip(pool: KernelPool, table: CoefficientTable, strip: number, lines: number): void {
  const rows = 2 ** table.logRows;
  const tasks = pieces(rows, pool.threads * PIECES, 64).map(({ from, count }): Task => {
    if (table.kind === 'base') {
      const first = strip * LINE_WORDS;
      const columns = Math.min(LINE_WORDS, table.columns - first);
      const columnBytes = rows * WORD_BYTES;
      return ['stripFromColumns', table.at + first * columnBytes, columnBytes, columns, from, count, lines];
    }
    const columnBytes = (rows / LANES) * BLOCK_BYTES;
    const words = table.columns * EXT_WORDS;
    return ['stripFromBlocks', table.at, columnBytes, words, strip * LINE_WORDS, from, count, lines];
  });
  pool.run(tasks);
}

function short(
  pool: KernelPool,
  lines: number,
  targets: readonly number[],
  shifts: readonly number[],
  log: number,
  used: number,
): void {
  const table = twiddles(pool, log);
  pool.run(
    targets.map((to, c) => {
      const shift = toMont(shifts[c]!);
      return ['transformShort', lines, to, log, used, c === 0 ? 0 : 1, shift, ONE_MONT, table, log];
    }),
  );
}

/** Rows as a matrix of 2^logHigh × 2^logLow lines: transforms of its columns, twiddles, transforms of its rows. */
function long(
  pool: KernelPool,
  lines: number,
  targets: readonly number[],
  shifts: readonly number[],
  log: number,
  used: number,
): void {
  const logHigh = Math.ceil(log / 2);
  const logLow = log - logHigh;
  const table = twiddles(pool, logHigh);
  const root = rootOfUnity(log);
  const high: Task[] = [];
  const low: Task[] = [];
  targets.forEach((to, c) => {
    const shift = shifts[c]!;
    for (const { from, count } of pieces(2 ** logLow, pool.threads * PIECES))
      high.push([
        ...(['transformHigh', lines, to, logHigh, logLow, used, from, count, c === 0 ? 0 : 1] as const),
        ...[Fp.pow(shift, from), shift, Fp.pow(shift, 2 ** logLow), Fp.pow(root, from), root].map(toMont),
        ...[ONE_MONT, table, logHigh],
      ]);
    for (const { from, count } of pieces(2 ** logHigh, pool.threads * PIECES))
      low.push(['transformLow', to + from * LINE_BYTES * 2 ** logLow, logLow, count, used, table, logHigh]);
  });
  pool.run(high);
  pool.run(low);
}

function reverseBits(x: number, bits: number): number {
  let r = 0;
  for (let i = 0; i < bits; i++) r = r * 2 + (Math.floor(x / 2 ** i) % 2);
  return r;
}

/** Row `index` of the codeword, `width` canonical words. */
export function codewordRow(pool: KernelPool, c: Codeword, index: number): Uint32Array {
  const cosets = 2 ** c.logInvRate;
  const position = reverseBits(Math.floor(index / cosets), c.logRows);
  const first = c.at + (index % cosets) * c.strips * stripBytes(c) + position * LINE_BYTES;
  const row = new Uint32Array(c.width);
  for (let s = 0; s < c.strips; s++) {
    const count = Math.min(LINE_WORDS, c.width - LINE_WORDS * s);
    row.set(pool.memory.view(first + s * stripBytes(c), count), LINE_WORDS * s);
  }
  return row;
}
