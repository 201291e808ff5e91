/** `calculate_block_difficulty` of execution-specs for every fork before Paris. */
import type { BlockHeader } from '@ethereumjs/block';
import { KECCAK256_RLP_ARRAY } from '@ethereumjs/util';
import type { ForkName } from './chain-spec.ts';

const MINIMUM_DIFFICULTY = 131_072n;
const BOUND_DIVISOR = 2048n;
const MIN_ADJUSTMENT = -99n;
const BOMB_PERIOD_BLOCKS = 100_000n;

/** Blocks by which a fork delays the bomb: EIP-649, 1234, 2384, 3554, 4345, 5133; newest first. */
const BOMB_DELAYS: readonly (readonly [ForkName, bigint])[] = [
  ['grayGlacier', 11_400_000n],
  ['arrowGlacier', 10_700_000n],
  ['london', 9_700_000n],
  ['muirGlacier', 9_000_000n],
  ['constantinople', 5_000_000n],
  ['byzantium', 3_000_000n],
];

/**
 * The difficulty of a block.
 * @param isActive whether a fork is active at the block
 * @param timestamp above the parent's
 */
export function blockDifficulty(
  isActive: (fork: ForkName) => boolean,
  number: bigint,
  timestamp: bigint,
  parent: BlockHeader,
): bigint {
  const seconds = timestamp - parent.timestamp;
  const offset = parent.difficulty / BOUND_DIVISOR;
  const adjusted = parent.difficulty + offset * adjustment(isActive, seconds, parent);
  const delay = BOMB_DELAYS.find(([fork]) => isActive(fork))?.[1] ?? 0n;
  const counted = number > delay ? number - delay : 0n;
  const exponent = counted / BOMB_PERIOD_BLOCKS - 2n;
  const difficulty = adjusted + (exponent >= 0n ? 1n << exponent : 0n);
  return difficulty > MINIMUM_DIFFICULTY ? difficulty : MINIMUM_DIFFICULTY;
}

function adjustment(isActive: (fork: ForkName) => boolean, seconds: bigint, parent: BlockHeader): bigint {
  if (isActive('byzantium')) {
    // EIP-100
    const hasOmmers = Buffer.compare(parent.uncleHash, KECCAK256_RLP_ARRAY) !== 0;
    return max((hasOmmers ? 2n : 1n) - seconds / 9n, MIN_ADJUSTMENT);
  }
  // EIP-2
  if (isActive('homestead')) return max(1n - seconds / 10n, MIN_ADJUSTMENT);
  return seconds < 13n ? 1n : -1n;
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
