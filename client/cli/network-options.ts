import type { Options } from 'yargs';
import { DEFAULT_PEERS, DEFAULT_PROOFS } from '../config.ts';
import type { SyncMode, SyncOptions } from '../sync/interface.ts';
import { optional, revokeOption, wholeNumber } from './options.ts';

const SYNC_MODES: readonly SyncMode[] = ['full', 'proof'];
const FALLBACKS: readonly SyncOptions['fallback'][] = ['wait', 'execute'];
const DAY_SECONDS = 24 * 3600;

/** Flags of the node that are about its peers, its seals and how it follows the chain. */
export const networkOptions = {
  seal: { type: 'boolean', default: false, describe: 'make blocks, as one of the sealers that the genesis names' },
  'seal.key': {
    type: 'string',
    defaultDescription: 'sealer.key in the data directory',
    describe: 'file of the sealing key, made where it is absent',
  },
  'seal.max-unproven': {
    coerce: optional(wholeNumber('seal.max-unproven', 1, 1_000_000)),
    describe: 'no block is made while this many wait for a proof',
  },
  sync: {
    choices: SYNC_MODES,
    default: 'full' as SyncMode,
    describe: 'full executes every block; proof verifies proofs and applies state diffs, and must not serve validators',
  },
  'proofs.fallback': {
    choices: FALLBACKS,
    default: 'wait' as SyncOptions['fallback'],
    describe: 'what --sync proof does about a block that nobody has proven',
  },
  'proofs.fallback-after': {
    coerce: wholeNumber('proofs.fallback-after', 1, DAY_SECONDS),
    default: '30',
    describe: 'seconds before --proofs.fallback execute executes',
  },
  'proofs.accept': {
    type: 'string',
    array: true,
    default: [] as string[],
    defaultDescription: 'all that this build verifies',
    coerce: (values: unknown): number[] => [values].flat().map(wholeNumber('proofs.accept', 0, 255)),
    describe: 'types of proofs to take; others are neither fetched nor passed on',
  },
  'proofs.min-bits': {
    coerce: wholeNumber('proofs.min-bits', 1, 256),
    default: String(DEFAULT_PROOFS.minBits),
    describe: 'least bits of provable security of a proof that is taken',
  },
  'proofs.required': {
    coerce: wholeNumber('proofs.required', 1, 8),
    default: String(DEFAULT_PROOFS.required),
    describe: 'proofs of distinct guests or proof systems that a block needs; profiles do not count',
  },
  'proofs.revoke': revokeOption('proofs.revoke'),
  'reorg.depth': {
    coerce: wholeNumber('reorg.depth', 1, 100_000),
    default: String(DEFAULT_PEERS.reorgDepth),
    describe: 'blocks at most that are given up for a better chain',
  },
  'libp2p.addr': { type: 'string', default: DEFAULT_PEERS.address, describe: 'address that peers connect to' },
  'libp2p.port': {
    type: 'string',
    coerce: optional(wholeNumber('libp2p.port', 0, 65_535)),
    defaultDescription: `${DEFAULT_PEERS.port}; with --dev no peers`,
    describe: 'TCP port for peers; 0 takes a free one',
  },
  'libp2p.ws-port': {
    coerce: optional(wholeNumber('libp2p.ws-port', 0, 65_535)),
    describe: 'WebSocket port for peers, such as browsers',
  },
  'libp2p.announce': {
    type: 'string',
    array: true,
    default: [] as string[],
    describe: 'multiaddresses to tell others',
  },
  'libp2p.key': {
    type: 'string',
    defaultDescription: 'libp2p.key in the data directory',
    describe: 'file of this node’s identity, made where it is absent',
  },
  'libp2p.bootnodes': {
    type: 'string',
    array: true,
    default: [] as string[],
    describe: 'multiaddresses of peers to begin with',
  },
  'libp2p.max-peers': {
    coerce: wholeNumber('libp2p.max-peers', 1, 10_000),
    default: String(DEFAULT_PEERS.maxPeers),
    describe: 'connections, in and out',
  },
} as const satisfies Readonly<Record<string, Options>>;
