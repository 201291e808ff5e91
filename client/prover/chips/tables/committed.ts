import { defineChip, logHeightFor } from '../../air/chip.ts';
import { array, field, fixed } from '../../air/columns.ts';
import type { Bus } from '../../air/dag.ts';
import { ANY_COUNT, defineTable, type Table, type TableRecord } from './table.ts';

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
    fillRow: ([mult]: TableRecord, row) => {
      row.mult = mult!;
    },
    constrain: (c, { message, mult }) => c.receive(bus, message, mult, { maxPerRow: ANY_COUNT }),
  });
  let index: MessageIndex | undefined;
  const rowOf = (message: readonly number[]): number | undefined => {
    index ??= new MessageIndex(messages);
    return index.rowOf(message);
  };
  return defineTable(chip, logHeight, [{ bus, rowOf }]);
}

/** Finds a message's row by a hash of its fields: no text or object per row. */
class MessageIndex {
  private readonly messages: readonly (readonly number[])[];
  /** Row of the first message of each hash, and of the next one with the same hash; −1 for none. */
  private readonly first: Int32Array;
  private readonly next: Int32Array;

  constructor(messages: readonly (readonly number[])[]) {
    this.messages = messages;
    this.first = new Int32Array(2 ** Math.ceil(Math.log2(messages.length + 1))).fill(-1);
    this.next = new Int32Array(messages.length);
    for (let row = messages.length - 1; row >= 0; row--) {
      const hash = this.hashOf(messages[row]!);
      this.next[row] = this.first[hash]!;
      this.first[hash] = row;
    }
  }

  rowOf(message: readonly number[]): number | undefined {
    for (let row = this.first[this.hashOf(message)]!; row >= 0; row = this.next[row]!)
      if (this.messages[row]!.every((field, k) => field === message[k])) return row;
    return undefined;
  }

  private hashOf(message: readonly number[]): number {
    let hash = 0;
    for (const field of message) hash = Math.imul(hash ^ field, 0x9e3779b1);
    return (hash ^ (hash >>> 15)) & (this.first.length - 1);
  }
}
