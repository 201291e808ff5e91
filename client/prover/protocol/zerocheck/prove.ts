import type { Chip } from '../../air/chip.ts';
import { evaluateInExt } from '../../air/evaluate.ts';
import type { Backend, Table } from '../../backends/interface.ts';
import { packExt } from '../../field/ext-vec.ts';
import { Fp5 } from '../../field/fp5.ts';
import { SKIP_LOG, skipNodes } from '../../poly/interpolate.ts';
import { LABELS } from '../../transcript/labels.ts';
import type { ProverTranscript } from '../../transcript/prover-transcript.ts';
import { sliceSums } from '../slices/form.ts';
import { proveSlices } from '../slices/prove.ts';
import { instanceFactors, instanceForms } from './form.ts';
import {
  type ColumnOpenings,
  columnOpenings,
  eqSkip,
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
  const { skipPoint, lagrange, inner } = tr.replay(run, (channel) =>
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
  const { point } = inner;
  const eqs = batch.points.map((p) => eqSkip(p, lagrange));
  const factors = shapes.map((s) => instanceFactors(batch.points, eqs, point, s.logHeight));
  const publics = tables.map((t) => t.publics.map((x) => Fp5.from(x)));
  const packed = values.map(packExt);
  const sums = sliceSums(statement, { ...batch, factors }, (i) =>
    evaluateInExt(shapes[i]!.chip.slices!.rest, packed[i]!, publics[i]!),
  );
  const lanes = proveSlices(
    tr,
    sums,
    sums.map((sum) => values[sum.instance]!),
  );
  return { skipPoint, lagrange, point, high: openingHigh(point), opened: columnOpenings(shapes, packed, sums, lanes) };
}
