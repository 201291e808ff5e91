import { chainSpecAt } from '../execution/chain/active-forks.ts';
import { type ChainConfig, parseChainConfig, quantity } from '../execution/chain/genesis-config.ts';
import { chainSpecHash } from '../prover/guest/chain-spec.ts';
import type { Hash } from '../prover/interface.ts';
import { LightError } from './errors.ts';
import { KNOWN_CHAINS, type KnownChain } from './known-chains.ts';

/** The chain that proofs must be about: the caller's own knowledge, never the node's. */
export type TrustedChain = {
  readonly config: ChainConfig;
  readonly genesisHash: Hash;
};

/**
 * A chain by the name of a known network, or by a genesis file in geth's format.
 * @param genesis.genesisHash hash of the genesis block: state roots of whole allocations are not computed here
 * @throws LightError `chainInvalid` naming the field
 */
export function trustedChain(genesis: KnownChain | Readonly<Record<string, unknown>>): TrustedChain {
  const file: Readonly<Record<string, unknown>> =
    typeof genesis === 'string' ? (KNOWN_CHAINS[genesis] ?? unknownName(genesis)) : genesis;
  const { genesisHash, config, difficulty } = file;
  if (typeof genesisHash !== 'string' || !/^0x[0-9a-f]{64}$/i.test(genesisHash))
    throw new LightError('chainInvalid', `genesis: genesisHash: expected 32 bytes as 0x… hex, got ${genesisHash}`);
  try {
    const parsed = parseChainConfig(config, quantity(difficulty ?? 0, 'difficulty'));
    return { config: parsed, genesisHash: genesisHash.toLowerCase() as Hash };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LightError('chainInvalid', reason, {}, { cause });
  }
}

/** What a proof of a block at this height must say about the chain. */
export function chainSpecHashAt(
  { config, genesisHash }: TrustedChain,
  { number, timestamp }: { readonly number: bigint; readonly timestamp: bigint },
): Hash {
  return chainSpecHash(chainSpecAt(config, genesisHash, number, timestamp));
}

function unknownName(name: string): never {
  throw new LightError('chainInvalid', `expected one of ${Object.keys(KNOWN_CHAINS).join(', ')}, got ${name}`);
}
