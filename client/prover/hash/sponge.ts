import { P } from '../field/fp.ts';
import type { Ext } from '../field/fp5.ts';
import { blake3Keyed } from './blake3.ts';

/**
 * A transcript's state as plain data, so that it can be handed to a backend and taken back. One keyed BLAKE3 call per
 * message: its 64 bytes of output are the next state and a challenge, which the first sample after the message takes;
 * further samples absorb an empty message each. A label is a number that the protocol gives a message's meaning.
 */
export type Sponge = { readonly state: Uint8Array; readonly challenge: Uint8Array | undefined };

const STATE_BYTES = 32;

/** Bytes of one coordinate of a challenge: 48 bits modulo P are uniform up to 2^−17 in total variation per coordinate. */
const COORDINATE_BYTES = 6;

export const initialSponge = (): Sponge => ({ state: new Uint8Array(STATE_BYTES), challenge: undefined });

/** Words in little-endian bytes, the label behind them. */
function encode(words: ArrayLike<number>, label: number): Uint8Array {
  const bytes = new Uint8Array(4 * (words.length + 1));
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < words.length; i++) view.setUint32(4 * i, words[i]!, true);
  view.setUint32(4 * words.length, label, true);
  return bytes;
}

/** State after a message of 32-bit words. */
export function absorb(sponge: Sponge, label: number, words: ArrayLike<number>): Sponge {
  const out = blake3Keyed(sponge.state, encode(words, label), 2 * STATE_BYTES);
  return { state: out.slice(0, STATE_BYTES), challenge: out.slice(STATE_BYTES) };
}

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
