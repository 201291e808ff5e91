import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type BlockHeader, createBlockHeader } from '@ethereumjs/block';
import { parseChainConfig } from '../../../client/execution/chain/genesis-config.ts';
import { createNetwork } from '../../../client/execution/chain/network.ts';
import { DEV_ACCOUNT_KEYS } from '../../../client/execution/sealing/dev-accounts.ts';
import { isPreferred } from '../../../client/execution/sealing/fork-choice.ts';
import { sealerAddress, signSeal } from '../../../client/execution/sealing/seal.ts';
import { validateSeal } from '../../../client/execution/sealing/turns.ts';
import { bytesOf, hexOf } from '../../support/bytes.ts';
import { devGenesis } from '../../support/dev-vm.ts';

const keys = DEV_ACCOUNT_KEYS.map(bytesOf);
const addresses = keys.map(sealerAddress);
const PARENT_TIME = 1_000_000n;
const PERIOD = 5n;

function networkWith(zkl1: unknown) {
  return createNetwork('test', parseChainConfig({ ...devGenesis.config, zkl1 }, 0n), `0x${'22'.repeat(32)}`);
}
const three = networkWith({ sealers: addresses.slice(0, 3).map(hexOf), period: Number(PERIOD) });
const header = (number: bigint, timestamp: bigint): BlockHeader =>
  createBlockHeader({ number, timestamp }, { common: three.common, setHardfork: true });
const parent = header(6n, PARENT_TIME);

/** The verdict on block 7, whose turn is that of sealer 1. */
function judged(by: number, secondsAfterParent: bigint, nowSeconds = PARENT_TIME + 100n) {
  const block = header(7n, PARENT_TIME + secondsAfterParent);
  const seal = signSeal(three, block.hash(), keys[by] ?? new Uint8Array());
  return validateSeal(three, block, parent, seal, Number(nowSeconds) * 1000);
}

describe('turns', () => {
  test('in turn one period after the parent → accepted, with its sealer', () => {
    assert.deepEqual(judged(1, PERIOD), { sealer: addresses[1], isInTurn: true });
  });
  test('out of turn two periods after the parent → accepted, not in turn', () => {
    assert.deepEqual(judged(0, 2n * PERIOD), { sealer: addresses[0], isInTurn: false });
    assert.equal(judged(2, 2n * PERIOD).isInTurn, false);
  });
  test('15 s ahead of the clock → accepted', () => {
    assert.equal(judged(1, 20n, PARENT_TIME + 5n).isInTurn, true);
  });
  test('rejects a block in turn before its period → sealTooEarly', () => {
    assert.throws(() => judged(1, PERIOD - 1n), { code: 'sealTooEarly' });
  });
  test('rejects a block out of turn before two periods → sealTooEarly', () => {
    assert.throws(() => judged(0, 2n * PERIOD - 1n), { code: 'sealTooEarly' });
  });
  test('rejects a block of somebody else → sealerUnknown, naming who', () => {
    assert.throws(() => judged(3, 60n), {
      code: 'sealerUnknown',
      message: new RegExp(hexOf(addresses[3] ?? new Uint8Array())),
    });
  });
  test('rejects a block 16 s ahead of the clock → timestampAhead', () => {
    assert.throws(() => judged(1, 21n, PARENT_TIME + 5n), { code: 'timestampAhead' });
  });
  test('rejects a block more than an hour ahead of the clock → timestampFarAhead: no clock is so wrong', () => {
    const ahead = (seconds: bigint) => judged(1, 20n + seconds, PARENT_TIME + 5n);
    assert.throws(() => ahead(3600n), { code: 'timestampAhead' });
    assert.throws(() => ahead(3601n), { code: 'timestampFarAhead' });
  });
  test('rejects a block without a seal → sealMalformed', () => {
    const block = header(7n, PARENT_TIME + 60n);
    assert.throws(() => validateSeal(three, block, parent, new Uint8Array(), Date.now()), { code: 'sealMalformed' });
  });
  test('rejects a seal where the genesis names no sealers → sealUnexpected', () => {
    const none = networkWith(undefined);
    const block = header(7n, PARENT_TIME + 60n);
    assert.throws(() => validateSeal(none, block, parent, new Uint8Array(65), 0), { code: 'sealUnexpected' });
    assert.equal(validateSeal(none, block, parent, new Uint8Array(), 0).sealer, undefined);
  });
});

describe('genesis of a sealed network', () => {
  const [one = '0x', two = '0x'] = addresses.map(hexOf);
  const rejected: readonly (readonly [string, unknown, string])[] = [
    ['no sealers', { sealers: [], period: 5 }, 'zkl1.sealers'],
    ['a sealer twice', { sealers: [one, two, one], period: 5 }, 'zkl1.sealers[2]'],
    [
      'a sealer twice in other letters',
      { sealers: [one, `0x${one.slice(2).toUpperCase()}`], period: 5 },
      'zkl1.sealers[1]',
    ],
    ['a sealer that is no address', { sealers: ['0x1234'], period: 5 }, 'zkl1.sealers[0]'],
    ['no period', { sealers: [one] }, 'zkl1.period'],
    ['a period of more than a day', { sealers: [one], period: 86_401 }, 'zkl1.period'],
    ['several sealers without a period', { sealers: [one, two], period: 0 }, 'zkl1.period'],
    ['a key that nobody knows', { sealers: [one], period: 5, perod: 6 }, 'zkl1.perod'],
    ['a list', [one], 'zkl1'],
    ['257 sealers', { sealers: Array.from({ length: 257 }, () => one), period: 5 }, 'zkl1.sealers'],
  ];
  for (const [what, zkl1, key] of rejected) {
    test(`rejects ${what}, naming ${key}`, () => {
      assert.throws(() => networkWith(zkl1), {
        code: 'genesisInvalid',
        message: new RegExp(`${key.replace(/[[\].]/g, '\\$&')}:`),
      });
    });
  }
  test('a lone sealer without a period → accepted', () => {
    assert.deepEqual(networkWith({ sealers: [one], period: 0 }).config.sealing, {
      sealers: [bytesOf(one)],
      period: 0n,
    });
  });
});

describe('fork choice', () => {
  const candidate = (number: bigint, isInTurn: boolean, first: number) => ({
    number,
    isInTurn,
    hash: new Uint8Array(32).fill(first),
  });
  test('two heads → the higher, then the one in turn, then the lower hash', () => {
    assert.ok(isPreferred(candidate(2n, false, 9), candidate(1n, true, 1)));
    assert.ok(isPreferred(candidate(2n, true, 9), candidate(2n, false, 1)));
    assert.ok(isPreferred(candidate(2n, true, 1), candidate(2n, true, 9)));
  });
  test('any two of many heads → exactly one is preferred; a head over itself is not', () => {
    const heads = [1n, 2n].flatMap((n) => [true, false].flatMap((t) => [1, 2, 3].map((h) => candidate(n, t, h))));
    for (const a of heads) {
      for (const b of heads) assert.equal(Number(isPreferred(a, b)) + Number(isPreferred(b, a)), a === b ? 0 : 1);
    }
  });
});
