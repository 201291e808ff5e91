import { ClientError } from '../../../errors.ts';
import type { Ext } from '../../field/fp5.ts';
import { Fp5 } from '../../field/fp5.ts';
import type { Sponge } from '../../hash/sponge.ts';
import { interpolateIntegers } from '../../poly/interpolate.ts';
import type {
  Backend,
  CodeShape,
  Commitment,
  Committed,
  FoldSpec,
  FractionLayout,
  Fractions,
  GkrLabels,
  Handle,
  LogupChallenges,
  Matrix,
  MatrixShape,
  OpenedRow,
  Opening,
  PlacedMatrix,
  Run,
  StackedColumn,
  Table,
  TableShape,
  Weight,
  ZerocheckSpec,
} from '../interface.ts';
import { commitTable, freeCommitted } from './commit.ts';
import { fractionLeaves } from './fractions.ts';
import { freeLayer, proveGkr } from './gkr.ts';
import { grind } from './grind.ts';
import {
  type OwnHandle,
  ownHandle,
  type SharedTable,
  type WasmCommitted,
  type WasmFractions,
  type WasmMatrix,
  type WasmOpening,
} from './handles.ts';
import { pieces, WORD_BYTES } from './layout.ts';
import { pathOf } from './merkle.ts';
import { codewordRow } from './ntt.ts';
import { OpeningTable } from './opening.ts';
import { evaluateWords, TABLE_UNIT } from './opening-powers.ts';
import { KernelPool, type PoolOptions, type Task } from './pool.ts';
import { RunRecorder } from './run.ts';
import { proveZerocheck, type TraceMatrix } from './zerocheck.ts';

/** Evaluators read up to this many bytes behind a matrix. */
const SLACK_BYTES = 64;

/** Threads and memory of the pool, and where openings change from words to extension elements. */
export type WasmOptions = PoolOptions & {
  /** log2 of the entries that an opening holds as extension elements, where its weights are of many bases. */
  readonly denseLog?: number;
};

/** Starts the pool's threads; `close` ends them. */
export const createWasmBackend = (options: WasmOptions): WasmBackend => new WasmBackend(options);

/**
 * The backend of WebAssembly SIMD kernels over shared memory. Calls run to their end on the calling thread and its
 * helpers, so a program that must stay responsive calls it from a worker.
 */
export class WasmBackend implements Backend {
  readonly id = 'wasm';
  private readonly pool: KernelPool;
  private readonly denseLog: number | undefined;
  private readonly freed = new WeakSet<Handle>();

  /** @throws ClientError `outOfMemory` later, when a segment does not fit `maxBytes` */
  constructor(options: WasmOptions) {
    this.pool = new KernelPool(options);
    this.denseLog = options.denseLog;
  }

  async upload(rows: Uint32Array, shape: MatrixShape): Promise<Matrix> {
    if (rows.length !== shape.width * 2 ** shape.logHeight)
      throw new ClientError('matrixShape', `expected ${shape.width} · 2^${shape.logHeight} words, got ${rows.length}`);
    const placed = this.place(shape);
    placed.rows.set(rows);
    return placed.matrix;
  }

  allocate(shape: MatrixShape): PlacedMatrix {
    const placed = this.place(shape);
    placed.rows.fill(0);
    return placed;
  }

  /** A matrix with undefined contents. Its words stay valid when the memory grows, as the memory is shared. */
  private place(shape: MatrixShape): PlacedMatrix {
    const { pool } = this;
    const words = shape.width * 2 ** shape.logHeight;
    const at = pool.memory.alloc(words * WORD_BYTES + SLACK_BYTES);
    const matrix: WasmMatrix = { kind: 'matrix', pool, at, shape };
    return { matrix, rows: pool.memory.view(at, words) };
  }

  async commit(columns: readonly StackedColumn[], shape: TableShape): Promise<Commitment> {
    const words = shape.columns * 2 ** shape.logRows;
    const table = this.newTable(words);
    this.stack(columns, table);
    const committed = commitTable(this.pool, { at: table.at, kind: 'base', columns: shape.columns }, shape);
    const data: WasmCommitted = { kind: 'committed', pool: this.pool, table, committed };
    return { cap: committed.cap, data };
  }

