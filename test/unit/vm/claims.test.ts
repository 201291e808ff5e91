import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { encodeGuestInput } from '../../../client/prover/guest/input.ts';
import { decodeModule } from '../../../client/prover/vm/decode.ts';
import { type Executable, prepare } from '../../../client/prover/vm/executable.ts';
import { Executor } from '../../../client/prover/vm/execute.ts';
import { lower } from '../../../client/prover/vm/lower.ts';
import { compileNative, runNative } from '../../../client/prover/vm/native.ts';
import { needsData } from '../../support/data.ts';
import { guestInputOf, realBlock } from '../../support/real-blocks.ts';

const wasm = readFileSync(new URL('../../../client/prover/guest/guest.wasm', import.meta.url));
let executable: Executable | undefined;

for (const name of ['mainnet-1', 'mainnet-2675001', 'mainnet-21688509']) {
  test(`${name} on the executor → the public values that V8 gives`, needsData(), async () => {
    executable ??= prepare(lower(decodeModule(wasm)));
    const input = encodeGuestInput(guestInputOf(realBlock(name)));
    const native = runNative(await compileNative(wasm), input);
    const run = new Executor(executable, input).run();
    assert.ok(native.ok && run.ok);
    assert.deepEqual(run.publicValues, native.publicValues);
  });
}

test('mainnet-1 with another state root in its header → no claim from either', needsData(), async () => {
  executable ??= prepare(lower(decodeModule(wasm)));
  const honest = guestInputOf(realBlock('mainnet-1'));
  const blockRlp = honest.blockRlp.slice();
  // Two list prefixes of 3 bytes, parent hash, ommers hash and coinbase stand in front of the root.
  const at = 6 + 33 + 33 + 21 + 8;
  blockRlp[at] = blockRlp[at]! ^ 1;
  const input = encodeGuestInput({ ...honest, blockRlp });
  assert.equal(runNative(await compileNative(wasm), input).ok, false);
  assert.equal(new Executor(executable, input).run().ok, false);
});
