/** The `config` of geth's genesis format, as a fork schedule. */
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { ClientError } from '../../errors.ts';
import type { BlobParams, ForkName } from './chain-spec.ts';

export type ScheduledFork = {
  readonly name: ForkName;
  readonly by: 'block' | 'time';
  readonly activation: bigint;
  readonly blobParams?: BlobParams;
};

/** All that blocks' rules depend on. */
export type ChainConfig = {
  readonly chainId: bigint;
  /** EIP-6110; the zero address where a chain has none */
  readonly depositContract: `0x${string}`;
  /** absent where the chain did not take part in EIP-779 */
  readonly daoForkBlock?: bigint;
  /** ascending, without gaps but for forks that a chain may leave out */
  readonly forks: readonly ScheduledFork[];
  /** who makes blocks, on networks without a consensus client; not a part of the chain spec that claims commit to */
  readonly sealing?: SealingConfig;
};

/** `config.zkl1` of a genesis file. */
export type SealingConfig = {
  /** 20 bytes each, distinct; the order is that of the turns */
  readonly sealers: readonly Uint8Array[];
  /** seconds between blocks; 0 for a lone sealer that makes a block when transactions arrive */
  readonly period: bigint;
};

type ForkRow = readonly [
  name: ForkName,
  by: 'block' | 'time',
  key: string,
  options?: { readonly isOptional?: true; readonly blobs?: true },
];

/** Fork → its key in geth's config. Difficulty bombs were not delayed on every chain, nor do all change blob counts. */
const FORKS: readonly ForkRow[] = [
  ['homestead', 'block', 'homesteadBlock'],
  ['tangerineWhistle', 'block', 'eip150Block'],
  ['spuriousDragon', 'block', 'eip158Block'],
  ['byzantium', 'block', 'byzantiumBlock'],
  ['constantinople', 'block', 'constantinopleBlock'],
  ['petersburg', 'block', 'petersburgBlock'],
  ['istanbul', 'block', 'istanbulBlock'],
  ['muirGlacier', 'block', 'muirGlacierBlock', { isOptional: true }],
  ['berlin', 'block', 'berlinBlock'],
  ['london', 'block', 'londonBlock'],
  ['arrowGlacier', 'block', 'arrowGlacierBlock', { isOptional: true }],
  ['grayGlacier', 'block', 'grayGlacierBlock', { isOptional: true }],
  ['paris', 'block', 'mergeForkBlock'],
  ['shanghai', 'time', 'shanghaiTime'],
  ['cancun', 'time', 'cancunTime', { blobs: true }],
  ['prague', 'time', 'pragueTime', { blobs: true }],
  ['osaka', 'time', 'osakaTime', { blobs: true }],
  ['bpo1', 'time', 'bpo1Time', { isOptional: true, blobs: true }],
  ['bpo2', 'time', 'bpo2Time', { isOptional: true, blobs: true }],
  ['bpo3', 'time', 'bpo3Time', { isOptional: true, blobs: true }],
  ['bpo4', 'time', 'bpo4Time', { isOptional: true, blobs: true }],
  ['bpo5', 'time', 'bpo5Time', { isOptional: true, blobs: true }],
];

/** geth's own schedule where a config has none. */
const DEFAULT_BLOB_PARAMS: Readonly<Record<string, BlobParams>> = {
  cancun: { target: 3, max: 6, baseFeeUpdateFraction: 3_338_477 },
  prague: { target: 6, max: 9, baseFeeUpdateFraction: 5_007_716 },
  osaka: { target: 6, max: 9, baseFeeUpdateFraction: 5_007_716 },
};

/** Rules of these forks are not implemented; a chain that schedules one cannot be followed. */
const UNKNOWN_FORKS = ['amsterdamTime', 'verkleTime', 'bogotaTime'];

/** More cannot take turns in a useful time, and each costs a look at every header. */
const MAX_SEALERS = 256;
/** A day: longer ones are mistakes. */
const MAX_PERIOD = 86_400n;

