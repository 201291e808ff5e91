import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeModule } from '../../../client/prover/vm/decode.ts';
import { prepare } from '../../../client/prover/vm/executable.ts';
import { Executor } from '../../../client/prover/vm/execute.ts';
import { lower } from '../../../client/prover/vm/lower.ts';
import { seededRandom } from '../../support/random.ts';
import { get, I64, wasmModule } from '../../support/wasm-module.ts';

const WORD = 1n << 64n;
const signed = (x: bigint): bigint => BigInt.asIntN(64, x);

type Vectors = { readonly opcode: number; readonly arity: 2 | 4; readonly expected: (...x: bigint[]) => bigint };
const INSTRUCTIONS: Readonly<Record<string, Vectors>> = {
  'i64.add128': { opcode: 19, arity: 4, expected: (a, b, c, d) => a! + b! * WORD + c! + d! * WORD },
  'i64.sub128': { opcode: 20, arity: 4, expected: (a, b, c, d) => a! + b! * WORD - c! - d! * WORD },
  'i64.mul_wide_s': { opcode: 21, arity: 2, expected: (a, b) => signed(a!) * signed(b!) },
  'i64.mul_wide_u': { opcode: 22, arity: 2, expected: (a, b) => a! * b! },
};

const random = seededRandom(11);
const word = (): bigint => (BigInt(random()) << 32n) | BigInt(random());
const EDGES = [0n, 1n, 0xffffffffn, 0x100000000n, (1n << 63n) - 1n, 1n << 63n, WORD - 2n, WORD - 1n];
const WORDS = [...EDGES, ...Array.from({ length: 12 }, word)];

for (const [name, { opcode, arity, expected }] of Object.entries(INSTRUCTIONS)) {
  test(`${name} on the executor → what BigInt gives`, () => {
    const operands = Array.from({ length: arity }, (_, k) => get(k)).flat();
    const wasm = wasmModule({
      functions: [
        { name: 'f', params: new Array(arity).fill(I64), results: [I64, I64], code: [...operands, 0xfc, opcode] },
      ],
    });
    const executable = prepare(lower(decodeModule(wasm), { entry: 'f' }));
    const { entry } = executable.program;
    const executor = new Executor(executable);
    const check = (...x: bigint[]): void => {
      x.forEach((v, k) => {
        executor.set64(entry.fp + k, signed(v));
      });
      executor.unwind();
      executor.runFrom(entry.pc, entry.fp);
      const [low, high] = [0, 1].map((k) => BigInt.asUintN(64, executor.get64(entry.fp + k)));
      assert.equal(high! * WORD + low!, BigInt.asUintN(128, expected(...x)), x.join());
    };
    for (const a of WORDS) {
      for (const b of WORDS) {
        if (arity === 2) check(a, b);
        else for (const c of EDGES) check(a, b, c, WORDS[random() % WORDS.length]!);
      }
    }
  });
}
