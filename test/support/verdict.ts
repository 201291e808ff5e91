import assert from 'node:assert/strict';
import type { VerifierKernels } from '../../client/prover/kernels/interface.ts';
import type { BlockProof } from '../../client/prover/protocol/block/statement.ts';
import { verifyBlock } from '../../client/prover/protocol/block/verify.ts';
import type { BlockStatement, VerifyingKey } from '../../client/prover/protocol/machine.ts';
import { Rejection } from '../../client/prover/transcript/rejection.ts';
import { ALL_KERNELS } from './verifier-kernels.ts';

/**
 * `accepted`, or stage/code of the rejection, the same with all kernels; anything else that is thrown is a crash and fails
 * the test.
 */
export function verdictOf(key: VerifyingKey, block: BlockStatement, candidate: BlockProof): string {
  const verdicts = ALL_KERNELS.map((kernels) => verdictWith(kernels, key, block, candidate));
  for (const verdict of verdicts) assert.equal(verdict, verdicts[0]);
  return verdicts[0]!;
}

function verdictWith(
  kernels: VerifierKernels,
  key: VerifyingKey,
  block: BlockStatement,
  candidate: BlockProof,
): string {
  try {
    verifyBlock(kernels, key, block, candidate);
    return 'accepted';
  } catch (e) {
    if (e instanceof Rejection) return `${e.stage}/${e.code}`;
    throw e;
  }
}
