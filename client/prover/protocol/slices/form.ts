import { type NodeId, SLICES, type Slices } from '../../air/dag.ts';
import { evaluateInExt } from '../../air/evaluate.ts';
import { type ExtVec, extVec, getExt, packExt, powersVec, scaleInto, setExt } from '../../field/ext-vec.ts';
import { type Ext, Fp5 } from '../../field/fp5.ts';
import { powerProducts } from '../../poly/eq.ts';
import { blockWeight } from '../logup/shape.ts';
import type { InstanceShape } from '../shape.ts';
import { constraintWeight, denominatorWeight, type ScopeClaims } from '../zerocheck/form.ts';

/** pattern(z) · Σ weight · (value of the node in slice z): weights that differ from slice to slice, and those that do not. */
export type SlicePart = {
  /** By slice. */
  readonly pattern: ExtVec;
  readonly terms: readonly { readonly node: NodeId; readonly weight: Ext }[];
};

/** One instance's sum over its slices: Σ_z of all parts. */
export type SliceSum = {
  readonly instance: number;
  readonly slices: Slices;
  readonly parts: readonly SlicePart[];
  /** By input: entries of a table, undefined for cells. */
  readonly tables: readonly (ExtVec | undefined)[];
};

/** Bits of a constraint's number: more than there can be. */
const NUMBER_BITS = 31;

/** What the zerocheck has fixed when its last claim is left: weights, and by instance and scope the forms' factors. */
export type SliceWeights = {
  readonly lambda: Ext;
  readonly mu: readonly Ext[];
  readonly factors: readonly (readonly Ext[])[];
};

/**
 * The sums of all instances that have lanes.
 * @param restOf values of the nodes of an instance's `rest`
 */
export const sliceSums = (
  { shapes, scopes }: { readonly shapes: readonly InstanceShape[]; readonly scopes: readonly ScopeClaims[] },
  weights: SliceWeights,
  restOf: (instance: number) => ExtVec,
): SliceSum[] =>
  shapes.flatMap(({ chip, logHeight }, i) => {
    if (chip.slices === undefined) return [];
    return [sliceSum(chip.slices, logHeight, i, scopes, weights, restOf(i))];
  });

/**
 * What `instanceForms` says about a chip with lanes less what it says about the chip's `rest`: constraint first + z has the
 * weight λ^first · λ^z, limb l of a packed word the weight β^field · β^l, of which its slices take the packing's shares.
 * @param rest values of the nodes of `rest`
 */
function sliceSum(
  slices: Slices,
  logHeight: number,
  instance: number,
  scopes: readonly ScopeClaims[],
  { lambda, mu, factors }: SliceWeights,
  rest: ExtVec,
): SliceSum {
  const own = factors[instance]!;
  const powers = powerProducts(lambda, NUMBER_BITS);
  const byConstraints = Fp5.mul(own[0]!, constraintWeight(mu, instance));
  const parts: SlicePart[] = [
    {
      pattern: powersVec(lambda, SLICES),
      terms: slices.constraints.map(({ node, first }) => ({
        node,
        weight: Fp5.mul(byConstraints, powers.at(first, NUMBER_BITS)),
      })),
    },
  ];
  scopes.forEach(({ layout, challenges, point }, s) => {
    const byFields = Fp5.mul(own[s]!, denominatorWeight(mu, s));
    const blocks = new Map(
      layout.blocks.filter((b) => b.instance === instance).map((b) => [b.interaction, b.offset] as const),
    );
    slices.packings.forEach(({ coefficients }, packing) => {
      const words = slices.packed.filter((w) => w.packing === packing && blocks.has(w.interaction));
      if (words.length === 0) return;
      parts.push({
        pattern: packingPattern(coefficients, challenges.betas),
        terms: words.map(({ node, interaction, field }) => {
          const place = blockWeight(point, blocks.get(interaction)!, logHeight);
          return { node, weight: Fp5.mul(Fp5.mul(byFields, place), challenges.betas[field]!) };
        }),
      });
    });
  });
  const tables = slices.inputs.map((input) => {
    if (input.kind === 'cell') return undefined;
    const entries = extVec(SLICES);
    input.nodes.forEach((node, z) => {
      setExt(entries, z, getExt(rest, node));
    });
    return entries;
  });
  return { instance, slices, parts, tables };
}

/** Slice l · n + j: β^l · coefficients[j]. */
function packingPattern(coefficients: readonly number[], betas: readonly Ext[]): ExtVec {
  const n = coefficients.length;
  const limbs = packExt([Fp5.ONE, ...betas.slice(0, SLICES / n - 1)]);
  const pattern = extVec(SLICES);
  for (let z = 0; z < SLICES; z++) scaleInto(pattern, z, limbs, Math.floor(z / n), coefficients[z % n]!);
  return pattern;
}

/** The sum's value in one slice, or at a point of all of them: Σ pattern · Σ weight · node. */
export function sliceValue({ slices, parts }: SliceSum, inputs: readonly Ext[], patterns: readonly Ext[]): Ext {
  const nodes = evaluateInExt(slices, packExt(inputs), []);
  let value = Fp5.ZERO;
  parts.forEach(({ terms }, p) => {
    const part = terms.reduce((acc, { node, weight }) => Fp5.add(acc, Fp5.mul(weight, getExt(nodes, node))), Fp5.ZERO);
    value = Fp5.add(value, Fp5.mul(patterns[p]!, part));
  });
  return value;
}

/** Largest degree in one bit of z of the sums over slices: that of the parts, and one for the pattern. */
export const sliceDegree = (sums: readonly SliceSum[]): number => 1 + Math.max(...sums.map((s) => s.slices.degree));
