import type { BusScope } from '../../air/dag.ts';
import { type Ext, Fp5 } from '../../field/fp5.ts';
import { eqAtIndex } from '../../poly/eq.ts';
import { byFallingHeight, ceilLog2, type InstanceShape } from '../shape.ts';

/** The fractions of one interaction of one instance: an aligned block of 2^logHeight entries. */
export type FractionBlock = { readonly instance: number; readonly interaction: number; readonly offset: number };

/** The fraction vector of one scope; entries behind the last block are the padding fraction 0/α. */
export type FractionLayout = {
  readonly blocks: readonly FractionBlock[];
  readonly log: number;
  /** Each instance's blocks, which lie one behind the other in the order of its interactions. */
  readonly own: readonly (readonly FractionBlock[])[];
};

/** Blocks of all interactions of a scope, tallest instances first: every offset is a multiple of its block's length. */
export function fractionLayout(instances: readonly InstanceShape[], scope: BusScope): FractionLayout {
  const blocks: FractionBlock[] = [];
  const own = instances.map((): FractionBlock[] => []);
  let offset = 0;
  for (const instance of byFallingHeight(instances)) {
    const { chip, logHeight } = instances[instance]!;
    chip.interactions.forEach((t, interaction) => {
      if (t.bus.scope !== scope) return;
      const block = { instance, interaction, offset };
      blocks.push(block);
      own[instance]!.push(block);
      offset += 2 ** logHeight;
    });
  }
  return { blocks, log: ceilLog2(Math.max(1, offset)), own };
}

/** eq of the point's high bits with a block's place: the weight of the block's rows in the whole vector. */
export const blockWeight = (point: readonly Ext[], offset: number, logHeight: number): Ext =>
  eqAtIndex(point.slice(0, point.length - logHeight), Math.floor(offset / 2 ** logHeight));

/** The challenges of one scope: denominators are α + bus index + Σ β^(k+1) field_k. */
export type LogupChallenges = { readonly alpha: Ext; readonly betas: readonly Ext[] };

/** α and the powers β, β², … for messages of up to `maxFields` fields. */
export function logupChallenges(alpha: Ext, beta: Ext, maxFields: number): LogupChallenges {
  const betas: Ext[] = [];
  for (let k = 0; k < maxFields; k++) betas.push(k === 0 ? beta : Fp5.mul(betas[k - 1]!, beta));
  return { alpha, betas };
}

/** α + bus index + Σ β^(k+1) field_k. */
export function denominator(c: LogupChallenges, busIndex: number, fields: readonly number[]): Ext {
  return fields.reduce((acc, f, k) => Fp5.add(acc, Fp5.scale(c.betas[k]!, f)), Fp5.add(c.alpha, Fp5.from(busIndex)));
}
