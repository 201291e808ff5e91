import type { Backend, Fractions, Table } from '../../backends/interface.ts';
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

/** The prover's side of `verifyGkr` for the fractions of all scopes. */
export async function proveScopes(
  backend: Backend,
  tr: ProverTranscript,
  tables: readonly Table[],
  scopes: readonly { readonly layout: FractionLayout; readonly challenges: LogupChallenges }[],
): Promise<GkrClaim[]> {
  const fractions: Fractions[] = [];
  try {
    for (const { layout, challenges } of scopes) fractions.push(await backend.fractions(tables, layout, challenges));
    const run = await backend.gkr(fractions, GKR_LABELS, tr.state());
    const logs = scopes.map(({ layout }) => layout.log);
    return tr.replay(run, (channel) => verifyGkr(channel, logs));
  } finally {
    for (const f of fractions) backend.free(f);
  }
}