  async evaluatePower(of: Committed | Opening, y: Ext): Promise<Ext> {
    if (of.kind === 'opening') return this.own(of).state.evaluate(y);
    const { table } = this.own(of);
    if (table === undefined) throw new Error('a folded table is evaluated through its opening');
    return evaluateWords(this.pool, table.at, table.words, y);
  }

  async fractions(tables: readonly Table[], layout: FractionLayout, challenges: LogupChallenges): Promise<Fractions> {
    const traces = tables.map((t) => ({ trace: this.traceOf(t), publics: t.publics }));
    const layer = fractionLeaves(this.pool, traces, layout, challenges);
    const fractions: WasmFractions = { kind: 'fractions', pool: this.pool, layer };
    return fractions;
  }

  async gkr(vectors: readonly Fractions[], labels: GkrLabels, sponge: Sponge): Promise<Run> {
    const leaves = vectors.map((f) => this.own(f).layer);
    return proveGkr(this.pool, leaves, labels, sponge);
  }

  async zerocheck(spec: ZerocheckSpec, sponge: Sponge): Promise<Run> {
    const tables = spec.tables.map((t) => ({ trace: this.traceOf(t), publics: t.publics }));
    return proveZerocheck(this.pool, tables, spec, sponge);
  }

  async startOpening(commitments: readonly Committed[], logSize: number, weights: readonly Weight[]): Promise<Opening> {
    const table = this.joined(
      commitments.map((c) => this.own(c)),
      2 ** logSize,
    );
    const state = new OpeningTable(this.pool, table.at, logSize, () => this.release(table), this.denseLog);
    state.addWeights(weights);
    const opening: WasmOpening = { kind: 'opening', pool: this.pool, state };
    return opening;
  }

  async fold(o: Opening, spec: FoldSpec, claim: Ext, sponge: Sponge): Promise<Run> {
    const { state } = this.own(o);
    const { labels } = spec;
    const log = new RunRecorder(sponge);
    const point: Ext[] = [];
    let value = claim;
    state.startRounds(spec.rounds);
    for (let i = 0; i < spec.rounds; i++) {
      const [zero, two] = state.round();
      log.send(labels.message, [zero, two]);
      if (spec.grindBits > 0) log.sendNonce(labels.grind, (s) => grind(this.pool, s, labels.grind, spec.grindBits));
      const r = log.sample(labels.challenge);
      state.bind(r);
      value = interpolateIntegers([zero, Fp5.sub(value, zero), two], r);
      point.push(r);
    }
    return log.run(point, [value]);
  }

  async addWeights(o: Opening, weights: readonly Weight[]): Promise<void> {
    this.own(o).state.addWeights(weights);
  }

  async commitFolded(o: Opening, code: CodeShape): Promise<Commitment> {
    const folded = this.own(o).state.folded(code.logRows);
    const committed = commitTable(this.pool, folded, { ...code, capLog: 0 });
    const data: WasmCommitted = { kind: 'committed', pool: this.pool, table: undefined, committed };
    return { cap: committed.cap, data };
  }

  async foldedTable(o: Opening): Promise<Uint32Array> {
    return this.own(o).state.entries();
  }

  async openRows(c: Committed, indices: readonly number[]): Promise<readonly OpenedRow[]> {
    const { codeword, tree } = this.own(c).committed;
    return indices.map((i) => ({ row: codewordRow(this.pool, codeword, i), path: pathOf(this.pool, tree, i) }));
  }

  async grind(sponge: Sponge, label: number, bits: number): Promise<number> {
    return grind(this.pool, sponge, label, bits);
  }

