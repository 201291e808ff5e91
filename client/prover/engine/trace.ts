import { ClientError } from '../../errors.ts';
import { type Chip, fillTrace, logHeightFor } from '../air/chip.ts';
import type { ColumnSpecs } from '../air/columns.ts';
import type { Instance } from '../air/dag.ts';
import { EVALUATED_ROWS, RowEvaluator } from '../air/evaluate-rows.ts';
import { isProvider } from '../air/rules.ts';
import type { InstructionChip } from '../chips/adapter/instruction-chip.ts';
import { pointAdd } from '../chips/curve/add.ts';
import { msmControl } from '../chips/curve/control.ts';
import { pointIo } from '../chips/curve/point-io.ts';
import { CONTROL_ROWS, POINTS } from '../chips/curve/registers.ts';
import { additionsOf, type MsmRows, msmRows } from '../chips/curve/rows.ts';
import { keccakCall } from '../chips/keccak/call.ts';
import { KECCAK_ROUNDS, keccakStates } from '../chips/keccak/permutation.ts';
import { keccakRound } from '../chips/keccak/round.ts';
import { boundary } from '../chips/memory/boundary.ts';
import { type MemoryTableRecord, memoryTable } from '../chips/memory/memory-table.ts';
import { refresh } from '../chips/memory/refresh.ts';
import type { Table } from '../chips/tables/table.ts';
import { SegmentType } from '../machine/segment-types.ts';
import type { ZkVm } from '../machine/zkvm.ts';
import type { SegmentStatement } from '../protocol/machine.ts';
import {
  type ControlState,
  type InstructionRecord,
  type KeccakRecord,
  type MemoryCell,
  type SegmentRecords,
  UNALIGNED_CHIP,
} from '../vm/records.ts';

const NO_LIMBS: readonly number[] = [0, 0, 0, 0];

/** What one segment proves. */
export type SegmentContents = {
  readonly type: SegmentType;
  readonly index: number;
  readonly entry: ControlState;
  readonly exit: ControlState;
  /** Rows of instructions and of the cells that they touch. */
  readonly records?: Pick<SegmentRecords, 'rows' | 'calls' | 'refreshes' | 'boundaries'>;
  /** Calls that run through this segment's round rows. */
  readonly keccak?: readonly KeccakRecord[];
  /** All cells of the block. */
  readonly memory?: readonly MemoryCell[];
};

/** Records of one chip, made when they are asked for. */
type Part = { readonly chip: Chip; readonly count: number; readonly records: () => readonly unknown[] };

/** A segment with a table of its own: as a whole block in one segment has them. */
export const wholeSegment = (
  segment: SegmentRecords,
  memory: readonly MemoryCell[],
): SegmentContents & { readonly type: typeof SegmentType.WHOLE } => ({
  ...{ type: SegmentType.WHOLE, index: segment.index, entry: segment.entry, exit: segment.exit },
  ...{ records: segment, keccak: segment.keccak, memory },
});

function partsOf(vm: ZkVm<string>, { records, keccak = [], memory }: SegmentContents): Part[] {
  const parts: Part[] = [];
  const add = <C extends ColumnSpecs, R>(chip: Chip<C, R>, count: number, make: () => readonly R[]): void => {
    if (count > 0) parts.push({ chip: chip as unknown as Chip, count, records: make });
  };
  if (records !== undefined) {
    const { boundaries, refreshes } = records;
    for (const [{ chip }, list] of byChip(vm, records)) add(chip, list.length, () => list);
    add(boundary, boundaries.length, () =>
      boundaries.map((b) => ({ ...b, before: padded(b.before), after: padded(b.after) })),
    );
    add(refresh, refreshes.length, () => refreshes.map((r) => ({ ...r, value: padded(r.value) })));
  }
  const sums = (records?.calls ?? []).filter((call) => call.op === 'ecMsm');
  let made: readonly MsmRows[] | undefined;
  const rowsOfSums = (): readonly MsmRows[] => {
    made ??= sums.map(msmRows);
    return made;
  };
  add(pointIo, (POINTS + 1) * sums.length, () => rowsOfSums().flatMap((r) => r.points));
  add(msmControl, CONTROL_ROWS * sums.length, () => rowsOfSums().flatMap((r) => r.control));
  add(
    pointAdd,
    sums.reduce((n, call) => n + additionsOf(call), 0),
    () => rowsOfSums().flatMap((r) => r.additions),
  );
  add(keccakCall, keccak.length, () => keccak);
  add(keccakRound, KECCAK_ROUNDS * keccak.length, () =>
    keccak.flatMap(({ segment, clock, input }) =>
      keccakStates(input)
        .slice(0, -1)
        .map((state, round) => ({ segment, clock, round, state })),
    ),
  );
  if (memory !== undefined) {
    const rows = memoryRows(vm, memory);
    add(memoryTable, rows.length, () => rows);
  }
  return parts.sort((a, b) => vm.numberOf(a.chip.compiled.id) - vm.numberOf(b.chip.compiled.id));
}

