/** Number of blobs a block may have and how fast their price moves (EIP-7840). */
export type BlobParams = {
  /** blobs per block at which the price stays */
  readonly target: number;
  /** most blobs in a block */
  readonly max: number;
  readonly baseFeeUpdateFraction: number;
};

/** Every fork that changes a rule, in activation order; the DAO fork is a field of its own. */
export const FORK_NAMES = [
  ...['homestead', 'tangerineWhistle', 'spuriousDragon', 'byzantium', 'constantinople', 'petersburg', 'istanbul'],
  ...['muirGlacier', 'berlin', 'london', 'arrowGlacier', 'grayGlacier', 'paris'],
  ...['shanghai', 'cancun', 'prague', 'osaka', 'bpo1', 'bpo2', 'bpo3', 'bpo4', 'bpo5'],
] as const;
export type ForkName = (typeof FORK_NAMES)[number];

export type ActiveFork = {
  readonly name: ForkName;
  readonly by: 'block' | 'time';
  /** block number, or seconds since 1970; u64 */
  readonly activation: bigint;
  /** present from Cancun on */
  readonly blobParams?: BlobParams;
};

/**
 * The chain as a block's claim commits to it: only forks that are active at the block, so that scheduling another
 * fork changes no older claim.
 */
export type ChainSpec = {
  readonly chainId: bigint;
  /** 32 bytes */
  readonly genesisHash: `0x${string}`;
  /** 20 bytes (EIP-6110) */
  readonly depositContract: `0x${string}`;
  /** the block that moves the balances of EIP-779, also where it is still ahead */
  readonly daoForkBlock?: bigint;
  /** in the order of FORK_NAMES */
  readonly forks: readonly ActiveFork[];
};
