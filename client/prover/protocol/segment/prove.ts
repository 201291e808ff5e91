import type { Backend, Commitment, PlacedInstance, Table } from '../../backends/interface.ts';
import { Fp5 } from '../../field/fp5.ts';
import { profileGrinding } from '../../soundness/key.ts';
import type { ProverTranscript } from '../../transcript/prover-transcript.ts';
import { shapesOf } from '../block/layout.ts';
import { proveScopes } from '../logup/prove.ts';
import { fractionLayout, logupChallenges } from '../logup/shape.ts';
import type { Root } from '../logup/verify.ts';
import { type Machine, maxDegree, maxFields, type SegmentStatement } from '../machine.ts';
import { slotsOf } from '../shape.ts';
import { proveGrinding } from '../whir/grind.ts';
import { proveOod, proveOpening } from '../whir/prove.ts';
import { proveZerocheck } from '../zerocheck/prove.ts';
import type { ColumnOpenings } from '../zerocheck/verify.ts';
import {
  absorbSegment,
  batchClaims,
  type MainLayout,
  mainClaims,
  mainLayout,
  openClaims,
  type SegmentContext,
} from './statement.ts';
import type { SegmentResult } from './verify.ts';

/** Hears of each step when it is done. */
export type StepTimer = (step: string) => void;

/** A segment's tables in the backend's memory, for the caller to give back by `freeTables`. */
export async function placeTables(
  backend: Backend,
  machine: Machine,
  segment: SegmentStatement,
  instances: readonly PlacedInstance[],
): Promise<Table[]> {
  const publicValues = machine.publics(segment);
  const tables: Table[] = [];
  try {
    for (const { chip, rows, logHeight, matrix } of instances)
      tables.push({
        chip,
        matrix: matrix ?? (await backend.upload(rows, { width: chip.columns.length, logHeight })),
        publics: chip.publics.map((name) => publicValues[name]!),
      });
    return tables;
  } catch (error) {
    freeTables(backend, tables);
    throw error;
  }
}

/** Gives the tables back and forgets them. */
export function freeTables(backend: Backend, tables: Table[]): void {
  for (const { matrix } of tables.splice(0)) backend.free(matrix);
}

/** The prover's side of `verifySegment`. Gives back what it takes of the backend's memory, and the tables once it is done with them. */
export async function proveSegment(
  backend: Backend,
  tr: ProverTranscript,
  context: SegmentContext,
  tables: Table[],
  onStep: StepTimer = () => {},
): Promise<SegmentResult> {
  let main: MainTree | undefined;
  try {
    absorbSegment(tr, context);
    if (context.hasOwnTree) {
      main = await commitMain(backend, tr, context, tables);
      onStep('commit');
    }
    const { globalRoot, openings } = await reduce(backend, tr, context, tables, onStep);
    freeTables(backend, tables);
    if (main !== undefined) {
      await openMain(backend, tr, main, openings);
      onStep('open');
    }
    const globalSum = Fp5.mul(globalRoot.p, Fp5.inv(globalRoot.q));
    return { globalSum, openClaims: openClaims(context, openings), sponge: tr.state() };
  } finally {
    if (main !== undefined) backend.free(main.commitment.data);
    freeTables(backend, tables);
  }
}

/** A segment's own tree, and its values out of the domain. */
type MainTree = {
  readonly layout: MainLayout;
  readonly commitment: Commitment;
  readonly ood: Awaited<ReturnType<typeof proveOod>>;
};

async function commitMain(
  backend: Backend,
  tr: ProverTranscript,
  { vk: { machine }, segment }: SegmentContext,
  tables: readonly Table[],
): Promise<MainTree> {
  const layout = mainLayout(machine, shapesOf(machine, segment));
  const { stack, params, first, columns } = layout;
  const commitment = await backend.commit(
    slotsOf(stack).map(({ instance, column, offset }) => ({ matrix: tables[instance]!.matrix, column, offset })),
    { columns, logRows: first.logRows, logInvRate: first.logInvRate, capLog: 0 },
  );
  try {
    tr.send('mainCap', commitment.cap);
    const labels = { point: 'mainOod', answer: 'mainAnswer' } as const;
    return { layout, commitment, ood: await proveOod(backend, tr, commitment.data, params.oodSamples, labels) };
  } catch (error) {
    backend.free(commitment.data);
    throw error;
  }
}

async function openMain(
  backend: Backend,
  tr: ProverTranscript,
  { layout, commitment, ood }: MainTree,
  openings: ColumnOpenings,
): Promise<void> {
  const { params, logSize, columns } = layout;
  const { terms, claim } = batchClaims(tr.sampleExt('tau'), mainClaims(layout, openings), ood, layout.logSize);
  await proveOpening(backend, tr, params, logSize, [{ ...commitment, columns }], terms, claim);
}

/** Reduces all constraints and messages to values of the columns at one point. */
async function reduce(
  backend: Backend,
  tr: ProverTranscript,
  { vk: { machine }, segment, global }: SegmentContext,
  tables: readonly Table[],
  onStep: StepTimer,
): Promise<{ readonly globalRoot: Root; readonly openings: ColumnOpenings }> {
  const shapes = shapesOf(machine, segment);
  await proveGrinding(backend, tr, 'localGrind', profileGrinding(machine.profile).local);
  const alpha = tr.sampleExt('alpha');
  const local = logupChallenges(alpha, tr.sampleExt('beta'), maxFields(machine));
  const scopes = [
    { layout: fractionLayout(shapes, 'local'), challenges: local },
    { layout: fractionLayout(shapes, 'global'), challenges: global },
  ];
  const claims = await proveScopes(backend, tr, tables, scopes);
  onStep('logup');

  const openings = await proveZerocheck(
    backend,
    tr,
    {
      shapes,
      scopes: scopes.map((scope, s) => ({ ...scope, ...claims[s]! })),
      maxDegree: maxDegree(machine),
    },
    segment.instances.map((i) => machine.chips[i.chip]!),
    tables,
  );
  onStep('zerocheck');
  return { globalRoot: claims[1]!.root, openings };
}
