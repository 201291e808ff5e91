import type { Instance } from '../../air/dag.ts';
import { addScaledInto, dotExt, EXT_WORDS, packExt, setExt } from '../../field/ext-vec.ts';
import { Fp } from '../../field/fp.ts';
import { type Ext, Fp5 } from '../../field/fp5.ts';
import { eqTable } from '../../poly/eq.ts';
import { CHUNK_ROWS, evaluateChunk } from '../zerocheck/prove.ts';
import { type Fractions, paddingFractions } from './prove.ts';
import { blockWeight, type FractionLayout, type LogupChallenges } from './shape.ts';
import type { InstanceClaim } from './verify.ts';

/** The fraction vector of one scope: ±count over α + bus + Σ β^(k+1) field_k for every row of every interaction. */
export function fractionsOf(
  instances: readonly Instance[],
  publics: readonly (readonly number[])[],
  layout: FractionLayout,
  challenges: LogupChallenges,
): Fractions {
  const fractions = paddingFractions(layout.log, challenges.alpha);
  const betas = packExt(challenges.betas);
  instances.forEach((instance, i) => {
    const blocks = layout.blocks.filter((b) => b.instance === i);
    if (blocks.length === 0) return;
    const { chip, rows, logHeight } = instance;
    const width = chip.columns.length;
    const buffer = new Uint32Array(chip.nodes.length * CHUNK_ROWS);
    const bases = blocks.map((b) => Fp5.add(challenges.alpha, Fp5.from(chip.interactions[b.interaction]!.bus.index)));
    for (let start = 0; start < 2 ** logHeight; start += CHUNK_ROWS) {
      const n = Math.min(CHUNK_ROWS, 2 ** logHeight - start);
      evaluateChunk(chip, publics[i]!, buffer, n, (column, out) => {
        for (let x = 0; x < n; x++) buffer[out + x] = rows[(start + x) * width + column]!;
      });
      blocks.forEach((block, b) => {
        const t = chip.interactions[block.interaction]!;
        const negative = t.direction === 'receive';
        for (let x = 0; x < n; x++) {
          const at = block.offset + start + x;
          const count = buffer[t.count * CHUNK_ROWS + x]!;
          fractions.p[EXT_WORDS * at] = negative ? Fp.neg(count) : count;
          setExt(fractions.q, at, bases[b]!);
          for (let k = 0; k < t.fields.length; k++) {
            const value = buffer[t.fields[k]! * CHUNK_ROWS + x]!;
            if (value !== 0) addScaledInto(fractions.q, at, betas, k, value);
          }
        }
      });
    }
  });
  return fractions;
}

/** The prover's side of `readInstanceClaims`: each instance's part of the evaluation at `point`. */
export function instanceClaims(
  instances: readonly Instance[],
  layout: FractionLayout,
  fractions: Fractions,
  point: readonly Ext[],
  alpha: Ext,
): InstanceClaim[] {
  return instances.map(({ logHeight }, i) => {
    const eq = eqTable(point.slice(point.length - logHeight));
    let p = Fp5.ZERO;
    let q = Fp5.ZERO;
    for (const block of layout.blocks) {
      if (block.instance !== i) continue;
      const e = blockWeight(point, block.offset, logHeight);
      const range = [EXT_WORDS * block.offset, EXT_WORDS * (block.offset + 2 ** logHeight)] as const;
      p = Fp5.add(p, Fp5.mul(e, dotExt(eq, fractions.p.subarray(...range))));
      // Σ_x eq(x) = 1, so subtracting α from the sum subtracts it from every denominator.
      q = Fp5.add(q, Fp5.mul(e, Fp5.sub(dotExt(eq, fractions.q.subarray(...range)), alpha)));
    }
    return { p, q };
  });
}
