import { createHash } from 'node:crypto';
import type { BlockDataModules } from './block-data.ts';

type VerifyProof = BlockDataModules['verifyProof'];

/** Verdicts that are remembered: of the blocks about the head, which gossip and synchronisation come upon together. */
const REMEMBERED = 256;

/**
 * A verifier that looks at the same bytes for the same block once: while it does, whoever asks again waits for the same
 * answer, and a proof that was accepted stays so. A rejection is not remembered, since nobody keeps such a proof.
 */
export function verifyOnce(verify: VerifyProof): VerifyProof {
  const verdicts = new Map<string, ReturnType<VerifyProof>>();
  return async (headerRlp, proofType, proof) => {
    const key = `${proofType} ${digest(headerRlp)} ${digest(proof)}`;
    const known = verdicts.get(key);
    if (known !== undefined) return await known;
    const running = verify(headerRlp, proofType, proof);
    verdicts.set(key, running);
    const oldest = verdicts.keys().next();
    if (verdicts.size > REMEMBERED && oldest.done !== true) verdicts.delete(oldest.value);
    let isAccepted = false;
    try {
      const verdict = await running;
      isAccepted = verdict.ok;
      return verdict;
    } finally {
      if (!isAccepted && verdicts.get(key) === running) verdicts.delete(key);
    }
  };
}

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('base64');
