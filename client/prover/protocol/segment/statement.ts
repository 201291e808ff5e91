import type { Chip } from '../../air/chip.ts';
import { oncePer } from '../../air/once-per.ts';
import { EXT_WORDS, type ExtVec, extLength, getExt } from '../../field/ext-vec.ts';
import { type Ext, Fp5 } from '../../field/fp5.ts';
import { wordsFromBytes } from '../../hash/blake3.ts';
import { powerProducts } from '../../poly/eq.ts';
import { evaluateUnivariate } from '../../poly/evaluate.ts';
import { SKIP_SIZE } from '../../poly/interpolate.ts';
import { MIN_LOG_TABLE, whirParams } from '../../soundness/profiles.ts';
import { type WhirLayer, type WhirParams, whirLayers } from '../../soundness/whir.ts';
import type { Transcript } from '../../transcript/transcript.ts';
import { stateWords } from '../block/chain.ts';
import type { LogupChallenges } from '../logup/shape.ts';
import type { BlockStatement, Machine, SegmentStatement, VerifyingKey } from '../machine.ts';
import { ceilLog2, type InstanceShape, type StackedInstance, stackColumns } from '../shape.ts';
import type { LaneClaim } from '../slices/verify.ts';
import type { ColumnRun, VerifierTerm, Weight, WeightTerm } from '../whir/shape.ts';
import type { ColumnOpenings, InstanceOpenings } from '../zerocheck/verify.ts';

/** What a segment's transcript starts from, besides its own statement. */
export type SegmentContext = {
  readonly vk: VerifyingKey;
  readonly block: BlockStatement;
  readonly segment: SegmentStatement;
  /** c_j and c_{j+1}. */
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  /** The state that the global challenges were drawn from. */
  readonly globalSeed: Uint8Array;
  readonly global: LogupChallenges;
  /** Whether the segment commits to its main columns and opens them; they lie in the block's tree otherwise. */
  readonly hasOwnTree: boolean;
};

/** Binds a segment's transcript to key, position, shapes, global challenge, entry and exit. */
export function absorbSegment(tr: Transcript, c: SegmentContext): void {
  tr.absorb('segmentStatement', [
    ...wordsFromBytes(c.vk.digest),
    c.segment.index,
    ...wordsFromBytes(c.before),
    ...wordsFromBytes(c.after),
    ...wordsFromBytes(c.globalSeed),
    ...stateWords(c.segment),
  ]);
}

/** The point that rows are claimed at: L on the four lowest row bits, eq(high) on the others. */
type Rows = Pick<ColumnRun, 'logHeight' | 'lagrange' | 'high'>;

/** What a segment claims of columns of one instance, to be opened in the segment or in the closing. */
export type InstanceClaims = Rows &
  InstanceOpenings & {
    readonly instance: number;
    /** Those at which a value stands that is to be opened, ascending. */
    readonly columns: readonly number[];
  };

/** The table of a segment's own tree. */
export type MainLayout = {
  /** Where the main columns lie in it. */
  readonly stack: readonly StackedInstance[];
  /** log2 of its entries, zeros behind the last column included. */
  readonly logSize: number;
  readonly params: WhirParams;
  readonly first: WhirLayer;
  /** Columns of 2^first.logRows entries that are committed: those that are not all padding. */
  readonly columns: number;
};

/** The stacked main columns of a segment, their table and its parameters. */
export function mainLayout(machine: Machine, shapes: readonly InstanceShape[]): MainLayout {
  const { stack, size } = stackColumns(shapes, 'main');
  const logSize = Math.max(MIN_LOG_TABLE, ceilLog2(Math.max(1, size)));
  const params = whirParams(machine.profile, logSize);
  const first = whirLayers(params, logSize)[0]!;
  return { stack, logSize, params, first, columns: Math.max(1, Math.ceil(size / 2 ** first.logRows)) };
}

/** What a segment's own opening shows: what is claimed of main columns. */
export function mainClaims({ stack }: Pick<MainLayout, 'stack'>, openings: ColumnOpenings): PlacedClaims {
  const placed = new Placement();
  for (const { instance, columns, offset, logHeight } of stack) {
    const rows = { logHeight, lagrange: openings.lagrange, high: openings.high(logHeight) };
    placed.add({ ...rows, ...openings.opened[instance]! }, columns, offset, Fp5.ONE);
  }
  return placed;
}

