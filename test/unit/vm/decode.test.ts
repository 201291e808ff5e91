import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ClientError } from '../../../client/errors.ts';
import { decodeModule } from '../../../client/prover/vm/decode.ts';
import { lower } from '../../../client/prover/vm/lower.ts';
import { concat, HEADER, readU32, section } from '../../../client/prover/vm/native-bytes.ts';
import { seededRandom } from '../../support/random.ts';
import { call, get, I32, I64, i32, i64, wasmModule } from '../../support/wasm-module.ts';

/** A module with every section of the subset, blocks, branches, calls and memory. */
const SAMPLE = wasmModule({
  hosts: ['halt'],
  pages: 1,
  globals: [[I64, 300n]],
  table: [2, 1],
  data: [{ offset: 16, bytes: [1, 2, 3, 4] }],
  functions: [
    {
      name: 'main',
      locals: [I32, I64],
      code: [
        ...[0x02, 0x40, 0x03, 0x40, ...get(0), ...i32(1), 0x6a, 0x22, 0, ...i32(5), 0x48, 0x0d, 0, 0x0c, 1, 0x0b, 0x0b],
        ...[...i32(7), ...i32(1), 0x11, 2, 0, ...i32(8), 0x36, 2, 0, ...i32(8), 0x29, 3, 0, 0x21, 1],
        ...[0x02, 0x40, 0x02, 0x40, ...get(0), 0x0e, 2, 0, 1, 0, 0x0b, 0x0b, 0x23, 0, 0x1a, ...i64(-9n), 0x24, 0],
        ...[...i32(0), ...i32(8), ...i32(4), 0xfc, 10, 0, 0, ...i32(0), ...call(0)],
      ],
    },
    { params: [I32], results: [I32], code: [...get(0), 0x45, 0x04, I32, ...i32(1), 0x05, ...get(0), 0x0b] },
  ],
});

/** What becomes of a module: nothing, or the error's code. Anything but a ClientError is a crash. */
function outcome(bytes: Uint8Array): { readonly code: string; readonly offset: unknown } | undefined {
  try {
    lower(decodeModule(bytes));
    return undefined;
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    return { code: error.code, offset: error.detail.offset };
  }
}

