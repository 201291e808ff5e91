import { blake3, bytesFromWords, wordsFromBytes } from '../../hash/blake3.ts';
import type { BlockStatement, SegmentStatement, VerifyingKey } from '../machine.ts';

export const PROTOCOL_VERSION = 3;

function hashWords(...parts: readonly ArrayLike<number>[]): Uint8Array {
  const words = new Uint32Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    words.set(part, at);
    at += part.length;
  }
  return blake3(bytesFromWords(words));
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
  const chain = [hashWords([PROTOCOL_VERSION], wordsFromBytes(vk.digest), [block.claim.length], block.claim)];
  for (const segment of block.segments)
    chain.push(hashWords(wordsFromBytes(chain[chain.length - 1]!), shapeWords(segment)));
  return chain;
}
