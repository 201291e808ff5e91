import type { BusScope } from '../air/dag.ts';
import { P } from '../field/fp.ts';
import type { InstanceShape } from './shape.ts';

/**
 * The largest number of messages that could meet on one bus, per bus and direction; each must stay below P, or
 * multiplicities could wrap around to zero.
 * @returns the id of a bus over the bound, or undefined
 */
export function overflowingBus(
  instances: readonly InstanceShape[],
  scope: BusScope,
  extra: number,
): string | undefined {
  const totals = new Map<string, bigint>();
  for (const { chip, logHeight } of instances)
    for (const i of chip.interactions) {
      if (i.bus.scope !== scope) continue;
      const key = `${i.bus.id}/${i.direction}`;
      const total = (totals.get(key) ?? BigInt(extra)) + BigInt(i.maxPerRow) * 2n ** BigInt(logHeight);
      if (total >= BigInt(P)) return i.bus.id;
      totals.set(key, total);
    }
  return undefined;
}
