import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createBlockHeader } from '@ethereumjs/block';
import { Common, Hardfork, Mainnet } from '@ethereumjs/common';
import { RLP } from '@ethereumjs/rlp';
import { decodeBlock, decodeHeader } from '../../../client/execution/chain/block-codec.ts';
import { validateReceipts } from '../../../client/execution/chain/receipts-rules.ts';
import { decodeTransaction } from '../../../client/execution/txpool/admission.ts';
import { decodeHeader as decodeLightHeader } from '../../../client/light/header.ts';
import { assembleBlock } from '../../../client/node/proof-network.ts';
import { brokenLink } from '../../../client/p2p/proofs/header-chain.ts';
import { checkRlpShape } from '../../../client/rlp-shape.ts';
import { nested } from '../../support/nested-rlp.ts';

const MIB = 2 ** 20;
const common = new Common({ chain: Mainnet, hardfork: Hardfork.Osaka });

describe('shape of RLP', () => {
  test('lists in each other up to the depth → pass, one more → rlpTooDeep', () => {
    assert.doesNotThrow(() => checkRlpShape(RLP.encode('a'), 0));
    assert.doesNotThrow(() => checkRlpShape(RLP.encode([[['a'], 'b'], [], ['c'], 'd']), 3));
    assert.throws(() => checkRlpShape(RLP.encode([[['a', []], 'b']]), 3), { code: 'rlpTooDeep' });
    assert.throws(() => checkRlpShape(RLP.encode([[], [[]]]), 1), { code: 'rlpTooDeep' });
  });

  test('what an encoder makes of short and long strings and lists → passes', () => {
    for (const size of [0, 1, 2, 55, 56, 255, 256, 65_536]) {
      const item = new Uint8Array(size).fill(200);
      assert.doesNotThrow(() => checkRlpShape(RLP.encode(item), 0));
      assert.doesNotThrow(() => checkRlpShape(RLP.encode([item, [item], item]), 2));
    }
  });

  test('an item that passes the end of its list → rlpMalformed', () => {
    for (const text of ['c283616263', 'c8f90001', 'b9ffff00', 'c1ff', 'ffffffffffffffffff'])
      assert.throws(() => checkRlpShape(Buffer.from(text, 'hex'), 8), { code: 'rlpMalformed' }, text);
  });

  test('more items than anything of a block has for its bytes → rlpTooManyItems', () => {
    assert.throws(() => checkRlpShape(RLP.encode(new Array(4000).fill(1)), 1), { code: 'rlpTooManyItems' });
    assert.doesNotThrow(() => checkRlpShape(RLP.encode(new Array(200).fill(1)), 1));
  });

  test('the shortest items that a valid block can have, in any number → pass', () => {
    const address = new Uint8Array(20).fill(1);
    const many = (item: unknown): Uint8Array => RLP.encode(new Array(5000).fill(item) as never);
    assert.doesNotThrow(() => checkRlpShape(many([1, address, 0, 0, 1, 1]), 4), 'EIP-7702 authorizations');
    assert.doesNotThrow(() => checkRlpShape(many([1, 1, address, 1]), 4), 'withdrawals');
    assert.doesNotThrow(() => checkRlpShape(many([address, [], '']), 4), 'logs');
    assert.doesNotThrow(() => checkRlpShape(many([address, []]), 4), 'access list');
  });
});

/** Each takes gigabytes, and seconds of the thread that does everything, where it is decoded first and judged then. */
describe('bytes of a peer that are lists in lists, with everything inside the innermost', () => {
  const refused = (
    what: string,
    code: string,
    run: (bomb: Uint8Array) => unknown,
    bomb: Uint8Array = nested(8 * MIB, 100),
  ): void => {
    test(`${what} → ${code}, before it is decoded`, () => {
      assert.throws(() => run(bomb), { code, message: /lists in each other/ });
    });
  };
  refused('header', 'blockMalformed', (bomb) => decodeHeader(common, bomb));
  refused('block', 'blockMalformed', (bomb) => decodeBlock(common, bomb));
  refused('header of a range', 'messageMalformed', (bomb) =>
    brokenLink({ from: 1n, count: 1 }, [{ headerRlp: bomb, seal: new Uint8Array(0), proofs: [] }]),
  );
  refused('header of a light client', 'responseMalformed', (bomb) => decodeLightHeader(bomb));
  const transaction = nested(130_000, 4000);
  const admitted = (raw: Uint8Array): unknown => decodeTransaction(raw, common, 30_000_000n);
  refused('transaction', 'invalid', admitted, transaction);
  const typed = (bytes: Uint8Array): Uint8Array => Buffer.concat([Uint8Array.of(2), bytes]);
  refused('typed transaction', 'invalid', admitted, typed(transaction));
  refused('receipts', 'receiptsMalformed', (bomb) =>
    validateReceipts({ gasUsed: 10n ** 9n } as never, RLP.encode([typed(bomb)])),
  );
  const network = { common } as never;
  const header = createBlockHeader({ number: 30_000_000n, timestamp: 1_800_000_000n }, { common, setHardfork: true });
  const assembled = (body: Uint8Array): unknown => assembleBlock(network, header.serialize(), body);
  refused('body', 'blockMalformed', assembled);
  refused('typed transaction of a body', 'blockMalformed', (bomb) => assembled(RLP.encode([[typed(bomb)], []])));
  refused('typed transaction of a block', 'blockMalformed', (bomb) =>
    decodeBlock(common, RLP.encode([header.raw(), [typed(bomb)], []])),
  );
});
