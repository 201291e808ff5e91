import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { encodePacked, keccak256, recoverAddress } from 'viem';
import { createNetwork, type Network } from '../../../client/execution/chain/network.ts';
import { DEV_ACCOUNT_KEYS } from '../../../client/execution/sealing/dev-accounts.ts';
import { recoverSealer, sealDigest, sealerAddress, signSeal } from '../../../client/execution/sealing/seal.ts';
import { bytesOf, hexOf } from '../../support/bytes.ts';

const GENESIS = `0x${'22'.repeat(32)}` as const;
const BLOCK = bytesOf('33'.repeat(32));
const KEY = bytesOf(DEV_ACCOUNT_KEYS[0] ?? '');
const ADDRESS = '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266';
const ORDER = secp256k1.Point.Fn.ORDER;

const networkOf = (chainId: bigint, genesisHash: `0x${string}`): Network =>
  createNetwork('test', { chainId, depositContract: `0x${'0'.repeat(40)}`, forks: [] }, genesisHash);
const network = networkOf(1337n, GENESIS);
const seal = signSeal(network, BLOCK, KEY);

/** The same signature with −s, which ECDSA accepts as well. */
function mirrored(): Uint8Array {
  const s = ORDER - BigInt(hexOf(seal.subarray(32, 64)));
  return bytesOf(hexOf(seal.subarray(0, 32)) + s.toString(16).padStart(64, '0') + (1 - (seal[64] ?? 0) ? '01' : '00'));
}

describe('seal', () => {
  test('the test vector of the README → digest, seal and sealer', () => {
    assert.equal(
      hexOf(sealDigest(network, BLOCK)),
      '0x19f71aa2d6aab4a165d1fb746652abc8c54c698f6be518010ef0aa15e9b558d5',
    );
    assert.equal(
      hexOf(seal),
      '0xea38ef87c868592da174625bc7cf5c179412724518b784646eb930424c24e32f790412f289a2b4d64196c3f41f1c271cbde7a9477c3bae4fe56fb318bf41e94700',
    );
    assert.equal(hexOf(recoverSealer(network, BLOCK, seal)), ADDRESS);
    assert.equal(hexOf(sealerAddress(KEY)), ADDRESS);
  });

  test('what is signed and who signed → as viem packs and recovers', async () => {
    const packed = encodePacked(
      ['string', 'uint256', 'bytes32', 'bytes32'],
      ['zkl1-seal-v1', 1337n, GENESIS, hexOf(BLOCK)],
    );
    assert.equal(packed.length, 2 + 2 * 108);
    assert.equal(hexOf(sealDigest(network, BLOCK)), keccak256(packed));
    const signature = { r: hexOf(seal.subarray(0, 32)), s: hexOf(seal.subarray(32, 64)), yParity: seal[64] ?? 2 };
    const recovered = await recoverAddress({ hash: keccak256(packed), signature });
    assert.equal(recovered.toLowerCase(), ADDRESS);
  });

  for (const [what, other, hash] of [
    ['another chain id', networkOf(1n, GENESIS), BLOCK],
    ['another genesis', networkOf(1337n, `0x${'23'.repeat(32)}`), BLOCK],
    ['another block', network, bytesOf('34'.repeat(32))],
  ] as const) {
    test(`a seal held against ${what} → not this sealer`, () => {
      assert.notEqual(hexOf(recoverSealer(other, hash, seal)), ADDRESS);
    });
  }

  const lies: readonly (readonly [string, Uint8Array])[] = [
    ['of 64 bytes', seal.slice(0, 64)],
    ['of 66 bytes', new Uint8Array([...seal, 0])],
    ['that is empty', new Uint8Array()],
    ['with parity 2', new Uint8Array([...seal.slice(0, 64), 2])],
    ['with parity 27', new Uint8Array([...seal.slice(0, 64), 27])],
    ['with s in the upper half', mirrored()],
    ['with s = 0', new Uint8Array([...seal.slice(0, 32), ...new Uint8Array(32), 0])],
    ['with r = 0', new Uint8Array([...new Uint8Array(32), ...seal.slice(32)])],
    ['with r above the order', new Uint8Array([...new Uint8Array(32).fill(0xff), ...seal.slice(32)])],
  ];
  for (const [what, bytes] of lies) {
    test(`rejects a seal ${what} → sealMalformed`, () => {
      assert.throws(() => recoverSealer(network, BLOCK, bytes), { code: 'sealMalformed' });
    });
  }

  test('rejects a secret key of 0 and one of the group order', () => {
    assert.throws(() => sealerAddress(new Uint8Array(32)), RangeError);
    assert.throws(() => sealerAddress(bytesOf(ORDER.toString(16))), RangeError);
  });
});