/** Columns of a chip at which a value stands that a segment leaves to the closing. */
const openColumns = oncePer((chip: Chip) => {
  const { columns, slices } = chip.compiled;
  const lanes = slices?.inputs.filter((input) => input.kind === 'cell').length ?? 0;
  const sliced = [...columns.keys()].filter((c) => columns[c]!.sliced);
  const of = (hasOwnTree: boolean): readonly number[] =>
    [...columns.keys()].filter((c) => {
      const { name, tree } = columns[c]!;
      if (tree === 'fixed') return chip.fixed[name]?.kind === 'committed';
      if (tree === 'main' && hasOwnTree) return false;
      return !columns[c]!.sliced || c < (sliced[lanes] ?? columns.length);
    });
  return { ownTree: of(true), noTree: of(false) };
});

/**
 * What a segment leaves to the closing: what is claimed of all columns that lie in the block's tree or in the key's, in
 * instance and column order.
 */
export function openClaims(
  { vk: { machine }, segment, hasOwnTree }: SegmentContext,
  { lagrange, high, opened }: ColumnOpenings,
): InstanceClaims[] {
  return segment.instances.map(({ chip, logHeight }, instance) => ({
    instance,
    columns: openColumns(machine.chips[chip]!)[hasOwnTree ? 'ownTree' : 'noTree'],
    logHeight,
    lagrange,
    high: high(logHeight),
    // Written out: copying an object's unknown members takes longer than all arithmetic on it.
    chip: opened[instance]!.chip,
    values: opened[instance]!.values,
    lanes: opened[instance]!.lanes,
  }));
}

/** Bits of an exponent of τ. */
const INDEX_BITS = 31;

/** Neighbouring columns, the first at `offset` of the table that is opened, each of which has one of the values. */
type ClaimedRun = Rows & { readonly offset: number; readonly values: ExtVec; readonly scale: Ext };

/** A combination of the 64 neighbouring columns from `offset` on, named by the column at `name`: no other claim is. */
type ClaimedLane = Rows &
  Omit<LaneClaim, 'lane'> & { readonly offset: number; readonly name: number; readonly scale: Ext };

/** Claims that are batched, each multiplied by its scale. */
export type PlacedClaims = { readonly runs: readonly ClaimedRun[]; readonly lanes: readonly ClaimedLane[] };

/** Puts the claims about instances to their places in the table that is opened. */
export class Placement implements PlacedClaims {
  readonly runs: ClaimedRun[] = [];
  readonly lanes: ClaimedLane[] = [];

  /** @param columns which lie one behind the other from `offset` on: whatever is claimed at them is taken */
  add(of: Rows & InstanceOpenings, columns: readonly number[], offset: number, scale: Ext): void {
    const { logHeight, lagrange, high, chip, values, lanes } = of;
    const isSingle = (column: number | undefined): boolean => column !== undefined && !chip.columns[column]!.sliced;
    const place = (k: number): number => offset + k * 2 ** logHeight;
    for (let k = 0, end = 0; k < columns.length; k = end) {
      const column = columns[k]!;
      const claim = lanes.get(column);
      end = k + 1;
      if (claim !== undefined) {
        const { weights, value } = claim;
        const first = place(columns.indexOf(claim.lane));
        this.lanes.push({ logHeight, lagrange, high, offset: first, name: place(k), weights, value, scale });
      } else if (isSingle(column)) {
        while (columns[end] === column + end - k && isSingle(columns[end])) end++;
        const own = values.subarray(EXT_WORDS * column, EXT_WORDS * (column + end - k));
        this.runs.push({ logHeight, lagrange, high, offset: place(k), values: own, scale });
      }
    }
  }
}

/** Out-of-domain values of a commitment. */
type OutOfDomain = readonly { readonly weight: Weight; readonly value: Ext }[];

/** τ^(offset / 16), and τ^(i / 16) behind the last entry for out-of-domain value i. */
function claimPowers(tau: Ext, logSize: number): { at: (offset: number) => Ext; behind: (i: number) => Ext } {
  const powers = powerProducts(tau, INDEX_BITS);
  return {
    at: (offset) => powers.at(offset / SKIP_SIZE, INDEX_BITS),
    behind: (i) => powers.at(2 ** logSize / SKIP_SIZE + i, INDEX_BITS),
  };
}

/**
 * Batches claims by τ: a column by τ^(offset / 16), out-of-domain values behind the last slot; returns the joint
 * weight and the joint claim. A combination has the power of the column that names it, which no other claim has.
 */
