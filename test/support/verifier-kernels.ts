import type { VerifierKernels } from '../../client/prover/kernels/interface.ts';
import { wasmKernels } from '../../client/prover/kernels/wasm-kernels.ts';
import { PLAIN_KERNELS } from '../../client/prover/verifier/plain-kernels.ts';

const wasm = wasmKernels();
if (wasm === undefined) throw new Error('expected a runtime that has WebAssembly with SIMD');

export const WASM_KERNELS: VerifierKernels = wasm;

/** All that a verifier may be given: no verdict may depend on which it is. */
export const ALL_KERNELS: readonly VerifierKernels[] = [PLAIN_KERNELS, wasm];
