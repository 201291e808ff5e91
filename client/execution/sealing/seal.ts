/** A seal: one sealer's signature that says "I made this block of this chain". */
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak256, recoverPublicKey } from '../chain/crypto.ts';
import type { Network } from '../chain/network.ts';
import { ADDRESS_BYTES, recoverSealerWith, SEAL_BYTES, sealDigest } from './seal-signature.ts';

export { ADDRESS_BYTES, SEAL_BYTES, SealError, sealDigest } from './seal-signature.ts';

const WORD_BYTES = 32;

/**
 * @param key the sealer's secret scalar, 32 bytes
 * @returns r ‖ s ‖ y parity, s in the lower half; the same for the same block (RFC 6979)
 */
export function signSeal(network: Network, blockHash: Uint8Array, key: Uint8Array): Uint8Array {
  const signature = secp256k1.sign(sealDigest(network, blockHash), key, {
    prehash: false,
    lowS: true,
    format: 'recovered',
  });
  const seal = new Uint8Array(SEAL_BYTES);
  seal.set(signature.subarray(1));
  seal[SEAL_BYTES - 1] = signature[0] ?? 0;
  return seal;
}

/** `recoverSealerWith`, by the fastest code that this machine has. @throws SealError `sealMalformed` */
export function recoverSealer(network: Network, blockHash: Uint8Array, seal: Uint8Array): Uint8Array {
  return recoverSealerWith(recoverPublicKey, network, blockHash, seal);
}

/** The address of a sealer's key. @throws RangeError for a key that is 0 or not below the group order */
export function sealerAddress(key: Uint8Array): Uint8Array {
  if (!secp256k1.utils.isValidSecretKey(key)) throw new RangeError('not a secp256k1 secret key');
  return keccak256(secp256k1.getPublicKey(key, false).subarray(1)).slice(WORD_BYTES - ADDRESS_BYTES);
}