  free(handle: Handle): void {
    const h = this.own(handle);
    this.freed.add(handle);
    if (h.kind === 'matrix') this.pool.memory.free(h.at);
    else if (h.kind === 'fractions') freeLayer(this.pool, h.layer);
    else if (h.kind === 'opening') h.state.free();
    else {
      const { table, committed } = h;
      freeCommitted(this.pool, committed);
      if (table !== undefined) this.release(table);
    }
  }

  async close(): Promise<void> {
    this.pool.close();
  }

  /** Bytes of shared memory in use. */
  usedBytes(): number {
    return this.pool.memory.usedBytes();
  }

  /** A table of zeros behind its `words`, so that it consists of whole units. */
  private newTable(words: number): SharedTable {
    const padded = Math.ceil(words / TABLE_UNIT) * TABLE_UNIT;
    const at = this.pool.memory.alloc(padded * WORD_BYTES);
    this.pool.memory.view(at + words * WORD_BYTES, padded - words).fill(0);
    return { at, words, users: 1 };
  }

  private release(table: SharedTable): void {
    table.users--;
    if (table.users === 0) this.pool.memory.free(table.at);
  }

  /** Copies columns to their places and zeros elsewhere. */
  private stack(columns: readonly StackedColumn[], table: SharedTable): void {
    const { pool } = this;
    const heightOf = (c: StackedColumn): number => 2 ** this.own(c.matrix).shape.logHeight;
    const ranges = columns.map((c) => ({ from: c.offset, to: c.offset + heightOf(c) })).sort((a, b) => a.from - b.from);
    let covered = 0;
    for (const { from, to } of [...ranges, { from: table.words, to: table.words }]) {
      pool.memory.view(table.at + covered * WORD_BYTES, from - covered).fill(0);
      covered = to;
    }
    const byMatrix = new Map<WasmMatrix, StackedColumn[]>();
    for (const c of columns) {
      const matrix = this.own(c.matrix);
      byMatrix.set(matrix, [...(byMatrix.get(matrix) ?? []), c]);
    }
    const places: number[] = [];
    const tasks: Task[] = [];
    for (const [matrix, own] of byMatrix) {
      const { width, logHeight } = matrix.shape;
      // A column may stand in several places; each pass copies every column at most once.
      for (let rest = own; rest.length > 0; ) {
        const at = pool.memory.alloc(width * WORD_BYTES);
        const view = pool.memory.view(at, width).fill(0);
        const again: StackedColumn[] = [];
        for (const c of rest) {
          if (view[c.column] !== 0) again.push(c);
          else view[c.column] = table.at + c.offset * WORD_BYTES;
        }
        places.push(at);
        for (const { from, count } of pieces(2 ** logHeight, Math.ceil((2 ** logHeight * width) / 65536), 16))
          tasks.push(['stackRows', matrix.at, width, at, from, count]);
        rest = again;
      }
    }
    pool.run(tasks);
    for (const at of places) pool.memory.free(at);
  }

  /** The commitments' tables one behind the other, zero-padded; a single one that fits is shared, not copied. */
  private joined(commitments: readonly WasmCommitted[], words: number): SharedTable {
    const tables = commitments.map((c) => {
      if (c.table === undefined) throw new Error('an opening starts from committed base tables');
      return c.table;
    });
    const first = tables[0];
    if (tables.length === 1 && first !== undefined && first.words === words) {
      first.users++;
      return first;
    }
    const joined = this.newTable(words);
    let at = joined.at;
    for (const table of tables) {
      this.pool.memory.view(at, table.words).set(this.pool.memory.view(table.at, table.words));
      at += table.words * WORD_BYTES;
    }
    this.pool.memory.view(at, words - (at - joined.at) / WORD_BYTES).fill(0);
    return joined;
  }

  private own<H extends Handle>(h: H): OwnHandle<H> {
    if (this.freed.has(h)) throw new ClientError('handleFreed', `the ${h.kind} was freed before`);
    return ownHandle(this.pool, h);
  }

  private traceOf({ chip, matrix }: Table): TraceMatrix {
    const { at, shape } = this.own(matrix);
    return { at, chip, logHeight: shape.logHeight };
  }
}
