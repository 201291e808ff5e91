import { ClientError } from '../../errors.ts';
import type { Bus, BusField, BusKind, BusScope } from './dag.ts';

/**
 * Declares a typed channel. `fields` names the tuple in order and states, per field, its range and who makes sure
 * of it: nothing else may be assumed of a message.
 */
export function defineBus(bus: {
  readonly id: string;
  readonly index: number;
  readonly kind: BusKind;
  readonly scope: BusScope;
  readonly fields: Readonly<Record<string, Omit<BusField, 'name'>>>;
}): Bus {
  if (!Number.isInteger(bus.index) || bus.index <= 0 || bus.index >= 2 ** 16)
    throw new ClientError('busIndexOutOfRange', `bus ${bus.id}: expected an index in [1, 2^16), got ${bus.index}`);
  return { ...bus, fields: Object.entries(bus.fields).map(([name, f]) => ({ name, ...f })) };
}
