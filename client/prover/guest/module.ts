/** The guest's bytes, checked against the hash that stands beside them. */
import { sha256 } from '@noble/hashes/sha2.js';
import { ClientError } from '../../errors.ts';
import type { Hash } from '../interface.ts';

/** The guest program and what identifies it. */
export type Guest = {
  readonly wasm: Uint8Array;
  /** SHA-256 of `wasm` */
  readonly hash: Hash;
};

/**
 * @param wasm content of `guest.wasm`
 * @param sha256Line content of `guest.wasm.sha256`: the hash in hex, optionally followed by a name, as sha256sum writes
 * @throws ClientError `guestHashMismatch`
 */
export function guestOf(wasm: Uint8Array, sha256Line: string): Guest {
  const expected = sha256Line.trim().split(/\s+/)[0] ?? '';
  const actual = Array.from(sha256(wasm), (byte) => byte.toString(16).padStart(2, '0')).join('');
  if (actual !== expected) {
    throw new ClientError<GuestErrorCode>('guestHashMismatch', `guest.wasm has hash ${actual}, expected ${expected}`, {
      expected,
      actual,
    });
  }
  return { wasm, hash: `0x${actual}` };
}

/** The file is not the guest that this build names. */
export type GuestErrorCode = 'guestHashMismatch';