/** The segment as its proof states it: the tables in the machine's canonical order. */
export function statementOf(vm: ZkVm<string>, contents: SegmentContents): SegmentStatement {
  const { type, index, entry, exit } = contents;
  const chipOf = (chip: Chip): number => vm.numberOf(chip.compiled.id);
  const instances = [
    ...partsOf(vm, contents).flatMap(({ chip, count }) =>
      splitHeights(count, chip.compiled.columns.length).map((logHeight) => ({ chip: chipOf(chip), logHeight })),
    ),
    ...vm.tablesOf(type).map(({ chip, logHeight }) => ({ chip: chipOf(chip), logHeight })),
  ].sort((a, b) => a.chip - b.chip);
  return { type, index, entry: { pc: entry.pc, fp: entry.fp }, exit, instances };
}

/** The tables of a segment as `statementOf` lists them, multiplicities included. */
export function buildTrace(vm: ZkVm<string>, contents: SegmentContents): Instance[] {
  const instances = partsOf(vm, contents).flatMap(fillPart);
  const publics = vm.machine.publics({ ...contents, instances: [] });
  instances.push(...countUses(vm.tablesOf(contents.type), instances, publics));
  return instances.sort((a, b) => vm.numberOf(a.chip.id) - vm.numberOf(b.chip.id));
}

/** Those tables of a segment that have columns in the block's interface tree, by their place in the statement. */
export function buildInterface(vm: ZkVm<string>, contents: SegmentContents): ReadonlyMap<number, Instance> {
  const filled = new Map(
    partsOf(vm, contents)
      .filter(({ chip }) => chip.compiled.columns.some((c) => c.tree === 'interface'))
      .map((part) => [vm.numberOf(part.chip.compiled.id), fillPart(part)] as const),
  );
  const used = new Map<number, number>();
  return new Map(
    statementOf(vm, contents).instances.flatMap(({ chip }, place) => {
      const k = used.get(chip) ?? 0;
      used.set(chip, k + 1);
      const instance = filled.get(chip)?.[k];
      return instance === undefined ? [] : [[place, instance] as const];
    }),
  );
}

function fillPart({ chip, count, records }: Part): Instance[] {
  const all = records();
  let from = 0;
  return splitHeights(count, chip.compiled.columns.length).map((logHeight) => {
    const own = all.slice(from, from + 2 ** logHeight);
    from += own.length;
    return fillTrace(chip as Chip<ColumnSpecs, unknown>, own, logHeight);
  });
}

/** A second table of a chip costs openings; it pays where it saves so many cells of padding. */
const MIN_SAVED_CELLS = 2 ** 18;
/** Wider chips have one table. */
const MAX_SPLIT_COLUMNS = 200;
const MAX_TABLES = 3;

/** Heights (log2, falling) of the tables that hold `rows` rows of a chip. */
export function splitHeights(rows: number, columns: number): number[] {
  const heights: number[] = [];
  for (let left = rows; left > 0; ) {
    const whole = logHeightFor(left);
    const half = whole - 1;
    const saved = (2 ** half - 2 ** logHeightFor(Math.max(1, left - 2 ** half))) * columns;
    const last = columns > MAX_SPLIT_COLUMNS || heights.length === MAX_TABLES - 1 || saved < MIN_SAVED_CELLS;
    const logHeight = last ? whole : half;
    heights.push(logHeight);
    left -= 2 ** logHeight;
  }
  return heights;
}

const padded = (limbs: readonly number[]): number[] => [...limbs, ...NO_LIMBS.slice(limbs.length)];

