/** What a seal signs and whose it is, without anything that a browser lacks. */
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js';
import { ClientError } from '../../errors.ts';
import type { RecoverPublicKey } from '../chain/recover-key.ts';

/** r ‖ s ‖ y parity */
export const SEAL_BYTES = 65;
export const ADDRESS_BYTES = 20;
const DOMAIN = new TextEncoder().encode('zkl1-seal-v1');
const WORD_BYTES = 32;
const HALF_ORDER = secp256k1.Point.Fn.ORDER >> 1n;

/** The chain that a seal is bound to. */
export type SealedChain = {
  readonly config: { readonly chainId: bigint };
  readonly genesisHash: `0x${string}`;
};

/**
 * What a sealer signs: keccak256("zkl1-seal-v1" ‖ chainId ‖ genesisHash ‖ blockHash), 108 bytes: 12 of ASCII, a
 * 32-byte big-endian number, two hashes. This is `abi.encodePacked(string, uint256, bytes32, bytes32)`, so that a
 * contract can check two seals as evidence with ECRECOVER.
 */
export function sealDigest({ config, genesisHash }: SealedChain, blockHash: Uint8Array): Uint8Array {
  const chainId = hexToBytes(config.chainId.toString(16).padStart(2 * WORD_BYTES, '0'));
  return keccak_256(concatBytes(DOMAIN, chainId, hexToBytes(genesisHash.slice(2)), blockHash));
}

/**
 * The address whose key signed. Each block and sealer has one valid seal and its mirror image in s, which is refused,
 * so that nobody but the sealer can make another seal of a block.
 * @throws SealError `sealMalformed`
 */
export function recoverSealerWith(
  recover: RecoverPublicKey,
  chain: SealedChain,
  blockHash: Uint8Array,
  seal: Uint8Array,
): Uint8Array {
  const parity = seal[SEAL_BYTES - 1];
  if (seal.length !== SEAL_BYTES || (parity !== 0 && parity !== 1)) {
    throw malformed(`expected ${SEAL_BYTES} bytes that end with 0 or 1, got ${seal.length} ending with ${parity}`);
  }
  const s = BigInt(`0x${bytesToHex(seal.subarray(WORD_BYTES, 2 * WORD_BYTES))}`);
  if (s === 0n || s > HALF_ORDER) throw malformed('s is not in the lower half of the group order');
  let publicKey: Uint8Array;
  try {
    publicKey = recover(sealDigest(chain, blockHash), seal.subarray(0, 2 * WORD_BYTES), parity);
  } catch {
    throw malformed('no key has this signature');
  }
  return keccak_256(publicKey).slice(WORD_BYTES - ADDRESS_BYTES);
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
  | 'timestampAhead'
  /** more than an hour ahead of it */
  | 'timestampFarAhead';
/** A seal that its network does not take, or a sealed block that comes before its time. */
export class SealError extends ClientError<
  SealErrorCode,
  { readonly expected?: string; readonly actual?: string; readonly sealer?: string }
> {}
