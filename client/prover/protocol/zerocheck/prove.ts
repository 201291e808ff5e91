import type { Chip } from '../../air/chip.ts';
import type { Backend, Table } from '../../backends/interface.ts';
import { Fp5 } from '../../field/fp5.ts';
import { SKIP_LOG, skipLagrange, skipNodes } from '../../poly/interpolate.ts';
import { LABELS } from '../../transcript/labels.ts';
import type { ProverTranscript } from '../../transcript/prover-transcript.ts';
import { instanceForms } from './form.ts';
import {
  type ColumnOpenings,
  isSent,
  openingHigh,
  readZerocheckRounds,
  sampleBatch,
  skipCount,
  type ZerocheckStatement,
} from './verify.ts';

/** The prover's side of `verifyZerocheck`. */
export async function proveZerocheck(
  backend: Backend,
  tr: ProverTranscript,
  statement: ZerocheckStatement,
  chips: readonly Chip[],
  tables: readonly Table[],
): Promise<ColumnOpenings> {
  const batch = sampleBatch(tr, statement);
  const { shapes, scopes, maxDegree } = statement;
  const count = skipCount(maxDegree);
  const run = await backend.zerocheck(
    {
      tables: tables.map((table, i) => ({
        ...table,
        forms: instanceForms(shapes[i]!, i, batch.lambda, batch.mu, scopes),
      })),
      points: batch.points.map((point) => point.slice(point.length - batch.maxLog)),
      skipNodes: skipNodes(count),
      degree: maxDegree + 1,
      labels: {
        skip: LABELS.skip,
        skipPoint: LABELS.skipPoint,
        round: { message: LABELS.zerocheckRound, challenge: LABELS.zerocheckChallenge },
      },
    },
    tr.state(),
  );
  // Whether the claims hold is for the verifier to say: false traces are proven like true ones.
  const { skipPoint, inner } = tr.replay(run, (channel) =>
    readZerocheckRounds(channel, {
      scopes: scopes.length,
      count,
      rounds: batch.maxLog - SKIP_LOG,
      degree: maxDegree + 1,
      bindSkip: () => Fp5.ZERO,
    }),
  );
  let end = 0;
  const values = shapes.map(({ chip }) => {
    end += chip.columns.length;
    return run.values.slice(end - chip.columns.length, end);
  });
  tr.sendExts(
    'openings',
    values.flatMap((v, i) => v.filter((_, c) => isSent(chips[i]!, c))),
  );
  return { skipPoint, lagrange: skipLagrange(skipPoint), point: inner.point, high: openingHigh(inner.point), values };
}
