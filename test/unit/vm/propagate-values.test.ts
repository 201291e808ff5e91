import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FunctionType, ValueType } from '../../../client/prover/vm/decode.ts';
import type { Code, Label } from '../../../client/prover/vm/lowered-code.ts';
import { propagateValues } from '../../../client/prover/vm/propagate-values.ts';
import { removeDeadCode } from '../../../client/prover/vm/remove-dead-code.ts';

/** One result and one parameter of type i32, for calls and returns. */
const TYPE: FunctionType = { params: [ValueType.i32], results: [ValueType.i32] };
const typeOf = (): FunctionType => TYPE;
const FRAME = 40;

const simplified = (code: readonly Code[]): Code[] =>
  removeDeadCode(propagateValues(code, typeOf, FRAME), typeOf, FRAME);
const set = (slot: number, constant: bigint): Code => ({ op: 'const32', writes: [slot], reads: [], constant });
const mov = (to: number, from: number): Code => ({ op: 'mov32', writes: [to], reads: [from] });
const binary = (op: Code['op'], to: number, a: number, b: number): Code => ({ op, writes: [to], reads: [a, b] });
const ret: Code = { op: 'return', writes: [], reads: [] };
const text = (code: readonly Code[]): string[] =>
  code.map((c) => `${c.op} ${c.writes}←${c.reads} ${c.constant ?? ''} ${c.target?.position ?? ''}`.trim());

test('an amount that is one constant on all ways → in the instruction, and its slot is not written', () => {
  assert.deepEqual(text(simplified([set(5, 7n), binary('rotr32', 0, 3, 5), ret])), ['rotl32i 0←3 25', 'return ←']);
});

test('two constants meet where two ways meet → the operand stays a slot', () => {
  const join: Label = { position: 3 };
  const code: Code[] = [
    set(5, 7n),
    { op: 'brNonZero32', writes: [], reads: [1], target: join },
    set(5, 8n),
    binary('add32r', 0, 3, 5),
    ret,
  ];
  assert.deepEqual(text(simplified(code))[3], 'add32r 0←3,5');
});

test('a constant that its loop changes → the operand stays a slot', () => {
  const head: Label = { position: 1 };
  const code: Code[] = [
    set(5, 0n),
    binary('add32r', 0, 3, 5),
    { op: 'add32i', writes: [5], reads: [5], constant: 1n },
    { op: 'brNonZero32', writes: [], reads: [0], target: head },
    ret,
  ];
  assert.deepEqual(text(simplified(code)), text(code));
});

test('a copy → its readers read the original until that changes', () => {
  const code: Code[] = [mov(5, 3), binary('add32r', 0, 5, 5), set(3, 1n), binary('xor32r', 0, 0, 5), ret];
  assert.deepEqual(text(simplified(code)), ['mov32 5←3', 'add32r 0←3,3', 'xor32r 0←0,5', 'return ←']);
});

test('a call → knows nothing afterwards of slots in the callee’s frame, and reads its parameters', () => {
  const code: Code[] = [
    set(2, 9n),
    set(10, 4n),
    set(11, 5n),
    { op: 'call', writes: [], reads: [], callee: 0, frame: 10 },
    binary('add32r', 0, 10, 11),
    binary('add32r', 0, 0, 2),
    ret,
  ];
  assert.deepEqual(text(simplified(code)), ['const32 10← 4', 'call ←', 'add32r 0←10,11', 'add32i 0←0 9', 'return ←']);
});

test('widths of one slot → are two slots', () => {
  const wide: Code = { op: 'const64', writes: [5], reads: [], constant: 1n };
  const code: Code[] = [set(5, 7n), wide, binary('add32r', 0, 3, 5), ret];
  assert.deepEqual(text(simplified(code)), ['add32i 0←3 7', 'return ←']);
});

test('branches on constants → constant forms, and on zero the short ones', () => {
  const end: Label = { position: 4 };
  const code: Code[] = [
    set(5, 0n),
    { op: 'brEq32r', writes: [], reads: [3, 5], target: end },
    { op: 'brLtU32r', writes: [], reads: [3, 5], target: end },
    set(0, 1n),
    ret,
  ];
  assert.deepEqual(text(simplified(code)).slice(0, 2), ['brZero32 ←3  3', 'brLtU32i ←3 0 3']);
});

test('a constant below → the mirrored comparison, except where that would overflow', () => {
  assert.deepEqual(text(simplified([set(5, 7n), binary('ltU32r', 0, 5, 3), ret]))[0], 'geU32i 0←3 8');
  assert.deepEqual(text(simplified([set(5, -1n), binary('ltU32r', 0, 5, 3), ret]))[1], 'ltU32r 0←5,3');
});

test('what can trap or touches memory and nobody reads → stays', () => {
  const load: Code = { op: 'load32', writes: [5], reads: [3], offset: 0 };
  const code = [load, binary('divU32', 6, 3, 4), binary('mul32', 7, 3, 4), ret];
  assert.deepEqual(text(simplified(code)), ['load32 5←3', 'divU32 6←3,4', 'return ←']);
});

test('slots that a resumable instruction counts down → are its own', () => {
  const copy: Code = { op: 'copy', writes: [5, 6, 7], reads: [5, 6, 7] };
  const code: Code[] = [mov(5, 1), mov(6, 2), set(7, 8n), copy, binary('add32r', 0, 5, 7), ret];
  assert.deepEqual(text(simplified(code)), text(code));
});
