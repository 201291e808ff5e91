import type { Backend, Table } from '../../backends/interface.ts';
import { type Ext, Fp5 } from '../../field/fp5.ts';
import { LABELS } from '../../transcript/labels.ts';
import type { ProverTranscript } from '../../transcript/prover-transcript.ts';
import { blockWeight, type FractionLayout, type LogupChallenges } from './shape.ts';
import { type GkrClaim, type InstanceClaim, verifyGkr } from './verify.ts';

const GKR_LABELS = {
  root: LABELS.gkrRoot,
  lambda: LABELS.gkrLambda,
  round: { message: LABELS.gkrRound, challenge: LABELS.gkrPoint },
  children: LABELS.gkrChildren,
  child: LABELS.gkrChild,
} as const;

/** What one scope's fractions come to: the claim that GKR ends with, and each instance's part of it. */
export type ScopeReduction = { readonly gkr: GkrClaim; readonly parts: readonly InstanceClaim[] };

/** The prover's side of `verifyGkr`, and the split that `readInstanceClaims` reads later. */
export async function proveScope(
  backend: Backend,
  tr: ProverTranscript,
  tables: readonly Table[],
  logHeights: readonly number[],
  layout: FractionLayout,
  challenges: LogupChallenges,
): Promise<ScopeReduction> {
  const fractions = await backend.fractions(tables, layout, challenges);
  try {
    const run = await backend.gkr(fractions, GKR_LABELS, tr.state());
    const gkr = tr.replay(run, (channel) => verifyGkr(channel, layout.log));
    const values = await backend.evaluateFractions(fractions, gkr.point);
    const parts = tables.map((): InstanceClaim => ({ p: Fp5.ZERO, q: Fp5.ZERO }));
    layout.blocks.forEach(({ instance, offset }, b) => {
      const e: Ext = blockWeight(gkr.point, offset, logHeights[instance]!);
      const { p, q } = parts[instance]!;
      // Σ_x eq(x) = 1, so subtracting α from the sum subtracts it from every denominator.
      parts[instance] = {
        p: Fp5.add(p, Fp5.mul(e, values[b]!.p)),
        q: Fp5.add(q, Fp5.mul(e, Fp5.sub(values[b]!.q, challenges.alpha))),
      };
    });
    return { gkr, parts };
  } finally {
    backend.free(fractions);
  }
}
