/** The node's key as a signer: Ed25519 over whole messages. */
import './promise-with-resolvers.ts';
import type { PrivateKey } from '@libp2p/interface';
import { ed25519 } from '@noble/curves/ed25519.js';

export type Identity = {
  /** 32 bytes; the peer id is made of it */
  readonly publicKey: Uint8Array;
  readonly sign: (message: Uint8Array) => Promise<Uint8Array>;
};

/** @param key of Ed25519: nothing else signs what `isSignature` takes */
export function identityOf(key: PrivateKey): Identity {
  return { publicKey: key.publicKey.raw, sign: async (message) => key.sign(message) };
}

/**
 * RFC 8032, strictly: false for keys that are no point of the curve, and for keys of small order, under which one
 * signature that nobody made fits a quarter of all messages or more. OpenSSL, and so libp2p's keys, takes those.
 */
export function isSignature(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    return ed25519.verify(signature, message, publicKey, { zip215: false });
  } catch {
    return false;
  }
}
