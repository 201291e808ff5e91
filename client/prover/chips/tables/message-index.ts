const HASH_FACTOR = 0x9e3779b1;

/** Finds the row of a message among distinct ones: open addressing over one word per slot. */
export class MessageIndex {
  private readonly width: number;
  private readonly messages: Uint32Array;
  /** Row + 1, or 0; a power of two of them, at most half of them in use. */
  private readonly slots: Uint32Array;
  private readonly shift: number;

  constructor(messages: readonly (readonly number[])[], width: number) {
    this.width = width;
    this.messages = new Uint32Array(messages.length * width);
    messages.forEach((m, r) => {
      this.messages.set(m, r * width);
    });
    const log = Math.ceil(Math.log2(2 * messages.length + 1));
    this.shift = 32 - log;
    this.slots = new Uint32Array(2 ** log);
    const columns = Array.from({ length: width }, (_, k) => Uint32Array.from(messages, (m) => m[k]!));
    for (let r = 0; r < messages.length; r++) {
      let at = this.hash(columns, r);
      while (this.slots[at] !== 0) at = (at + 1) & (this.slots.length - 1);
      this.slots[at] = r + 1;
    }
  }

  /** Row of message `x` of those given field by field, or −1. */
  rowOf(fields: readonly Uint32Array[], x: number): number {
    const { slots } = this;
    for (let at = this.hash(fields, x); ; at = (at + 1) & (slots.length - 1)) {
      const row = slots[at]! - 1;
      if (row < 0 || this.isRow(row, fields, x)) return row;
    }
  }

  private isRow(row: number, fields: readonly Uint32Array[], x: number): boolean {
    const { messages, width } = this;
    for (let k = 0, at = row * width; k < width; k++, at++) if (messages[at] !== fields[k]![x]) return false;
    return true;
  }

  private hash(fields: readonly Uint32Array[], x: number): number {
    let h = 0;
    for (let k = 0; k < this.width; k++) h = Math.imul(h ^ fields[k]![x]!, HASH_FACTOR) ^ (h >>> 15);
    return Math.imul(h, HASH_FACTOR) >>> this.shift;
  }
}
