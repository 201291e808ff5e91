import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { RLP } from '@ethereumjs/rlp';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { decodeBlock } from '../../../client/execution/chain/block-codec.ts';
import { createNetwork, rulesAt } from '../../../client/execution/chain/network.ts';
import { ContentMap } from '../../../client/execution/state/content-map.ts';
import { executeBlock } from '../../../client/execution/state/execute-block.ts';
import { chainSpecHash } from '../../../client/prover/guest/chain-spec.ts';
import { encodeGuestInput } from '../../../client/prover/guest/input.ts';
import { loadGuest } from '../../../client/prover/guest/load.ts';
import { createValidator } from '../../../client/prover/guest/validate.ts';
import { hexOf } from '../../support/bytes.ts';
import { needsData } from '../../support/data.ts';
import { payloadRequestRoot } from '../../support/payload-root.ts';
import {
  chainSpecOfReal,
  decodeBlockRlp,
  guestInputOf,
  INCOMPLETE_BLOCKS,
  realBlock,
  realBlockNames,
} from '../../support/real-blocks.ts';

/** `GUEST_WASM`: another build of the guest, to be compared by its claims (`scripts/check-guest.sh`). */
const rebuilt = process.env.GUEST_WASM;
const validator = createValidator(rebuilt === undefined ? loadGuest() : { wasm: readFileSync(rebuilt), hash: '0x' });
const ZERO = `0x${'0'.repeat(64)}`;
const PARIS = 15_537_394n;

describe('guest on real blocks', needsData(), () => {
  test('there are 18 complete and 2 incomplete blocks', () => {
    assert.equal(realBlockNames().length, 20);
  });

  for (const name of realBlockNames()) {
    const missing = INCOMPLETE_BLOCKS[name];
    if (missing !== undefined) {
      test(`rejects ${name} for the node that its witness lacks`, async () => {
        const result = (await validator)(encodeGuestInput(guestInputOf(realBlock(name))));
        assert.ok(!result.ok);
        assert.deepEqual([result.rule, result.reason], ['witness', `missing trie node ${missing}`]);
      });
      continue;
    }
    test(`${name} → its claim`, async () => {
      const block = realBlock(name);
      const chain = chainSpecOfReal(block);
      const result = (await validator)(encodeGuestInput(guestInputOf(block, chain)));
      assert.ok(result.ok, result.ok ? '' : `${result.rule}: ${result.reason}`);
      const decoded = decodeBlockRlp(block.blockRlp);
      const parentHash = hexOf(keccak_256(block.headers.at(-1) ?? new Uint8Array(0)));
      assert.equal(hexOf(keccak_256(RLP.encode(decoded[0]))), block.expected.blockHash);
      assert.deepEqual(result.claim, {
        schemaId: 0x7a01,
        chainId: chain.chainId,
        chainSpecHash: chainSpecHash(chain),
        parentHash,
        blockHash: block.expected.blockHash,
        newPayloadRequestRoot: block.number < PARIS ? ZERO : payloadRequestRoot(decoded, await requestsOf(name)),
      });
    });
  }
});

/** EIP-7685 requests of a real block, by this client's own execution; none before Prague. */
async function requestsOf(name: string): Promise<readonly Uint8Array[]> {
  const block = realBlock(name);
  if ((decodeBlockRlp(block.blockRlp)[0].length ?? 0) < 21) return [];
  const { genesisHash, ...chain } = chainSpecOfReal(block);
  const network = createNetwork('mainnet', chain as never, genesisHash as `0x${string}`);
  const content = ContentMap.ofWitness(block);
  return (await executeBlock(network, decodeBlock(rulesAt(network, block), block.blockRlp), content)).requests;
}
