import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keccakP } from '@noble/hashes/sha3.js';
import { compileNative, runNative } from '../../../client/prover/vm/native.ts';
import { concat, HEADER, s64, section, u32 } from '../../../client/prover/vm/native-bytes.ts';
import { keccakModule } from '../../../client/prover/vm/native-keccak.ts';
import { widen } from '../../../client/prover/vm/widen.ts';
import { seededRandom } from '../../support/random.ts';

const [I32, I64] = [0x7f, 0x7e];
const text = (name: string): number[] => [name.length, ...new TextEncoder().encode(name)];
const vector = (items: readonly (readonly number[])[]): Uint8Array =>
  Uint8Array.from([...u32(items.length), ...items.flat()]);
const body = (code: readonly number[]): number[] => [...u32(code.length + 2), 0, ...code, 0x0b];

/** One exported function per wide instruction: all operands in, both results out. */
function wideModule(): Uint8Array<ArrayBuffer> {
  const types = [
    [0x60, 4, I64, I64, I64, I64, 2, I64, I64],
    [0x60, 2, I64, I64, 2, I64, I64],
  ];
  const operands = (count: number): number[] => Array.from({ length: count }, (_, i) => [0x20, i]).flat();
  const functions = [19, 20, 21, 22].map((sub) => body([...operands(sub < 21 ? 4 : 2), 0xfc, sub]));
  const names = ['add128', 'sub128', 'mul_wide_s', 'mul_wide_u'];
  return concat([
    Uint8Array.from(HEADER),
    ...section(1, [vector(types)]),
    ...section(3, [vector([[0], [0], [1], [1]])]),
    ...section(7, [vector(names.map((name, i) => [...text(name), 0, i]))]),
    ...section(10, [vector(functions)]),
  ]);
}

type Wide = (...operands: bigint[]) => [bigint, bigint];

describe('wide arithmetic for V8', () => {
  const MASK = (1n << 64n) - 1n;
  const EDGES = [0n, 1n, 2n, 0xffffffffn, 0x100000000n, 1n << 63n, (1n << 63n) - 1n, MASK - 1n, MASK];
  const random = seededRandom(7);
  const words = [...EDGES, ...Array.from({ length: 24 }, () => (BigInt(random()) << 32n) | BigInt(random()))];

  test('every instruction gives what BigInt gives', () => {
    const { bytes, rewritten } = widen(wideModule());
    assert.equal(rewritten, 4);
    const exported = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as Record<string, Wide>;
    const check = (name: string, operands: readonly bigint[], expected: bigint): void => {
      const pair = exported[name]?.(...operands.map((x) => BigInt.asIntN(64, x))) ?? [];
      const [low, high] = pair.map((x) => BigInt.asUintN(64, x));
      assert.equal((high ?? 0n) * (MASK + 1n) + (low ?? 0n), BigInt.asUintN(128, expected), `${name} ${operands}`);
    };
    for (const a of words) {
      for (const b of words) {
        check('mul_wide_u', [a, b], a * b);
        check('mul_wide_s', [a, b], BigInt.asIntN(64, a) * BigInt.asIntN(64, b));
        const [high, other] = [words[Number(a % 31n)] ?? 0n, words[Number(b % 29n)] ?? 0n];
        check('add128', [a, high, b, other], a + (high << 64n) + b + (other << 64n));
        check('sub128', [a, high, b, other], a + (high << 64n) - b - (other << 64n));
      }
    }
  });

  test('nothing else changes, and the same bytes come out twice', () => {
    const once = widen(wideModule()).bytes;
    assert.deepEqual(widen(wideModule()).bytes, once);
    assert.equal(widen(once).rewritten, 0);
  });

  test('rejects what is no module, cut short, or of another proposal', () => {
    assert.throws(() => widen(Uint8Array.of(1, 2, 3)), { code: 'notWasm' });
    assert.throws(() => widen(wideModule().slice(0, -4)), { code: 'notWasm' });
    const simd = concat([
      Uint8Array.from(HEADER),
      ...section(1, [vector([[0x60, 0, 0]])]),
      ...section(3, [vector([[0]])]),
      ...section(10, [vector([body([0xfd, 0x0c])])]),
    ]);
    assert.throws(() => widen(simd), { code: 'opcodeUnsupported' });
  });
});

