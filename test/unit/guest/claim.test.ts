import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  CLAIM_BYTES,
  claimOfLimbs,
  claimOfPublicValues,
  decodeClaim,
  encodeClaim,
  PUBLIC_VALUES_BYTES,
  publicLimbs,
} from '../../../client/prover/guest/claim.ts';
import type { BlockClaim, Hash } from '../../../client/prover/interface.ts';

const hash = (byte: string): Hash => `0x${byte.repeat(32)}`;
const claim: BlockClaim = {
  schemaId: 0x7a01,
  chainId: 0x0102030405060708n,
  chainSpecHash: hash('a1'),
  parentHash: hash('b2'),
  blockHash: hash('c3'),
  newPayloadRequestRoot: hash('d4'),
};

describe('block claim', () => {
  test('SSZ: schema, chain, four hashes, integers little-endian', () => {
    const hashes = ['a1', 'b2', 'c3', 'd4'].map((byte) => byte.repeat(32)).join('');
    assert.equal(Buffer.from(encodeClaim(claim)).toString('hex'), `017a${'0807060504030201'}${hashes}`);
    assert.equal(encodeClaim(claim).length, CLAIM_BYTES);
    assert.deepEqual(decodeClaim(encodeClaim(claim)), claim);
  });

  test('public values are the claim zero-padded, as 72 little-endian limbs', () => {
    const limbs = publicLimbs(claim);
    assert.equal(limbs.length, 72);
    assert.deepEqual([limbs[0], limbs[1], limbs[5], limbs[71]], [0x7a01, 0x0708, 0xa1a1, 0]);
    assert.deepEqual(claimOfLimbs(limbs), claim);
  });

  test('rejects another length, another schema, non-zero padding, a malformed hash', () => {
    const bytes = encodeClaim(claim);
    assert.throws(() => decodeClaim(bytes.subarray(1)), { code: 'claimLength' });
    assert.throws(() => decodeClaim(Uint8Array.of(...bytes, 0)), { code: 'claimLength' });
    assert.throws(() => decodeClaim(Uint8Array.from(bytes, (byte, i) => (i === 0 ? 2 : byte))), {
      code: 'claimSchema',
    });
    const values = new Uint8Array(PUBLIC_VALUES_BYTES);
    values.set(bytes);
    assert.deepEqual(claimOfPublicValues(values), claim);
    values[PUBLIC_VALUES_BYTES - 1] = 1;
    assert.throws(() => claimOfPublicValues(values), { code: 'claimPadding' });
    assert.throws(() => claimOfPublicValues(values.subarray(0, CLAIM_BYTES)), { code: 'claimPadding' });
    assert.throws(() => encodeClaim({ ...claim, blockHash: '0x12' }), { code: 'claimHash' });
  });
});
