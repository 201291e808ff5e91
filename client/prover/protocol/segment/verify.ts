import { type Ext, Fp5 } from '../../field/fp5.ts';
import { DIGEST_WORDS } from '../../hash/blake3.ts';
import type { Sponge } from '../../hash/sponge.ts';
import type { VerifierKernels } from '../../kernels/interface.ts';
import { profileGrinding } from '../../soundness/key.ts';
import { Rejection } from '../../transcript/rejection.ts';
import type { VerifierTranscript } from '../../transcript/verifier-transcript.ts';
import { shapesOf } from '../block/layout.ts';
import { overflowingBus } from '../bounds.ts';
import { fractionLayout, logupChallenges } from '../logup/shape.ts';
import { checkLocalBalance, publicFraction, verifyGkr } from '../logup/verify.ts';
import { maxDegree, maxFields } from '../machine.ts';
import { readOod, verifyOpening } from '../whir/verify.ts';
import { type ColumnOpenings, verifyZerocheck } from '../zerocheck/verify.ts';
import {
  absorbSegment,
  batchRuns,
  type InstanceClaims,
  type MainLayout,
  mainClaims,
  mainLayout,
  openClaims,
  type SegmentContext,
} from './statement.ts';

/** What a verified segment leaves to the block: its global sum, its open claims, and the state its closing binds. */
export type SegmentResult = {
  readonly globalSum: Ext;
  /** Claims about columns of the block's tree and the key's, in instance and column order. */
  readonly openClaims: readonly InstanceClaims[];
  readonly sponge: Sponge;
};

/** Steps 0 to 9 of a segment. Throws `Rejection` only. */
export function verifySegment(
  kernels: VerifierKernels,
  tr: VerifierTranscript,
  context: SegmentContext,
): SegmentResult {
  const { vk, block, segment } = context;
  const { machine } = vk;
  const shapes = shapesOf(machine, segment);
  const chips = segment.instances.map((i) => machine.chips[i.chip]!);
  const publicValues = machine.publics(segment);
  const publics = chips.map((c) => c.compiled.publics.map((name) => Fp5.from(publicValues[name]!)));
  const own = machine.localMessages(block, segment);
  const over = overflowingBus(shapes, 'local', own.length);
  if (over !== undefined) throw new Rejection('shape', 'busOverflow', `bus ${over} may carry P or more messages`);
  absorbSegment(tr, context);

  const main = context.hasOwnTree ? readMain(tr, mainLayout(machine, shapes)) : undefined;

  tr.grind('localGrind', profileGrinding(machine.profile).local);
  const alpha = tr.sampleExt('alpha');
  const local = logupChallenges(alpha, tr.sampleExt('beta'), maxFields(machine));

  const layouts = [fractionLayout(shapes, 'local'), fractionLayout(shapes, 'global')] as const;
  const challenges = [local, context.global];
  const logs = layouts.map((layout) => layout.log);
  const gkr = verifyGkr(tr, logs);
  checkLocalBalance(gkr[0]!.root, publicFraction(local, own));
  const globalSum = Fp5.mul(gkr[1]!.root.p, Fp5.inv(gkr[1]!.root.q));

  const openings = verifyZerocheck(
    kernels,
    tr,
    {
      shapes,
      scopes: gkr.map((claim, s) => ({ challenges: challenges[s]!, layout: layouts[s]!, ...claim })),
      maxDegree: maxDegree(machine),
    },
    chips,
    publics,
  );

  if (main !== undefined) openMain(kernels, tr, main, openings);
  tr.end();
  return { globalSum, openClaims: openClaims(context, openings), sponge: tr.state() };
}

/** A segment's own tree, and its values out of the domain. */
type MainTree = {
  readonly layout: MainLayout;
  readonly cap: Uint32Array;
  readonly ood: ReturnType<typeof readOod>;
};

function readMain(tr: VerifierTranscript, layout: MainLayout): MainTree {
  const cap = tr.readWords('mainCap', DIGEST_WORDS);
  return { layout, cap, ood: readOod(tr, layout.params.oodSamples, { point: 'mainOod', answer: 'mainAnswer' }) };
}

function openMain(
  kernels: VerifierKernels,
  tr: VerifierTranscript,
  { layout, cap, ood }: MainTree,
  openings: ColumnOpenings,
): void {
  const { params, logSize, columns } = layout;
  const { terms, claim } = batchRuns(tr.sampleExt('tau'), mainClaims(layout, openings), ood, logSize);
  verifyOpening(kernels, tr, params, logSize, [{ cap, columns }], terms, claim);
}