describe('native Keccak-f', () => {
  test('permutes the state as the reference does', () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const instance = new WebAssembly.Instance(new WebAssembly.Module(keccakModule()), {
      guest: { memory, unaligned: () => {} },
    });
    const permute = instance.exports.keccak_f as (pointer: number) => void;
    const lanes = new BigUint64Array(memory.buffer, 64, 25);
    const expected = new Uint32Array(50);
    for (let round = 0; round < 3; round++) {
      permute(64);
      keccakP(expected);
      assert.deepEqual(new Uint32Array(memory.buffer, 64, 50), expected);
    }
    assert.notEqual(lanes[0], 0n);
  });
});

/** A guest whose `main` is the given code over the host functions `input_size`, `input_read`, `halt`, `fail`. */
function guest(code: readonly number[], name = 'halt'): Uint8Array<ArrayBuffer> {
  const imported = (field: string, type: number): number[] => [...text('zkvm'), ...text(field), 0, type];
  const types = [
    [0x60, 0, 0],
    [0x60, 0, 1, I32],
    [0x60, 2, I32, I32, 0],
    [0x60, 1, I32, 0],
    [0x60, 3, I32, I32, I32, 0],
  ];
  const imports = [imported('input_size', 1), imported('input_read', 2), imported(name, 3), imported('fail', 4)];
  return concat([
    Uint8Array.from(HEADER),
    ...section(1, [vector(types)]),
    ...section(2, [vector(imports)]),
    ...section(3, [vector([[0]])]),
    ...section(5, [vector([[1, 1, 1]])]),
    ...section(7, [
      vector([
        [...text('main'), 0, 4],
        [...text('memory'), 2, 0],
      ]),
    ]),
    ...section(10, [vector([body(code)])]),
  ]);
}
const i32 = (value: number): number[] => [0x41, ...s64(BigInt(value))];
const [INPUT_SIZE, INPUT_READ, HALT, FAIL] = [0, 1, 2, 3].map((i) => [0x10, i]) as [
  number[],
  number[],
  number[],
  number[],
];

describe('native run', () => {
  const run = async (code: readonly number[], input: Uint8Array) => runNative(await compileNative(guest(code)), input);

  test('input is read in order and halt exposes 144 bytes', async () => {
    const input = Uint8Array.from({ length: 152 }, (_, i) => i);
    const code = [...i32(64), ...i32(8), ...INPUT_READ, ...i32(128), ...INPUT_SIZE, ...i32(8), 0x6b, ...INPUT_READ];
    const result = await run([...code, ...i32(128), ...HALT], input);
    assert.ok(result.ok);
    assert.deepEqual(result.publicValues, input.slice(8));
  });

  test('fail gives code and text', async () => {
    const input = new Uint8Array(Buffer.from('why not?'));
    const result = await run([...i32(8), ...i32(8), ...INPUT_READ, ...i32(7), ...i32(8), ...i32(8), ...FAIL], input);
    assert.ok(!result.ok);
    assert.deepEqual([result.code, result.reason], [7, 'why not?']);
  });

  const traps: readonly (readonly [string, readonly number[], RegExp])[] = [
    ['rejects reading past the end', [...i32(0), ...i32(16), ...INPUT_READ], /past the end/],
    ['rejects reading part of a word', [...i32(0), ...i32(4), ...INPUT_READ], /past the end/],
    ['rejects an unaligned pointer', [...i32(4), ...HALT], /multiple of 8/],
    ['rejects public values outside memory', [...i32(65536 - 136), ...HALT], /./],
    ['rejects a trap', [0x00], /unreachable/],
    ['rejects a return without halt', [0x01], /without halt/],
  ];
  for (const [name, code, reason] of traps) {
    test(name, async () => {
      const result = await run(code, new Uint8Array(8));
      assert.ok(!result.ok);
      assert.equal(result.code, 0);
      assert.match(result.reason, reason);
    });
  }

  test('rejects a module that imports an unknown host function', async () => {
    await assert.rejects(compileNative(guest([0x01], 'oracle')), { code: 'importUnknown' });
  });
});
