import { ClientError } from '../../errors.ts';
import { EXT_WORDS } from '../field/ext-vec.ts';
import type { Ext } from '../field/fp5.ts';
import { joinPaths } from '../hash/merkle-multiproof.ts';
import { type Sponge, tryNonce } from '../hash/sponge.ts';
import { LABELS, type Label } from './labels.ts';
import { type Channel, type OpeningShape, Transcript } from './transcript.ts';

/** What a backend sent in one run, and the state it says to have ended in. */
export type ForeignRun = { readonly messages: Uint32Array; readonly sponge: Sponge };

/** The prover's side: what it sends is written to the proof and absorbed in one step. */
export class ProverTranscript extends Transcript {
  private words = new Uint32Array(1024);
  private length = 0;

  send(label: Label, words: ArrayLike<number>): void {
    this.absorbMessage('send', label, words);
    this.write(words);
  }

  sendExts(label: Label, xs: readonly Ext[]): void {
    this.send(label, xs.flat());
  }

  /**
   * Sends a nonce that a backend found.
   * @throws ClientError `backendDiverged` if it does not have `bits` zero bits
   */
  sendNonce(label: Label, bits: number, nonce: number): void {
    this.note('grind', label, 1);
    const next = tryNonce(this.sponge, LABELS[label], nonce, bits);
    if (next === undefined)
      throw new ClientError<BackendErrorCode>('backendDiverged', `${label}: nonce ${nonce} does not have ${bits} bits`);
    this.sponge = next;
    this.write([nonce]);
  }

  /** Sends opened rows: different ones by ascending index, then the digests that their paths need. */
  sendOpenings(
    { indices, depth }: OpeningShape,
    opened: readonly { readonly row: Uint32Array; readonly path: Uint32Array }[],
  ): void {
    const rows = new Map(indices.map((index, q) => [index, opened[q]!.row]));
    this.send('queryRows', joined([...rows.keys()].sort((a, b) => a - b).map((index) => rows.get(index)!)));
    this.send(
      'queryPaths',
      joinPaths(
        depth,
        indices,
        opened.map((o) => o.path),
      ),
    );
  }

  /** Takes over what a backend sent: `walk` reads it from a channel that sends it here. */
  replay<T>(run: ForeignRun, walk: (channel: Channel) => T): T {
    let at = 0;
    const take = (label: Label, count: number): Uint32Array => {
      if (at + count > run.messages.length)
        throw new ClientError<BackendErrorCode>('backendDiverged', `${label}: the backend's run ends too early`);
      at += count;
      return run.messages.subarray(at - count, at);
    };
    const result = walk({
      readExts: (label, count) => {
        const words = take(label, EXT_WORDS * count);
        this.send(label, words);
        return Array.from({ length: count }, (_, i) => {
          const [a, b, c, d, e] = words.subarray(EXT_WORDS * i, EXT_WORDS * (i + 1));
          return [a!, b!, c!, d!, e!];
        });
      },
      sampleExt: (label) => this.sampleExt(label),
      grind: (label, bits) => {
        if (bits > 0) this.sendNonce(label, bits, take(label, 1)[0]!);
      },
    });
    if (at !== run.messages.length || !sameSponge(this.sponge, run.sponge))
      throw new ClientError<BackendErrorCode>(
        'backendDiverged',
        'the backend sent other messages than its sponge absorbed, or more than the protocol has',
      );
    return result;
  }

  /** The proof: little-endian 32-bit words. */
  bytes(): Uint8Array {
    const bytes = new Uint8Array(4 * this.length);
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < this.length; i++) view.setUint32(4 * i, this.words[i]!, true);
    return bytes;
  }

  private write(words: ArrayLike<number>): void {
    while (this.length + words.length > this.words.length) {
      const longer = new Uint32Array(2 * this.words.length);
      longer.set(this.words);
      this.words = longer;
    }
    this.words.set(words, this.length);
    this.length += words.length;
  }
}

/** A backend gave something else than the protocol computes from the same state. */
export type BackendErrorCode = 'backendDiverged';

function joined(parts: readonly Uint32Array[]): Uint32Array {
  const all = new Uint32Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    all.set(p, at);
    at += p.length;
  }
  return all;
}

const sameBytes = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
  a === undefined || b === undefined ? a === b : a.length === b.length && a.every((x, i) => x === b[i]);

const sameSponge = (a: Sponge, b: Sponge): boolean =>
  sameBytes(a.state, b.state) && sameBytes(a.challenge, b.challenge);
