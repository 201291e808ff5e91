import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { workSharing } from '../../../client/node/work-sharing.ts';
import type { ProvingClaim } from '../../../client/p2p/interface.ts';

const BLOCK = new Uint8Array(32).fill(7);
const TYPE = 128;
const START_MS = 1_000_000_500;

/** This node's claims among peers that the test speaks for, on a clock that only the test moves. */
function scene(t: TestContext, peers = 1) {
  t.mock.timers.enable({ apis: ['Date', 'setTimeout', 'setInterval'], now: START_MS });
  const said: ProvingClaim[] = [];
  const others: { until: number | undefined; isOwnFirst: boolean } = { until: undefined, isOwnFirst: true };
  let isFailing = false;
  const sharing = workSharing(
    () => ({
      claimProving: async (claim) => {
        said.push(claim);
        if (isFailing) throw new Error('no peer took it');
        return 1;
      },
      claimedUntil: () => others.until,
      isOwnClaimFirst: () => others.isOwnFirst,
      peers: () => Array.from({ length: peers }, () => ({}) as never),
    }),
    TYPE,
  );
  const ended = new AbortController();
  let yields = 0;
  let isListening = true;
  const claim = (): Promise<void> =>
    sharing.claim(BLOCK, { signal: ended.signal, onYield: () => void yields++ }).then(() => {
      isListening = false;
    });
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
  };
  const pass = async (ms: number): Promise<void> => {
    t.mock.timers.tick(ms);
    await settle();
  };
  t.after(() => ended.abort());
  return {
    ...{ sharing, said, others, claim, pass, settle, end: () => ended.abort() },
    yields: () => yields,
    isListening: () => isListening,
    fail: () => {
      isFailing = true;
    },
  };
}

test('job that begins → claimed for 45 seconds in whole ones, then a second of listening before anything is proven', async (t) => {
  const { said, claim, pass, isListening, settle } = scene(t);
  const claiming = claim();
  await settle();
  assert.deepEqual(said, [{ blockHash: `0x${'07'.repeat(32)}`, proofType: TYPE, expiresAt: 1_000_046 }]);
  await pass(999);
  assert.equal(isListening(), true);
  await pass(1);
  assert.equal(isListening(), false);
  await claiming;
});

test('job that goes on → claimed twice more at once and then every 12 seconds, so that one lost message changes nothing; not after its end', async (t) => {
  const { said, claim, pass, end } = scene(t);
  void claim();
  for (let i = 0; i < 16; i++) await pass(3000);
  const from = said.map(({ expiresAt }) => expiresAt - 1_000_046);
  assert.deepEqual(from, [0, 3, 6, 12, 24, 36, 48]);
  for (const [i, { expiresAt }] of said.entries()) {
    const nextButOne = said[i + 2];
    if (nextButOne !== undefined)
      assert.ok(expiresAt > nextButOne.expiresAt - 45, 'the one after next comes before it ends');
  }
  end();
  await pass(60_000);
  assert.equal(said.length, 7);
});

test('another prover that began at the same time and goes first → yielded once, and silent from then on', async (t) => {
  const { said, others, claim, pass, yields } = scene(t);
  void claim();
  await pass(500);
  others.until = 1_000_046;
  others.isOwnFirst = false;
  await pass(100);
  assert.equal(yields(), 1);
  await pass(60_000);
  assert.deepEqual([yields(), said.length], [1, 1]);
});

test('another prover that began at the same time and goes after this one → not yielded to', async (t) => {
  const { others, said, claim, pass, yields } = scene(t);
  void claim();
  others.until = 1_000_046;
  await pass(24_000);
  assert.deepEqual([yields(), said.length], [0, 5]);
});

test('another prover that comes when this one has worked for 12 seconds → not yielded to, though it would go first', async (t) => {
  const { others, claim, pass, yields } = scene(t);
  void claim();
  await pass(12_200);
  others.until = 1_000_099;
  others.isOwnFirst = false;
  await pass(60_000);
  assert.equal(yields(), 0);
});

test('node without peers → nothing said, no waiting; with a network that fails → proves all the same', async (t) => {
  await t.test('without peers', async (tt) => {
    const { said, claim } = scene(tt, 0);
    await claim();
    assert.deepEqual(said, []);
  });
  await t.test('with a network that fails', async (tt) => {
    const { fail, claim, pass, settle, isListening } = scene(tt);
    fail();
    void claim();
    await settle();
    await pass(1000);
    assert.equal(isListening(), false);
    await pass(12_000);
  });
  await t.test('before the network runs', async () => {
    const none = workSharing(() => undefined, TYPE);
    assert.equal(none.claimedUntil(BLOCK), undefined);
    await none.claim(BLOCK, { signal: new AbortController().signal, onYield: () => assert.fail('nobody to yield to') });
  });
});

test('claim of another, in seconds → in milliseconds', (t) => {
  const { sharing, others } = scene(t);
  assert.equal(sharing.claimedUntil(BLOCK), undefined);
  others.until = 1_000_046;
  assert.equal(sharing.claimedUntil(BLOCK), 1_000_046_000);
});

test('job that is stopped while it listens → the claim returns at once', async (t) => {
  const { claim, end, settle, isListening, pass } = scene(t);
  void claim();
  await settle();
  await pass(10);
  end();
  await settle();
  assert.equal(isListening(), false);
});
