import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Chip, logHeightFor } from '../../client/prover/air/chip.ts';
import type { Instance } from '../../client/prover/air/dag.ts';
import { RowFiller } from '../../client/prover/air/run-rows.ts';
import type { Backend } from '../../client/prover/backends/interface.ts';
import { createReferenceBackend } from '../../client/prover/backends/reference/backend.ts';
import { KECCAK_CHAIN } from '../../client/prover/chips/buses.ts';
import { KECCAK_CALL_WORDS } from '../../client/prover/chips/keccak/call.ts';
import { KECCAK_ROUNDS, STATE_WORDS } from '../../client/prover/chips/keccak/permutation.ts';
import { keccakRound, keccakRoundRows, roundRecords } from '../../client/prover/chips/keccak/round.ts';
import { round } from '../../client/prover/chips/tables/round.ts';
import { type Ext, Fp5 } from '../../client/prover/field/fp5.ts';
import { logupChallenges } from '../../client/prover/protocol/logup/shape.ts';
import type { BlockStatement, Machine } from '../../client/prover/protocol/machine.ts';
import { placeTables, proveSegment } from '../../client/prover/protocol/segment/prove.ts';
import type { SegmentContext } from '../../client/prover/protocol/segment/statement.ts';
import { verifySegment } from '../../client/prover/protocol/segment/verify.ts';
import type { Label } from '../../client/prover/transcript/labels.ts';
import { Rejection } from '../../client/prover/transcript/rejection.ts';
import { VerifierTranscript } from '../../client/prover/transcript/verifier-transcript.ts';
import { keccakF } from '../../client/prover/vm/keccak-f.ts';
import { honest, LyingTranscript } from '../support/lying-transcript.ts';
import { randomExt, seededRandom } from '../support/random.ts';
import { ALL_KERNELS } from '../support/verifier-kernels.ts';

/** A segment that is one Keccak call: its rounds, the table of constants, and a verifier who knows input and output. */
const random = seededRandom(59);
const before = Uint32Array.from({ length: STATE_WORDS }, () => Math.floor(random() * 2 ** 32));
const after = new Uint8Array(Uint32Array.from(before).buffer);
keccakF(after);
const limbs = (bytes: Uint8Array): number[] => Array.from(new Uint16Array(bytes.slice().buffer));
const CHIPS = [keccakRound, round.chip] as unknown as readonly Chip[];
const instances = [logHeightFor(KECCAK_ROUNDS), round.logHeight].map((logHeight, chip) => ({ chip, logHeight }));
const segment = { index: 0, type: 0, entry: { pc: 0, fp: 0 }, exit: { pc: 0, fp: 0, clock: 1 }, instances };
const block: BlockStatement = { claim: new Uint32Array(0), segments: [segment] };
const machine: Machine = {
  name: 'one call',
  profile: 'P100',
  chips: CHIPS,
  logRows: 6,
  fixedSlots: [],
  fixedCapLog: 0,
  wholeType: 1,
  publics: () => ({}),
  localMessages: () => [
    { bus: KECCAK_CHAIN, message: [0, 7, 0, ...limbs(new Uint8Array(before.buffer))], count: 1 },
    { bus: KECCAK_CHAIN, message: [0, 7, KECCAK_ROUNDS, ...limbs(after)], count: -1 },
  ],
  globalMessages: () => [],
  checkShape: () => undefined,
};
const context: SegmentContext = {
  vk: { machine, digest: new Uint8Array(32), fixedCap: new Uint32Array(8) },
  block,
  segment,
  before: new Uint8Array(32),
  after: new Uint8Array(32),
  globalSeed: new Uint8Array(32),
  global: logupChallenges(randomExt(random), randomExt(random), 128),
  hasOwnTree: true,
};

const width = keccakRound.compiled.columns.length;
const call = new Uint32Array(KECCAK_CALL_WORDS);
call.set([0, 7, ...before]);
const rows = new Uint32Array(2 ** instances[0]!.logHeight * width);
new RowFiller(keccakRoundRows()).fill({ words: roundRecords(call) }, 0, KECCAK_ROUNDS, rows);
const table = new Uint32Array(2 ** round.logHeight * round.chip.compiled.columns.length);
round.fill([Uint32Array.from({ length: 2 ** round.logHeight }, (_, r) => (r < KECCAK_ROUNDS ? 1 : 0))], table);
const trace: readonly Instance[] = [rows, table].map((cells, i) => ({
  chip: CHIPS[i]!.compiled,
  logHeight: instances[i]!.logHeight,
  rows: cells,
}));

const changed = (wanted: Label, at: number) => (label: Label, xs: readonly Ext[]) =>
  label === wanted ? xs.map((x, i) => (i === at ? Fp5.add(x, Fp5.ONE) : x)) : xs;

/** What the verifier says of a segment that is proven on a backend, with what is sent changed. */
async function verdict(lie = honest, backend: Backend = createReferenceBackend()): Promise<string> {
  const prover = new LyingTranscript(lie);
  await proveSegment(backend, prover, context, await placeTables(backend, machine, segment, trace));
  const verdicts = ALL_KERNELS.map((kernels) => {
    try {
      verifySegment(kernels, new VerifierTranscript(prover.bytes(), undefined, kernels.hashMany), context);
      return 'accepted';
    } catch (error) {
      if (error instanceof Rejection) return `${error.stage}/${error.code}`;
      throw error;
    }
  });
  for (const other of verdicts) assert.equal(other, verdicts[0]);
  return verdicts[0]!;
}

test('one Keccak call with its lanes opened by cells → accepted', async () => {
  assert.equal(await verdict(), 'accepted');
});

test('rejects a changed round over the slices, cell of a lane, and value of a plain column → zerocheck/sliceValue', async () => {
  assert.equal(await verdict(changed('sliceRound', 2)), 'zerocheck/sliceValue');
  assert.equal(await verdict(changed('sliceCells', 0)), 'zerocheck/sliceValue');
  assert.equal(await verdict(changed('sliceCells', 58)), 'zerocheck/sliceValue');
  assert.equal(await verdict(changed('openings', 5)), 'zerocheck/sliceValue');
});

/** A backend that commits to a table in which two columns of the first instance have changed places. */
function committingOther(one: number, other: number): Backend {
  const backend = createReferenceBackend();
  const swap = (column: number): number => (column === one ? other : column === other ? one : column);
  return {
    ...backend,
    commit: (columns, shape) => {
      const { matrix } = columns.find((c) => c.column === one)!;
      return backend.commit(
        columns.map((c) => (c.matrix === matrix ? { ...c, column: swap(c.column) } : c)),
        shape,
      );
    },
  };
}

test('rejects other lanes committed than proven: bits of one lane exchanged, and bits of two at one place', async () => {
  const { lanes } = keccakRound.compiled.slices!;
  for (const [one, other] of [
    [lanes[0]! + 3, lanes[0]! + 4],
    [lanes[13]! + 63, lanes[13]!],
    [lanes[24]! + 17, lanes[12]! + 17],
    [lanes[25]! + 1, lanes[29]! + 1],
    [lanes[27]! + 31, lanes[27]! + 32],
  ] as const)
    assert.match(await verdict(honest, committingOther(one, other)), /^whir\//, `columns ${one} and ${other}`);
});
