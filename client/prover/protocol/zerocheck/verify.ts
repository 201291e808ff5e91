import type { Chip } from '../../air/chip.ts';
import type { CompiledChip } from '../../air/dag.ts';
import { evaluateInExt } from '../../air/evaluate.ts';
import { evaluateClosedForm } from '../../air/fixed.ts';
import { oncePer } from '../../air/once-per.ts';
import { addScaledInto, copyInto, dotExt, type ExtVec, extVec, getExt, packExt, setExt } from '../../field/ext-vec.ts';
import { type Ext, Fp5 } from '../../field/fp5.ts';
import type { VerifierKernels } from '../../kernels/interface.ts';
import { eqTable } from '../../poly/eq.ts';
import { lagrangeAt, SKIP_LOG, SKIP_SIZE, skipLagrange, skipNodes, skipToDomain } from '../../poly/interpolate.ts';
import type { Channel, Transcript } from '../../transcript/transcript.ts';
import type { VerifierTranscript } from '../../transcript/verifier-transcript.ts';
import type { InstanceShape } from '../shape.ts';
import { type SliceSum, sliceSums } from '../slices/form.ts';
import { type LaneClaim, verifySlices } from '../slices/verify.ts';
import { expectEqual, type SumcheckClaim, verifySumcheck } from '../sumcheck/verify.ts';
import { formValues, instanceFactors, joinedClaim, muPowers, type ScopeClaims, scopePlaces } from './form.ts';

/** Everything that is fixed before the first round. */
export type ZerocheckStatement = {
  readonly shapes: readonly InstanceShape[];
  /** Local, then global. */
  readonly scopes: readonly ScopeClaims[];
  /** Largest degree of any chip of the machine. */
  readonly maxDegree: number;
};

/** The challenges that batch everything into one sum, and the two points. */
export type ZerocheckBatch = {
  readonly lambda: Ext;
  readonly mu: readonly Ext[];
  /** ξ and ζ, extended in front to the row bits of the largest instance. */
  readonly points: readonly (readonly Ext[])[];
  readonly maxLog: number;
  /** What the sum over all rows of all instances comes to. */
  readonly claim: Ext;
};

/** Samples what the point of the local scope lacks, then λ, then μ. Both sides call it. */
export function sampleBatch(tr: Transcript, statement: ZerocheckStatement): ZerocheckBatch {
  const { shapes, scopes } = statement;
  const maxLog = Math.max(SKIP_LOG, ...shapes.map((s) => s.logHeight));
  const points = scopes.map((scope, s) => {
    const missing = Math.max(0, maxLog - scope.point.length);
    const front = s === 0 ? tr.sampleExts('zerocheckPoint', missing) : new Array<Ext>(missing).fill(Fp5.ZERO);
    return [...front, ...scope.point];
  });
  const lambda = tr.sampleExt('lambda');
  const base = tr.sampleExt('mu');
  const mu: Ext[] = [Fp5.ONE];
  while (mu.length < muPowers(shapes.length)) mu.push(Fp5.mul(mu[mu.length - 1]!, base));
  return { lambda, mu, points, maxLog, claim: joinedClaim(mu, scopes) };
}

/** Number of values of each scope that the first round sends. */
export const skipCount = (maxDegree: number): number => (SKIP_SIZE - 1) * maxDegree + 1;

/** Σ_k L_k(z) · eq(last four coordinates of the point, bits of k). */
export function eqSkip(point: readonly Ext[], lagrange: readonly Ext[]): Ext {
  const table = eqTable(point.slice(point.length - SKIP_LOG));
  return lagrange.reduce((acc, l, k) => Fp5.add(acc, Fp5.mul(l, getExt(table, k))), Fp5.ZERO);
}

/** What is claimed about the columns of one instance. */
export type InstanceOpenings = {
  readonly chip: CompiledChip;
  /**
   * By column of the chip: its value at the zerocheck's point. What is claimed about lanes stands at the first sliced columns,
   * whichever columns it combines, and zero at the others: there are fewer claims than columns.
   */
  readonly values: ExtVec;
  /** The claims about lanes by the column at which their value stands. */
  readonly lanes: ReadonlyMap<number, LaneClaim>;
};

