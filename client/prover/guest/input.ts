/**
 * The guest's private input, format `ZKI1` (the layout is drawn in `validator/src/input.rs`). It holds no hashes: the
 * guest computes them, so nothing here is trusted.
 */

/** What one block's validation needs. */
export type GuestInput = {
  /** RLP of the chain spec (`encodeChainSpec`) */
  readonly chainSpec: Uint8Array;
  /** rlp([header, transactions, ommers, withdrawals?]) */
  readonly blockRlp: Uint8Array;
  /** RLP of consecutive headers, ascending; the last one is the parent's */
  readonly headers: readonly Uint8Array[];
  /** bytecodes in any order, each once */
  readonly codes: readonly Uint8Array[];
  /** RLP of trie nodes in any order, each once */
  readonly state: readonly Uint8Array[];
};

const MAGIC = [0x5a, 0x4b, 0x49, 0x31];
const VERSION = 1;
const WORD = 8;

const padded = (sizeBytes: number): number => Math.ceil(sizeBytes / WORD) * WORD;

/** The input's bytes; their number is a multiple of 8. */
export function encodeGuestInput(input: GuestInput): Uint8Array<ArrayBuffer> {
  const sections = [[input.chainSpec], [input.blockRlp], input.headers, input.codes, input.state];
  let sizeBytes = WORD;
  for (const items of sections) {
    sizeBytes += WORD;
    for (const item of items) sizeBytes += WORD + padded(item.length);
  }
  const out = new Uint8Array(sizeBytes);
  const view = new DataView(out.buffer);
  out.set(MAGIC);
  view.setUint32(4, VERSION, true);
  let at = WORD;
  for (const items of sections) {
    view.setUint32(at, items.length, true);
    at += WORD;
    for (const item of items) {
      view.setUint32(at, item.length, true);
      out.set(item, at + WORD);
      at += WORD + padded(item.length);
    }
  }
  return out;
}
