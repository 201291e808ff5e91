/** What the verifier demands of a block before it looks at a proof. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CompiledChip } from '../../client/prover/air/dag.ts';
import { cutBlock } from '../../client/prover/engine/block-segments.ts';
import { P } from '../../client/prover/field/fp.ts';
import { wordsFromBytes } from '../../client/prover/hash/blake3.ts';
import { SegmentType } from '../../client/prover/machine/segment-types.ts';
import { buildZkVm } from '../../client/prover/machine/zkvm.ts';
import { overflowingBus } from '../../client/prover/protocol/bounds.ts';
import type { Machine, SegmentStatement } from '../../client/prover/protocol/machine.ts';
import { decodeModule } from '../../client/prover/vm/decode.ts';
import { MAX_SLOTS } from '../../client/prover/vm/execute.ts';
import { fastProgram } from '../../client/prover/vm/fast/program.ts';
import { lower } from '../../client/prover/vm/lower.ts';
import { EVERYTHING, INPUT } from '../support/every-access-module.ts';
import { boundary, honestToy, range, step, toyKey, toyMachine } from '../support/toy/machine.ts';
import { verdictOf } from '../support/verdict.ts';

const program = lower(decodeModule(EVERYTHING));
const vm = buildZkVm(program, 'P100', MAX_SLOTS);
const cut = cutBlock(vm, fastProgram(program, vm.rowTypes), INPUT, { rows: 350 });
assert.ok(cut.ok);
const { statements, publicValues } = cut.block;
const claim = wordsFromBytes(publicValues);
const LAST = statements.length - 1;

const broken = (segments: readonly SegmentStatement[]): string | undefined =>
  vm.machine.checkShape({ claim, segments });
/** The block with one segment changed. */
const changed = (at: number, change: Partial<SegmentStatement>): SegmentStatement[] =>
  statements.map((s, j) => (j === at ? { ...s, ...change } : s));
type Placed = SegmentStatement['instances'][number];
const inOrder = (instances: readonly Placed[]): Placed[] =>
  instances.toSorted((a, b) => a.chip - b.chip || b.logHeight - a.logHeight);
const withTables = (at: number, change: (instances: readonly Placed[]) => Placed[]): SegmentStatement[] =>
  changed(at, { instances: change(statements[at]!.instances) });
const table = (id: string, logHeight: number): Placed => ({ chip: vm.numberOf(id), logHeight });
const isPair = ({ chip }: Placed): boolean => chip === vm.numberOf('pair');

describe('the shape of a block in segments', () => {
  test('of an honest run → accepted', () => {
    assert.equal(broken(statements), undefined);
    assert.ok(LAST > 2 && statements[LAST]!.type === SegmentType.MEMORY);
  });

  const { entry, exit } = statements[1]!;
  const cases: readonly (readonly [string, readonly SegmentStatement[], RegExp])[] = [
    ['no segment', [], /at least one segment/],
    ['an entry that is not the program’s', changed(0, { entry: { ...entry, pc: entry.pc + 1 } }), /does not start/],
    ['a first frame elsewhere', changed(0, { entry: { ...statements[0]!.entry, fp: 1 } }), /does not start/],
    [
      'a segment that starts elsewhere than the one before ended',
      changed(1, { entry: { ...entry, fp: 7 } }),
      /does not/,
    ],
    [
      'a segment that ends elsewhere than the next one starts',
      changed(1, { exit: { ...exit, pc: 9 } }),
      /does not start/,
    ],
    ['the first segment alone', statements.slice(0, 1), /does not end at HALT/],
    ['a segment dropped', statements.filter((_, j) => j !== 1), /has index 2/],
    ['a segment twice', [statements[0]!, ...statements], /has index 0/],
    ['two segments exchanged', [statements[1]!, statements[0]!, ...statements.slice(2)], /has index 1/],
    ['a type that is none', changed(1, { type: 4 }), /no segment type 4/],
    ['instructions in the memory table’s segment', changed(0, { type: SegmentType.MEMORY }), /hold no table/],
    [
      'the memory table in a segment of instructions',
      changed(LAST, { type: SegmentType.INSTRUCTIONS }),
      /hold no table/,
    ],
    ['tables out of order', withTables(0, (own) => own.toReversed()), /out of order/],
    [
      'a lower table before a taller one',
      withTables(0, (own) => [{ ...own[0]!, logHeight: 4 }, { ...own[0]!, logHeight: 5 }, ...own.slice(1)]),
      /out of order/,
    ],
    ['a table of 2^23 rows', withTables(0, (own) => inOrder([...own, table('refresh', 23)])), /more than 2\^22 rows/],
    ['no range table', withTables(0, (own) => own.filter((i) => !isPair(i))), /not there once/],
    ['the range table twice', withTables(0, (own) => own.flatMap((i) => (isPair(i) ? [i, i] : [i]))), /not there once/],
    [
      'a range table of twice the rows',
      withTables(0, (own) => own.map((i) => (isPair(i) ? { ...i, logHeight: i.logHeight + 1 } : i))),
      /not there once/,
    ],
    [
      'rows whose clocks could wrap around',
      withTables(0, (own) => inOrder([...own, ...[1, 2, 3].map(() => table('ec_msm', 22))])),
      /the clock may reach/,
    ],
    ['a final clock of 2^29', changed(0, { exit: { ...statements[0]!.exit, clock: 2 ** 29 } }), /the final clock/],
  ];
  for (const [name, segments, by] of cases)
    test(`rejects ${name}`, () => {
      assert.match(broken(segments) ?? 'accepted', by);
    });
});

