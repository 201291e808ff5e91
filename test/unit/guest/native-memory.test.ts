import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { encodeGuestInput } from '../../../client/prover/guest/input.ts';
import { loadGuest } from '../../../client/prover/guest/load.ts';
import { compileNative, type NativeModule, type NativeResult, runNative } from '../../../client/prover/vm/native.ts';
import { importMemory, likelyPages, ReusedMemory } from '../../../client/prover/vm/native-memory.ts';
import { needsData } from '../../support/data.ts';
import { guestInputOf, realBlock } from '../../support/real-blocks.ts';
import { call, I64, i32, i64, type ModuleParts, wasmModule } from '../../support/wasm-module.ts';

const [LOAD32, STORE32, STORE64, ADD32] = [0x28, 0x36, 0x37, 0x6a];
const load = (at: number): number[] => [...i32(at), LOAD32, 2, 0];
const store = (at: number, value: readonly number[]): number[] => [...i32(at), ...value, STORE32, 2, 0];
const [IF, VOID, END, DROP, UNREACHABLE] = [0x04, 0x40, 0x0b, 0x1a, 0x00];
const [MEMORY_SIZE, MEMORY_GROW, GLOBAL_GET, GLOBAL_SET] = [
  [0x3f, 0],
  [0x40, 0],
  [0x23, 0],
  [0x24, 0],
];
const PAGE = 65536;
const HOSTS = ['input_size', 'input_read', 'halt', 'keccak_f'] as const;
const [INPUT_READ, HALT, KECCAK] = [call(1), call(2), call(3)];

/** `main` is the code, after it has read two words of input to addresses 8 and 16. */
const guest = (code: readonly number[], parts: Partial<ModuleParts> = {}): Uint8Array<ArrayBuffer> =>
  wasmModule({
    hosts: HOSTS,
    pages: 1024,
    globals: [[I64, 5n]],
    data: [{ offset: 24, bytes: [1, 2, 3, 4] }],
    functions: [{ name: 'main', code: [...i32(8), ...i32(16), ...INPUT_READ, ...code] }],
    ...parts,
  });
const inputOf = (...words: readonly bigint[]): Uint8Array => new Uint8Array(BigUint64Array.from(words).buffer);
const withoutTime = ({ ms: _, ...result }: NativeResult) => result;
/** What an instance gives that nothing ran in before. */
const fresh = (module: NativeModule, input: Uint8Array) =>
  withoutTime(runNative({ ...module, memory: new ReusedMemory() }, input));
const wordsOf = (result: NativeResult): readonly number[] => {
  assert.ok(result.ok, result.ok ? '' : result.reason);
  return [...new Uint32Array(result.publicValues.buffer, result.publicValues.byteOffset, 36)];
};

describe('native runs one after another', () => {
  /** Writes everywhere and sets the global, then traps, fails past the end or halts as the first word says. */
  const scribble = [
    ...[...i64(99n), ...GLOBAL_SET],
    ...[0, 24, 512, 1024 * 512, 2 * 1024 * 1024 - 8].flatMap((at) => [...i32(at), ...i64(-1n), STORE64, 3, 0]),
    ...[...load(8), ...i32(1), 0x46, IF, VOID, UNREACHABLE, END],
    ...[...load(8), ...i32(2), 0x46, IF, VOID, ...i32(1024 * PAGE), LOAD32, 2, 0, DROP, END],
    ...[...load(8), ...i32(3), 0x46, IF, VOID, ...i32(4), ...KECCAK, END],
  ];
  /** What the run found: words at 0, 24, 512, …, and the global; then it scribbles. */
  const look = [
    ...[24, 512, 1024 * 512, 2 * 1024 * 1024 - 8].flatMap((at, k) => store(1024 + 8 * k, load(at))),
    ...[...i32(1024 + 64), ...GLOBAL_GET, STORE64, 3, 0],
    ...scribble,
    ...[...i32(1024), ...HALT],
  ];

  // With 64 pages the trap happens in the memory that the next run takes, with 1024 the run is made again in all of it.
  for (const pages of [64, 1024]) {
    test(`${pages} pages: a run, traps of each kind, the run again after each → as in instances that nothing ran in`, async () => {
      const module = await compileNative(guest(look, { pages }));
      const first = runNative(module, inputOf(0n, 7n));
      assert.deepEqual(wordsOf(first).slice(0, 18), [0x04030201, ...new Array(15).fill(0), 5, 0]);
      const reasons: string[] = [];
      for (const kind of [0n, 1n, 0n, 2n, 0n, 3n, 0n]) {
        const input = inputOf(kind, 8n);
        const result = withoutTime(runNative(module, input));
        assert.deepEqual(result, fresh(module, input));
        if (result.ok) assert.deepEqual(result.publicValues, first.ok && first.publicValues);
        else reasons.push(result.reason);
      }
      assert.deepEqual(reasons, [
        'trap: unreachable',
        'trap: memory access out of bounds',
        'trap: pointer 4 is not a multiple of 8',
      ]);
    });
  }

  test('inputs of other sizes in between → memory of other sizes, all zero', async () => {
    const module = await compileNative(guest(look));
    const long = (words: number): Uint8Array => new Uint8Array(8 * words);
    const expected = wordsOf(runNative(module, long(2)));
    for (const words of [300_000, 2, 600_000, 600_000, 2])
      assert.deepEqual(wordsOf(runNative(module, long(words))), expected);
  });
});

