import { EVALUATED_ROWS, RowEvaluator } from '../../air/evaluate-rows.ts';
import { addScaledInto, EXT_WORDS, extVec, packExt, setExt } from '../../field/ext-vec.ts';
import { Fp } from '../../field/fp.ts';
import { Fp5 } from '../../field/fp5.ts';
import type { FractionLayout, LogupChallenges, Table } from '../interface.ts';
import { type PlainFractions, plain } from './handles.ts';

/** ±count over α + bus index + Σ betas[k] · field_k for every row of every block's interaction, 0 / α elsewhere. */
export function fractionsOf(
  tables: readonly Table[],
  layout: FractionLayout,
  { alpha, betas }: LogupChallenges,
): PlainFractions {
  const p = extVec(2 ** layout.log);
  const q = extVec(2 ** layout.log);
  for (let i = 0; i < 2 ** layout.log; i++) setExt(q, i, alpha);
  const factors = packExt(betas);
  tables.forEach(({ chip, matrix, publics }, instance) => {
    const { rows, logHeight } = plain.matrix(matrix);
    const blocks = layout.blocks
      .filter((b) => b.instance === instance)
      .map(({ interaction, offset }) => ({ offset, ...chip.interactions[interaction]! }));
    if (blocks.length === 0) return;
    const evaluator = new RowEvaluator(
      chip,
      publics,
      blocks.flatMap((b) => [b.count, ...b.fields]),
    );
    const constants = blocks.map((b) => Fp5.add(alpha, Fp5.from(b.bus.index)));
    for (let start = 0; start < 2 ** logHeight; start += EVALUATED_ROWS) {
      const n = Math.min(EVALUATED_ROWS, 2 ** logHeight - start);
      evaluator.load({ chip, logHeight, rows }, start, n);
      blocks.forEach(({ offset, direction, count, fields }, b) => {
        const at = offset + start;
        const counts = evaluator.values(count);
        for (let x = 0; x < n; x++) {
          p[EXT_WORDS * (at + x)] = direction === 'receive' ? Fp.neg(counts[x]!) : counts[x]!;
          setExt(q, at + x, constants[b]!);
        }
        for (let k = 0; k < fields.length; k++) {
          const values = evaluator.values(fields[k]!);
          for (let x = 0; x < n; x++) if (values[x] !== 0) addScaledInto(q, at + x, factors, k, values[x]!);
        }
      });
    }
  });
  return { kind: 'fractions', p, q, log: layout.log };
}