/** Records by the chip that executes their instruction; unaligned accesses have chips of their own. */
function byChip(vm: ZkVm<string>, { rows }: Pick<SegmentRecords, 'rows'>): Map<InstructionChip, InstructionRecord[]> {
  const unaligned = new Set<string>(Object.values(UNALIGNED_CHIP));
  const byId = new Map(vm.instructionChips.map((c) => [c.chip.compiled.id, c]));
  const byOp = new Map(
    vm.instructionChips.flatMap((c) =>
      unaligned.has(c.chip.compiled.id) ? [] : Object.keys(c.encodings).map((op) => [op, c] as const),
    ),
  );
  const sorted = new Map<InstructionChip, InstructionRecord[]>();
  for (const [id, records] of rows)
    for (const record of records) {
      const chip = unaligned.has(id) ? byId.get(id) : byOp.get(record.instruction.op);
      if (chip === undefined)
        throw new ClientError('chipMissing', `no chip executes ${record.instruction.op} (${id})`, { id });
      const list = sorted.get(chip);
      if (list === undefined) sorted.set(chip, [record]);
      else list.push(record);
    }
  return sorted;
}

/** One row per cell of the block and for the first cell of every zone, ascending, each with its successor. */
function memoryRows(vm: ZkVm<string>, memory: readonly MemoryCell[]): MemoryTableRecord[] {
  const cells = new Map(memory.map((c) => [`${c.space}/${c.address}`, c]));
  const addresses = new Map<number, number[]>();
  for (const c of memory) {
    const list = addresses.get(c.space);
    if (list === undefined) addresses.set(c.space, [c.address]);
    else list.push(c.address);
  }
  return vm.zones.flatMap((zone) => {
    const inside = (addresses.get(zone.space) ?? []).filter((a) => a > zone.from && a < zone.to).sort((a, b) => a - b);
    const all = [zone.from, ...inside];
    return all.map((address, i) => {
      const key = `${zone.space}/${address}`;
      const initial = [...(vm.initial.get(key) ?? NO_LIMBS)];
      const cell = cells.get(key);
      return {
        space: zone.space,
        kind: zone.kind,
        address,
        next: all[i + 1] ?? zone.to,
        initial,
        last: cell === undefined ? initial : padded(cell.last),
        epoch: cell?.epoch ?? 0,
      };
    });
  });
}

/** The tables with how often each row is looked up by the given instances. */
function countUses(
  tables: readonly Table[],
  instances: readonly Instance[],
  publics: Readonly<Record<string, number>>,
): Instance[] {
  const uses = tables.map((t) => t.providers.map(() => new Uint32Array(2 ** t.logHeight)));
  const providers = new Map(
    tables.flatMap((t, i) => t.providers.map((p, k) => [p.bus.id, { rowOf: p.rowOf, uses: uses[i]![k]! }] as const)),
  );
  // Rows that provide what they compute themselves know how often it is read.
  const ownProviders = new Set(
    instances.flatMap(({ chip }) => chip.interactions.filter(isProvider).map((i) => i.bus.id)),
  );
  for (const instance of instances) {
    const { chip, logHeight } = instance;
    const lookups = chip.interactions.filter((i) => i.bus.kind === 'lookup' && i.direction === 'send');
    if (lookups.length === 0) continue;
    const wanted = lookups.flatMap((i) => [i.count, ...i.fields]);
    const evaluator = new RowEvaluator(
      chip,
      chip.publics.map((name) => publics[name]!),
      wanted,
    );
    for (let start = 0; start < 2 ** logHeight; start += EVALUATED_ROWS) {
      const n = Math.min(EVALUATED_ROWS, 2 ** logHeight - start);
      evaluator.load(instance, start, n);
      for (const lookup of lookups) {
        const provider = providers.get(lookup.bus.id);
        if (provider === undefined && ownProviders.has(lookup.bus.id)) continue;
        if (provider === undefined) throw new ClientError('providerMissing', `no table provides ${lookup.bus.id}`);
        const counts = evaluator.values(lookup.count);
        const fields = lookup.fields.map((id) => evaluator.values(id));
        for (let x = 0; x < n; x++) {
          if (counts[x] === 0) continue;
          const message = fields.map((f) => f[x]!);
          const row = provider.rowOf(message);
          if (row === undefined)
            throw new ClientError(
              'lookupMissing',
              `${chip.id} row ${start + x}, ${lookup.label}: ${lookup.bus.id} does not hold (${message.join(', ')})`,
              { chip: chip.id, row: start + x, bus: lookup.bus.id, message },
            );
          provider.uses[row]! += counts[x]!;
        }
      }
    }
  }
  return tables.map((t, i) => t.trace(uses[i]!));
}
