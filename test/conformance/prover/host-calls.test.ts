import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { createBackend } from '../../../client/prover/backends/create.ts';
import { commitFixed, heldTraces, proveBlock } from '../../../client/prover/engine/prove-block.ts';
import { verifyBlock } from '../../../client/prover/protocol/block/verify.ts';
import type { BlockStatement, VerifyingKey } from '../../../client/prover/protocol/machine.ts';
import { Rejection } from '../../../client/prover/transcript/rejection.ts';
import { keyDigest } from '../../../client/prover/verifier/key.ts';
import { PLAIN_KERNELS } from '../../../client/prover/verifier/plain-kernels.ts';
import { hostCallModule, littleEndian } from '../../support/host-call-module.ts';
import { toyRun } from '../../support/machine.ts';

const N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const SCALARS = [2n ** 128n - 1n, 3n, 2n ** 127n, 0xfedcba9876543210n];
const OPERANDS = [N - 5n, 2n ** 256n - 3n, 123456789n, N];

const backend = createBackend({ backend: 'auto' });
after(() => backend.close());

test('a module that makes host calls → a proof that verifies for its public values, and for no others', {
  timeout: 600_000,
}, async () => {
  const { x, y } = secp256k1.Point.BASE.toAffine();
  const point = [x, y].map((v) => littleEndian(v, 32));
  const memory = Buffer.concat([
    ...OPERANDS.map((v) => littleEndian(v, 32)),
    ...[...point, ...point, ...point, ...point],
    ...SCALARS.map((v) => littleEndian(v, 16)),
  ]);
  const wasm = hostCallModule(memory, [
    ['mulmod256', 0, 0, 32, 64, 96],
    ['advice', 1, 32, 64],
    ['ec_msm', 1, 64, 128, 384, 128],
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
  verifyBlock(PLAIN_KERNELS, vk, block, proof);
  const [a, b, c] = OPERANDS as [bigint, bigint, bigint];
  const result = Buffer.from(littleEndian((a * b + c) % N, 32));
  const shown = Buffer.from(Uint32Array.from(block.claim).buffer);
  assert.deepEqual(shown.subarray(0, 32), result);
  const sum = secp256k1.Point.BASE.multiply(SCALARS.reduce((total, k) => total + k, 0n)).toAffine();
  assert.deepEqual(shown.subarray(64, 128), Buffer.concat([littleEndian(sum.x, 32), littleEndian(sum.y, 32)]));

  const claim = block.claim.slice();
  claim[0]! += 1;
  const other: BlockStatement = { ...block, claim };
  assert.throws(() => verifyBlock(PLAIN_KERNELS, vk, other, proof), Rejection);
});