const ZERO_ADDRESS = `0x${'0'.repeat(40)}` as const;

type Json = Readonly<Record<string, unknown>>;

/**
 * Reads geth's `config`. Paris is `mergeForkBlock`; without it, `mergeNetsplitBlock`, or block 0 where the genesis
 * block's difficulty already is the terminal total difficulty.
 * @param genesisDifficulty of the genesis block
 * @throws ConfigError naming the key
 */
export function parseChainConfig(config: unknown, genesisDifficulty: bigint): ChainConfig {
  if (config === null || typeof config !== 'object' || Array.isArray(config)) {
    throw invalid('config', 'an object', config);
  }
  const json = config as Json;
  for (const key of UNKNOWN_FORKS) {
    if (present(json[key])) throw invalid(key, 'no fork after Osaka and its BPO forks', json[key]);
  }
  if (present(json.clique)) throw invalid('clique', 'a chain by Ethash or from Paris on', 'clique');
  if (present(json.eip155Block) && json.eip155Block !== json.eip158Block) {
    throw invalid('eip155Block', `eip158Block (${json.eip158Block}): both are Spurious Dragon`, json.eip155Block);
  }
  const daoForkBlock = json.daoForkSupport === true ? optional(json, 'daoForkBlock') : undefined;
  const chainId = optional(json, 'chainId');
  if (chainId === undefined || chainId === 0n) throw invalid('chainId', 'a number above 0', json.chainId);
  const sealing = present(json.zkl1) ? parseSealing(json.zkl1) : undefined;
  return {
    chainId,
    depositContract: addressOf(json, 'depositContractAddress'),
    ...(daoForkBlock === undefined ? {} : { daoForkBlock }),
    forks: scheduleOf(json, genesisDifficulty),
    ...(sealing === undefined ? {} : { sealing }),
  };
}

function parseSealing(value: unknown): SealingConfig {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw invalid('zkl1', 'an object', value);
  const { sealers: list, period: stated, ...rest } = value as Json;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw invalid(`zkl1.${unknown}`, 'only sealers and period', rest[unknown]);
  if (!Array.isArray(list) || list.length === 0 || list.length > MAX_SEALERS) {
    throw invalid('zkl1.sealers', `1 to ${MAX_SEALERS} addresses`, JSON.stringify(list));
  }
  const sealers = list.map((address: unknown, i) => bytesOf(address, `zkl1.sealers[${i}]`, 20));
  const names = new Set<string>();
  for (const [i, sealer] of sealers.entries()) {
    const name = bytesToHex(sealer);
    if (names.has(name)) throw invalid(`zkl1.sealers[${i}]`, 'each sealer once', `0x${name} again`);
    names.add(name);
  }
  const period = quantity(stated, 'zkl1.period');
  if (period > MAX_PERIOD) throw invalid('zkl1.period', `at most ${MAX_PERIOD} seconds`, stated);
  if (period === 0n && sealers.length > 1) throw invalid('zkl1.period', 'a second or more for several sealers', stated);
  return { sealers, period };
}

function scheduleOf(json: Json, genesisDifficulty: bigint): readonly ScheduledFork[] {
  const forks: ScheduledFork[] = [];
  const last = { block: 0n, time: 0n };
  let gap: string | undefined;
  for (const [name, by, key, options] of FORKS) {
    const activation = name === 'paris' ? parisBlock(json, genesisDifficulty) : optional(json, key);
    if (activation === undefined) {
      if (options?.isOptional !== true) gap ??= key;
      continue;
    }
    if (gap !== undefined) throw invalid(gap, `an activation, since ${key} has one`, json[gap]);
    if (activation < last[by]) throw invalid(key, `at least ${last[by]}, where the fork before it is`, activation);
    last[by] = activation;
    const blobParams = options?.blobs === true ? blobParamsOf(json, name) : undefined;
    forks.push({ name, by, activation, ...(blobParams === undefined ? {} : { blobParams }) });
  }
  return forks;
}

