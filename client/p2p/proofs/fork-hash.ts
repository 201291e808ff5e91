/** EIP-2124's fork hash: CRC-32 of the genesis hash and of every fork that is active. */
import { crc32 } from 'node:zlib';
import type { Hash } from '../../prover/interface.ts';
import { unhex } from './messages.ts';

export type ForkSchedule = {
  /** of each fork from genesis on, 8 hex digits */
  readonly hashes: readonly string[];
  readonly hashAt: (number: bigint, timestamp: bigint) => string;
};

/**
 * @param blocks at which forks activate, in any order; the Merge is none, since it has no block of its own
 * @param times Unix seconds, likewise; those up to the genesis's own count as part of it
 */
export function forkSchedule(
  genesis: { readonly hash: Hash; readonly timestamp: bigint },
  blocks: readonly bigint[],
  times: readonly bigint[],
): ForkSchedule {
  const byBlock = ascending(blocks.filter((block) => block > 0n));
  const byTime = ascending(times.filter((time) => time > genesis.timestamp));
  let checksum = crc32(unhex(genesis.hash));
  const hashes = [text(checksum)];
  for (const fork of [...byBlock, ...byTime]) {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(fork);
    checksum = crc32(bytes, checksum);
    hashes.push(text(checksum));
  }
  return {
    hashes,
    hashAt: (number, timestamp) => {
      const active = byBlock.filter((b) => b <= number).length + byTime.filter((t) => t <= timestamp).length;
      return hashes[active] ?? text(checksum);
    },
  };
}

function ascending(values: readonly bigint[]): readonly bigint[] {
  return [...new Set(values)].sort((a, b) => (a < b ? -1 : 1));
}

function text(checksum: number): string {
  return checksum.toString(16).padStart(8, '0');
}
