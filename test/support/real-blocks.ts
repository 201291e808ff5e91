/** The real blocks of the data folder, as inputs of the guest. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { RLP } from '@ethereumjs/rlp';
import {
  type ActiveFork,
  type BlobParams,
  type ChainSpec,
  encodeChainSpec,
} from '../../client/prover/guest/chain-spec.ts';
import type { GuestInput } from '../../client/prover/guest/input.ts';
import { bytesOf, hexOf } from './bytes.ts';
import { dataDir, readJson } from './data.ts';

/** rlp([header, transactions, ommers, withdrawals?]), decoded. */
export type DecodedBlock = [header: Uint8Array[], transactions: unknown[], ommers: unknown[], withdrawals?: unknown[]];

export type RealBlock = {
  readonly name: string;
  readonly chainId: number;
  readonly number: bigint;
  /** seconds */
  readonly timestamp: bigint;
  readonly blockRlp: Uint8Array;
  readonly headers: readonly Uint8Array[];
  readonly codes: readonly Uint8Array[];
  readonly state: readonly Uint8Array[];
  readonly expected: { readonly blockHash: string; readonly stateRoot: string };
};

/** Blocks whose witness lacks a node, with that node's hash (README of the data folder). */
export const INCOMPLETE_BLOCKS: Readonly<Record<string, string>> = {
  'hoodi-1151683': '0x7e224bab8f0d640af8c8c34c9d9592cf1a0d7e6e9fb6f799e70ef0a216f80f6e',
  'mainnet-22188088': '0x8a3d287b464732615d9fbbb597e156d4b694c3634d77b057bc2965d61c99a32b',
};

/** Names of all real blocks, ascending by number; none without the data folder. */
export function realBlockNames(): readonly string[] {
  const dir = dataDir();
  if (dir === undefined) return [];
  return readdirSync(join(dir, 'blocks'))
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort((a, b) => Number(a.split('-')[1]) - Number(b.split('-')[1]));
}

type BlockJson = {
  readonly chainId: number | string;
  readonly blockRlp: string;
  readonly witness: Record<'state' | 'codes' | 'headers', readonly string[]>;
  readonly expected: { readonly blockHash: string; readonly stateRoot: string };
};

export function realBlock(name: string): RealBlock {
  const json = readJson<BlockJson>('blocks', `${name}.json`);
  const blockRlp = bytesOf(json.blockRlp);
  const [header] = decodeBlockRlp(blockRlp);
  return {
    name,
    chainId: Number(json.chainId),
    number: quantityOf(header[8]),
    timestamp: quantityOf(header[11]),
    blockRlp,
    headers: json.witness.headers.map(bytesOf),
    codes: json.witness.codes.map(bytesOf),
    state: json.witness.state.map(bytesOf),
    expected: json.expected,
  };
}

export const decodeBlockRlp = (rlp: Uint8Array): DecodedBlock => RLP.decode(rlp) as unknown as DecodedBlock;
export const quantityOf = (bytes: Uint8Array | undefined): bigint =>
  BigInt(`0x0${hexOf(bytes ?? Uint8Array.of()).slice(2)}`);

const blobs = (target: number, max: number, baseFeeUpdateFraction: number): BlobParams => ({
  target,
  max,
  baseFeeUpdateFraction,
});
const fork = (name: string, by: 'block' | 'time', activation: number, blobParams?: BlobParams): ActiveFork => ({
  name,
  by,
  activation: BigInt(activation),
  blobParams,
});

const MAINNET: ChainSpec = {
  chainId: 1n,
  genesisHash: '0xd4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3',
  depositContract: '0x00000000219ab540356cbb839cbe05303d7705fa',
  daoForkBlock: 1_920_000n,
  forks: [
    fork('homestead', 'block', 1_150_000),
    fork('tangerineWhistle', 'block', 2_463_000),
    fork('spuriousDragon', 'block', 2_675_000),
    fork('byzantium', 'block', 4_370_000),
    fork('constantinople', 'block', 7_280_000),
    fork('petersburg', 'block', 7_280_000),
    fork('istanbul', 'block', 9_069_000),
    fork('muirGlacier', 'block', 9_200_000),
    fork('berlin', 'block', 12_244_000),
    fork('london', 'block', 12_965_000),
    fork('arrowGlacier', 'block', 13_773_000),
    fork('grayGlacier', 'block', 15_050_000),
    fork('paris', 'block', 15_537_394),
    fork('shanghai', 'time', 1_681_338_455),
    fork('cancun', 'time', 1_710_338_135, blobs(3, 6, 3_338_477)),
    fork('prague', 'time', 1_746_612_311, blobs(6, 9, 5_007_716)),
    fork('osaka', 'time', 1_764_798_551, blobs(6, 9, 5_007_716)),
    fork('bpo1', 'time', 1_765_290_071, blobs(10, 15, 8_346_193)),
    fork('bpo2', 'time', 1_767_747_671, blobs(14, 21, 11_684_671)),
  ],
};

const HOODI: ChainSpec = {
  chainId: 560_048n,
  genesisHash: '0xbbe312868b376a3001692a646dd2d7d1e4406380dfd86b98aa8a34d1557c971b',
  depositContract: '0x00000000219ab540356cbb839cbe05303d7705fa',
  forks: [
    ...MAINNET.forks.slice(0, 10).map((f) => ({ ...f, activation: 0n })),
    fork('paris', 'block', 0),
    fork('shanghai', 'time', 0),
    fork('cancun', 'time', 0, blobs(3, 6, 3_338_477)),
    fork('prague', 'time', 1_742_999_832, blobs(6, 9, 5_007_716)),
    fork('osaka', 'time', 1_761_677_592, blobs(6, 9, 5_007_716)),
  ],
};

/** The public chain with the forks that are active at a block: written here once more, so that tests do not ask the client. */
export function chainSpecOfReal({
  chainId,
  number,
  timestamp,
}: Pick<RealBlock, 'chainId' | 'number' | 'timestamp'>): ChainSpec {
  const schedule = [MAINNET, HOODI].find((chain) => chain.chainId === BigInt(chainId));
  if (schedule === undefined) throw new Error(`no schedule for chain ${chainId}`);
  const forks = schedule.forks.filter((f) => f.activation <= (f.by === 'block' ? number : timestamp));
  return { ...schedule, forks };
}

/** What the guest gets for a real block; `0x80`, the empty trie's node, is in some witnesses and needed by none. */
export function guestInputOf(block: RealBlock, chain: ChainSpec = chainSpecOfReal(block)): GuestInput {
  return {
    chainSpec: encodeChainSpec(chain),
    blockRlp: block.blockRlp,
    headers: block.headers,
    codes: block.codes,
    state: block.state.filter((node) => node.length > 1),
  };
}
