import type { Backend, Table } from '../../backends/interface.ts';
import { LABELS } from '../../transcript/labels.ts';
import type { ProverTranscript } from '../../transcript/prover-transcript.ts';
import type { FractionLayout, LogupChallenges } from './shape.ts';
import { type GkrClaim, verifyGkr } from './verify.ts';

const GKR_LABELS = {
  root: LABELS.gkrRoot,
  lambda: LABELS.gkrLambda,
  round: { message: LABELS.gkrRound, challenge: LABELS.gkrPoint },
  children: LABELS.gkrChildren,
  child: LABELS.gkrChild,
} as const;

/** The prover's side of `verifyGkr` for one scope's fractions. */
export async function proveScope(
  backend: Backend,
  tr: ProverTranscript,
  tables: readonly Table[],
  layout: FractionLayout,
  challenges: LogupChallenges,
): Promise<GkrClaim> {
  const fractions = await backend.fractions(tables, layout, challenges);
  try {
    const run = await backend.gkr(fractions, GKR_LABELS, tr.state());
    return tr.replay(run, (channel) => verifyGkr(channel, layout.log));
  } finally {
    backend.free(fractions);
  }
}
