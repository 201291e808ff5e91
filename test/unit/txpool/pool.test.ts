import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Common, Hardfork, Mainnet } from '@ethereumjs/common';
import { parseGwei } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { DEV_ACCOUNT_KEYS } from '../../../client/execution/sealing/dev-accounts.ts';
import { LIFETIME_MS, POOL_LIMITS, type PoolLimits, TransactionPool } from '../../../client/execution/txpool/pool.ts';

const common = new Common({ chain: Mainnet, hardfork: Hardfork.Osaka });
const TO = `0x${'11'.repeat(20)}` as const;
const GWEI = 1_000_000_000n;
const [ALICE, BOB] = DEV_ACCOUNT_KEYS.map((key) => privateKeyToAccount(key));
if (ALICE === undefined || BOB === undefined) throw new Error('no accounts');

type Fields = { nonce: number; fee?: bigint; tip?: bigint; value?: bigint; gas?: bigint; chainId?: number };
async function signed(account: typeof ALICE, o: Fields): Promise<Uint8Array> {
  const raw = await (account as NonNullable<typeof ALICE>).signTransaction({
    type: 'eip1559',
    chainId: o.chainId ?? 1,
    nonce: o.nonce,
    to: TO,
    value: o.value ?? 1n,
    gas: o.gas ?? 21_000n,
    maxFeePerGas: o.fee ?? parseGwei('10'),
    maxPriorityFeePerGas: o.tip ?? parseGwei('1'),
  });
  return bytes(raw);
}
const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.slice(2), 'hex'));

function setUp(limits: PoolLimits = POOL_LIMITS) {
  const accounts = new Map<string, { nonce: bigint; balance: bigint }>();
  let added = 0;
  const clock = { ms: 0 };
  const pool = new TransactionPool(
    {
      common: () => common,
      gasLimit: () => 30_000_000n,
      account: async (address) =>
        accounts.get(Buffer.from(address).toString('hex')) ?? { nonce: 0n, balance: 10n ** 18n },
      onAdded: () => {
        added++;
      },
      now: () => clock.ms,
    },
    limits,
  );
  const setAccount = (account: { address: string }, nonce: bigint, balance = 10n ** 18n) =>
    accounts.set(account.address.slice(2).toLowerCase(), { nonce, balance });
  return { pool, setAccount, clock, addedCount: () => added };
}
const noncesAndTips = (pool: TransactionPool, baseFee = GWEI) =>
  [...pool.executable(baseFee)].map((tx) => [tx.nonce, tx.getEffectivePriorityFee(baseFee) / GWEI]);

