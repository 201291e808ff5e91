import { ClientError } from '../../../errors.ts';

const PAGE_BYTES = 65536;
const MAX_PAGES = 65536;
const ALIGNMENT_BYTES = 64;
/** The memory grows by at most so much more than is asked for. */
const MAX_SPARE_PAGES = 1024;

type Range = { at: number; bytes: number };

/**
 * One shared WebAssembly memory with an allocator over it. Addresses are byte offsets below 2^32, aligned to 64. Freed
 * ranges are reused before the memory grows, so pages are faulted in once.
 */
export class KernelMemory {
  readonly wasm: WebAssembly.Memory;
  private words: Uint32Array;
  /** Free ranges by address; neighbours are joined. */
  private readonly holes: Range[] = [];
  private readonly sizes = new Map<number, number>();
  private end: number;
  private readonly maxBytes: number;

  /** @param maxBytes most memory to use, at most 2^32 */
  constructor(reservedBytes: number, maxBytes: number = MAX_PAGES * PAGE_BYTES) {
    this.wasm = new WebAssembly.Memory({
      initial: Math.ceil(reservedBytes / PAGE_BYTES),
      maximum: MAX_PAGES,
      shared: true,
    });
    this.words = new Uint32Array(this.wasm.buffer);
    this.end = Math.ceil(reservedBytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
    this.maxBytes = maxBytes;
  }

  /** All words; valid until the next `alloc`. */
  u32(): Uint32Array {
    if (this.words.buffer !== this.wasm.buffer) this.words = new Uint32Array(this.wasm.buffer);
    return this.words;
  }

  /** `count` words at an address; valid until the next `alloc`. */
  view(at: number, count: number): Uint32Array {
    return this.u32().subarray(at / 4, at / 4 + count);
  }

  /**
   * Address of a fresh range; its contents are undefined.
   * @throws ClientError `outOfMemory`
   */
  alloc(bytes: number): number {
    const size = Math.max(ALIGNMENT_BYTES, Math.ceil(bytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES);
    let best = -1;
    this.holes.forEach((hole, i) => {
      if (hole.bytes >= size && (best < 0 || hole.bytes < this.holes[best]!.bytes)) best = i;
    });
    if (best >= 0) {
      const hole = this.holes[best]!;
      const at = hole.at;
      if (hole.bytes === size) this.holes.splice(best, 1);
      else this.holes[best] = { at: at + size, bytes: hole.bytes - size };
      this.sizes.set(at, size);
      return at;
    }
    const last = this.holes[this.holes.length - 1];
    const at = last !== undefined && last.at + last.bytes === this.end ? last.at : this.end;
    this.growTo(at + size);
    if (at !== this.end) this.holes.pop();
    this.end = at + size;
    this.sizes.set(at, size);
    return at;
  }

  /** Gives a range back. Assumes that `at` came from `alloc` and was not freed. */
  free(at: number): void {
    const bytes = this.sizes.get(at);
    if (bytes === undefined) throw new Error(`free of ${at}, which is not allocated`);
    this.sizes.delete(at);
    let i = this.holes.findIndex((hole) => hole.at > at);
    if (i < 0) i = this.holes.length;
    const hole = { at, bytes };
    this.holes.splice(i, 0, hole);
    const next = this.holes[i + 1];
    if (next !== undefined && hole.at + hole.bytes === next.at) {
      hole.bytes += next.bytes;
      this.holes.splice(i + 1, 1);
    }
    const previous = this.holes[i - 1];
    if (previous !== undefined && previous.at + previous.bytes === hole.at) {
      previous.bytes += hole.bytes;
      this.holes.splice(i, 1);
    }
  }

  /** Bytes handed out and not freed. */
  usedBytes(): number {
    let sum = 0;
    for (const bytes of this.sizes.values()) sum += bytes;
    return sum;
  }

  private growTo(bytes: number): void {
    const have = this.wasm.buffer.byteLength;
    if (bytes <= have) return;
    if (bytes > this.maxBytes)
      throw new ClientError(
        'outOfMemory',
        `the prover needs ${bytes} bytes of memory, ${this.maxBytes} are allowed: use smaller segments`,
        { expected: this.maxBytes, actual: bytes },
      );
    const pages = Math.ceil((bytes - have) / PAGE_BYTES);
    const spare = Math.min(MAX_PAGES - have / PAGE_BYTES - pages, Math.ceil(have / PAGE_BYTES / 4), MAX_SPARE_PAGES);
    this.wasm.grow(pages + Math.max(0, spare));
  }
}