describe('decoding', () => {
  test('the sample → a program', () => {
    assert.equal(outcome(SAMPLE), undefined);
  });

  test('cut anywhere → an error with an offset inside what is left, unless whole sections are left', () => {
    /** Ends of the sections by id: behind types and imports alone the entry is missing; only data may be. */
    const ends = new Map<number, number>([[0, HEADER.length]]);
    for (let at = HEADER.length; at < SAMPLE.length; ) {
      const reader = { bytes: SAMPLE, position: at + 1 };
      const size = readU32(reader);
      ends.set(SAMPLE[at]!, reader.position + size);
      at = reader.position + size;
    }
    const entryMissing = [0, 1, 2].map((id) => ends.get(id));
    for (let length = 0; length < SAMPLE.length; length++) {
      const error = outcome(SAMPLE.slice(0, length));
      if (length === ends.get(10)) assert.equal(error, undefined);
      else if (entryMissing.includes(length)) assert.equal(error?.code, 'entryMissing');
      else assert.ok(typeof error?.offset === 'number' && error.offset <= length, `cut at ${length}: ${error?.code}`);
    }
  });

  test('any byte changed → a program or a ClientError, never a crash', () => {
    const random = seededRandom(7);
    for (let at = 0; at < SAMPLE.length; at++) {
      for (let k = 0; k < 24; k++) {
        const changed = SAMPLE.slice();
        changed[at] = random() & 255;
        outcome(changed);
      }
    }
  });

  const body = (code: readonly number[]): Uint8Array =>
    wasmModule({ hosts: ['halt'], pages: 1, functions: [{ name: 'main', locals: [I32, I64], code }] });
  const sections = (...parts: readonly (readonly [number, readonly number[]])[]): Uint8Array =>
    concat([Uint8Array.from(HEADER), ...parts.flatMap(([id, content]) => section(id, [Uint8Array.from(content)]))]);

  for (const [name, bytes, code] of [
    ['another magic number', Uint8Array.of(1, 2, 3, 4, 1, 0, 0, 0), 'notAModule'],
    ['another version', Uint8Array.of(0, 0x61, 0x73, 0x6d, 2, 0, 0, 0), 'notAModule'],
    ['an unknown section', sections([13, []]), 'sectionUnknown'],
    ['a section twice', sections([1, [0]], [1, [0]]), 'sectionOrder'],
    ['sections out of order', sections([3, [0]], [1, [0]]), 'sectionOrder'],
    ['bytes behind a section', sections([1, [0, 0]]), 'sectionLength'],
    ['more entries than bytes', sections([1, [200, 1]]), 'moduleTruncated'],
    ['a number of more than 32 bits', sections([1, [0xff, 0xff, 0xff, 0xff, 0x7f]]), 'integerTooLong'],
    ['a vector type', sections([1, [1, 0x60, 1, 0x7b, 0]]), 'typeUnsupported'],
    ['an imported memory', sections([2, [1, 1, 0x61, 1, 0x62, 2, 0, 1]]), 'importUnsupported'],
    ['a function of a type that is missing', sections([3, [1, 4]]), 'indexOutOfRange'],
    ['two memories', sections([5, [2, 0, 1, 0, 1]]), 'memoryUnsupported'],
    ['shared memory', sections([5, [1, 3, 1, 1]]), 'limitsUnsupported'],
    ['mutability 2', sections([6, [1, 0x7f, 2, 0x41, 0, 0x0b]]), 'globalMalformed'],
    ['an export twice', sections([7, [2, 1, 0x61, 0, 0, 1, 0x61, 0, 0]]), 'exportDuplicate'],
    ['a function without body', sections([1, [1, 0x60, 0, 0]], [3, [1, 0]]), 'bodyCount'],
    ['a body without function', sections([10, [1, 2, 0, 0x0b]]), 'bodyCount'],
    ['a passive data segment', sections([11, [1, 1, 0]]), 'dataUnsupported'],
    [
      'a constant expression of two instructions',
      sections([6, [1, 0x7f, 0, 0x41, 0, 0x41, 0, 0x0b]]),
      'constExprUnsupported',
    ],
    ['too few operands', body([...i32(1), 0x6a, 0x1a]), 'typeMismatch'],
    ['an operand of the other width', body([...i64(1n), ...call(0)]), 'typeMismatch'],
    ['a value left over', body([...i32(1)]), 'typeMismatch'],
    ['a vector instruction', body([0xfd, 12]), 'opcodeUnsupported'],
    ['a local that is missing', body([...get(2), 0x1a]), 'indexOutOfRange'],
    ['a branch out of the function', body([0x0c, 7]), 'indexOutOfRange'],
    ['a call of a function that is missing', body([0x10, 9]), 'indexOutOfRange'],
    ['memory.init', body([...i32(0), ...i32(0), ...i32(0), 0xfc, 8, 0, 0]), 'opcodeUnsupported'],
  ] as const) {
    test(`rejects ${name} → ${code}`, () => {
      assert.equal(outcome(bytes)?.code, code);
      assert.equal(typeof outcome(bytes)?.offset, 'number');
    });
  }

  for (const [name, bytes, code] of [
    ['no entry', sections([1, [0]]), 'entryMissing'],
    [
      'a start function',
      sections([1, [1, 0x60, 0, 0]], [3, [1, 0]], [8, [0]], [10, [1, 2, 0, 0x0b]]),
      'startUnsupported',
    ],
    ['more memory than 2^30 bytes', sections([5, [1, 0, 0x81, 0x80, 1]]), 'memoryTooLarge'],
    ['a foreign import', sections([1, [1, 0x60, 0, 0]], [2, [1, 1, 0x61, 1, 0x62, 0, 0]]), 'importUnknown'],
    [
      'data outside memory',
      wasmModule({
        pages: 1,
        functions: [{ name: 'main', code: [] }],
        data: [{ offset: 65_533, bytes: [1, 2, 3, 4] }],
      }),
      'dataOutOfRange',
    ],
  ] as const) {
    test(`rejects ${name} → ${code}`, () => assert.equal(outcome(bytes)?.code, code));
  }
});
