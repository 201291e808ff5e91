import { availableParallelism } from 'node:os';
import type { Backend } from './interface.ts';
import { createReferenceBackend } from './reference/backend.ts';
import { createWasmBackend } from './wasm/backend.ts';

/** What an operator may ask for; `auto` takes the fastest that runs here. */
export const BACKENDS = ['auto', 'wasm', 'reference'] as const;

export type BackendOptions = {
  readonly backend: (typeof BACKENDS)[number];
  /** Threads of the `wasm` backend; all cores by default. */
  readonly threads?: number | undefined;
};

/** Starts a backend; its owner closes it. */
export function createBackend({ backend, threads = availableParallelism() }: BackendOptions): Backend {
  return backend === 'reference' ? createReferenceBackend() : createWasmBackend({ threads });
}
