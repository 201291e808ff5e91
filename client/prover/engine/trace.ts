import { ClientError } from '../../errors.ts';
import { fillTrace } from '../air/chip.ts';
import type { Instance } from '../air/dag.ts';
import { EVALUATED_ROWS, RowEvaluator } from '../air/evaluate-rows.ts';
import type { InstructionChip } from '../chips/adapter/instruction-chip.ts';
import { keccakCall } from '../chips/keccak/call.ts';
import { keccakStates } from '../chips/keccak/permutation.ts';
import { keccakRound } from '../chips/keccak/round.ts';
import { boundary } from '../chips/memory/boundary.ts';
import { type MemoryTableRecord, memoryTable } from '../chips/memory/memory-table.ts';
import { refresh } from '../chips/memory/refresh.ts';
import type { Table } from '../chips/tables/table.ts';
import type { ZkVm } from '../machine/zkvm.ts';
import { type InstructionRecord, type MemoryCell, type SegmentRecords, UNALIGNED_CHIP } from '../vm/records.ts';

const NO_LIMBS: readonly number[] = [0, 0, 0, 0];

/**
 * The tables of one segment in the machine's canonical order, multiplicities included.
 * @param memory all cells of the block; given for the one segment that holds the memory table
 */
export function buildTrace(vm: ZkVm<string>, segment: SegmentRecords, memory?: readonly MemoryCell[]): Instance[] {
  const instances: Instance[] = [];
  for (const [chip, records] of byChip(vm, segment)) instances.push(fillTrace(chip.chip, records));
  const add = (instance: Instance, records: number): void => {
    if (records > 0) instances.push(instance);
  };
  const boundaries = segment.boundaries.map((b) => ({ ...b, before: padded(b.before), after: padded(b.after) }));
  add(fillTrace(boundary, boundaries), boundaries.length);
  add(
    fillTrace(
      refresh,
      segment.refreshes.map((r) => ({ ...r, value: padded(r.value) })),
    ),
    segment.refreshes.length,
  );
  if (memory !== undefined) {
    const rows = memoryRows(vm, memory);
    add(fillTrace(memoryTable, rows), rows.length);
  }
  add(fillTrace(keccakCall, segment.keccak), segment.keccak.length);
  const rounds = segment.keccak.flatMap(({ segment: index, clock, input }) =>
    keccakStates(input)
      .slice(0, -1)
      .map((state, round) => ({ segment: index, clock, round, state })),
  );
  add(fillTrace(keccakRound, rounds), rounds.length);
  const publics = vm.machine.publics({ ...segment, instances: [] });
  instances.push(...countUses(vm.tables, instances, publics));
  return instances.sort((a, b) => vm.numberOf(a.chip.id) - vm.numberOf(b.chip.id) || b.logHeight - a.logHeight);
}

const padded = (limbs: readonly number[]): number[] => [...limbs, ...NO_LIMBS.slice(limbs.length)];

/** Records by the chip that executes their instruction; unaligned accesses have chips of their own. */
function byChip(vm: ZkVm<string>, segment: SegmentRecords): Map<InstructionChip, InstructionRecord[]> {
  const unaligned = new Set<string>(Object.values(UNALIGNED_CHIP));
  const byId = new Map(vm.instructionChips.map((c) => [c.chip.compiled.id, c]));
  const byOp = new Map(
    vm.instructionChips.flatMap((c) =>
      unaligned.has(c.chip.compiled.id) ? [] : Object.keys(c.encodings).map((op) => [op, c] as const),
    ),
  );
  const sorted = new Map<InstructionChip, InstructionRecord[]>();
  for (const [id, records] of segment.rows)
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
