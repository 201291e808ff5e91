/** Bytes of WebAssembly as they are written: grows, and knows its integers' LEB128 form. */
export class CodeBuffer {
  length = 0;
  private store = new Uint8Array(1024);

  /** The bytes so far; valid until the next write. */
  get bytes(): Uint8Array {
    return this.store.subarray(0, this.length);
  }

  /** Below 256. */
  byte(value: number): void {
    if (this.length === this.store.length) this.grow(1);
    this.store[this.length++] = value;
  }

  /** Opcodes, and operands below 128 with them: one byte each. */
  op(...values: readonly number[]): void {
    for (const value of values) this.byte(value);
  }

  /** Unsigned, below 2^32. */
  u32(value: number): void {
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.byte((rest % 128) | 128);
    this.byte(rest);
  }

  /** The low 32 bits as a signed integer. */
  s32(value: number): void {
    let rest = value | 0;
    for (; rest < -64 || rest > 63; rest >>= 7) this.byte((rest & 127) | 128);
    this.byte(rest & 127);
  }

  /** The low 64 bits as a signed integer. */
  s64(value: bigint): void {
    let rest = BigInt.asIntN(64, value);
    for (; rest < -64n || rest > 63n; rest >>= 7n) this.byte(Number(rest & 127n) | 128);
    this.byte(Number(rest & 127n));
  }

  /** A number of 4 bytes. */
  word(value: number): void {
    for (let shift = 0; shift < 32; shift += 8) this.byte((value >>> shift) & 255);
  }

  /** Copies bytes that are encoded already. */
  append(bytes: Uint8Array): void {
    if (this.length + bytes.length > this.store.length) this.grow(bytes.length);
    this.store.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Starts over; the storage is kept. */
  clear(): void {
    this.length = 0;
  }

  private grow(by: number): void {
    const larger = new Uint8Array(Math.max(2 * this.store.length, this.length + by));
    larger.set(this.store);
    this.store = larger;
  }
}
