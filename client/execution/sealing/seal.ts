/** A seal: one sealer's signature that says "I made this block of this chain". */
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { ClientError } from '../../errors.ts';
import { keccak256, recoverPublicKey } from '../chain/crypto.ts';
import type { Network } from '../chain/network.ts';

/** r ‖ s ‖ y parity */
export const SEAL_BYTES = 65;
export const ADDRESS_BYTES = 20;
const DOMAIN = new TextEncoder().encode('zkl1-seal-v1');
const WORD_BYTES = 32;
const HALF_ORDER = secp256k1.Point.Fn.ORDER >> 1n;

/**
 * What a sealer signs: keccak256("zkl1-seal-v1" ‖ chainId ‖ genesisHash ‖ blockHash), 108 bytes: 12 of ASCII, a
 * 32-byte big-endian number, two hashes. This is `abi.encodePacked(string, uint256, bytes32, bytes32)`, so that a
 * contract can check two seals as evidence with ECRECOVER.
 */
export function sealDigest({ config, genesisHash }: Network, blockHash: Uint8Array): Uint8Array {
  const chainId = Buffer.from(config.chainId.toString(16).padStart(2 * WORD_BYTES, '0'), 'hex');
  return keccak256(Buffer.concat([DOMAIN, chainId, Buffer.from(genesisHash.slice(2), 'hex'), blockHash]));
}

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

/**
 * The address whose key signed. Each block and sealer has one valid seal and its mirror image in s, which is refused,
 * so that nobody but the sealer can make another seal of a block.
 * @throws SealError `sealMalformed`
 */
export function recoverSealer(network: Network, blockHash: Uint8Array, seal: Uint8Array): Uint8Array {
  const parity = seal[SEAL_BYTES - 1];
  if (seal.length !== SEAL_BYTES || (parity !== 0 && parity !== 1)) {
    throw malformed(`expected ${SEAL_BYTES} bytes that end with 0 or 1, got ${seal.length} ending with ${parity}`);
  }
  const s = BigInt(`0x${Buffer.from(seal.subarray(WORD_BYTES, 2 * WORD_BYTES)).toString('hex')}`);
  if (s === 0n || s > HALF_ORDER) throw malformed('s is not in the lower half of the group order');
  let publicKey: Uint8Array;
  try {
    publicKey = recoverPublicKey(sealDigest(network, blockHash), seal.subarray(0, 2 * WORD_BYTES), parity);
  } catch {
    throw malformed('no key has this signature');
  }
  return keccak256(publicKey).slice(WORD_BYTES - ADDRESS_BYTES);
}

/** The address of a sealer's key. @throws RangeError for a key that is 0 or not below the group order */
export function sealerAddress(key: Uint8Array): Uint8Array {
  if (!secp256k1.utils.isValidSecretKey(key)) throw new RangeError('not a secp256k1 secret key');
  return keccak256(secp256k1.getPublicKey(key, false).subarray(1)).slice(WORD_BYTES - ADDRESS_BYTES);
}

function malformed(what: string): SealError {
  return new SealError('sealMalformed', `seal: ${what}`);
}

export type SealErrorCode =
  | 'sealMalformed'
  /** the network has no sealers, but a seal came */
  | 'sealUnexpected'
  /** signed by nobody that the genesis names */
  | 'sealerUnknown'
  /** the block is earlier than its sealer's turn allows */
  | 'sealTooEarly'
  /** more than 15 s ahead of this machine's clock */
  | 'timestampAhead';
export class SealError extends ClientError<
  SealErrorCode,
  { readonly expected?: string; readonly actual?: string; readonly sealer?: string }
> {}
