import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { NETWORK_DEFAULTS, type NetworkConfig } from './p2p/interface.ts';
import { DEFAULT_SYNC, type SyncMode, type SyncOptions } from './sync/interface.ts';

/** What a node is told at its start; frozen, parsed once from the command line. */
export type NodeConfig = {
  /** holds one folder per network */
  readonly dataDir: string;
  /** file in geth's format; undefined: the development chain's own */
  readonly genesisFile: string | undefined;
  /** undefined: this node makes no blocks */
  readonly seal: SealConfig | undefined;
  /** undefined: no peers */
  readonly peers: PeersConfig | undefined;
  /** how many canonical blocks at most are given up for a better chain */
  readonly reorgDepth: number;
  readonly proofs: ProofsConfig;
  readonly http: HttpConfig;
  /** undefined: blocks are not proven */
  readonly prove: ProveConfig | undefined;
};

export type HttpConfig = {
  readonly host: string;
  readonly port: number;
  /** origins whose web pages may call from a browser; `*`: all */
  readonly corsOrigins: readonly string[];
  /** whether a page that verifies proofs in the browser is served too */
  readonly isLightPageServed: boolean;
  /** undefined: no WebSocket */
  readonly webSocket: { readonly origins: readonly string[] } | undefined;
};

export type SealConfig = {
  /** file of the sealer's key; undefined: the development chain's, which everybody knows */
  readonly keyFile: string | undefined;
  /** no block is made while this many wait for a proof */
  readonly maxUnproven: number | undefined;
};

/** Which of the proofs that this build can verify this node takes. */
export type ProofsConfig = {
  /** proof types; undefined: all of this build's */
  readonly accept: readonly number[] | undefined;
  /** least bits of provable security */
  readonly minBits: number;
  /** proofs that a block must have, of distinct guests or proof systems */
  readonly required: number;
  /** digests of verification keys that are trusted no more */
  readonly revoked: readonly `0x${string}`[];
};

export type PeersConfig = { readonly network: NetworkConfig; readonly sync: SyncOptions };

export type ProveConfig = {
  readonly profile: 'P100' | 'P128';
  readonly backend: 'auto' | 'wasm' | 'reference';
  /** of the prover's process */
  readonly threads: number;
  readonly priority: 'low' | 'normal';
  /** resident memory of the prover's process */
  readonly maxMemoryMiB: number;
  readonly deadlineMs: number;
  /** blocks that wait for their first attempt */
  readonly maxBacklog: number;
  /** first block to prove; undefined: those that come from now on */
  readonly from: bigint | undefined;
};

export const DEFAULT_DATA_DIR = join(homedir(), '.zkl1-node');
export const DEFAULT_HTTP = { host: '127.0.0.1', port: 8545 } as const;
export const DEFAULT_PEERS = { ...NETWORK_DEFAULTS, reorgDepth: DEFAULT_SYNC.reorgDepth } as const;
export const DEFAULT_PROOFS = { minBits: 100, required: 1 } as const;
export const DEFAULT_PROVE = { deadlineSeconds: 3600, maxBacklog: 10_000 } as const;

export type NodeFlags = {
  readonly dev: boolean;
  readonly genesis: string | undefined;
  readonly seal: boolean;
  readonly 'seal.key': string | undefined;
  readonly 'seal.max-unproven': number | undefined;
  readonly sync: SyncMode;
  readonly 'proofs.fallback': SyncOptions['fallback'];
  readonly 'proofs.fallback-after': number;
  readonly 'proofs.accept': readonly number[];
  readonly 'proofs.min-bits': number;
  readonly 'proofs.required': number;
  readonly 'proofs.revoke': readonly `0x${string}`[];
  readonly 'reorg.depth': number;
  readonly 'libp2p.addr': string;
  readonly 'libp2p.port': number | undefined;
  readonly 'libp2p.ws-port': number | undefined;
  readonly 'libp2p.announce': readonly string[];
  readonly 'libp2p.key': string | undefined;
  readonly 'libp2p.bootnodes': readonly string[];
  readonly 'libp2p.max-peers': number;
  readonly datadir: string;
  readonly 'http.addr': string;
  readonly 'http.port': number;
  readonly 'http.corsdomain': readonly string[];
  readonly 'http.light-page': boolean;
  readonly ws: boolean;
  readonly 'ws.origins': readonly string[];
  readonly prove: boolean;
  readonly 'prove.profile': ProveConfig['profile'];
  readonly 'prove.backend': ProveConfig['backend'];
  readonly 'prove.threads': number;
  readonly 'prove.priority': ProveConfig['priority'];
  readonly 'prove.max-memory': number;
  readonly 'prove.deadline': number;
  readonly 'prove.max-backlog': number;
  readonly 'prove.from': bigint | undefined;
};

