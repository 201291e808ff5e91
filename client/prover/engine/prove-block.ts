import type { Instance } from '../air/dag.ts';
import type {
  Backend,
  Commitment,
  Matrix,
  PlacedInstance,
  Placement,
  StackedColumn,
  Table,
  TableShape,
} from '../backends/interface.ts';
import { type Ext, Fp5 } from '../field/fp5.ts';
import { type BlockLayout, blockLayout, fixedColumnCount } from '../protocol/block/layout.ts';
import {
  absorbClosing,
  absorbShape,
  type BlockProof,
  closingClaims,
  sampleGlobal,
} from '../protocol/block/statement.ts';
import type { BlockStatement, Machine, VerifyingKey } from '../protocol/machine.ts';
import { freeTables, placeTables, proveSegment, type StepTimer } from '../protocol/segment/prove.ts';
import { batchClaims } from '../protocol/segment/statement.ts';
import type { SegmentResult } from '../protocol/segment/verify.ts';
import { slotsOf } from '../protocol/shape.ts';
import { proveGrinding } from '../protocol/whir/grind.ts';
import { type OpenedTable, proveOpening } from '../protocol/whir/prove.ts';
import type { Weight } from '../protocol/whir/shape.ts';
import { profileGrinding } from '../soundness/key.ts';
import { PROFILES } from '../soundness/profiles.ts';
import { ProverTranscript } from '../transcript/prover-transcript.ts';
import type { TranscriptListener } from '../transcript/transcript.ts';

/** Commits to the columns that the machine fixes: made once per key. Freed by its owner. */
export async function commitFixed(backend: Backend, machine: Machine): Promise<Commitment> {
  const matrices: Matrix[] = [];
  try {
    for (const { chip: number, column, logHeight } of machine.fixedSlots) {
      const { compiled, fixed } = machine.chips[number]!;
      const contents = fixed[compiled.columns[column]!.name]!;
      const rows = new Uint32Array(2 ** logHeight);
      for (let r = 0; r < rows.length; r++) rows[r] = contents.value(r);
      matrices.push(await backend.upload(rows, { width: 1, logHeight }));
    }
    return await backend.commit(
      machine.fixedSlots.map(({ offset }, i) => ({ matrix: matrices[i]!, column: 0, offset })),
      {
        columns: fixedColumnCount(machine),
        logRows: machine.logRows,
        logInvRate: PROFILES[machine.profile].closingLogInvRate,
        capLog: machine.fixedCapLog,
      },
    );
  } finally {
    for (const m of matrices) backend.free(m);
  }
}

/** Who hears of the work; neither changes the proof. */
export type ProveOptions = {
  /** Called after each step of each segment. */
  readonly onStep?: StepTimer;
  /** Hears every message and challenge. */
  readonly listener?: TranscriptListener;
};

/** The tables of a block's segments, as its statement lists them. */
export type BlockTraces = {
  /** Tables with interface columns of segment j, by place; asked for more than once, and the same each time; not for a whole block. */
  readonly interfaceOf: (j: number) => ReadonlyMap<number, Instance>;
  /** All tables of segment j, in the backend where it can: asked for once each, in order, so that not all are held at once. */
  readonly traceOf: (j: number, place: Placement) => readonly PlacedInstance[] | Promise<readonly PlacedInstance[]>;
};

/** Traces that are all there. */
export const heldTraces = (traces: readonly (readonly Instance[])[]): BlockTraces => ({
  interfaceOf: (j) => new Map(traces[j]!.entries()),
  traceOf: (j) => traces[j]!,
});

/**
 * Proves a block from the traces of its segments: the block's tree first, then the global challenge, the segments, the
 * closing. Deterministic: the same traces give the same bytes on every backend.
 * @param fixed `commitFixed` of the key's machine on the same backend
 */
