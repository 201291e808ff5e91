/**
 * The chain spec that a claim commits to: which chain, and which forks are active at the block (the rules are in
 * `validator/src/chain_spec.rs`). Listing only active forks keeps the hash of old blocks when a fork is scheduled.
 */
import { RLP } from '@ethereumjs/rlp';
import { keccak_256 } from '@noble/hashes/sha3.js';
import type { Hash } from '../interface.ts';

/** Blobs per block and the update fraction of the blob base fee (EIP-4844, EIP-7840). */
export type BlobParams = { readonly target: number; readonly max: number; readonly baseFeeUpdateFraction: number };

/** A fork that is active at the block. */
export type ActiveFork = {
  /** `homestead` … `osaka`, `bpo1` … `bpo5`; Frontier is not listed, nor is the DAO fork */
  readonly name: string;
  /** Shanghai and later forks are activated by time */
  readonly by: 'block' | 'time';
  /** block number or timestamp in seconds, at most the block's own */
  readonly activation: bigint;
  /** from Cancun on, and only there */
  readonly blobParams?: BlobParams | undefined;
};

/** A chain at one block. */
export type ChainSpec = {
  readonly chainId: bigint;
  readonly genesisHash: string;
  /** EIP-6110; a chain without one has the zero address */
  readonly depositContract?: string | undefined;
  /** EIP-779, whether it lies ahead or behind */
  readonly daoForkBlock?: bigint | undefined;
  /** active at the block, ascending */
  readonly forks: readonly ActiveFork[];
};

const VERSION = 1;
const ZERO_ADDRESS = '0x0000000000000000000000000000000000000000';

/** rlp([1, chainId, genesisHash, depositContract, daoForkBlock, forks]). */
export function encodeChainSpec(spec: ChainSpec): Uint8Array {
  return RLP.encode([
    VERSION,
    spec.chainId,
    spec.genesisHash,
    spec.depositContract ?? ZERO_ADDRESS,
    spec.daoForkBlock === undefined ? [] : [spec.daoForkBlock],
    spec.forks.map(({ name, by, activation, blobParams }) => [
      new TextEncoder().encode(name),
      new TextEncoder().encode(by),
      activation,
      blobParams === undefined ? [] : [blobParams.target, blobParams.max, blobParams.baseFeeUpdateFraction],
    ]),
  ]);
}

/** What the claim says about the chain; the verifier computes it from its own configuration. */
export function chainSpecHash(spec: ChainSpec): Hash {
  return `0x${Array.from(keccak_256(encodeChainSpec(spec)), (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
