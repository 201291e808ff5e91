import { ClientError } from '../../errors.ts';
import { EXT_WORDS } from '../field/ext-vec.ts';
import type { Ext } from '../field/fp5.ts';
import { joinPaths } from '../hash/merkle-multiproof.ts';
import { type Sponge, tryNonce } from '../hash/sponge.ts';
import { LABELS, type Label } from './labels.ts';
import { packedBytes, packFields } from './packing.ts';
import { type Channel, type OpeningShape, Transcript } from './transcript.ts';

/** What a backend sent in one run, and the state it says to have ended in. */
export type ForeignRun = { readonly messages: Uint32Array; readonly sponge: Sponge };

/** The prover's side: what it sends is written to the proof and absorbed in one step. */
export class ProverTranscript extends Transcript {
  private proof = new Uint8Array(4096);
  private length = 0;

  /** Sends digests: arbitrary 32-bit words. */
  send(label: Label, words: ArrayLike<number>): void {
    this.absorbMessage('send', label, words);
    this.writeWords(words);
  }

  /** Sends canonical elements of the base field. */
  sendFields(label: Label, words: ArrayLike<number>): void {
    this.absorbMessage('send', label, words);
    const at = this.extend(packedBytes(words.length));
    packFields(words, this.proof, at);
  }

  sendExts(label: Label, xs: readonly Ext[]): void {
    this.sendFields(label, xs.flat());
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
    this.writeWords([nonce]);
  }

  /** Sends opened rows: different ones by ascending index, then the digests that their paths need. */
  sendOpenings(
    { indices, depth }: OpeningShape,
    opened: readonly { readonly row: Uint32Array; readonly path: Uint32Array }[],
  ): void {
    const rows = new Map(indices.map((index, q) => [index, opened[q]!.row]));
    this.sendFields('queryRows', joined([...rows.keys()].sort((a, b) => a - b).map((index) => rows.get(index)!)));
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
        this.sendFields(label, words);
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

  /** The proof: messages one behind the other, each of whole bytes. */
  bytes(): Uint8Array {
    return this.proof.slice(0, this.length);
  }

  /** Little-endian. */
  private writeWords(words: ArrayLike<number>): void {
    const at = this.extend(4 * words.length);
    const view = new DataView(this.proof.buffer);
    for (let i = 0; i < words.length; i++) view.setUint32(at + 4 * i, words[i]!, true);
  }

  /** Where `count` more bytes start; they are zeros. */
  private extend(count: number): number {
    const at = this.length;
    this.length += count;
    if (this.length > this.proof.length) {
      const longer = new Uint8Array(2 * this.length);
      longer.set(this.proof);
      this.proof = longer;
    }
    return at;
  }
}

/** A backend gave something else than the protocol computes from the same state. */
export type BackendErrorCode = 'backendDiverged';

/** Vectors of words, one behind the other. */
export function joined(parts: readonly Uint32Array[]): Uint32Array {
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