export function batchClaims(
  tau: Ext,
  { runs, lanes }: PlacedClaims,
  ood: OutOfDomain,
  logSize: number,
): { readonly terms: WeightTerm[]; readonly claim: Ext } {
  let total = Fp5.ZERO;
  const terms: WeightTerm[] = [];
  const power = claimPowers(tau, logSize);
  const weightOf = ({ logHeight, lagrange, high }: Rows, offset: number): Weight => ({
    kind: 'column',
    offset,
    logHeight,
    lagrange,
    high,
  });
  for (const run of runs)
    for (let i = 0; i < extLength(run.values); i++) {
      const offset = run.offset + i * 2 ** run.logHeight;
      const by = Fp5.mul(run.scale, power.at(offset));
      total = Fp5.add(total, Fp5.mul(by, getExt(run.values, i)));
      terms.push({ weight: weightOf(run, offset), by, since: 0 });
    }
  /** Of columns in combinations, by offset: such a column has no claim of its own, and one instance. */
  const combined = new Map<number, { readonly weight: Weight; by: Ext }>();
  for (const lane of lanes) {
    const by = Fp5.mul(lane.scale, power.at(lane.name));
    total = Fp5.add(total, Fp5.mul(by, lane.value));
    for (let k = 0; k < extLength(lane.weights); k++) {
      const offset = lane.offset + k * 2 ** lane.logHeight;
      const term = combined.get(offset) ?? { weight: weightOf(lane, offset), by: Fp5.ZERO };
      term.by = Fp5.add(term.by, Fp5.mul(by, getExt(lane.weights, k)));
      combined.set(offset, term);
    }
  }
  for (const term of combined.values()) terms.push({ ...term, since: 0 });
  ood.forEach(({ weight, value }, i) => {
    const by = power.behind(i);
    terms.push({ weight, by, since: 0 });
    total = Fp5.add(total, Fp5.mul(by, value));
  });
  return { terms, claim: total };
}

/** Runs that are neighbours of one height with one scale, as one each. */
function joinedWeights(runs: readonly ClaimedRun[], ratioOf: (logHeight: number) => Ext): VerifierTerm[] {
  const terms: (VerifierTerm & { readonly weight: ColumnRun })[] = [];
  for (const { offset, logHeight, lagrange, high, values, scale } of [...runs].sort((a, b) => a.offset - b.offset)) {
    const last = terms[terms.length - 1];
    const isNext =
      last !== undefined &&
      offset === last.weight.offset + last.weight.count * 2 ** logHeight &&
      scale === last.by &&
      logHeight === last.weight.logHeight &&
      high === last.weight.high &&
      lagrange === last.weight.lagrange;
    const count = extLength(values) + (isNext ? last.weight.count : 0);
    const start = isNext ? terms.pop()!.weight.offset : offset;
    const weight = {
      kind: 'columns',
      offset: start,
      logHeight,
      lagrange,
      high,
      count,
      ratio: ratioOf(logHeight),
    } as const;
    terms.push({ weight, by: scale, since: 0 });
  }
  return terms;
}

/**
 * What `batchClaims` gives for the same claims, as the verifier computes it: the columns of a run lie a fixed number of
 * slots apart, so their powers of τ are a geometric series; a combination is one term.
 */
export function batchRuns(
  tau: Ext,
  { runs, lanes }: PlacedClaims,
  ood: OutOfDomain,
  logSize: number,
): { readonly terms: VerifierTerm[]; readonly claim: Ext } {
  let total = Fp5.ZERO;
  const power = claimPowers(tau, logSize);
  const ratios = new Map<number, Ext>();
  const ratioOf = (logHeight: number): Ext => {
    const ratio = ratios.get(logHeight) ?? power.at(2 ** logHeight);
    ratios.set(logHeight, ratio);
    return ratio;
  };
  for (const { offset, logHeight, values, scale } of runs) {
    const sum = Fp5.mul(power.at(offset), evaluateUnivariate(values, ratioOf(logHeight)));
    total = Fp5.add(total, Fp5.mul(scale, sum));
  }
  const terms = joinedWeights(runs, ratioOf);
  for (const { offset, logHeight, lagrange, high, name, weights, value, scale } of lanes) {
    const by = Fp5.mul(scale, power.at(name));
    total = Fp5.add(total, Fp5.mul(by, value));
    terms.push({ weight: { kind: 'lane', offset, logHeight, lagrange, high, weights }, by, since: 0 });
  }
  ood.forEach(({ weight, value }, i) => {
    const by = power.behind(i);
    terms.push({ weight, by, since: 0 });
    total = Fp5.add(total, Fp5.mul(by, value));
  });
  return { terms, claim: total };
}
