import { SLICE_LOG, SLICES } from '../../air/dag.ts';
import { copyInto, dotExt, type ExtVec, extVec } from '../../field/ext-vec.ts';
import { type Ext, Fp5 } from '../../field/fp5.ts';
import { eqTable } from '../../poly/eq.ts';
import type { VerifierTranscript } from '../../transcript/verifier-transcript.ts';
import { expectEqual, verifySumcheck } from '../sumcheck/verify.ts';
import { type SliceSum, sliceDegree, sliceValue } from './form.ts';

/** "Σ weights[k] · (column `lane` + k) has this value at the zerocheck's point", for the 64 columns of a lane of one instance. */
export type LaneClaim = { readonly lane: number; readonly weights: ExtVec; readonly value: Ext };

/** Number of values sent at the end: one for each cell that an instance's slices read. */
export const sentCells = (sums: readonly SliceSum[]): number =>
  sums.reduce((n, { slices }) => n + slices.inputs.filter((i) => i.kind === 'cell').length, 0);

/**
 * The lanes' claims by sum. The extension over z of cell (z + rotation) mod 64 of a lane is at `point` the sum of
 * eq(point, z) times the cell, so it is a combination of the lane's columns with public weights.
 * @param eq eq(point, z) of the point that the sumcheck ended at
 * @param cells values of all cells of all sums, in order
 */
export function laneClaims(sums: readonly SliceSum[], eq: ExtVec, cells: readonly Ext[]): LaneClaim[][] {
  let next = 0;
  return sums.map(({ slices }) =>
    slices.inputs.flatMap((input) => {
      if (input.kind !== 'cell') return [];
      const weights = extVec(SLICES);
      for (let k = 0; k < SLICES; k++) copyInto(weights, k, eq, (k - input.rotation + SLICES) % SLICES);
      return [{ lane: input.column, weights, value: cells[next++]! }];
    }),
  );
}

/**
 * One sumcheck over the six bits of z for the lanes of all instances that have some: `claim` is what all their sums over
 * slices come to. It leaves one value per cell that an expression reads, in place of one per column.
 */
export function verifySlices(tr: VerifierTranscript, sums: readonly SliceSum[], claim: Ext): LaneClaim[][] {
  const { point, value } = verifySumcheck(tr, {
    rounds: SLICE_LOG,
    degree: sliceDegree(sums),
    claim,
    message: 'sliceRound',
    challenge: 'sliceChallenge',
  });
  const cells = tr.readExts('sliceCells', sentCells(sums));
  const eq = eqTable(point);
  let next = 0;
  let expected = Fp5.ZERO;
  for (const sum of sums) {
    const inputs = sum.tables.map((table) => (table === undefined ? cells[next++]! : dotExt(eq, table)));
    const patterns = sum.parts.map(({ pattern }) => dotExt(eq, pattern));
    expected = Fp5.add(expected, sliceValue(sum, inputs, patterns));
  }
  expectEqual('zerocheck', 'sliceValue', expected, value);
  return laneClaims(sums, eq, cells);
}
