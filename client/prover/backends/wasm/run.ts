import type { Ext } from '../../field/fp5.ts';
import { absorb, extFromBytes, type Sponge, squeeze } from '../../hash/sponge.ts';
import type { Run } from '../interface.ts';

/** Messages and challenges of a run, as the transcript that replays it will see them. */
export class RunRecorder {
  private sponge: Sponge;
  private readonly words: number[] = [];

  constructor(sponge: Sponge) {
    this.sponge = sponge;
  }

  /** Absorbs elements as one message, 5 words each. */
  send(label: number, values: readonly Ext[]): void {
    const words = values.flat();
    this.sponge = absorb(this.sponge, label, words);
    for (const w of words) this.words.push(w);
  }

  /** A nonce that `find` gives for the current state; its output is not used as a challenge. */
  sendNonce(label: number, find: (sponge: Sponge) => number): void {
    const nonce = find(this.sponge);
    this.sponge = { state: absorb(this.sponge, label, [nonce]).state, challenge: undefined };
    this.words.push(nonce);
  }

  /** A challenge; moves the sponge, sends nothing. */
  sample(label: number): Ext {
    const { bytes, sponge } = squeeze(this.sponge, label);
    this.sponge = sponge;
    return extFromBytes(bytes);
  }

  /**
   * What was sent, and the sponge behind it.
   * @param values what is left of the claims at `point`
   */
  run(point: readonly Ext[], values: readonly Ext[]): Run {
    return { messages: Uint32Array.from(this.words), point, values, sponge: this.sponge };
  }
}
