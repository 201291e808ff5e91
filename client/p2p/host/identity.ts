/** The node's key as a signer: Ed25519 over whole messages. */
import './promise-with-resolvers.ts';
import { publicKeyFromRaw } from '@libp2p/crypto/keys';
import type { PrivateKey } from '@libp2p/interface';

export type Identity = {
  /** 32 bytes; the peer id is made of it */
  readonly publicKey: Uint8Array;
  readonly sign: (message: Uint8Array) => Promise<Uint8Array>;
};

export function identityOf(key: PrivateKey): Identity {
  return { publicKey: key.publicKey.raw, sign: async (message) => key.sign(message) };
}

/** False for keys that are no point of the curve too. */
export async function isSignature(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
  try {
    return await publicKeyFromRaw(publicKey).verify(message, signature);
  } catch {
    return false;
  }
}
