import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { INSTRUCTIONS, instruction, OP_NAMES } from '../../../client/prover/vm/isa.ts';
import { repoRoot } from '../../support/data.ts';

const EXECUTOR = join(repoRoot(), 'client/prover/vm/execute.ts');

test('numbers of instructions → all different, in one byte, none of them 255', () => {
  const numbers = OP_NAMES.map((name) => INSTRUCTIONS[name].op);
  assert.equal(new Set(numbers).size, numbers.length);
  // 255 is the row type of the function table.
  assert.ok(numbers.every((n) => n > 0 && n < 255));
});

test('clock advance → the accesses of the longest row, and 1 where there are none', () => {
  const cells = {
    ...{ keccakF: 25, halt: 18, copy: 8, fill: 1, inputRead: 1, mulmod256: 20, advice: 14, ecMsm: 48 },
    ...{ call: 1, callIndirect: 1, return: 1 },
  } as Readonly<Record<string, number>>;
  for (const name of OP_NAMES) {
    const { reads, writes, memoryBytes, advance } = instruction(name);
    const accesses = reads.length + writes.length + (memoryBytes > 0 ? 2 : (cells[name] ?? 0));
    assert.equal(advance, Math.max(1, accesses), name);
  }
});

test('instructions of one chip → one clock advance', () => {
  const advances = new Map<string, number>();
  for (const name of OP_NAMES) {
    const { chip, advance } = instruction(name);
    assert.equal(advance, advances.get(chip) ?? advance, name);
    advances.set(chip, advance);
  }
});

// V8 makes a jump table only of literal cases, so the executor's switch repeats the numbers beside the names.
test('cases of the executor → every instruction once, under its number', () => {
  const source = readFileSync(EXECUTOR, 'utf8');
  const cases = [...source.matchAll(/^ +case (\d+):(?: \{\n)? *\/\/ (\w+)$/gm)].map(([, op, name]) => [
    name,
    Number(op),
  ]);
  assert.equal(cases.length, (source.match(/^ +case /gm) ?? []).length);
  const expected = OP_NAMES.map((name) => [name, INSTRUCTIONS[name].op]);
  const byName = (a: readonly unknown[], b: readonly unknown[]): number => (String(a[0]) < String(b[0]) ? -1 : 1);
  assert.deepEqual(cases.sort(byName), expected.sort(byName));
});
