import { EXT_WORDS } from '../../field/ext-vec.ts';
import type { Ext } from '../../field/fp5.ts';
import { absorb, extFromBytes, type Sponge, squeeze } from '../../hash/sponge.ts';
import type { Run } from '../interface.ts';
import { leastNonce } from './grind.ts';

/** The sponge of one run and what was absorbed into it. */
export class RunRecorder {
  private sponge: Sponge;
  private readonly messages: number[] = [];

  constructor(sponge: Sponge) {
    this.sponge = sponge;
  }

  /** Absorbs canonical words as one message. */
  send(label: number, words: ArrayLike<number>): void {
    this.sponge = absorb(this.sponge, label, words);
    for (let i = 0; i < words.length; i++) this.messages.push(words[i]!);
  }

  /** Absorbs elements as one message, 5 words each. */
  sendExts(label: number, xs: readonly Ext[]): void {
    const words = new Uint32Array(EXT_WORDS * xs.length);
    for (const [i, x] of xs.entries()) words.set(x, EXT_WORDS * i);
    this.send(label, words);
  }

  /** A challenge; moves the sponge, sends nothing. */
  sampleExt(label: number): Ext {
    const { bytes, sponge } = squeeze(this.sponge, label);
    this.sponge = sponge;
    return extFromBytes(bytes);
  }

  /** Nothing where no bits are asked for. */
  grind(label: number, bits: number): void {
    if (bits === 0) return;
    const { nonce, sponge } = leastNonce(this.sponge, label, bits);
    this.sponge = sponge;
    this.messages.push(nonce);
  }

  /**
   * What was sent, and the sponge behind it.
   * @param values what is left of the claims at `point`
   */
  finish(point: readonly Ext[], values: readonly Ext[]): Run {
    return { messages: Uint32Array.from(this.messages), point, values, sponge: this.sponge };
  }
}
