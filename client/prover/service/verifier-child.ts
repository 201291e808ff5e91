/** The program of the verifier's process: verifies what it is sent, against this build's keys. */
import type { Expected, VerifyResult } from '../interface.ts';
import { wasmKernels } from '../kernels/wasm-kernels.ts';
import { ACCEPTED_KEYS } from '../verifier/accepted-keys.ts';
import { acceptedKey } from '../verifier/key.ts';
import { type AcceptedKey, verify } from '../verifier/verify.ts';
import { watchOver } from './watch.ts';

/** To the child; the answer has the same `id`. */
export type VerifierRequest = {
  readonly id: number;
  readonly proofType: number;
  readonly proof: Uint8Array;
  readonly expected: Expected;
};
/** From the child; `ms` is the verification alone. */
export type VerifierAnswer = { readonly id: number; readonly result: VerifyResult; readonly ms: number };

const kernels = wasmKernels();
const keys = new Map<number, AcceptedKey>();

function keyOf(proofType: number): AcceptedKey | undefined {
  const data = ACCEPTED_KEYS.find((k) => k.proofType === proofType);
  const key = keys.get(proofType) ?? (data === undefined ? undefined : acceptedKey(data, kernels));
  if (key !== undefined) keys.set(proofType, key);
  return key;
}

process.on('message', ({ id, proofType, proof, expected }: VerifierRequest) => {
  const key = keyOf(proofType);
  const start = performance.now();
  const detail = `no key of this build has proof type ${proofType}`;
  const result: VerifyResult =
    key === undefined
      ? { ok: false, stage: 'statement', code: 'unknownProofType', detail }
      : verify(key, proof, expected, { kernels });
  const answer: VerifierAnswer = { id, result, ms: performance.now() - start };
  process.send?.(answer);
});

watchOver({ maxBytes: Number(process.argv[2]) });
