import type { Instance } from '../../air/dag.ts';
import { type Ext, Fp5 } from '../../field/fp5.ts';
import { profileGrinding } from '../../soundness/key.ts';
import { whirParams } from '../../soundness/profiles.ts';
import { whirLayers } from '../../soundness/whir.ts';
import type { ProverTranscript } from '../../transcript/transcript.ts';
import { fractionsOf, instanceClaims } from '../logup/leaves.ts';
import { proveGkr } from '../logup/prove.ts';
import { fractionLayout, logupChallenges } from '../logup/shape.ts';
import { maxDegree, maxFields } from '../machine.ts';
import type { ColumnSlot, InstanceShape } from '../shape.ts';
import { commitTable, evaluateBaseTable, proveOpening } from '../whir/prove.ts';
import type { Weight } from '../whir/shape.ts';
import { proveZerocheck } from '../zerocheck/prove.ts';
import { absorbSegment, batchClaims, columnClaim, mainLayout, type SegmentContext } from './statement.ts';
import type { SegmentResult } from './verify.ts';

/** Copies the columns at `slots` into one table of `size` entries, from `offset` on. */
export function stackInto(
  table: Uint32Array,
  offset: number,
  slots: readonly ColumnSlot[],
  instances: readonly Instance[],
): void {
  for (const slot of slots) {
    const { chip, rows } = instances[slot.instance]!;
    const width = chip.columns.length;
    const height = 2 ** slot.logHeight;
    for (let r = 0; r < height; r++) table[offset + slot.offset + r] = rows[r * width + slot.column]!;
  }
}

/** Reports how long each step took. */
export type StepTimer = (step: string) => void;

/** The prover's side of `verifySegment`. */
export function proveSegment(
  tr: ProverTranscript,
  context: SegmentContext,
  instances: readonly Instance[],
  onStep: StepTimer = () => {},
): SegmentResult {
  const { vk, segment } = context;
  const { machine } = vk;
  const shapes: readonly InstanceShape[] = instances;
  const chips = segment.instances.map((i) => machine.chips[i.chip]!);
  const publicValues = machine.publics(segment);
  const publics = chips.map((c) => c.compiled.publics.map((name) => publicValues[name]!));
  absorbSegment(tr, context);

  const { slots, logSize } = mainLayout(shapes);
  const params = whirParams(machine.profile, logSize);
  const first = whirLayers(params, logSize)[0]!;
  const table = new Uint32Array(2 ** logSize);
  stackInto(table, 0, slots, instances);
  const main = commitTable(table, 1, first);
  tr.send('mainCap', main.cap);
  const ood = Array.from({ length: params.oodSamples }, (): { weight: Weight; value: Ext } => {
    const y = tr.sampleExt('mainOod');
    const value = evaluateBaseTable(table, y);
    tr.sendExts('mainAnswer', [value]);
    return { weight: { kind: 'power', y }, value };
  });
  onStep('commit');

  tr.grind('localGrind', profileGrinding(machine.profile).local);
  const alpha = tr.sampleExt('alpha');
  const local = logupChallenges(alpha, tr.sampleExt('beta'), maxFields(machine));
  const layouts = [fractionLayout(shapes, 'local'), fractionLayout(shapes, 'global')] as const;
  const challenges = [local, context.global];
  const fractions = layouts.map((layout, s) => fractionsOf(instances, publics, layout, challenges[s]!));
  const gkr = fractions.map((f) => proveGkr(tr, f));
  const globalSum = Fp5.mul(gkr[1]!.root.p, Fp5.inv(gkr[1]!.root.q));
  const claims = gkr.map((g, s) => {
    const own = instanceClaims(instances, layouts[s]!, fractions[s]!, g.point, challenges[s]!.alpha);
    tr.sendExts(
      'instanceClaims',
      own.flatMap((c) => [c.p, c.q]),
    );
    return own;
  });
  onStep('logup');

  const openings = proveZerocheck(
    tr,
    {
      shapes,
      scopes: gkr.map((g, s) => ({ challenges: challenges[s]!, layout: layouts[s]!, point: g.point })),
      claims,
      maxDegree: maxDegree(machine),
    },
    chips,
    instances,
    publics,
  );
  onStep('zerocheck');

  const tau = tr.sampleExt('tau');
  const { terms, claim } = batchClaims(
    tau,
    slots.map((slot) => ({
      offset: slot.offset,
      claim: columnClaim(openings, slot.instance, slot.column, slot.logHeight),
      scale: Fp5.ONE,
    })),
    ood,
    logSize,
  );
  proveOpening(tr, params, [main], table, terms, claim);
  onStep('open');

  const openClaims = shapes.flatMap(({ chip, logHeight }, i) =>
    chip.columns.flatMap((column, c) => {
      const open = column.tree === 'interface' || chips[i]!.fixed[column.name]?.kind === 'committed';
      return open ? [columnClaim(openings, i, c, logHeight)] : [];
    }),
  );
  return { globalSum, openClaims, sponge: tr.state() };
}
