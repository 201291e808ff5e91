import { packExt } from '../../field/ext-vec.ts';
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
import { type ColumnSlot, ceilLog2, type InstanceShape, stackColumns } from '../shape.ts';
import type { VerifierTerm, Weight, WeightTerm } from '../whir/shape.ts';
import type { ColumnOpening, ColumnOpenings } from '../zerocheck/verify.ts';

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

/**
 * A value that a column is claimed to have, or a combination of columns of one instance: to be opened in the segment or in
 * the closing.
 */
export type ColumnClaim = ColumnOpening & {
  readonly instance: number;
  /** The column, or the one whose power of τ a combination has: no other claim has it. */
  readonly column: number;
  readonly logHeight: number;
  readonly lagrange: readonly Ext[];
  readonly high: readonly Ext[];
};

/** The claim of the zerocheck's openings that has a column's power of τ, if there is one. */
function columnClaims(openings: ColumnOpenings, instance: number, column: number, logHeight: number): ColumnClaim[] {
  const opening = openings.opened[instance]![column];
  if (opening === undefined) return [];
  const { value, of } = opening;
  const { lagrange } = openings;
  const high = openings.high(logHeight);
  // Written out: copying an object's unknown members takes longer than all arithmetic on it.
  if (of === undefined) return [{ value, instance, column, logHeight, lagrange, high }];
  return [{ value, of, instance, column, logHeight, lagrange, high }];
}

/** The table of a segment's own tree. */
export type MainLayout = {
  /** Where the main columns lie in it. */
  readonly slots: readonly ColumnSlot[];
  /** log2 of its entries, zeros behind the last column included. */
  readonly logSize: number;
  readonly params: WhirParams;
  readonly first: WhirLayer;
  /** Columns of 2^first.logRows entries that are committed: those that are not all padding. */
  readonly columns: number;
};

/** The stacked main columns of a segment, their table and its parameters. */
export function mainLayout(machine: Machine, shapes: readonly InstanceShape[]): MainLayout {
  const { slots, size } = stackColumns(shapes, ['main']);
  const logSize = Math.max(MIN_LOG_TABLE, ceilLog2(Math.max(1, size)));
  const params = whirParams(machine.profile, logSize);
  const first = whirLayers(params, logSize)[0]!;
  return { slots, logSize, params, first, columns: Math.max(1, Math.ceil(size / 2 ** first.logRows)) };
}

/** What a segment's own opening shows: what is claimed of main columns. */
export function mainClaims({ slots }: Pick<MainLayout, 'slots'>, openings: ColumnOpenings): PlacedClaim[] {
  const placeOf = placesOf(slots);
  return slots.flatMap(({ instance, column, logHeight }) => {
    const place = (c: number): number => placeOf(instance, c)!;
    return columnClaims(openings, instance, column, logHeight).map((claim) => ({ claim, place, scale: Fp5.ONE }));
  });
}

/**
 * What a segment leaves to the closing: what is claimed of all columns that lie in the block's tree or in the key's, in
 * instance and column order.
 */
export function openClaims(
  { vk: { machine }, segment, hasOwnTree }: SegmentContext,
  openings: ColumnOpenings,
): ColumnClaim[] {
  return segment.instances.flatMap(({ chip: number, logHeight }, i) => {
    const { compiled, fixed } = machine.chips[number]!;
    return compiled.columns.flatMap(({ name, tree }, c) => {
      const isOpen = tree === 'fixed' ? fixed[name]?.kind === 'committed' : tree === 'interface' || !hasOwnTree;
      return isOpen ? columnClaims(openings, i, c, logHeight) : [];
    });
  });
}

/** Bits of an exponent of τ. */
const INDEX_BITS = 31;

/** A claim to be batched, and where the columns of its instance lie in the table that is opened. */
export type PlacedClaim = {
  readonly claim: ColumnClaim;
  readonly place: (column: number) => number;
  readonly scale: Ext;
};

/** Where a column of an instance lies, if it is one of these. */
export function placesOf(slots: readonly ColumnSlot[]): (instance: number, column: number) => number | undefined {
  const offsets: number[][] = [];
  for (const { instance, column, offset } of slots) {
    offsets[instance] ??= [];
    offsets[instance][column] = offset;
  }
  return (instance, column) => offsets[instance]?.[column];
}

/**
 * Batches claims by τ: a column by τ^(offset / 16), out-of-domain values behind the last slot; returns the joint
 * weight and the joint claim. A combination has the power of the column that names it, which no other claim has.
 */
