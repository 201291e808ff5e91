import { blake3 } from '../../hash/blake3.ts';
import type { BlockStatement, SegmentStatement, VerifyingKey } from '../machine.ts';

export const PROTOCOL_VERSION = 3;

/** Bytes as little-endian words; the length is a multiple of 4. */
export function wordsOf(bytes: Uint8Array): Uint32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Uint32Array.from({ length: bytes.byteLength / 4 }, (_, i) => view.getUint32(4 * i, true));
}

function hashWords(...parts: readonly ArrayLike<number>[]): Uint8Array {
  const length = parts.reduce((n, p) => n + p.length, 0);
  const bytes = new Uint8Array(4 * length);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const part of parts) for (let i = 0; i < part.length; i++, at += 4) view.setUint32(at, part[i]!, true);
  return blake3(bytes);
}

/** The shape of a segment as words: type, and chip and height of each table, with their number in front. */
const shapeWords = (s: SegmentStatement): number[] => [
  s.type,
  s.instances.length,
  ...s.instances.flatMap((i) => [i.chip, i.logHeight]),
];

/** Entry and exit state as words. */
export const stateWords = (s: SegmentStatement): number[] => [
  s.entry.pc,
  s.entry.fp,
  s.exit.pc,
  s.exit.fp,
  s.exit.clock,
];

/** c_0, …, c_N: c_0 from key and claim, each next from the one before and the segment's type and tables. */
export function shapeChain(vk: VerifyingKey, block: BlockStatement): Uint8Array[] {
  const chain = [hashWords([PROTOCOL_VERSION], wordsOf(vk.digest), [block.claim.length], block.claim)];
  for (const segment of block.segments) chain.push(hashWords(wordsOf(chain[chain.length - 1]!), shapeWords(segment)));
  return chain;
}