export async function proveBlock(
  backend: Backend,
  vk: VerifyingKey,
  fixed: Commitment,
  block: BlockStatement,
  traces: BlockTraces,
  options: ProveOptions = {},
): Promise<BlockProof> {
  const { onStep = () => {}, listener } = options;
  const { machine } = vk;
  const layout = blockLayout(machine, block);
  const place = async (j: number): Promise<Table[]> => {
    const tables = await placeTables(backend, machine, block.segments[j]!, await traces.traceOf(j, backend));
    onStep('trace');
    return tables;
  };
  const trees: OpenedTable[] = [{ ...fixed, columns: layout.fixedColumns }].filter((t) => t.columns > 0);
  const keyTrees = trees.length;
  let tree: Commitment | undefined;
  const commit = async (): Promise<void> => {
    if (layout.blockColumns === 0) return;
    tree = await (layout.isWhole ? commitWhole(backend, layout, whole) : commitInterfaces(backend, layout, traces));
    trees.push({ ...tree, columns: layout.blockColumns });
  };
  const uncommit = (): void => {
    if (tree !== undefined) backend.free(tree.data);
    tree = undefined;
    trees.length = keyTrees;
  };
  const whole = layout.isWhole ? await place(0) : [];
  try {
    await commit();
    const tr = new ProverTranscript(listener);
    const chain = absorbShape(tr, vk, block);
    tr.send('blockCap', tree?.cap ?? []);
    const ood: { weight: Weight; value: Ext }[] = [];
    for (let i = 0; i < layout.params.oodSamples; i++) {
      const y = tr.sampleExt('blockOod');
      const value = await evaluateJoined(backend, trees, layout.table.logRows, y);
      tr.sendExts('blockAnswer', [value]);
      ood.push({ weight: { kind: 'power', y }, value });
    }
    await proveGrinding(backend, tr, 'globalGrind', profileGrinding(machine.profile).global);
    const global = sampleGlobal(tr, machine);
    // Many segments' interface codewords leave no memory for a segment: they are made again for the closing.
    const isHeld = block.segments.length === 1;
    if (!isHeld) uncommit();
    onStep(layout.isWhole ? 'commit' : 'interface');

    const segments: (SegmentResult & { readonly bytes: Uint8Array })[] = [];
    for (const [j, segment] of block.segments.entries()) {
      const own = new ProverTranscript(listener);
      const context = {
        ...{ vk, block, segment, before: chain[j]!, after: chain[j + 1]! },
        ...{ globalSeed: global.seed, global: global.challenges, hasOwnTree: !layout.isWhole },
      };
      const result = await proveSegment(backend, own, context, layout.isWhole ? whole : await place(j), onStep);
      segments.push({ ...result, bytes: own.bytes() });
    }

    if (!isHeld) await commit();
    const closing = new ProverTranscript(listener);
    absorbClosing(closing, vk, block, chain, global.seed, segments);
    const sigma = closing.sampleExt('sigma');
    const tau = closing.sampleExt('tau');
    const logSize = layout.table.logRows + layout.table.logColumns;
    const claims = closingClaims(machine, block, layout, segments, sigma);
    const { terms, claim } = batchClaims(tau, claims, ood, logSize);
    await proveOpening(backend, closing, layout.params, logSize, trees, terms, claim);
    onStep('closing');
    return {
      commitment: tr.bytes(),
      segments: segments.map(({ globalSum, bytes }) => ({ globalSum, bytes })),
      closing: closing.bytes(),
    };
  } finally {
    freeTables(backend, whole);
    uncommit();
  }
}

/** Where the block's tree starts in the closing's table, in entries. */
const treeStart = ({ fixedColumns, table }: BlockLayout): number => fixedColumns * 2 ** table.logRows;

const treeShape = ({ blockColumns, table, params }: BlockLayout): TableShape => ({
  columns: blockColumns,
  logRows: table.logRows,
  logInvRate: params.logInvRate,
  capLog: 0,
});

/** Commits to all columns of a whole block. */
async function commitWhole(backend: Backend, layout: BlockLayout, tables: readonly Table[]): Promise<Commitment> {
  const { offset, stack } = layout.segments[0]!;
  const columns = slotsOf(stack).map((slot) => {
    const { matrix } = tables[slot.instance]!;
    return { matrix, column: slot.column, offset: offset + slot.offset - treeStart(layout) };
  });
  return await backend.commit(columns, treeShape(layout));
}

/** Commits to the interface columns of all segments, each at its place in the block's tree. */
async function commitInterfaces(
  backend: Backend,
  layout: BlockLayout,
  { interfaceOf }: BlockTraces,
): Promise<Commitment> {
  const matrices: Matrix[] = [];
  const columns: StackedColumn[] = [];
  try {
    for (const [j, { offset, stack }] of layout.segments.entries()) {
      const tables = interfaceOf(j);
      for (const slot of slotsOf(stack)) {
        const { rows, chip } = tables.get(slot.instance)!;
        const width = chip.columns.length;
        const { matrix, rows: column } = backend.allocate({ width: 1, logHeight: slot.logHeight });
        matrices.push(matrix);
        for (let r = 0, at = slot.column; r < column.length; r++, at += width) column[r] = rows[at]!;
        columns.push({ matrix, column: 0, offset: offset + slot.offset - treeStart(layout) });
      }
    }
    return await backend.commit(columns, treeShape(layout));
  } finally {
    for (const m of matrices) backend.free(m);
  }
}

/** Σ table[i] · y^i of the tables one behind the other. */
async function evaluateJoined(backend: Backend, tables: readonly OpenedTable[], logRows: number, y: Ext): Promise<Ext> {
  let value = Fp5.ZERO;
  let before = 0;
  for (const { data, columns } of tables) {
    const shift = Fp5.pow(y, BigInt(before * 2 ** logRows));
    value = Fp5.add(value, Fp5.mul(shift, await backend.evaluatePower(data, y)));
    before += columns;
  }
  return value;
}
