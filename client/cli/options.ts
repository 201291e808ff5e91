import type { Options } from 'yargs';
import { DEFAULT_DATA_DIR } from '../config.ts';
import type { Hash, ProfileId } from '../prover/interface.ts';
import { CliError } from './output.ts';

/** Options that more than one command takes. */
export const dataDirOption = {
  type: 'string',
  default: DEFAULT_DATA_DIR,
  describe: 'folder for everything the node keeps',
} as const satisfies Options;

export const PROFILES: readonly ProfileId[] = ['P100', 'P128'];
export const MAX_THREADS = 256;
export const MAX_MEMORY_MIB = 2 ** 20;

/** Reads a whole number from its text. */
export function wholeNumber(name: string, min: number, max: number): (value: unknown) => number {
  return (value) => {
    const number = typeof value === 'number' ? value : Number(String(value));
    if (!Number.isInteger(number) || number < min || number > max || String(value) === '') {
      throw new CliError('usage', `--${name}: expected a whole number from ${min} to ${max}, got ${String(value)}`);
    }
    return number;
  };
}

/** Reads digests of verification keys, as `eth_getBlockProof` and `proof-types.json` name them. */
export function vkHashes(name: string): (values: unknown) => Hash[] {
  return (values) =>
    [values].flat().map((value) => {
      const hash = `0x${String(value).toLowerCase().replace(/^0x/, '')}`;
      if (!/^0x[0-9a-f]{64}$/.test(hash))
        throw new CliError('usage', `--${name}: expected a vkHash, 0x and 64 hex digits, got ${String(value)}`);
      return hash as Hash;
    });
}

/** A flag for keys that are trusted no more. */
export const revokeOption = (name: string) =>
  ({
    // Digits would be read as a number.
    type: 'string',
    array: true,
    default: [] as string[],
    coerce: vkHashes(name),
    describe: 'vkHash of keys whose proofs are refused, whatever they prove',
  }) as const satisfies Options;

/** A reader for a flag that may be absent. */
export function optional<T>(read: (value: unknown) => T): (value: unknown) => T | undefined {
  return (value) => (value === undefined ? undefined : read(value));
}

/** Reads a block's number; `head` is undefined. */
export function blockOrHead(name: string): (value: unknown) => bigint | undefined {
  return (value) => {
    if (value === 'head') return undefined;
    if (!/^\d{1,18}$/.test(String(value)))
      throw new CliError('usage', `--${name}: expected a block number or head, got ${String(value)}`);
    return BigInt(String(value));
  };
}
