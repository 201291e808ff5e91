import { defineChip, logHeightFor } from '../../air/chip.ts';
import { array, field, fixed } from '../../air/columns.ts';
import type { Bus } from '../../air/dag.ts';
import { MessageIndex } from './message-index.ts';
import { ANY_COUNT, byRule, defineTable, type Table } from './table.ts';

/**
 * A table whose rows are committed once per verification key: message k is row k; rows behind the last repeat the first,
 * so that they add nothing. Messages are distinct and at least one.
 */
export function committedTable(id: string, bus: Bus, messages: readonly (readonly number[])[]): Table {
  const logHeight = logHeightFor(messages.length);
  const width = bus.fields.length;
  const messageOf = (row: number): readonly number[] => messages[row] ?? messages[0]!;
  const chip = defineChip({
    id,
    maxDegree: 1,
    columns: {
      message: fixed(array(field(`a message of ${bus.id}`), width)),
      mult: field('uses'),
    },
    fixed: Object.fromEntries(
      Array.from({ length: width }, (_, k) => [
        `message[${k}]`,
        { kind: 'committed', value: (row: number) => messageOf(row)[k]! } as const,
      ]),
    ),
    constrain: (c, { message, mult }) => c.receive(bus, message, mult, { maxPerRow: ANY_COUNT }),
  });
  let index: MessageIndex | undefined;
  const rowOf = (fields: readonly Uint32Array[], i: number): number => {
    index ??= new MessageIndex(messages, width);
    return index.rowOf(fields, i);
  };
  return defineTable(chip, logHeight, [byRule(bus, rowOf)]);
}