describe('native run in less memory than the module declares', () => {
  test('memory.size and memory.grow → the declared size, which never grows', async () => {
    const asked = [
      ...store(1024, MEMORY_SIZE!),
      ...store(1028, [...i32(0), ...MEMORY_GROW!]),
      ...store(1032, [...i32(1), ...MEMORY_GROW!]),
      ...store(1036, [...i32(-1), ...MEMORY_GROW!]),
      ...[...i32(1024), ...HALT],
    ];
    const found = wordsOf(runNative(await compileNative(guest(asked)), inputOf(0n, 0n)));
    assert.deepEqual(found.slice(0, 4), [1024, 1024, 0xffffffff, 0xffffffff]);
  });

  test('an access behind it and within what is declared, after reading and writing → made again with all memory', async () => {
    const last = 1024 * PAGE - 8;
    const far = [
      // Counts in memory and in a global: a run that went on from what was there would count twice.
      ...store(1024, [...load(1024), ...i32(1), ADD32]),
      ...[...GLOBAL_GET, ...i64(1n), 0x7c, ...GLOBAL_SET],
      ...store(last, [...load(8), ...load(24), ADD32]),
      ...store(1028, load(last)),
      ...[...i32(1032), ...GLOBAL_GET, STORE64, 3, 0],
      ...[...i32(1024), ...HALT],
    ];
    const module = await compileNative(guest(far));
    for (const n of [7, 8]) {
      assert.deepEqual(wordsOf(runNative(module, inputOf(BigInt(n), 0n))).slice(0, 4), [1, n + 0x04030201, 6, 0]);
    }
  });

  test('data, host calls and public values behind it → the same', async () => {
    const far = 1000 * PAGE;
    const code = [...i32(far), ...KECCAK, ...i32(far), ...HALT];
    const module = await compileNative(guest(code, { data: [{ offset: far, bytes: [1] }] }));
    const near = await compileNative(
      guest([...i32(1024), ...KECCAK, ...i32(1024), ...HALT], { data: [{ offset: 1024, bytes: [1] }] }),
    );
    assert.deepEqual(wordsOf(runNative(module, inputOf(0n, 0n))), wordsOf(runNative(near, inputOf(0n, 0n))));
  });

  test('the module without imports, without memory → valid, with one import of memory', () => {
    const plain = wasmModule({ functions: [{ name: 'main', code: [] }] });
    const { bytes, pages } = importMemory(plain, 'zkvm', 'memory');
    assert.equal(pages, 0);
    const imports = WebAssembly.Module.imports(new WebAssembly.Module(bytes));
    assert.deepEqual(imports, [{ module: 'zkvm', name: 'memory', kind: 'memory' }]);
  });

  test('pages for an input → a power of two below what is declared, or all of it', () => {
    assert.deepEqual([likelyPages(0, 16384), likelyPages(8, 16384), likelyPages(500_000, 16384)], [32, 64, 64]);
    assert.deepEqual([likelyPages(8, 64), likelyPages(8, 1), likelyPages(100_000_000, 16384)], [64, 1, 16384]);
  });
});

describe('native runs of the guest on real blocks', needsData(), () => {
  test('alternating blocks, one that is cut short, inputs that are none → as in instances that nothing ran in', async () => {
    const module = await compileNative(loadGuest().wasm);
    const [a, b] = ['mainnet-2675001', 'mainnet-21429063'].map((name) =>
      encodeGuestInput(guestInputOf(realBlock(name))),
    ) as [Uint8Array, Uint8Array];
    const broken = a.slice(0, a.length - 64);
    for (const input of [a, b, a, broken, a, new Uint8Array(0), b, Uint8Array.of(1, 2, 3), a]) {
      assert.deepEqual(withoutTime(runNative(module, input)), fresh(module, input));
    }
  });
});
