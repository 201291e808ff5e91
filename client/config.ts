import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** What a node is told at its start; frozen, parsed once from the command line. */
export type NodeConfig = {
  /** holds one folder per network */
  readonly dataDir: string;
  readonly network: 'dev';
  readonly http: { readonly host: string; readonly port: number };
  /** undefined: blocks are not proven */
  readonly prove: ProveConfig | undefined;
};

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
export const DEFAULT_PROVE = { deadlineSeconds: 3600, maxBacklog: 10_000 } as const;

export type NodeFlags = {
  readonly datadir: string;
  readonly 'http.addr': string;
  readonly 'http.port': number;
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
  return Object.freeze({
    dataDir: resolve(flags.datadir),
    network: 'dev',
    http: Object.freeze({ host: flags['http.addr'], port: flags['http.port'] }),
    prove: flags.prove ? prove : undefined,
  });
}

/** The folder of a chain's store. */
export function chainFolder({ dataDir, network }: Pick<NodeConfig, 'dataDir' | 'network'>): string {
  return join(dataDir, network, 'chain');
}
