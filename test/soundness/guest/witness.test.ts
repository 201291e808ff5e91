import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RLP } from '@ethereumjs/rlp';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { decodeBlock } from '../../../client/execution/chain/block-codec.ts';
import { createNetwork, rulesAt } from '../../../client/execution/chain/network.ts';
import { ContentMap } from '../../../client/execution/state/content-map.ts';
import { executeBlock } from '../../../client/execution/state/execute-block.ts';
import { encodeGuestInput, type GuestInput } from '../../../client/prover/guest/input.ts';
import { loadGuest } from '../../../client/prover/guest/load.ts';
import { createValidator } from '../../../client/prover/guest/validate.ts';
import { hexOf } from '../../support/bytes.ts';
import { needsData } from '../../support/data.ts';
import { chainSpecOfReal, guestInputOf, realBlock } from '../../support/real-blocks.ts';

const validator = createValidator(loadGuest());

/** A real block with the witness that this client records: each item of it is needed. */
async function minimalInput(name: string): Promise<GuestInput> {
  const block = realBlock(name);
  const { genesisHash, ...chain } = chainSpecOfReal(block);
  const network = createNetwork('mainnet', chain as never, genesisHash as `0x${string}`);
  const decoded = decodeBlock(rulesAt(network, block), block.blockRlp);
  const { witness } = await executeBlock(network, decoded, ContentMap.ofWitness(block));
  return { ...guestInputOf(block), ...witness };
}

type List = 'headers' | 'codes' | 'state';
const without = (input: GuestInput, list: List, at: number): GuestInput => ({
  ...input,
  [list]: input[list].filter((_, i) => i !== at),
});
const flipped = (bytes: Uint8Array): Uint8Array =>
  Uint8Array.from(bytes, (byte, i) => (i === bytes.length >> 1 ? byte ^ 1 : byte));
const flippedAt = (input: GuestInput, list: List, at: number): GuestInput => ({
  ...input,
  [list]: input[list].map((item, i) => (i === at ? flipped(item) : item)),
});
/** Every item of a short list, about 24 of a long one, always the first and the last. */
const sample = (length: number): readonly number[] => {
  const step = Math.max(1, Math.floor(length / 24));
  return Array.from({ length }, (_, i) => i).filter((i) => i % step === 0 || i === length - 1);
};

describe('guest on an altered witness', needsData(), () => {
  for (const name of ['mainnet-2675001', 'mainnet-1150000', 'mainnet-21688509']) {
    test(`${name} with the recorded witness → the claim, in any order of nodes and codes`, async () => {
      const input = await minimalInput(name);
      const validate = await validator;
      const claims = [input, { ...input, state: input.state.toReversed(), codes: input.codes.toReversed() }].map(
        (i) => {
          const result = validate(encodeGuestInput(i));
          assert.ok(result.ok, result.ok ? '' : result.reason);
          return result.claim;
        },
      );
      assert.deepEqual(claims[0], claims[1]);
      assert.equal(claims[0]?.blockHash, realBlock(name).expected.blockHash);
    });

    test(`rejects ${name} without any one node or code, naming it`, async () => {
      const input = await minimalInput(name);
      const validate = await validator;
      for (const [list, what] of [
        ['state', 'trie node'],
        ['codes', 'code'],
      ] as const) {
        for (const at of sample(input[list].length)) {
          const hash = hexOf(keccak_256(input[list][at] ?? new Uint8Array(0)));
          for (const changed of [without(input, list, at), flippedAt(input, list, at)]) {
            const result = validate(encodeGuestInput(changed));
            assert.ok(!result.ok, `${list} ${at}`);
            assert.deepEqual([result.rule, result.reason], ['witness', `missing ${what} ${hash}`]);
          }
        }
      }
    });
  }

  test('rejects a node, code or header given twice', async () => {
    const input = await minimalInput('mainnet-21688509');
    const validate = await validator;
    for (const list of ['state', 'codes', 'headers'] as const) {
      const result = validate(encodeGuestInput({ ...input, [list]: [...input[list], input[list][0]] as Uint8Array[] }));
      assert.ok(!result.ok, list);
      assert.equal(result.rule, 'witness');
      assert.match(result.reason, list === 'headers' ? /not a child/ : /given twice/);
    }
  });

  test('rejects an empty node, and accepts a node and a code that nothing asks for', async () => {
    const input = await minimalInput('mainnet-2675001');
    const validate = await validator;
    const empty = validate(encodeGuestInput({ ...input, state: [...input.state, new Uint8Array(0)] }));
    assert.ok(!empty.ok && empty.rule === 'witness');
    const spare = Uint8Array.of(0xc2, 0x01, 0x02);
    const more = validate(
      encodeGuestInput({ ...input, state: [...input.state, spare], codes: [...input.codes, spare] }),
    );
    assert.ok(more.ok);
  });

  test('rejects missing, altered, unlinked or too many ancestor headers', async () => {
    const input = await minimalInput('mainnet-9069000');
    const validate = await validator;
    const { headers } = input;
    assert.ok(headers.length > 2);
    const cases: readonly (readonly [readonly Uint8Array[], string, RegExp])[] = [
      [[], 'witness', /parent's header is missing/],
      [headers.slice(0, -1), 'header', /parentHash/],
      [headers.slice(1), 'witness', /missing ancestor header \d+ \(BLOCKHASH\)/],
      [[...headers.slice(0, 1), ...headers.slice(2)], 'witness', /not a child/],
      [[flipped(headers[0] ?? new Uint8Array(0)), ...headers.slice(1)], 'witness', /not a child|ancestor header/],
      [[...headers.slice(0, -1), flipped(headers.at(-1) ?? new Uint8Array(0))], 'header', /parentHash/],
      [[Uint8Array.of(0xc0), ...headers], 'witness', /ancestor header 0/],
      [Array.from({ length: 257 }, () => headers[0] ?? new Uint8Array(0)), 'witness', /at most 256/],
    ];
    for (const [changed, rule, reason] of cases) {
      const result = validate(encodeGuestInput({ ...input, headers: changed }));
      assert.ok(!result.ok);
      assert.equal(result.rule, rule, result.reason);
      assert.match(result.reason, reason);
    }
  });

  test('rejects a parent with another state root, whose hash is not the one that the block names', async () => {
    const input = await minimalInput('mainnet-2675001');
    const parent = RLP.decode(input.headers[0] ?? new Uint8Array(0)) as Uint8Array[];
    const changed = RLP.encode(parent.map((field, i) => (i === 3 ? flipped(field) : field)));
    const result = (await validator)(encodeGuestInput({ ...input, headers: [changed] }));
    assert.ok(!result.ok);
    assert.equal(result.rule, 'header');
  });
});
