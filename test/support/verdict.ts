import type { BlockProof } from '../../client/prover/protocol/block/statement.ts';
import { verifyBlock } from '../../client/prover/protocol/block/verify.ts';
import type { BlockStatement, VerifyingKey } from '../../client/prover/protocol/machine.ts';
import { Rejection } from '../../client/prover/transcript/rejection.ts';

/** `accepted`, or stage/code of the rejection; anything else that is thrown is a crash and fails the test. */
export function verdictOf(key: VerifyingKey, block: BlockStatement, candidate: BlockProof): string {
  try {
    verifyBlock(key, block, candidate);
    return 'accepted';
  } catch (e) {
    if (e instanceof Rejection) return `${e.stage}/${e.code}`;
    throw e;
  }
}
