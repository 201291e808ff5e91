import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { RLP } from '@ethereumjs/rlp';
import { createBackend } from '../../../client/prover/backends/create.ts';
import { createGuestProver, type GuestProver, keyOf, proveGuest } from '../../../client/prover/engine/prove-guest.ts';
import { decodeClaim } from '../../../client/prover/guest/claim.ts';
import { encodeGuestInput } from '../../../client/prover/guest/input.ts';
import { loadGuest } from '../../../client/prover/guest/load.ts';
import type { VerifyResult } from '../../../client/prover/interface.ts';
import { ACCEPTED_KEYS } from '../../../client/prover/verifier/accepted-keys.ts';
import { acceptedKey } from '../../../client/prover/verifier/key.ts';
import { verify } from '../../../client/prover/verifier/verify.ts';
import { needsData } from '../../support/data.ts';
import { guestInputOf, realBlock } from '../../support/real-blocks.ts';

const KEY = ACCEPTED_KEYS.find((k) => k.profile === 'P100');
const backend = createBackend({ backend: 'auto' });
after(() => backend.close());
let made: Promise<GuestProver> | undefined;
const prover = (): Promise<GuestProver> => {
  made ??= createGuestProver(loadGuest().wasm, { profile: 'P100', proofType: 0x80, backend });
  return made;
};

test('the key of the committed guest and of this build’s chips → the accepted P100 key', async () => {
  assert.deepEqual(JSON.parse(JSON.stringify(keyOf(await prover()))), KEY);
});

test('mainnet block 1 → a proof that verifies for its chain, and for nothing else', {
  ...needsData(),
  timeout: 900_000,
}, async () => {
  const block = realBlock('mainnet-1');
  const [header] = RLP.decode(block.blockRlp) as unknown as Uint8Array[][];
  const result = await proveGuest(await prover(), encodeGuestInput(guestInputOf(block)), () => RLP.encode(header!));
  assert.ok(result.ok);
  const claim = decodeClaim(result.claim);
  assert.equal(claim.blockHash, block.expected.blockHash);
  const key = acceptedKey(KEY!);
  const expected = { chainId: claim.chainId, chainSpecHash: claim.chainSpecHash, blockHash: claim.blockHash };
  const check = (proof: Uint8Array): VerifyResult => verify(key, proof, expected);
  assert.deepEqual(check(result.proof), { ok: true, claim, profile: 'P100', securityBits: 100 });

  const other = verify(key, result.proof, { ...expected, blockHash: `0x${'11'.repeat(32)}` });
  assert.ok(!other.ok && other.code === 'blockMismatch');
  for (let at = 40; at < result.proof.length; at += 20_011) {
    const changed = result.proof.slice();
    changed[at]! ^= 4;
    const verdict = check(changed);
    assert.ok(!verdict.ok && verdict.stage !== 'internal', `byte ${at}`);
  }
  for (const length of [0, 100, 1_000, result.proof.length - 4]) {
    const verdict = check(result.proof.subarray(0, length));
    assert.ok(!verdict.ok && verdict.stage !== 'internal', `${length} bytes`);
  }
});