test('public values → bound in the one segment that ends at HALT without having started there', () => {
  const bound = statements.map((s) =>
    vm.machine.localMessages({ claim, segments: statements }, s).filter((m) => m.bus.id === 'PUBLIC'),
  );
  assert.equal(bound.flat().length, 1);
  assert.deepEqual(
    bound.flat()[0]!.message,
    Array.from(claim).flatMap((w) => [w & 0xffff, w >>> 16]),
  );
});

describe('messages that could wrap around P', () => {
  const rows = (chip: CompiledChip, logHeight: number) => ({ chip, logHeight });

  test('P − 1 messages on a bus → none; P → its name', () => {
    const shapes = [rows(step.compiled, 30)];
    assert.equal(overflowingBus(shapes, 'local', P - 1 - 2 ** 30), undefined);
    assert.equal(overflowingBus(shapes, 'local', P - 2 ** 30), 'RANGE');
    assert.equal(overflowingBus([...shapes, rows(step.compiled, 29)], 'local', 0), undefined);
    assert.equal(overflowingBus([...shapes, ...shapes], 'local', 0), 'RANGE');
  });

  test('multiplicities of a lookup’s provider → not counted; messages of the other scope neither', () => {
    assert.equal(overflowingBus([rows(range.compiled, 24)], 'local', 0), undefined);
    assert.equal(overflowingBus([rows(boundary.compiled, 30), rows(boundary.compiled, 30)], 'local', 0), 'CELL');
    assert.equal(overflowingBus([rows(boundary.compiled, 30), rows(boundary.compiled, 30)], 'global', 0), 'CHAIN');
    assert.equal(overflowingBus([rows(step.compiled, 30), rows(step.compiled, 30)], 'global', 0), undefined);
  });

  test('a key whose rows may send so much, on a local bus or a global one → shape/busOverflow', async () => {
    const { vk, prove } = await toyKey('P100');
    const { block, traces } = honestToy();
    const proof = await prove(block, traces);
    assert.equal(verdictOf(vk, block, proof), 'accepted');
    const most = (chip: Machine['chips'][number], scope: 'local' | 'global'): Machine['chips'][number] => ({
      ...chip,
      compiled: {
        ...chip.compiled,
        interactions: chip.compiled.interactions.map((i) => (i.bus.scope === scope ? { ...i, maxPerRow: 2 ** 28 } : i)),
      },
    });
    for (const [at, scope] of [
      [0, 'local'],
      [3, 'global'],
    ] as const) {
      const machine: Machine = toyMachine('P100');
      const chips = machine.chips.map((chip, k) => (k === at ? most(chip, scope) : chip));
      assert.equal(verdictOf({ ...vk, machine: { ...machine, chips } }, block, proof), 'shape/busOverflow', scope);
    }
  });
});