/** What is claimed about the columns of instance i, at (r_0; the instance's last coordinates of `point`). */
export type ColumnOpenings = {
  readonly skipPoint: Ext;
  /** Lagrange basis of D at the skip point. */
  readonly lagrange: readonly Ext[];
  readonly point: readonly Ext[];
  /** The point's part for instances of 2^logHeight rows: one array per height. */
  readonly high: (logHeight: number) => readonly Ext[];
  /** By instance; values of closed-form columns are the verifier's own. */
  readonly opened: readonly InstanceOpenings[];
};

/** The coordinates of an instance with 2^logHeight rows behind the skip, by height: the last logHeight − 4 of the point. */
export function openingHigh(point: readonly Ext[]): (logHeight: number) => readonly Ext[] {
  const parts = Array.from({ length: point.length + 1 }, (_, n) => point.slice(point.length - n));
  return (logHeight) => parts[logHeight - SKIP_LOG]!;
}

/** Columns whose openings are sent: all but those of lanes and those that the verifier evaluates in closed form. */
export function isSent({ compiled, fixed }: Chip, column: number): boolean {
  const { name, sliced } = compiled.columns[column]!;
  return sliced === undefined && fixed[name]?.kind !== 'closedForm';
}

/** A chip's columns by where their values come from: the proof, or the verifier. */
const sources = oncePer((chip: Chip) => {
  const { columns } = chip.compiled;
  return {
    sent: [...columns.keys()].filter((c) => isSent(chip, c)),
    closed: columns.flatMap(({ name }, column) => {
      const contents = chip.fixed[name];
      return contents?.kind === 'closedForm' ? [{ column, contents }] : [];
    }),
  };
});

/** What is opened of all instances: values by column, and the claims about lanes by instance in `sums`. */
export function columnOpenings(
  shapes: readonly InstanceShape[],
  values: readonly ExtVec[],
  sums: readonly SliceSum[],
  claims: readonly (readonly LaneClaim[])[],
): InstanceOpenings[] {
  return shapes.map(({ chip }, i) => {
    const own = claims[sums.findIndex((s) => s.instance === i)];
    if (own === undefined) return { chip, values: values[i]!, lanes: NO_LANES };
    const opened = extVec(chip.columns.length);
    const lanes = new Map<number, LaneClaim>();
    chip.columns.forEach(({ sliced }, c) => {
      const claim = own[lanes.size];
      if (!sliced) copyInto(opened, c, values[i]!, c);
      else if (claim !== undefined) {
        setExt(opened, c, claim.value);
        lanes.set(c, claim);
      }
    });
    return { chip, values: opened, lanes };
  });
}

const NO_LANES: ReadonlyMap<number, LaneClaim> = new Map();

/** The messages of the zerocheck's rounds, from a proof or from a backend. */
export function readZerocheckRounds(
  tr: Channel,
  o: {
    readonly scopes: number;
    /** Values of each scope in the first round. */
    readonly count: number;
    readonly rounds: number;
    readonly degree: number;
    /** The claim about the rounds behind the skip, from the first round's values by scope, r_0 and its basis. */
    readonly bindSkip: (sent: readonly (readonly Ext[])[], skipPoint: Ext, lagrange: readonly Ext[]) => Ext;
  },
): { readonly skipPoint: Ext; readonly lagrange: readonly Ext[]; readonly inner: SumcheckClaim } {
  const sent = Array.from({ length: o.scopes }, () => tr.readExts('skip', o.count));
  const skipPoint = tr.sampleExt('skipPoint');
  const lagrange = skipLagrange(skipPoint);
  const inner = verifySumcheck(tr, {
    rounds: o.rounds,
    degree: o.degree,
    claim: o.bindSkip(sent, skipPoint, lagrange),
    message: 'zerocheckRound',
    challenge: 'zerocheckChallenge',
  });
  return { skipPoint, lagrange, inner };
}

