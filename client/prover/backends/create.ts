import { availableParallelism } from 'node:os';
import type { Backend } from './interface.ts';
import { createReferenceBackend } from './reference/backend.ts';
import { createWasmBackend } from './wasm/backend.ts';

/** What an operator may ask for; `auto` takes the fastest that runs here. */
export const BACKENDS = ['auto', 'wasm', 'reference'] as const;

/** Which backend, and what it may use of the machine. */
export type BackendOptions = {
  readonly backend: (typeof BACKENDS)[number];
  /** Threads of the `wasm` backend; all cores by default. */
  readonly threads?: number | undefined;
  /** Shared memory of the `wasm` backend, at most 2^32 bytes. */
  readonly maxBytes?: number;
};

/** Starts a backend; its owner closes it. */
export function createBackend({ backend, threads = availableParallelism(), ...memory }: BackendOptions): Backend {
  return backend === 'reference' ? createReferenceBackend() : createWasmBackend({ threads, ...memory });
}