function parisBlock(json: Json, genesisDifficulty: bigint): bigint | undefined {
  const stated = optional(json, 'mergeForkBlock') ?? optional(json, 'mergeNetsplitBlock');
  if (stated !== undefined) return stated;
  const terminalDifficulty = optional(json, 'terminalTotalDifficulty');
  if (terminalDifficulty === undefined) return undefined;
  if (terminalDifficulty > genesisDifficulty) {
    throw invalid('mergeForkBlock', 'the number of the first block without Ethash', json.mergeForkBlock);
  }
  return 0n;
}

/** geth lets a blob schedule be absent for the forks it knows, never for BPO forks. */
function blobParamsOf(json: Json, fork: ForkName): BlobParams {
  const schedule = (json.blobSchedule ?? {}) as Json;
  const stated = schedule[fork] ?? DEFAULT_BLOB_PARAMS[fork];
  const key = `blobSchedule.${fork}`;
  if (stated === null || typeof stated !== 'object') {
    throw invalid(key, 'target, max and baseFeeUpdateFraction', stated);
  }
  const { target, max, baseFeeUpdateFraction } = stated as Json;
  const params = {
    target: smallNumber(target, `${key}.target`),
    max: smallNumber(max, `${key}.max`),
    baseFeeUpdateFraction: smallNumber(baseFeeUpdateFraction, `${key}.baseFeeUpdateFraction`),
  };
  if (params.target > params.max || params.max === 0 || params.baseFeeUpdateFraction === 0) {
    throw invalid(key, 'target ≤ max, both max and baseFeeUpdateFraction above 0', JSON.stringify(stated));
  }
  return params;
}

function smallNumber(value: unknown, key: string): number {
  const number = quantity(value, key);
  if (number > 0xffffffffn) throw invalid(key, 'a number below 2^32', value);
  return Number(number);
}

function addressOf(json: Json, key: string): `0x${string}` {
  const value = json[key];
  if (!present(value)) return ZERO_ADDRESS;
  if (typeof value !== 'string' || !/^0x[0-9a-f]{40}$/i.test(value)) throw invalid(key, '20 bytes as 0x… hex', value);
  return value.toLowerCase() as `0x${string}`;
}

function optional(json: Json, key: string): bigint | undefined {
  return present(json[key]) ? quantity(json[key], key) : undefined;
}

function present(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** A number, or a string as geth writes quantities; at most 256 bits. */
export function quantity(value: unknown, key: string): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  if (typeof value === 'string' && /^(0x[0-9a-f]{1,64}|[0-9]{1,77})$/i.test(value)) return BigInt(value);
  throw invalid(key, 'a number', value);
}

/** @param sizeBytes exact; any number of whole bytes by default */
export function bytesOf(value: unknown, key: string, sizeBytes?: number): Uint8Array {
  const isHex = typeof value === 'string' && /^0x(?:[0-9a-f]{2})*$/i.test(value);
  if (!isHex || (sizeBytes !== undefined && value.length !== 2 + 2 * sizeBytes)) {
    throw invalid(key, sizeBytes === undefined ? '0x… hex of whole bytes' : `${sizeBytes} bytes as 0x… hex`, value);
  }
  return hexToBytes(value.slice(2));
}

/** @param key the field that is wrong, '' for the whole; what came instead is quoted up to 80 characters */
export function invalid(key: string, expected: string, actual: unknown): ConfigError {
  const came = actual === undefined ? 'nothing' : String(actual).slice(0, 80);
  const message = `genesis: ${key === '' ? '' : `${key}: `}expected ${expected}, got ${came}`;
  return new ConfigError('genesisInvalid', message, { key, expected, actual: came });
}

/** A field of a genesis is missing, has another form, or contradicts another one. */
export class ConfigError extends ClientError<
  'genesisInvalid',
  { readonly key: string; readonly expected: string; readonly actual: string }
> {}
