import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** What a node is told at its start; frozen, parsed once from the command line. */
export type NodeConfig = {
  /** holds one folder per network */
  readonly dataDir: string;
  readonly network: 'dev';
  readonly http: { readonly host: string; readonly port: number };
};

export const DEFAULT_DATA_DIR = join(homedir(), '.zkl1-node');
export const DEFAULT_HTTP = { host: '127.0.0.1', port: 8545 } as const;

export type NodeFlags = {
  readonly datadir: string;
  readonly 'http.addr': string;
  readonly 'http.port': number;
};

/** @param flags checked by the command line's own schema */
export function nodeConfig(flags: NodeFlags): NodeConfig {
  return Object.freeze({
    dataDir: resolve(flags.datadir),
    network: 'dev',
    http: Object.freeze({ host: flags['http.addr'], port: flags['http.port'] }),
  });
}

/** The folder of the chain's store. */
export function chainFolder(config: NodeConfig): string {
  return join(config.dataDir, config.network, 'chain');
}
