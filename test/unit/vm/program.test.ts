import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { decodeModule } from '../../../client/prover/vm/decode.ts';
import { lower } from '../../../client/prover/vm/lower.ts';
import { type Program, programDigest } from '../../../client/prover/vm/program.ts';
import { hexOf } from '../../support/bytes.ts';

/** Regenerate with `UPDATE_GOLDEN=1 npx tsx --test test/unit/vm/program.test.ts` after a change of guest or lowering. */
const GOLDEN = new URL('../../golden/program-digest.json', import.meta.url);
const GUEST = new URL('../../../client/prover/guest/guest.wasm', import.meta.url);

const guest = (): Program => lower(decodeModule(readFileSync(GUEST)));

test('guest.wasm lowered → the program whose digest is in test/golden/program-digest.json', () => {
  const program = guest();
  const actual = { digest: hexOf(programDigest(program)), instructions: program.code.length };
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(GOLDEN, `${JSON.stringify(actual, null, 2)}\n`);
  assert.deepEqual(actual, JSON.parse(readFileSync(GOLDEN, 'utf8')));
});

test('guest.wasm lowered twice → the same digest', () => {
  assert.equal(hexOf(programDigest(guest())), hexOf(programDigest(guest())));
});

test('any part of a program changed → another digest', () => {
  const program = guest();
  const honest = hexOf(programDigest(program));
  const [first, ...rest] = program.code;
  const [data, ...otherData] = program.data;
  const [size, ...sizes] = [...program.frameSizes];
  const globals = program.globals.map((g, k) => (k === 0 ? { ...g, value: g.value + 1n } : g));
  const table = program.table.map((t, k) => (k === program.table.length - 1 ? undefined : t));
  const bytes = data!.bytes.map((b, k) => (k === 0 ? b ^ 1 : b));
  const changes: readonly Partial<Program>[] = [
    { code: rest },
    { code: [{ ...first!, constant: first!.constant + 1n }, ...rest] },
    { code: [{ ...first!, writes: [99] }, ...rest] },
    { code: [{ ...first!, reads: [99] }, ...rest] },
    { code: [{ ...first!, offset: 99 }, ...rest] },
    { code: [{ ...first!, target: 99 }, ...rest] },
    { code: [{ ...first!, targets: [99] }, ...rest] },
    { code: [{ ...first!, frame: 99 }, ...rest] },
    { code: [{ ...first!, type: 99 }, ...rest] },
    { globals },
    { table },
    { data: otherData },
    { data: [{ ...data!, bytes }, ...otherData] },
    { data: [{ ...data!, offset: data!.offset + 8 }, ...otherData] },
    { memoryBytes: program.memoryBytes + 65_536 },
    { entry: { ...program.entry, pc: 99 } },
    { entry: { ...program.entry, fp: 99 } },
    { frameSizes: new Map([[size![0], size![1] + 1], ...sizes]) },
  ];
  for (const change of changes) {
    assert.notEqual(hexOf(programDigest({ ...program, ...change })), honest, Object.keys(change).join());
  }
});

test('what only profiles and tests read changed → the same digest', () => {
  const program = guest();
  const changed = { ...program, functions: [], exports: new Map(), floats: 0 };
  assert.equal(hexOf(programDigest(changed)), hexOf(programDigest(program)));
});