export function batchClaims(
  tau: Ext,
  claims: readonly PlacedClaim[],
  ood: readonly { readonly weight: Weight; readonly value: Ext }[],
  logSize: number,
): { readonly terms: WeightTerm[]; readonly claim: Ext } {
  let total = Fp5.ZERO;
  const terms: WeightTerm[] = [];
  const powers = powerProducts(tau, INDEX_BITS);
  const power = (e: number): Ext => powers.at(e, INDEX_BITS);
  /** Of columns in combinations, by offset: such a column has no claim of its own, and one instance. */
  const combined = new Map<number, { readonly weight: Weight; by: Ext }>();
  for (const { claim, place, scale } of claims) {
    const { logHeight, lagrange, high } = claim;
    const weightOf = (column: number): Weight => ({ kind: 'column', offset: place(column), logHeight, lagrange, high });
    const own = power(place(claim.column) / SKIP_SIZE);
    const by = scale === Fp5.ONE ? own : Fp5.mul(scale, own);
    total = Fp5.add(total, Fp5.mul(by, claim.value));
    if (claim.of === undefined) terms.push({ weight: weightOf(claim.column), by, since: 0 });
    for (const { column, weight } of claim.of ?? []) {
      const offset = place(column);
      const term = combined.get(offset) ?? { weight: weightOf(column), by: Fp5.ZERO };
      term.by = Fp5.add(term.by, Fp5.mul(by, weight));
      combined.set(offset, term);
    }
  }
  for (const term of combined.values()) terms.push({ ...term, since: 0 });
  ood.forEach(({ weight, value }, i) => {
    const by = power(2 ** logSize / SKIP_SIZE + i);
    terms.push({ weight, by, since: 0 });
    total = Fp5.add(total, Fp5.mul(by, value));
  });
  return { terms, claim: total };
}

/** Neighbouring columns of one height with one scale, the first at `offset`. */
type ClaimedRun = { readonly offset: number; readonly first: PlacedClaim; readonly values: Ext[] };

/** Claims as few runs: neighbours joined as they come, then those runs that turn out to be neighbours. */
function runsOf(columns: readonly PlacedClaim[]): ClaimedRun[] {
  const isNext = ({ offset, first, values }: ClaimedRun, at: number, next: PlacedClaim): boolean =>
    at === offset + values.length * 2 ** first.claim.logHeight &&
    next.scale === first.scale &&
    next.claim.logHeight === first.claim.logHeight &&
    next.claim.high === first.claim.high &&
    next.claim.lagrange === first.claim.lagrange;
  const runs: ClaimedRun[] = [];
  for (const column of columns) {
    const offset = column.place(column.claim.column);
    const last = runs[runs.length - 1];
    if (last !== undefined && isNext(last, offset, column)) last.values.push(column.claim.value);
    else runs.push({ offset, first: column, values: [column.claim.value] });
  }
  const joined: ClaimedRun[] = [];
  for (const run of runs.sort((a, b) => a.offset - b.offset)) {
    const last = joined[joined.length - 1];
    if (last === undefined || !isNext(last, run.offset, run.first)) joined.push(run);
    else for (const value of run.values) last.values.push(value);
  }
  return joined;
}

/**
 * What `batchClaims` gives for the same claims, as the verifier computes it: the columns of a run lie a fixed number of
 * slots apart, so their powers of τ are a geometric series. Combinations of columns are batched one by one.
 */
export function batchRuns(
  tau: Ext,
  claims: readonly PlacedClaim[],
  ood: readonly { readonly weight: Weight; readonly value: Ext }[],
  logSize: number,
): { readonly terms: VerifierTerm[]; readonly claim: Ext } {
  const others = batchClaims(
    tau,
    claims.filter(({ claim }) => claim.of !== undefined),
    ood,
    logSize,
  );
  const powers = powerProducts(tau, INDEX_BITS);
  const power = (e: number): Ext => powers.at(e, INDEX_BITS);
  let total = others.claim;
  const columns = claims.filter(({ claim }) => claim.of === undefined);
  const runs = runsOf(columns).map(({ offset, first, values }): VerifierTerm => {
    const { claim, scale } = first;
    const { logHeight, lagrange, high } = claim;
    const ratio = power(2 ** logHeight / SKIP_SIZE);
    const sum = Fp5.mul(power(offset / SKIP_SIZE), evaluateUnivariate(packExt(values), ratio));
    total = Fp5.add(total, Fp5.mul(scale, sum));
    const count = values.length;
    return { weight: { kind: 'columns', offset, logHeight, lagrange, high, count, ratio }, by: scale, since: 0 };
  });
  return { terms: [...runs, ...others.terms], claim: total };
}