/** @param flags checked by the command line's own schema */
export function nodeConfig(flags: NodeFlags): NodeConfig {
  const prove: ProveConfig = Object.freeze({
    profile: flags['prove.profile'],
    backend: flags['prove.backend'],
    threads: flags['prove.threads'],
    priority: flags['prove.priority'],
    maxMemoryMiB: flags['prove.max-memory'],
    deadlineMs: flags['prove.deadline'] * 1000,
    maxBacklog: flags['prove.max-backlog'],
    from: flags['prove.from'],
  });
  const dataDir = resolve(flags.datadir);
  const isSealer = flags.dev || flags.seal;
  const hasPeers = !flags.dev || flags['libp2p.port'] !== undefined;
  return Object.freeze({
    dataDir,
    genesisFile: flags.genesis === undefined ? undefined : resolve(flags.genesis),
    seal: isSealer
      ? Object.freeze({
          keyFile: flags.dev ? undefined : resolve(flags['seal.key'] ?? join(dataDir, 'sealer.key')),
          maxUnproven: flags['seal.max-unproven'],
        })
      : undefined,
    peers: hasPeers ? peersConfig(flags, dataDir) : undefined,
    reorgDepth: flags['reorg.depth'],
    proofs: Object.freeze({
      accept: flags['proofs.accept'].length === 0 ? undefined : flags['proofs.accept'],
      minBits: flags['proofs.min-bits'],
      required: flags['proofs.required'],
      revoked: flags['proofs.revoke'],
    }),
    http: Object.freeze({
      host: flags['http.addr'],
      port: flags['http.port'],
      corsOrigins: flags['http.corsdomain'],
      isLightPageServed: flags['http.light-page'],
      webSocket: flags.ws ? Object.freeze({ origins: flags['ws.origins'] }) : undefined,
    }),
    prove: flags.prove ? prove : undefined,
  });
}

function peersConfig(flags: NodeFlags, dataDir: string): PeersConfig {
  const wsPort = flags['libp2p.ws-port'];
  return Object.freeze({
    network: Object.freeze({
      address: flags['libp2p.addr'],
      port: flags['libp2p.port'] ?? DEFAULT_PEERS.port,
      ...(wsPort === undefined ? {} : { wsPort }),
      announce: flags['libp2p.announce'],
      keyFile: resolve(flags['libp2p.key'] ?? join(dataDir, 'libp2p.key')),
      bootnodes: flags['libp2p.bootnodes'],
      maxPeers: flags['libp2p.max-peers'],
    }),
    sync: Object.freeze({
      ...DEFAULT_SYNC,
      mode: flags.sync,
      fallback: flags['proofs.fallback'],
      fallbackAfterMs: flags['proofs.fallback-after'] * 1000,
      reorgDepth: flags['reorg.depth'],
    }),
  });
}

/** The folder of a chain's store; chains without a known name are told apart by their genesis. */
export function chainFolder({ dataDir, network }: { readonly dataDir: string; readonly network: string }): string {
  return join(dataDir, network, 'chain');
}

/** Name and folder of a chain that this build does not know: its id and the first 4 bytes of its genesis hash. */
export const privateChainName = (chainId: bigint, genesisHash: `0x${string}`): string =>
  `chain-${chainId}-${genesisHash.slice(2, 10)}`;