describe('transaction pool', () => {
  test('a valid transaction → found by its hash, told of, executable', async () => {
    const { pool, addedCount } = setUp();
    const hash = await pool.submit(await signed(ALICE, { nonce: 0 }));
    assert.equal(pool.find(hash)?.nonce, 0n);
    assert.equal(addedCount(), 1);
    assert.deepEqual(noncesAndTips(pool), [[0n, 1n]]);
    assert.equal(await pool.nextNonce(bytes(ALICE.address)), 1n);
  });

  test('a transaction that no block took within its lifetime → forgotten, its place is free', async () => {
    const { pool, clock } = setUp();
    const hash = await pool.submit(await signed(ALICE, { nonce: 0 }));
    clock.ms = LIFETIME_MS;
    assert.equal(pool.find(hash), undefined);
    assert.equal(pool.size, 0);
    await pool.submit(await signed(ALICE, { nonce: 0 }));
    assert.equal(pool.size, 1);
  });

  const stranger = (i: number) => privateKeyToAccount(`0x${(i + 1).toString(16).padStart(64, '0')}`);
  const FREE = { nonce: 0, fee: 0n, tip: 0n, value: 0n };

  test('pool full of strangers’ transactions that cost them nothing → those that pay find room, more like them do not', async () => {
    const { pool, clock } = setUp({ ...POOL_LIMITS, fromPeers: 4 });
    for (let i = 0; i < 4; i++) await pool.submit(await signed(stranger(i), FREE), 'peer');
    await assert.rejects(pool.submit(await signed(stranger(4), FREE), 'peer'), { code: 'poolFull' });
    clock.ms += 1000;
    await pool.submit(await signed(ALICE, { nonce: 0 }), 'peer');
    await pool.submit(await signed(BOB, { nonce: 0 }), 'peer');
    assert.equal(pool.size, 4);
    assert.equal([...pool.executable(GWEI)].length, 2);
    clock.ms += 1000;
    await assert.rejects(pool.submit(await signed(stranger(4), FREE), 'peer'), { code: 'poolFull' });
    await pool.submit(await signed(stranger(5), FREE));
    assert.equal(pool.size, 5, 'a user has room of his own');
  });

  test('pool full of what stands behind gaps, however much it pays → what does not finds room', async () => {
    const { pool } = setUp({ ...POOL_LIMITS, fromPeers: 2 });
    for (const i of [0, 1])
      await pool.submit(await signed(stranger(i), { nonce: 9, fee: parseGwei('100'), tip: parseGwei('100') }), 'peer');
    await assert.rejects(pool.submit(await signed(ALICE, { nonce: 1 }), 'peer'), { code: 'poolFull' });
    await pool.submit(await signed(ALICE, { nonce: 0 }), 'peer');
    await pool.submit(await signed(ALICE, { nonce: 1 }), 'peer');
    assert.equal([...pool.executable(GWEI)].length, 2);
  });

  test('bytes of strangers’ transactions → bounded, and given back as they leave', async () => {
    const one = await signed(ALICE, { nonce: 0 });
    const { pool, setAccount } = setUp({ ...POOL_LIMITS, bytesFromPeers: 2 * one.length + 10 });
    await pool.submit(one, 'peer');
    await pool.submit(await signed(ALICE, { nonce: 1 }), 'peer');
    await assert.rejects(pool.submit(await signed(BOB, { nonce: 0 }), 'peer'), { code: 'poolFull' });
    await pool.submit(await signed(ALICE, { nonce: 1, fee: parseGwei('20'), tip: parseGwei('2') }), 'peer');
    setAccount(ALICE, 1n);
    await pool.onNewHead();
    await pool.submit(await signed(BOB, { nonce: 0 }), 'peer');
    assert.equal(pool.size, 2);
  });

  test('sender whose balance pays for one transaction → has one, in whatever order its nonces come', async () => {
    const { pool, setAccount } = setUp();
    setAccount(ALICE, 0n, 21_000n * parseGwei('10') + 1n);
    await pool.submit(await signed(ALICE, { nonce: 5 }), 'peer');
    for (const nonce of [4, 3, 0])
      await assert.rejects(pool.submit(await signed(ALICE, { nonce }), 'peer'), { code: 'insufficientFunds' });
  });

  test('transactions of one sender from peers → 64; more only by users of this node', async () => {
    const { pool } = setUp();
    for (let nonce = 0; nonce < 64; nonce++) await pool.submit(await signed(ALICE, { nonce }), 'peer');
    await assert.rejects(pool.submit(await signed(ALICE, { nonce: 64 }), 'peer'), { code: 'poolFull' });
    await pool.submit(await signed(ALICE, { nonce: 64 }));
    await pool.submit(await signed(BOB, { nonce: 0 }), 'peer');
    assert.equal(pool.size, 66);
  });

  test('order → highest tip first, nonces of a sender ascending', async () => {
    const { pool } = setUp();
    await pool.submit(await signed(ALICE, { nonce: 1, tip: parseGwei('5') }));
    await pool.submit(await signed(ALICE, { nonce: 0, tip: parseGwei('2') }));
    await pool.submit(await signed(BOB, { nonce: 0, tip: parseGwei('3') }));
    assert.deepEqual(noncesAndTips(pool), [
      [0n, 3n],
      [0n, 2n],
      [1n, 5n],
    ]);
  });

  test('a gap of nonces or a fee below the base fee → waits with all that follow', async () => {
    const { pool } = setUp();
    await pool.submit(await signed(ALICE, { nonce: 1 }));
    assert.deepEqual(noncesAndTips(pool), []);
    await pool.submit(await signed(BOB, { nonce: 0, fee: parseGwei('2') }));
    await pool.submit(await signed(BOB, { nonce: 1 }));
    assert.deepEqual(noncesAndTips(pool, parseGwei('3')), []);
    assert.equal(noncesAndTips(pool, parseGwei('2')).length, 2);
  });

  test('a new head → included transactions leave, the next ones follow', async () => {
    const { pool, setAccount } = setUp();
    await pool.submit(await signed(ALICE, { nonce: 0 }));
    await pool.submit(await signed(ALICE, { nonce: 1 }));
    setAccount(ALICE, 1n);
    await pool.onNewHead();
    assert.equal(pool.size, 1);
    assert.deepEqual(noncesAndTips(pool), [[1n, 1n]]);
    setAccount(ALICE, 2n);
    await pool.onNewHead();
    assert.equal(pool.size, 0);
    assert.equal(await pool.nextNonce(bytes(ALICE.address)), 2n);
  });

  test('a head that arrives while a transaction is admitted → the sender starts at the new nonce', async () => {
    const { pool, setAccount } = setUp();
    const submitted = pool.submit(await signed(ALICE, { nonce: 1 }));
    setAccount(ALICE, 1n);
    await pool.onNewHead();
    await submitted;
    assert.deepEqual(noncesAndTips(pool), [[1n, 1n]]);
  });

  test('a replacement that outbids → takes the place', async () => {
    const { pool } = setUp();
    const first = await pool.submit(await signed(ALICE, { nonce: 0 }));
    const second = await pool.submit(await signed(ALICE, { nonce: 0, fee: parseGwei('11'), tip: parseGwei('1.1') }));
    assert.equal(pool.find(first), undefined);
    assert.equal(pool.find(second)?.nonce, 0n);
    assert.equal(pool.size, 1);
  });

  const raw = (o: Fields) => () => signed(ALICE, o);
  const rejected: readonly (readonly [string, () => Promise<Uint8Array>, string])[] = [
    ['text that is no transaction', async () => Uint8Array.of(0x02, 0xc0), 'invalid'],
    ['an empty one', async () => new Uint8Array(), 'invalid'],
    ['one of another chain', raw({ nonce: 0, chainId: 5 }), 'wrongChain'],
    ['one above the block gas limit', raw({ nonce: 0, gas: 30_000_001n }), 'invalid'],
    ['one above the gas cap of EIP-7825', raw({ nonce: 0, gas: 16_777_217n }), 'invalid'],
    ['one below its intrinsic gas', raw({ nonce: 0, gas: 20_999n }), 'invalid'],
    ['one that the account cannot pay', raw({ nonce: 0, value: 10n ** 18n }), 'insufficientFunds'],
    ['an oversized one', async () => new Uint8Array(128 * 1024 + 1).fill(2), 'oversized'],
    ['a blob transaction', async () => Uint8Array.of(3, 0xc0), 'blobsNotAccepted'],
    [
      'a legacy one without a chain id',
      async () =>
        bytes(await ALICE.signTransaction({ type: 'legacy', nonce: 0, to: TO, gas: 21_000n, gasPrice: GWEI })),
      'unprotected',
    ],
    [
      'a signature with s in the upper half (EIP-2)',
      async () => {
        const tx = await signed(ALICE, { nonce: 0 });
        const s = tx.length - 32;
        return Uint8Array.from([...tx.slice(0, s), ...new Uint8Array(32).fill(0xfe)]);
      },
      'invalid',
    ],
  ];
  for (const [name, make, code] of rejected) {
    test(`rejects ${name} → ${code}`, async () => {
      const { pool } = setUp();
      await assert.rejects(pool.submit(await make()), { code });
      assert.equal(pool.size, 0);
    });
  }

  test('rejects a known one, a nonce that is used, an underpriced replacement', async () => {
    const { pool, setAccount } = setUp();
    const tx = await signed(ALICE, { nonce: 3 });
    setAccount(ALICE, 3n);
    await pool.submit(tx);
    await assert.rejects(pool.submit(tx), { code: 'alreadyKnown' });
    await assert.rejects(pool.submit(await signed(ALICE, { nonce: 2 })), {
      code: 'nonceTooLow',
      message: /next nonce 3, tx nonce 2/,
    });
    await assert.rejects(pool.submit(await signed(ALICE, { nonce: 3, fee: parseGwei('11') })), {
      code: 'replacementUnderpriced',
    });
  });

  test('rejects the second of two transactions that the account cannot pay together', async () => {
    const { pool } = setUp();
    await pool.submit(await signed(ALICE, { nonce: 0, value: 6n * 10n ** 17n }));
    await assert.rejects(pool.submit(await signed(ALICE, { nonce: 1, value: 6n * 10n ** 17n })), {
      code: 'insufficientFunds',
    });
  });

  test('rejects more than 256 of one sender', async () => {
    const { pool } = setUp();
    for (let nonce = 0; nonce < 256; nonce++) await pool.submit(await signed(ALICE, { nonce }));
    await assert.rejects(pool.submit(await signed(ALICE, { nonce: 256 })), { code: 'poolFull' });
    await pool.submit(await signed(BOB, { nonce: 0 }));
    assert.equal([...pool.executable(GWEI)].length, 257);
  });
});
