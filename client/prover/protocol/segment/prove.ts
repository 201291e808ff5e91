import type { Instance } from '../../air/dag.ts';
import type { Backend, PlacedInstance, Table } from '../../backends/interface.ts';
import { Fp5 } from '../../field/fp5.ts';
import { profileGrinding } from '../../soundness/key.ts';
import type { ProverTranscript } from '../../transcript/prover-transcript.ts';
import { proveScope } from '../logup/prove.ts';
import { fractionLayout, logupChallenges } from '../logup/shape.ts';
import type { GkrClaim, Root } from '../logup/verify.ts';
import { maxDegree, maxFields } from '../machine.ts';
import { proveGrinding } from '../whir/grind.ts';
import { proveOod, proveOpening } from '../whir/prove.ts';
import { proveZerocheck } from '../zerocheck/prove.ts';
import type { ColumnOpenings } from '../zerocheck/verify.ts';
import { absorbSegment, batchClaims, columnClaim, mainLayout, type SegmentContext } from './statement.ts';
import type { SegmentResult } from './verify.ts';

/** Hears of each step when it is done. */
export type StepTimer = (step: string) => void;

/** The prover's side of `verifySegment`. Gives back what it takes of the backend's memory, and the instances' matrices. */
export async function proveSegment(
  backend: Backend,
  tr: ProverTranscript,
  context: SegmentContext,
  instances: readonly PlacedInstance[],
  onStep: StepTimer = () => {},
): Promise<SegmentResult> {
  const { vk, segment } = context;
  const { machine } = vk;
  const chips = segment.instances.map((i) => machine.chips[i.chip]!);
  const publicValues = machine.publics(segment);
  absorbSegment(tr, context);

  const tables: Table[] = [];
  const freeMatrices = (): void => {
    for (const t of tables.splice(0)) backend.free(t.matrix);
  };
  try {
    for (const { chip, rows, logHeight, matrix } of instances)
      tables.push({
        chip,
        matrix: matrix ?? (await backend.upload(rows, { width: chip.columns.length, logHeight })),
        publics: chip.publics.map((name) => publicValues[name]!),
      });
    const { slots, logSize, params, first, columns } = mainLayout(machine, instances);
    const main = await backend.commit(
      slots.map(({ instance, column, offset }) => ({ matrix: tables[instance]!.matrix, column, offset })),
      { columns, logRows: first.logRows, logInvRate: first.logInvRate, capLog: 0 },
    );
    try {
      tr.send('mainCap', main.cap);
      const ood = await proveOod(backend, tr, main.data, params.oodSamples, { point: 'mainOod', answer: 'mainAnswer' });
      onStep('commit');

      const { globalRoot, openings } = await reduce(backend, tr, context, instances, tables, onStep);
      freeMatrices();

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
      await proveOpening(backend, tr, params, logSize, [{ ...main, columns }], terms, claim);
      onStep('open');

      const openClaims = instances.flatMap(({ chip, logHeight }, i) =>
        chip.columns.flatMap((column, c) => {
          const open = column.tree === 'interface' || chips[i]!.fixed[column.name]?.kind === 'committed';
          return open ? [columnClaim(openings, i, c, logHeight)] : [];
        }),
      );
      return { globalSum: Fp5.mul(globalRoot.p, Fp5.inv(globalRoot.q)), openClaims, sponge: tr.state() };
    } finally {
      backend.free(main.data);
    }
  } finally {
    freeMatrices();
  }
}

/** Reduces all constraints and messages to values of the columns at one point. */
async function reduce(
  backend: Backend,
  tr: ProverTranscript,
  { vk: { machine }, segment, global }: SegmentContext,
  instances: readonly Instance[],
  tables: readonly Table[],
  onStep: StepTimer,
): Promise<{ readonly globalRoot: Root; readonly openings: ColumnOpenings }> {
  await proveGrinding(backend, tr, 'localGrind', profileGrinding(machine.profile).local);
  const alpha = tr.sampleExt('alpha');
  const local = logupChallenges(alpha, tr.sampleExt('beta'), maxFields(machine));
  const scopes = [
    { layout: fractionLayout(instances, 'local'), challenges: local },
    { layout: fractionLayout(instances, 'global'), challenges: global },
  ];
  const claims: GkrClaim[] = [];
  for (const { layout, challenges } of scopes) claims.push(await proveScope(backend, tr, tables, layout, challenges));
  onStep('logup');

  const openings = await proveZerocheck(
    backend,
    tr,
    {
      shapes: instances,
      scopes: scopes.map((scope, s) => ({ ...scope, ...claims[s]! })),
      maxDegree: maxDegree(machine),
    },
    segment.instances.map((i) => machine.chips[i.chip]!),
    tables,
  );
  onStep('zerocheck');
  return { globalRoot: claims[1]!.root, openings };
}
