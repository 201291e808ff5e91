/** Genesis files in geth's format: the chain that one describes, its first block and that block's state. */
import { type Block, createBlock } from '@ethereumjs/block';
import { KECCAK256_RLP, SHA256_NULL } from '@ethereumjs/util';
import type { StateChanges } from '../interface.ts';
import { EMPTY_ROOT } from '../state/trie-node.ts';
import { activeForks } from './active-forks.ts';
import { hex } from './block-error.ts';
import { allocState, type GenesisAlloc, parseAlloc } from './genesis-alloc.ts';
import { bytesOf, invalid, parseChainConfig, quantity } from './genesis-config.ts';
import { createNetwork, type Network } from './network.ts';
import { commonOf, hardforkAt } from './rules.ts';

export type Genesis = {
  readonly network: Network;
  readonly block: Block;
  /** absent where the file names the state's root instead of its accounts */
  readonly state?: StateChanges;
};

/** geth's defaults where the genesis block has these fields. */
const DEFAULT_BASE_FEE = 1_000_000_000n;
const ZERO_HASH = new Uint8Array(32);

/**
 * Reads a genesis file. Besides geth's fields it may have `stateRoot`, which stands in for an `alloc` that is too large
 * to ship, and `genesisHash`; both are compared with what the file gives.
 * @param name of the chain, for messages
 * @throws ConfigError `genesisInvalid` naming the field
 */
export async function parseGenesis(name: string, json: unknown): Promise<Genesis> {
  if (json === null || typeof json !== 'object' || Array.isArray(json)) throw invalid('', 'an object', json);
  const file = json as Readonly<Record<string, unknown>>;
  const difficulty = quantity(file.difficulty ?? 0, 'difficulty');
  const config = parseChainConfig(file.config, difficulty);
  const alloc = file.alloc === undefined ? undefined : parseAlloc(file.alloc);
  const state = alloc === undefined ? undefined : await stateOf(alloc);
  const statedRoot = file.stateRoot === undefined ? undefined : bytesOf(file.stateRoot, 'stateRoot', 32);
  const stateRoot = state?.stateRoot ?? statedRoot;
  if (stateRoot === undefined) throw invalid('alloc', 'the accounts of the genesis block', undefined);
  if (statedRoot !== undefined) requireEqual('stateRoot', statedRoot, stateRoot);

  const timestamp = quantity(file.timestamp ?? 0, 'timestamp');
  const common = commonOf(config, name);
  common.setHardfork(hardforkAt(common, 0n, timestamp));
  const forks = activeForks(config, 0n, timestamp).map((fork) => fork.name);
  const has = (fork: string): boolean => forks.some((active) => active === fork);
  const header = {
    number: 0n,
    timestamp,
    difficulty,
    stateRoot,
    gasLimit: quantity(file.gasLimit, 'gasLimit'),
    gasUsed: quantity(file.gasUsed ?? 0, 'gasUsed'),
    extraData: bytesOf(file.extraData ?? '0x', 'extraData'),
    nonce: padded(file.nonce ?? '0x0', 'nonce', 8),
    mixHash: padded(file.mixHash ?? '0x0', 'mixHash', 32),
    coinbase: padded(file.coinbase ?? '0x0', 'coinbase', 20),
    parentHash: padded(file.parentHash ?? '0x0', 'parentHash', 32),
    ...(has('london') ? { baseFeePerGas: quantity(file.baseFeePerGas ?? DEFAULT_BASE_FEE, 'baseFeePerGas') } : {}),
    ...(has('shanghai') ? { withdrawalsRoot: KECCAK256_RLP } : {}),
    ...(has('cancun')
      ? {
          blobGasUsed: quantity(file.blobGasUsed ?? 0, 'blobGasUsed'),
          excessBlobGas: quantity(file.excessBlobGas ?? 0, 'excessBlobGas'),
          parentBeaconBlockRoot: ZERO_HASH,
        }
      : {}),
    ...(has('prague') ? { requestsHash: SHA256_NULL } : {}),
  };
  const block = createBlock(
    { header, ...(has('shanghai') ? { withdrawals: [] } : {}) },
    { common, skipConsensusFormatValidation: true },
  );
  const hash = block.hash();
  if (file.genesisHash !== undefined) requireEqual('genesisHash', bytesOf(file.genesisHash, 'genesisHash', 32), hash);
  return {
    network: createNetwork(name, config, hex(hash)),
    block,
    ...(state === undefined ? {} : { state: state.changes }),
  };
}

async function stateOf(alloc: GenesisAlloc): Promise<{ stateRoot: Uint8Array; changes: StateChanges }> {
  return alloc.length === 0 ? { stateRoot: EMPTY_ROOT, changes: { nodes: [], codes: [] } } : await allocState(alloc);
}

/** geth writes fields of fixed length as numbers too. */
function padded(value: unknown, field: string, sizeBytes: number): Uint8Array {
  if (typeof value !== 'string' || !/^0x[0-9a-f]+$/i.test(value) || value.length > 2 + 2 * sizeBytes) {
    throw invalid(field, `at most ${sizeBytes} bytes as 0x… hex`, value);
  }
  return new Uint8Array(Buffer.from(value.slice(2).padStart(2 * sizeBytes, '0'), 'hex'));
}

function requireEqual(field: string, stated: Uint8Array, actual: Uint8Array): void {
  if (Buffer.compare(stated, actual) !== 0) throw invalid(field, `${hex(actual)}, which the file gives`, hex(stated));
}
