import type { BusScope, CompiledChip, Interaction } from '../air/dag.ts';
import { oncePer } from '../air/once-per.ts';
import { P } from '../field/fp.ts';
import { SKIP_LOG } from '../poly/interpolate.ts';
import { limitExceeded } from '../soundness/key.ts';
import { isClosingShape, MAX_LOG_TABLE } from '../soundness/profiles.ts';
import { closingShape, isWhole, shapesOf } from './block/layout.ts';
import { type BlockStatement, type Machine, maxDegree, maxFields } from './machine.ts';
import { ceilLog2, type InstanceShape, stackedSize } from './shape.ts';

/**
 * The provider of a lookup bus may have any multiplicity: a message that its table does not hold must be balanced by the
 * users' counts alone, and those are bounded.
 */
const isProvider = (i: Interaction): boolean => i.bus.kind === 'lookup' && i.direction === 'receive';

/**
 * The largest number of messages that could meet on one bus, per bus and direction; each must stay below P, or
 * multiplicities could wrap around to zero.
 *
 * In doubles: what a row sends is exact (fewer than 2^22 messages of at most 2^31), so is its product with a power of
 * two, and so is every sum that stays below P; one that does not can only be rounded to what is not below P either.
 * @returns the id of a bus over the bound, or undefined
 */
export function overflowingBus(
  instances: readonly InstanceShape[],
  scope: BusScope,
  extra: number,
): string | undefined {
  const totals = new Map<string, number>();
  for (const { chip, logHeight } of instances)
    for (const { bus, key, perRow } of boundedMessages(chip)[scope]) {
      const total = (totals.get(key) ?? extra) + perRow * 2 ** logHeight;
      if (total >= P) return bus;
      totals.set(key, total);
    }
  return undefined;
}

/** What one row of a chip sends at most, by bus and direction. */
const boundedMessages = oncePer((chip: CompiledChip) => {
  const of = (scope: BusScope): readonly { readonly bus: string; readonly key: string; readonly perRow: number }[] => {
    const perRow = new Map<string, number>();
    const buses = new Map<string, string>();
    for (const i of chip.interactions) {
      if (i.bus.scope !== scope || isProvider(i)) continue;
      const key = `${i.bus.id}/${i.direction}`;
      buses.set(key, i.bus.id);
      perRow.set(key, (perRow.get(key) ?? 0) + i.maxPerRow);
    }
    return [...perRow].map(([key, most]) => ({ bus: buses.get(key)!, key, perRow: most }));
  };
  return { local: of('local'), global: of('global') };
});

/** Number of a chip's messages by scope. */
const messageCounts = oncePer((chip: CompiledChip): Readonly<Record<BusScope, number>> => {
  const of = (scope: BusScope): number => chip.interactions.filter((i) => i.bus.scope === scope).length;
  return { local: of('local'), global: of('global') };
});

/**
 * Names what a block's shape has more of than the soundness accounting charges for, or more than fits a table.
 * Everything behind this check may rely on it.
 */
export function exceededLimit(machine: Machine, block: Pick<BlockStatement, 'segments'>): string | undefined {
  const logFractions = (shapes: readonly InstanceShape[], scope: BusScope): number => {
    const total = shapes.reduce((n, { chip, logHeight }) => n + 2 ** logHeight * messageCounts(chip)[scope], 0);
    return ceilLog2(Math.max(1, total));
  };
  const segments = block.segments.map((s) => shapesOf(machine, s));
  const exceeded = limitExceeded({
    logLocalFractions: Math.max(0, ...segments.map((s) => logFractions(s, 'local'))),
    logGlobalFractions: logFractions(segments.flat(), 'global'),
    maxTuple: maxFields(machine) + 1,
    maxDegree: maxDegree(machine),
    maxSliceDegree: Math.max(0, ...machine.chips.map((c) => c.compiled.slices?.degree ?? 0)),
    maxConstraintsPerChip: Math.max(0, ...machine.chips.map((c) => c.compiled.constraints.length)),
    maxInstances: Math.max(0, ...segments.map((s) => s.length)),
    maxLogHeight: Math.max(0, ...segments.flat().map((i) => i.logHeight)),
    maxSegments: segments.length,
  });
  if (exceeded !== undefined) return `${exceeded} is above what the key's security is computed for`;
  for (const [j, shapes] of segments.entries()) {
    const size = stackedSize(shapes, 'main');
    if (!isWhole(machine, block) && size > 2 ** MAX_LOG_TABLE)
      return `segment ${j} has more than 2^${MAX_LOG_TABLE} cells`;
    const tall = shapes.find((s) => s.logHeight < SKIP_LOG);
    if (tall !== undefined) return `segment ${j}: ${tall.chip.id} has fewer than 2^${SKIP_LOG} rows`;
  }
  const { logRows, logColumns } = closingShape(machine, block);
  if (!isClosingShape({ logRows, logColumns }))
    return `the closing has 2^${logColumns} columns of 2^${logRows} entries, 2^${MAX_LOG_TABLE} entries at most`;
  return undefined;
}
