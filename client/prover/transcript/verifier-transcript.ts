import { EXT_WORDS, type ExtVec, unpackExt } from '../field/ext-vec.ts';
import { P } from '../field/fp.ts';
import { type Ext, Fp5 } from '../field/fp5.ts';
import { wordsFromBytes } from '../hash/blake3.ts';
import type { HashMany } from '../hash/hash-many.ts';
import { checkMultiproof, joinedWords, type OpenedRows } from '../hash/merkle-multiproof.ts';
import { tryNonce } from '../hash/sponge.ts';
import { LABELS, type Label } from './labels.ts';
import { packedBytes, unpackFields } from './packing.ts';
import { Rejection } from './rejection.ts';
import { type Channel, type OpeningShape, Transcript, type TranscriptListener } from './transcript.ts';

/** The verifier's side: reads the proof in order and absorbs what it reads. Throws `Rejection` only. */
export class VerifierTranscript extends Transcript implements Channel {
  private readonly proof: Uint8Array;
  /** Bytes read. */
  private at = 0;

  constructor(proof: Uint8Array, listener?: TranscriptListener, hashMany?: HashMany) {
    super(listener, hashMany);
    this.proof = proof;
  }

  /** `count` arbitrary 32-bit words. */
  readWords(label: Label, count: number): Uint32Array {
    const words = this.takeWords(label, count);
    this.absorbMessage('send', label, words);
    return words;
  }

  readExts(label: Label, count: number): Ext[] {
    return unpackExt(this.readExtVec(label, count));
  }

  /** The same as one vector. */
  readExtVec(label: Label, count: number): ExtVec {
    return this.readFields(label, EXT_WORDS * count);
  }

  readExt(label: Label): Ext {
    return this.readExts(label, 1)[0] ?? Fp5.ZERO;
  }

  grind(label: Label, bits: number): void {
    if (bits === 0) return;
    this.note('grind', label, 1);
    const nonce = this.takeWords(label, 1)[0]!;
    const next = tryNonce(this.sponge, LABELS[label], nonce, bits);
    if (next === undefined)
      throw new Rejection('transcript', 'grindingMissing', `${label}: expected ${bits} zero bits`);
    this.sponge = next;
  }

  /**
   * The opened rows of the different ones among the indices. Rejects rows that are not under the cap.
   * @param cap what was committed: 8 words per node
   */
  readOpenings({ indices: queried, rowWords, depth }: OpeningShape, cap: Uint32Array): OpenedRows {
    const indices = [...new Set(queried)].sort((a, b) => a - b);
    const opened = { indices, rows: this.readFields('queryRows', indices.length * rowWords), rowWords };
    const nodes = this.readWords('queryPaths', joinedWords(depth, indices));
    if (!checkMultiproof(cap, depth, opened, nodes, this.hashMany))
      throw new Rejection('transcript', 'merklePath', 'expected rows of the committed table, got others');
    return opened;
  }

  /** Rejects unread bytes. */
  end(): void {
    const left = this.proof.length - this.at;
    if (left !== 0)
      throw new Rejection('transcript', 'trailingBytes', `expected the end of the proof, ${left} bytes are left`);
  }

  /** `count` elements of the base field; there is one encoding of each. */
  private readFields(label: Label, count: number): Uint32Array {
    const words = unpackFields(this.proof, this.take(label, packedBytes(count)), count);
    if (words === undefined)
      throw new Rejection('transcript', 'paddingBits', `${label}: expected zeros behind the last element`);
    for (let i = 0; i < count; i++)
      if (words[i]! >= P) throw new Rejection('transcript', 'notCanonical', `${label}: expected elements below P`);
    this.absorbMessage('send', label, words);
    return words;
  }

  private takeWords(label: Label, count: number): Uint32Array {
    const at = this.take(label, 4 * count);
    return wordsFromBytes(this.proof.subarray(at, this.at));
  }

  /** Where the next `count` bytes start. */
  private take(label: Label, count: number): number {
    const at = this.at;
    if (at + count > this.proof.length)
      throw new Rejection('transcript', 'truncated', `${label}: expected ${count} more bytes, the proof ends before`);
    this.at += count;
    return at;
  }
}
