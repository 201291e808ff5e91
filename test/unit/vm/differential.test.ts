import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeModule } from '../../../client/prover/vm/decode.ts';
import { prepare } from '../../../client/prover/vm/executable.ts';
import { Executor } from '../../../client/prover/vm/execute.ts';
import { lower } from '../../../client/prover/vm/lower.ts';
import { record } from '../../../client/prover/vm/record.ts';
import { seededRandom } from '../../support/random.ts';
import { randomModule } from '../../support/random-module.ts';
import { recordViolations } from '../../support/record-checker.ts';

const MODULES = 400;
const RECORDED = 40;

type Outcome = { readonly trap: string | undefined; readonly memory: Uint8Array };

class Halted extends Error {}

function inV8(wasm: Uint8Array<ArrayBuffer>): Outcome {
  const halt = (): never => {
    throw new Halted();
  };
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(wasm), { zkvm: { halt } });
  const { main, memory } = exports as { main: () => void; memory: WebAssembly.Memory };
  let trap: string | undefined;
  try {
    main();
  } catch (error) {
    if (!(error instanceof Halted)) trap = TRAPS[(error as Error).message] ?? (error as Error).message;
  }
  return { trap, memory: new Uint8Array(memory.buffer) };
}

/** V8's words for the machine's reasons. */
const TRAPS: Readonly<Record<string, string>> = {
  'memory access out of bounds': 'out of bounds memory access',
  'divide by zero': 'integer divide by zero',
  'remainder by zero': 'integer divide by zero',
  'divide result unrepresentable': 'integer overflow',
  'table index is out of bounds': 'undefined element',
};

test(`${MODULES} random modules → V8 and the executor agree on outcome and memory`, (t) => {
  let trapped = 0;
  let instructions = 0;
  for (let seed = 0; seed < MODULES; seed++) {
    const wasm = randomModule(seededRandom(seed));
    const expected = inV8(wasm);
    const executor = new Executor(prepare(lower(decodeModule(wasm))));
    const run = executor.run(10_000_000);
    const actual = { trap: run.ok ? undefined : run.reason, memory: executor.memory };
    assert.equal(actual.trap, expected.trap, `seed ${seed}`);
    assert.equal(Buffer.compare(actual.memory, expected.memory), 0, `memory of seed ${seed}`);
    trapped += run.ok ? 0 : 1;
    instructions += run.profile.instructions;
  }
  t.diagnostic(`${instructions} instructions, ${trapped} modules trap`);
  assert.ok(trapped < MODULES / 2, `${trapped} trap`);
});

test(`records of the first ${RECORDED} of them, in segments of 50 rows → consistent`, () => {
  for (let seed = 0; seed < RECORDED; seed++) {
    const executable = prepare(lower(decodeModule(randomModule(seededRandom(seed)))));
    const { segments, end } = record(executable, new Uint8Array(0), { rows: 50 });
    if (end.ok) assert.deepEqual(recordViolations(executable.program, segments, end.cells), [], `seed ${seed}`);
  }
});
