import { EXT_WORDS, unpackExt } from '../field/ext-vec.ts';
import { P } from '../field/fp.ts';
import { type Ext, Fp5 } from '../field/fp5.ts';
import { checkMultiproof, joinedWords } from '../hash/merkle-multiproof.ts';
import { tryNonce } from '../hash/sponge.ts';
import { LABELS, type Label } from './labels.ts';
import { Rejection } from './rejection.ts';
import { type Channel, type OpeningShape, Transcript, type TranscriptListener } from './transcript.ts';

/** The verifier's side: reads the proof in order and absorbs what it reads. Throws `Rejection` only. */
export class VerifierTranscript extends Transcript implements Channel {
  private readonly view: DataView;
  private at = 0;

  constructor(proof: Uint8Array, listener?: TranscriptListener) {
    super(listener);
    this.view = new DataView(proof.buffer, proof.byteOffset, proof.byteLength);
  }

  /** `count` arbitrary 32-bit words. */
  readWords(label: Label, count: number): Uint32Array {
    const words = this.take(label, count);
    this.absorbMessage('send', label, words);
    return words;
  }

  readExts(label: Label, count: number): Ext[] {
    const words = this.readFields(label, EXT_WORDS * count);
    return unpackExt(words);
  }

  readExt(label: Label): Ext {
    return this.readExts(label, 1)[0] ?? Fp5.ZERO;
  }

  grind(label: Label, bits: number): void {
    if (bits === 0) return;
    this.note('grind', label, 1);
    const nonce = this.take(label, 1)[0]!;
    const next = tryNonce(this.sponge, LABELS[label], nonce, bits);
    if (next === undefined)
      throw new Rejection('transcript', 'grindingMissing', `${label}: expected ${bits} zero bits`);
    this.sponge = next;
  }

  /**
   * Opened rows in the order of the queries. Rejects rows that are not under the cap.
   * @param cap what was committed: 8 words per node
   */
  readOpenings({ indices, rowWords, depth }: OpeningShape, cap: Uint32Array): Uint32Array[] {
    const different = [...new Set(indices)].sort((a, b) => a - b);
    const all = this.readFields('queryRows', different.length * rowWords);
    const rows = new Map(different.map((index, k) => [index, all.subarray(k * rowWords, (k + 1) * rowWords)]));
    const nodes = this.readWords('queryPaths', joinedWords(depth, indices));
    if (!checkMultiproof(cap, depth, rows, nodes))
      throw new Rejection('transcript', 'merklePath', 'expected rows of the committed table, got others');
    return indices.map((index) => rows.get(index)!);
  }

  /** Rejects unread bytes. */
  end(): void {
    const left = this.view.byteLength - 4 * this.at;
    if (left !== 0)
      throw new Rejection('transcript', 'trailingBytes', `expected the end of the proof, ${left} bytes are left`);
  }

  private readFields(label: Label, count: number): Uint32Array {
    const words = this.readWords(label, count);
    for (let i = 0; i < count; i++)
      if (words[i]! >= P) throw new Rejection('transcript', 'notCanonical', `${label}: expected elements below P`);
    return words;
  }

  private take(label: Label, count: number): Uint32Array {
    if (4 * (this.at + count) > this.view.byteLength)
      throw new Rejection(
        'transcript',
        'truncated',
        `${label}: expected ${4 * count} more bytes, the proof ends before`,
      );
    const words = new Uint32Array(count);
    for (let i = 0; i < count; i++) words[i] = this.view.getUint32(4 * (this.at + i), true);
    this.at += count;
    return words;
  }
}