/** Σ over D and the scopes of E_s(z) · h_s(z), from the values of h_s at the first round's nodes. */
function skipTotal(sent: readonly (readonly Ext[])[], points: readonly (readonly Ext[])[]): Ext {
  let total = Fp5.ZERO;
  for (const [s, h] of sent.entries()) {
    const eq = eqTable(points[s]!.slice(points[s]!.length - SKIP_LOG));
    const weights = extVec(h.length);
    skipToDomain(h.length).forEach((basis, k) => {
      for (let j = 0; j < basis.length; j++) addScaledInto(weights, j, eq, k, basis[j]!);
    });
    total = Fp5.add(total, dotExt(weights, packExt(h)));
  }
  return total;
}

/**
 * One sumcheck for all constraints and all fractions of all instances (proof-system: step 6): a first round over the
 * subgroup D for the four lowest row bits, then one variable at a time, most significant first; an instance with fewer
 * rows joins late and contributes the product of the challenges before it. What it sums is the sum of the instances'
 * polynomials, so that one claim about all fractions is enough.
 */
export function verifyZerocheck(
  kernels: VerifierKernels,
  tr: VerifierTranscript,
  statement: ZerocheckStatement,
  chips: readonly Chip[],
  publics: readonly (readonly Ext[])[],
): ColumnOpenings {
  const batch = sampleBatch(tr, statement);
  const { shapes, scopes, maxDegree } = statement;
  const count = skipCount(maxDegree);
  let eqs: readonly Ext[] = [];
  const { skipPoint, lagrange, inner } = readZerocheckRounds(tr, {
    scopes: scopes.length,
    count,
    rounds: batch.maxLog - SKIP_LOG,
    degree: maxDegree + 1,
    bindSkip: (sent, z, basis) => {
      expectEqual('zerocheck', 'skipSum', batch.claim, skipTotal(sent, batch.points));
      eqs = batch.points.map((point) => eqSkip(point, basis));
      const weights = packExt(lagrangeAt(skipNodes(count), z));
      return sent.reduce((acc, h, s) => Fp5.add(acc, Fp5.mul(eqs[s]!, dotExt(weights, packExt(h)))), Fp5.ZERO);
    },
  });
  const sentValues = tr.readExtVec(
    'openings',
    chips.reduce((n, chip) => n + sources(chip).sent.length, 0),
  );
  let next = 0;
  const high = openingHigh(inner.point);
  const values = chips.map((chip, i) => {
    const { sent, closed } = sources(chip);
    const own = extVec(chip.compiled.columns.length);
    for (const column of sent) copyInto(own, column, sentValues, next++);
    for (const { column, contents } of closed)
      setExt(own, column, evaluateClosedForm(contents, lagrange, high(shapes[i]!.logHeight)));
    return own;
  });
  const places = scopes.map(scopePlaces);
  const byHeight = new Map<number, Ext[]>();
  for (const { logHeight } of shapes)
    if (!byHeight.has(logHeight)) byHeight.set(logHeight, instanceFactors(batch.points, eqs, inner.point, logHeight));
  const factors = shapes.map((s) => byHeight.get(s.logHeight)!);
  let expected = Fp5.ZERO;
  const nodes = shapes.map(({ chip }, i) =>
    evaluateInExt(chip.slices?.rest ?? chip, values[i]!, publics[i]!, kernels.evaluateNodes),
  );
  shapes.forEach((shape, i) => {
    const plain = { ...shape, chip: shape.chip.slices?.rest ?? shape.chip };
    formValues(plain, i, batch.lambda, batch.mu, places, nodes[i]!).forEach((value, s) => {
      expected = Fp5.add(expected, Fp5.mul(factors[i]![s]!, value));
    });
  });
  const sums = sliceSums(statement, { ...batch, factors }, (i) => nodes[i]!);
  if (sums.length === 0) expectEqual('zerocheck', 'finalValue', expected, inner.value);
  const lanes = sums.length === 0 ? [] : verifySlices(tr, sums, Fp5.sub(inner.value, expected));
  return { skipPoint, lagrange, point: inner.point, high, opened: columnOpenings(shapes, values, sums, lanes) };
}
