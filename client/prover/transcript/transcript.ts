import { Fp } from '../field/fp.ts';
import { type Ext, Fp5 } from '../field/fp5.ts';
import { absorb, extFromBytes, initialSponge, type Sponge, squeeze, tryNonce } from '../hash/sponge.ts';
import { LABELS, type Label } from './labels.ts';

/** Why a proof is rejected: thrown inside the verifier and turned into its result at the border, never further. */
export class Rejection extends Error {
  override readonly name = 'Rejection';
  readonly stage: string;
  readonly code: string;
  constructor(stage: string, code: string, detail: string) {
    super(detail);
    this.stage = stage;
    this.code = code;
  }
}

/** One absorbed message or sample, for the transcript inventory. */
export type TranscriptEvent = {
  readonly kind: 'absorb' | 'send' | 'sample' | 'grind';
  readonly label: Label;
  readonly words: number;
};

export type TranscriptListener = (e: TranscriptEvent) => void;

/** What both sides do alike: absorb what both know, and sample. */
export abstract class Transcript {
  protected sponge: Sponge = initialSponge();
  private readonly listener: TranscriptListener | undefined;

  constructor(listener?: TranscriptListener) {
    this.listener = listener;
  }

  protected note(kind: TranscriptEvent['kind'], label: Label, words: number): void {
    this.listener?.({ kind, label, words });
  }

  /** Absorbs data that both sides have: not part of the proof. */
  absorb(label: Label, words: ArrayLike<number>): void {
    this.note('absorb', label, words.length);
    this.sponge = absorb(this.sponge, LABELS[label], words);
  }

  sampleExt(label: Label): Ext {
    this.note('sample', label, 5);
    const { bytes, sponge } = squeeze(this.sponge, LABELS[label]);
    this.sponge = sponge;
    return extFromBytes(bytes);
  }

  sampleExts(label: Label, count: number): Ext[] {
    return Array.from({ length: count }, () => this.sampleExt(label));
  }

  /** `count` indices of `bits` ≤ 32 bits, eight from each output. */
  sampleIndices(label: Label, count: number, bits: number): number[] {
    this.note('sample', label, count);
    const indices: number[] = [];
    while (indices.length < count) {
      const { bytes, sponge } = squeeze(this.sponge, LABELS[label]);
      this.sponge = sponge;
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      for (let i = 0; i < 8 && indices.length < count; i++) indices.push(view.getUint32(4 * i, true) % 2 ** bits);
    }
    return indices;
  }

  state(): Sponge {
    return this.sponge;
  }
}

/** The prover's side: what it sends is written to the proof and absorbed in one step. */
export class ProverTranscript extends Transcript {
  private readonly chunks: number[] = [];

  send(label: Label, words: ArrayLike<number>): void {
    this.note('send', label, words.length);
    this.sponge = absorb(this.sponge, LABELS[label], words);
    for (let i = 0; i < words.length; i++) this.chunks.push(words[i]!);
  }

  sendExts(label: Label, xs: readonly Ext[]): void {
    this.send(label, xs.flat());
  }

  /** Sends the least nonce whose absorption shows `bits` zero bits; with none, sends nothing. */
  grind(label: Label, bits: number): void {
    if (bits === 0) return;
    this.note('grind', label, 1);
    for (let nonce = 0; ; nonce++) {
      const next = tryNonce(this.sponge, LABELS[label], nonce, bits);
      if (next === undefined) continue;
      this.sponge = next;
      this.chunks.push(nonce);
      return;
    }
  }

  /** The proof: little-endian 32-bit words. */
  bytes(): Uint8Array {
    const bytes = new Uint8Array(4 * this.chunks.length);
    const view = new DataView(bytes.buffer);
    for (const [i, w] of this.chunks.entries()) view.setUint32(4 * i, w, true);
    return bytes;
  }
}

/** The verifier's side: reads the proof in order. Throws `Rejection` only. */
export class VerifierTranscript extends Transcript {
  private readonly view: DataView;
  private at = 0;

  constructor(proof: Uint8Array, listener?: TranscriptListener) {
    super(listener);
    this.view = new DataView(proof.buffer, proof.byteOffset, proof.byteLength);
  }

  /** `count` arbitrary 32-bit words. */
  readWords(label: Label, count: number): Uint32Array {
    this.note('send', label, count);
    const words = this.take(label, count);
    this.sponge = absorb(this.sponge, LABELS[label], words);
    return words;
  }

  /** `count` canonical field elements. */
  readFields(label: Label, count: number): Uint32Array {
    const words = this.readWords(label, count);
    if (!words.every(Fp.isCanonical))
      throw new Rejection('transcript', 'notCanonical', `${label}: expected elements below P`);
    return words;
  }

  readExts(label: Label, count: number): Ext[] {
    const words = this.readFields(label, 5 * count);
    return Array.from({ length: count }, (_, i) => {
      const [a, b, c, d, e] = words.subarray(5 * i, 5 * i + 5);
      return [a!, b!, c!, d!, e!];
    });
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

  /** Rejects unread bytes. */
  end(): void {
    const left = this.view.byteLength - 4 * this.at;
    if (left !== 0)
      throw new Rejection('transcript', 'trailingBytes', `expected the end of the proof, ${left} bytes are left`);
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
