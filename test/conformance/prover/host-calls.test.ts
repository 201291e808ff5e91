import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createBackend } from '../../../client/prover/backends/create.ts';
import { commitFixed, heldTraces, proveBlock } from '../../../client/prover/engine/prove-block.ts';
import { verifyBlock } from '../../../client/prover/protocol/block/verify.ts';
import type { BlockStatement, VerifyingKey } from '../../../client/prover/protocol/machine.ts';
import { Rejection } from '../../../client/prover/transcript/rejection.ts';
import { keyDigest } from '../../../client/prover/verifier/key.ts';
import { hostCallModule, littleEndian } from '../../support/host-call-module.ts';
import { toyRun } from '../../support/machine.ts';

const N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const OPERANDS = [N - 5n, 2n ** 256n - 3n, 123456789n, N];

const backend = createBackend({ backend: 'auto' });
after(() => backend.close());

test('a module that makes host calls → a proof that verifies for its public values, and for no others', {
  timeout: 600_000,
}, async () => {
  const wasm = hostCallModule(Buffer.concat(OPERANDS.map((v) => littleEndian(v, 32))), [
    ['mulmod256', 0, 0, 32, 64, 96],
    ['advice', 1, 32, 64],
  ]);
  const { vm, block, trace } = toyRun(wasm);
  const fixed = await commitFixed(backend, vm.machine);
  const vk: VerifyingKey = {
    machine: vm.machine,
    digest: keyDigest(vm.machine, vm.shape, fixed.cap),
    fixedCap: fixed.cap,
  };
  const proof = await proveBlock(backend, vk, fixed, block, heldTraces([trace]));
  backend.free(fixed.data);
  verifyBlock(vk, block, proof);
  const [a, b, c] = OPERANDS as [bigint, bigint, bigint];
  const result = Buffer.from(littleEndian((a * b + c) % N, 32));
  assert.deepEqual(Buffer.from(Uint32Array.from(block.claim).buffer).subarray(0, 32), result);

  const claim = block.claim.slice();
  claim[0]! += 1;
  const other: BlockStatement = { ...block, claim };
  assert.throws(() => verifyBlock(vk, other, proof), Rejection);
});
