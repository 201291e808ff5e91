import type { VerifiedBlock } from '../block-proof.ts';
import type { TrustedChain } from '../chain.ts';
import { LightError } from '../errors.ts';
import { followProofs, newestNumber } from '../follow.ts';
import type { Hash } from '../index.ts';
import type { ProofSignals } from '../proof-signals.ts';
import type { Report } from './messages.ts';

/** What the node sent is a lie or of no use: the next block may be better. */
const REJECTIONS: ReadonlySet<string> = new Set([
  ...(['proofTypeNotAccepted', 'keyRevoked', 'proofTooLarge', 'proofHashMismatch', 'proofRejected'] as const),
  ...(['blockMismatch', 'sealMissing', 'sealInvalid'] as const),
] satisfies LightError['code'][]);
const RETRY_MS = 1000;

/** Follows the node for ever; whatever it sends becomes a report. */
export async function watch(
  {
    url,
    chain,
    from,
    revoked,
  }: {
    readonly url: string;
    readonly chain: TrustedChain;
    readonly from: bigint | undefined;
    readonly revoked: readonly Hash[];
  },
  { rest }: ProofSignals,
  report: (report: Report) => void,
): Promise<never> {
  let next = from;
  for (;;) {
    try {
      next ??= await newestNumber({ url });
      const blocks = followProofs({
        ...{ url, chain, from: next, rest, revoked },
        onWait: (number, { message }) => report({ kind: 'waiting', detail: `waiting for block ${number}: ${message}` }),
        onReorg: (number) => report({ kind: 'reorganised', number }),
      });
      for await (const block of blocks) {
        next = block.header.number + 1n;
        report(verdictOf(block));
      }
    } catch (error) {
      if (!(error instanceof LightError)) throw error;
      if (next !== undefined && REJECTIONS.has(error.code)) {
        report(rejectionOf(next, error));
        next++;
      } else {
        report({ kind: 'failed', detail: error.message, isFinal: false });
        await rest(RETRY_MS, undefined);
      }
    }
  }
}

function verdictOf({ header, backing, sizeBytes, verifyMs, securityBits }: VerifiedBlock): Report {
  const { number, hash } = header;
  return { kind: 'valid', ...{ number, hash, backing, sizeBytes, verifyMs, securityBits } };
}

function rejectionOf(number: bigint, { code, message, detail: { stage, code: rule } }: LightError): Report {
  const verdict = typeof stage === 'string' && typeof rule === 'string' ? { stage, rule } : {};
  return { kind: 'rejected', number, code, ...verdict, detail: message };
}
