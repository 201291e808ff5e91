import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MachineShape } from '../../../client/prover/machine/zkvm.ts';
import type { Machine } from '../../../client/prover/protocol/machine.ts';
import { ACCEPTED_KEYS } from '../../../client/prover/verifier/accepted-keys.ts';
import { acceptedKey, keyDigest } from '../../../client/prover/verifier/key.ts';
import { toyMachine } from '../../support/toy/machine.ts';

const machine = toyMachine('P100');
const shape: MachineShape = {
  entry: { pc: 2, fp: 0 },
  zones: [{ space: 1, kind: 0, from: 0, to: 64 }],
  programLogHeight: 5,
  dataLogHeight: 4,
  memoryPages: 1,
};
const cap = Uint32Array.from({ length: 64 }, (_, k) => k);

test('a key’s digest → moves with everything that the verifier takes from it', () => {
  const digest = (m: Partial<Machine>, s: Partial<MachineShape> = {}, c: Uint32Array = cap): string =>
    keyDigest({ ...machine, ...m }, { ...shape, ...s }, c).join();
  const [first, second, ...rest] = machine.chips as [Machine['chips'][number], Machine['chips'][number]];
  const { compiled } = first;
  const withChip = (change: Partial<typeof compiled>): Partial<Machine> => ({
    chips: [{ ...first, compiled: { ...compiled, ...change } }, second, ...rest],
  });
  const [slot, ...slots] = machine.fixedSlots as [Machine['fixedSlots'][number]];
  const all = {
    'as it is': digest({}),
    profile: digest({ profile: 'P128' }),
    name: digest({ name: 'another' }),
    'rows of its trees': digest({ logRows: 7 }),
    'type of a whole block': digest({ wholeType: 0 }),
    'order of chips': digest({ chips: [second, first, ...rest] }),
    'a chip less': digest({ chips: [first, second] }),
    'a constraint less': digest(withChip({ constraints: compiled.constraints.slice(1) })),
    'a message less': digest(withChip({ interactions: compiled.interactions.slice(1) })),
    'a message on another bus': digest(
      withChip({
        interactions: compiled.interactions.map((i) => ({ ...i, bus: { ...i.bus, index: i.bus.index + 9 } })),
      }),
    ),
    'a message that may come more often': digest(
      withChip({ interactions: compiled.interactions.map((i) => ({ ...i, maxPerRow: 2 })) }),
    ),
    'messages the other way': digest(
      withChip({ interactions: compiled.interactions.map((i) => ({ ...i, direction: 'receive' as const })) }),
    ),
    'columns of another tree': digest(
      withChip({ columns: compiled.columns.map((c) => ({ ...c, tree: 'interface' as const })) }),
    ),
    degree: digest(withChip({ maxDegree: compiled.maxDegree + 1 })),
    'place of a fixed column': digest({ fixedSlots: [{ ...slot, offset: slot.offset + 64 }, ...slots] }),
    'commitment to the fixed columns': digest({}, {}, cap.with(63, 0)),
    'entry pc': digest({}, { entry: { pc: 3, fp: 0 } }),
    'entry frame': digest({}, { entry: { pc: 2, fp: 1 } }),
    'end of a zone': digest({}, { zones: [{ ...shape.zones[0]!, to: 65 }] }),
    'kind of a zone': digest({}, { zones: [{ ...shape.zones[0]!, kind: 1 }] }),
    'height of the program table': digest({}, { programLogHeight: 6 }),
    'height of the data table': digest({}, { dataLogHeight: 5 }),
    'size of memory': digest({}, { memoryPages: 2 }),
  };
  const names = Object.entries(all);
  for (const [name, d] of names)
    for (const [other, e] of names) if (name !== other) assert.notEqual(d, e, `${name}, ${other}`);
});

test('rejects key data of which any part was changed', () => {
  const [data] = ACCEPTED_KEYS as [(typeof ACCEPTED_KEYS)[number]];
  const other = data.fixedCap.startsWith('A') ? 'B' : 'A';
  for (const change of [
    { profile: data.profile === 'P100' ? ('P128' as const) : ('P100' as const) },
    { shape: { ...data.shape, memoryPages: data.shape.memoryPages - 1 } },
    { shape: { ...data.shape, zones: data.shape.zones.slice(1) } },
    { fixedCap: other + data.fixedCap.slice(1) },
    { digest: data.digest.replace(/^./, (c) => (c === '0' ? '1' : '0')) },
  ])
    assert.throws(() => acceptedKey({ ...data, ...change }), { name: 'RangeError', message: /another build/ });
});
