import { P } from '../field/fp.ts';
import type { Ext } from '../field/fp5.ts';
import { blake3Words, blockWords, bytesFromWords, Flag } from './blake3.ts';
import type { HashMany } from './hash-many.ts';

/**
 * A transcript's state as plain data, so that it can be handed to a backend and taken back. One keyed BLAKE3 call per
 * message: its 64 bytes of output are the next state and a challenge, which the first sample after the message takes;
 * further samples absorb an empty message each. A label is a number that the protocol gives a message's meaning.
 */
export type Sponge = { readonly state: Uint8Array; readonly challenge: Uint8Array | undefined };

const STATE_BYTES = 32;

/** Bytes of one coordinate of a challenge: 48 bits modulo P are uniform up to 2^−17 in total variation per coordinate. */
const COORDINATE_BYTES = 6;

/** The state before any message: 32 zero bytes, and no challenge to take. */
export const initialSponge = (): Sponge => ({ state: new Uint8Array(STATE_BYTES), challenge: undefined });

/** State after a message of 32-bit words: keyed BLAKE3 of the words, the label behind them. */
export function absorb(sponge: Sponge, label: number, words: ArrayLike<number>, hashMany?: HashMany): Sponge {
  const bytes = 4 * (words.length + 1);
  const message = bytes <= SHORT.byteLength ? SHORT.fill(0) : blockWords(bytes);
  message.set(words);
  message[words.length] = label;
  for (let i = 0; i < KEY.length; i++) KEY[i] = wordAt(sponge.state, 4 * i);
  blake3Words(OUT, message, bytes, KEY, Flag.keyedHash, hashMany);
  const both = bytesFromWords(OUT);
  return { state: both.subarray(0, STATE_BYTES), challenge: both.subarray(STATE_BYTES) };
}

/** Nearly all messages are a round's few elements. */
const SHORT = blockWords(128);
const KEY = new Uint32Array(STATE_BYTES / 4);
const OUT = blockWords(2 * STATE_BYTES);

const wordAt = (bytes: Uint8Array, at: number): number =>
  bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);

/** 32 bytes of challenge and the state behind them. */
export function squeeze(sponge: Sponge, label: number): { readonly bytes: Uint8Array; readonly sponge: Sponge } {
  const ready = sponge.challenge === undefined ? absorb(sponge, label, []) : sponge;
  return { bytes: ready.challenge!, sponge: { state: ready.state, challenge: undefined } };
}

/** An element of E from 30 challenge bytes. */
export function extFromBytes(bytes: Uint8Array): Ext {
  const coordinate = (i: number): number => {
    let x = 0;
    for (let k = COORDINATE_BYTES - 1; k >= 0; k--) x = x * 256 + bytes[COORDINATE_BYTES * i + k]!;
    return x % P;
  };
  return [coordinate(0), coordinate(1), coordinate(2), coordinate(3), coordinate(4)];
}

/** The state after a grinding nonce, and whether the nonce has `bits` zero bits at the end of its challenge. */
export function tryNonce(sponge: Sponge, label: number, nonce: number, bits: number): Sponge | undefined {
  const next = absorb(sponge, label, [nonce]);
  const tail = new DataView(next.challenge!.buffer, next.challenge!.byteOffset).getUint32(28, true);
  return bits === 0 || tail % 2 ** bits === 0 ? { state: next.state, challenge: undefined } : undefined;
}
