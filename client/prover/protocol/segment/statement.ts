import { type Ext, Fp5 } from '../../field/fp5.ts';
import { powerProducts } from '../../poly/eq.ts';
import { SKIP_SIZE } from '../../poly/interpolate.ts';
import { MIN_LOG_TABLE, whirParams } from '../../soundness/profiles.ts';
import { type WhirLayer, type WhirParams, whirLayers } from '../../soundness/whir.ts';
import type { Transcript } from '../../transcript/transcript.ts';
import { stateWords, wordsOf } from '../block/chain.ts';
import type { LogupChallenges } from '../logup/shape.ts';
import type { BlockStatement, Machine, SegmentStatement, VerifyingKey } from '../machine.ts';
import { type ColumnSlot, ceilLog2, type InstanceShape, stackColumns } from '../shape.ts';
import type { Weight, WeightTerm } from '../whir/shape.ts';
import type { ColumnOpenings } from '../zerocheck/verify.ts';

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
    ...wordsOf(c.vk.digest),
    c.segment.index,
    ...wordsOf(c.before),
    ...wordsOf(c.after),
    ...wordsOf(c.globalSeed),
    ...stateWords(c.segment),
  ]);
}

/** A value that a column is claimed to have, to be opened in the segment or in the closing. */
export type ColumnClaim = {
  readonly instance: number;
  readonly column: number;
  readonly logHeight: number;
  readonly lagrange: readonly Ext[];
  readonly high: readonly Ext[];
  readonly value: Ext;
};

/** The claim about one column that the zerocheck's openings make. */
function columnClaim(openings: ColumnOpenings, instance: number, column: number, logHeight: number): ColumnClaim {
  return {
    instance,
    column,
    logHeight,
    lagrange: openings.lagrange,
    high: openings.high(logHeight),
    value: openings.values[instance]![column]!,
  };
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

/** What a segment's own opening shows: each main column's value, and the values out of the domain. */
export function mainClaims(
  tau: Ext,
  { slots, logSize }: MainLayout,
  openings: ColumnOpenings,
  ood: readonly { readonly weight: Weight; readonly value: Ext }[],
): { readonly terms: WeightTerm[]; readonly claim: Ext } {
  const columns = slots.map(({ offset, instance, column, logHeight }) => {
    return { offset, claim: columnClaim(openings, instance, column, logHeight), scale: Fp5.ONE };
  });
  return batchClaims(tau, columns, ood, logSize);
}

/**
 * What a segment leaves to the closing: the values of all columns that lie in the block's tree or in the key's, in
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
      return isOpen ? [columnClaim(openings, i, c, logHeight)] : [];
    });
  });
}

/** Bits of an exponent of τ. */
const INDEX_BITS = 31;

/**
 * Batches claims by τ: a column by τ^(offset / 16), out-of-domain values behind the last slot; returns the joint
 * weight and the joint claim.
 */
export function batchClaims(
  tau: Ext,
  columns: readonly { readonly offset: number; readonly claim: ColumnClaim; readonly scale: Ext }[],
  ood: readonly { readonly weight: Weight; readonly value: Ext }[],
  logSize: number,
): { readonly terms: WeightTerm[]; readonly claim: Ext } {
  let total = Fp5.ZERO;
  const terms: WeightTerm[] = [];
  const add = (weight: Weight, by: Ext, value: Ext): void => {
    terms.push({ weight, by, since: 0 });
    total = Fp5.add(total, Fp5.mul(by, value));
  };
  const powers = powerProducts(tau, INDEX_BITS);
  const power = (e: number): Ext => powers.at(e, INDEX_BITS);
  for (const { offset, claim, scale } of columns)
    add(
      { kind: 'column', offset, logHeight: claim.logHeight, lagrange: claim.lagrange, high: claim.high },
      scale === Fp5.ONE ? power(offset / SKIP_SIZE) : Fp5.mul(scale, power(offset / SKIP_SIZE)),
      claim.value,
    );
  ood.forEach((o, i) => {
    add(o.weight, power(2 ** logSize / SKIP_SIZE + i), o.value);
  });
  return { terms, claim: total };
}
