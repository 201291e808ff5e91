import { SLICE_LOG, SLICES } from '../../air/dag.ts';
import { type ExtVec, extLength, getExt, packExt } from '../../field/ext-vec.ts';
import { type Ext, Fp5 } from '../../field/fp5.ts';
import { eqTable, foldTop } from '../../poly/eq.ts';
import type { ProverTranscript } from '../../transcript/prover-transcript.ts';
import { sentNodes } from '../sumcheck/verify.ts';
import { type SliceSum, sliceDegree, sliceValue } from './form.ts';
import { type LaneClaim, laneClaims } from './verify.ts';

/** The tables of one sum over the bits of z that are not yet bound. */
type Tables = { readonly inputs: readonly ExtVec[]; readonly patterns: readonly ExtVec[] };

/**
 * The prover's side of `verifySlices`.
 * @param values by sum: the instance's columns at the zerocheck's point
 */
export function proveSlices(
  tr: ProverTranscript,
  sums: readonly SliceSum[],
  values: readonly (readonly Ext[])[],
): LaneClaim[][] {
  if (sums.length === 0) return [];
  let tables = sums.map(
    (sum, i): Tables => ({
      inputs: sum.slices.inputs.map((input, k) => {
        if (input.kind === 'table') return sum.tables[k]!;
        const lane = values[i]!.slice(input.column, input.column + SLICES);
        return packExt([...lane.slice(input.rotation), ...lane.slice(0, input.rotation)]);
      }),
      patterns: sum.parts.map((part) => part.pattern),
    }),
  );
  const nodes = sentNodes(sliceDegree(sums));
  const point: Ext[] = [];
  for (let round = 0; round < SLICE_LOG; round++) {
    tr.sendExts(
      'sliceRound',
      nodes.map((x) => tables.reduce((acc, t, i) => Fp5.add(acc, sumAt(sums[i]!, t, x)), Fp5.ZERO)),
    );
    const r = tr.sampleExt('sliceChallenge');
    point.push(r);
    tables = tables.map(({ inputs, patterns }) => ({
      inputs: inputs.map((v) => foldTop(v, r)),
      patterns: patterns.map((v) => foldTop(v, r)),
    }));
  }
  const cells = sums.flatMap(({ slices }, i) =>
    slices.inputs.flatMap((input, k) => (input.kind === 'cell' ? [getExt(tables[i]!.inputs[k]!, 0)] : [])),
  );
  tr.sendExts('sliceCells', cells);
  return laneClaims(sums, eqTable(point), cells);
}

/** Σ of the sum over the lower bits of z, its top bit set to x. */
function sumAt(sum: SliceSum, { inputs, patterns }: Tables, x: number): Ext {
  const half = extLength(patterns[0]!) / 2;
  const at = (v: ExtVec, z: number): Ext => {
    const low = getExt(v, z);
    return x === 0 ? low : Fp5.add(low, Fp5.scale(Fp5.sub(getExt(v, half + z), low), x));
  };
  let total = Fp5.ZERO;
  for (let z = 0; z < half; z++)
    total = Fp5.add(
      total,
      sliceValue(
        sum,
        inputs.map((v) => at(v, z)),
        patterns.map((v) => at(v, z)),
      ),
    );
  return total;
}
