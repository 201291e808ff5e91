import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generateKeyPair } from '@libp2p/crypto/keys';
import { identityOf, isSignature } from '../../../client/p2p/host/identity.ts';
import { CLAIM_SECONDS, type ProvingClaim } from '../../../client/p2p/interface.ts';
import { PEER_RATES, PeerBook } from '../../../client/p2p/peers/book.ts';
import type { Rate } from '../../../client/p2p/peers/budget.ts';
import {
  Claims,
  REMEMBERED_SECONDS,
  RENEWED_SECONDS,
  STRANGER_RENEWED_SECONDS,
  TIE_SECONDS,
} from '../../../client/p2p/proofs/claims.ts';
import type { Hash } from '../../../client/prover/interface.ts';

const GENESIS: Hash = `0x${'99'.repeat(32)}`;
const hash = (i: number): Hash => `0x${i.toString(16).padStart(64, '0')}`;
const ROOMY = { capacity: 1e6, perSecond: 1e6 };

async function claims(
  clock = { seconds: 1_800_000_000 },
  genesisHash = GENESIS,
  isProvable = (block: Hash): boolean => block !== hash(0),
  checks: Rate = ROOMY,
) {
  const now = (): number => clock.seconds * 1000;
  const rates = { ...PEER_RATES, messages: ROOMY };
  const book = new PeerBook({ now, onBan: () => {}, onFault: () => {} }, rates);
  const said: ProvingClaim[] = [];
  const made = new Claims(
    {
      genesisHash,
      identity: identityOf(await generateKeyPair('Ed25519')),
      verify: isSignature,
      isProvable,
      onContested: (own) => said.push(own),
      book,
      now,
    },
    checks,
  );
  return { clock, book, made, said };
}

const claimOf = (i: number, expiresAt: number) => ({ blockHash: hash(i), proofType: 1, expiresAt });

test('claim → counts for 45 s from its arrival, once per block', async () => {
  const { clock, made } = await claims();
  const [a, b] = [await claims(clock), await claims(clock)];
  const { seconds } = clock;
  assert.equal(await made.onClaim(await a.made.sign(claimOf(1, seconds + 300)), 'p'), 'accept');
  assert.equal(made.until(hash(1), 1), seconds + CLAIM_SECONDS);
  assert.equal(made.until(hash(1), 2), undefined);
  clock.seconds += TIE_SECONDS;
  assert.equal(await made.onClaim(await b.made.sign(claimOf(1, seconds + 300)), 'p'), 'ignore');
  clock.seconds += CLAIM_SECONDS;
  assert.equal(made.until(hash(1), 1), undefined);
  assert.equal(
    await made.onClaim(await b.made.sign(claimOf(1, seconds + 300)), 'p'),
    'ignore',
    'a block is delayed once',
  );
});

test('claim that is renewed → counts on, up to a limit; not after it has ended', async () => {
  const { clock, made } = await claims();
  const a = await claims(clock);
  const start = clock.seconds;
  const renew = async (): Promise<string> => made.onClaim(await a.made.sign(claimOf(1, clock.seconds + 45)), 'p');
  assert.equal(await renew(), 'accept');
  assert.equal(await renew(), 'ignore', 'it says nothing new');
  for (clock.seconds += 15; clock.seconds <= start + STRANGER_RENEWED_SECONDS - 45; clock.seconds += 15) {
    assert.equal(await renew(), 'accept');
    assert.equal(made.until(hash(1), 1), clock.seconds + 45);
  }
  clock.seconds = start + STRANGER_RENEWED_SECONDS;
  assert.equal(made.until(hash(1), 1), undefined, 'a prover that is stuck is overtaken');
  assert.equal(await renew(), 'ignore');
});

test('two provers that claim a block at once → each of them and everybody else agree on one; nobody has broken a word', async () => {
  for (let i = 1; i <= 8; i++) {
    const watcher = await claims();
    const { clock } = watcher;
    const [a, b] = [await claims(clock), await claims(clock)];
    const [ofA, ofB] = [
      await a.made.sign(claimOf(i, clock.seconds + 45)),
      await b.made.sign(claimOf(i, clock.seconds + 45)),
    ];
    clock.seconds += 1;
    await a.made.onClaim(ofB, 'b');
    await b.made.onClaim(ofA, 'a');
    for (const claim of i % 2 === 0 ? [ofA, ofB] : [ofB, ofA]) await watcher.made.onClaim(claim, 'p');
    const goesOn = [a, b].filter(({ made }) => made.isOwnFirst(hash(i), 1) || made.until(hash(i), 1) === undefined);
    assert.equal(goesOn.length, 1);
    const [winner] = goesOn;
    assert.equal(winner!.made.until(hash(i), 1), undefined, 'the other’s claim is none to the winner');
    clock.seconds += 20;
    const renewal = await winner!.made.sign(claimOf(i, clock.seconds + 45));
    const loser = winner === a ? b : a;
    for (const { made } of [watcher, loser]) {
      assert.equal(await made.onClaim(renewal, 'p'), 'accept');
      assert.equal(made.until(hash(i), 1), clock.seconds + 45);
    }
  }
});

test('a claim on what this prover goes on with → its own is said again, as another message, and whoever missed it yields', async () => {
  const winners = new Set<boolean>();
  for (let i = 1; i <= 8; i++) {
    const a = await claims();
    const { clock } = a;
    const b = await claims(clock);
    // The block had not come to b: the claim meant nothing to it.
    const missed = await a.made.sign(claimOf(i, clock.seconds + 45));
    clock.seconds += 3;
    const ofB = await b.made.sign(claimOf(i, clock.seconds + 45));
    const verdict = await a.made.onClaim(ofB, 'b');
    winners.add(verdict === 'ignore');
    if (verdict === 'accept') {
      assert.equal(a.made.isOwnFirst(hash(i), 1), false);
      assert.deepEqual(a.said, []);
      continue;
    }
    assert.equal(a.said.length, 1);
    await a.made.onClaim(ofB, 'b');
    assert.equal(a.said.length, 1, 'answered a moment ago');
    const again = await a.made.sign(a.said[0]!);
    assert.notDeepEqual(again, missed);
    assert.equal(await b.made.onClaim(again, 'a'), 'accept');
    assert.equal(b.made.isOwnFirst(hash(i), 1), false);
    assert.deepEqual(b.said, []);
  }
  assert.equal(winners.size, 2);
});

test('claim that comes before its block → counts from its arrival once the block is there; four of each block at most', async () => {
  const known = new Set<Hash>();
  const made = await claims(undefined, GENESIS, (block) => known.has(block));
  const { clock } = made;
  const start = clock.seconds;
  const others = await Promise.all(Array.from({ length: 5 }, () => claims(clock)));
  const [first] = others;
  assert.equal(await made.made.onClaim(await first!.made.sign(claimOf(1, start + 45)), 'p'), 'ignore');
  assert.equal(made.made.until(hash(1), 1), undefined);
  clock.seconds += 20;
  known.add(hash(1));
  assert.equal(made.made.until(hash(1), 1), start + 45);
  const renewal = await first!.made.sign(claimOf(1, clock.seconds + 45));
  assert.equal(await made.made.onClaim(renewal, 'p'), 'accept', 'it is the claim that is renewed');
  // The first of five on one block is forgotten, and who was heard first goes before who comes long after.
  for (const [n, { made: other }] of others.entries()) {
    await made.made.onClaim(await other.sign(claimOf(2, clock.seconds + 45)), 'p');
    if (n < 2) clock.seconds += TIE_SECONDS;
  }
  known.add(hash(2));
  assert.equal(made.made.until(hash(2), 1), clock.seconds - TIE_SECONDS + 45);
});

test('prover that was at work for long before and says so again → goes before who has just begun, whatever the order', async () => {
  let decided = 0;
  for (let i = 1; i <= 8; i++) {
    const old = await claims();
    const { clock } = old;
    const fresh = await claims(clock);
    await old.made.sign(claimOf(i, clock.seconds + 45));
    clock.seconds += TIE_SECONDS + 1;
    const began = await fresh.made.sign(claimOf(i, clock.seconds + 45));
    assert.equal(await old.made.onClaim(began, 'p'), 'ignore');
    const verdict = await fresh.made.onClaim(await old.made.sign(old.said[0]!), 'p');
    if (verdict === 'accept') continue;
    decided++;
    assert.equal(fresh.made.isOwnFirst(hash(i), 1), true);
    clock.seconds += 3;
    const again = await old.made.sign({ ...old.said[0]!, expiresAt: old.said[0]!.expiresAt + 3 });
    assert.equal(await fresh.made.onClaim(again, 'p'), 'accept');
    assert.equal(fresh.made.isOwnFirst(hash(i), 1), false);
  }
  assert.ok(decided > 0);
});

test('claim after another one has ended → counts only of a prover that has kept its word before', async () => {
  const { clock, made } = await claims();
  const [gone, stranger, known] = [await claims(clock), await claims(clock), await claims(clock)];
  const say = async ({ made: of }: typeof known, i: number) =>
    made.onClaim(await of.sign(claimOf(i, clock.seconds + 45)), 'p');
  assert.equal(await say(known, 2), 'accept');
  made.fulfilled(hash(2), 1);
  assert.equal(await say(gone, 1), 'accept');
  clock.seconds += CLAIM_SECONDS + 1;
  assert.equal(await say(stranger, 1), 'ignore', 'a block is delayed once');
  assert.equal(await say(known, 1), 'accept');
  assert.equal(made.until(hash(1), 1), clock.seconds + CLAIM_SECONDS);
});

test('prover that is killed once → after ten minutes its claims count again', async () => {
  const { clock, made } = await claims();
  const a = await claims(clock);
  await made.onClaim(await a.made.sign(claimOf(1, clock.seconds + 45)), 'p');
  clock.seconds += 60;
  assert.equal(await made.onClaim(await a.made.sign(claimOf(2, clock.seconds + 45)), 'p'), 'ignore');
  clock.seconds += 600;
  assert.equal(await made.onClaim(await a.made.sign(claimOf(3, clock.seconds + 45)), 'p'), 'accept');
});

test('claims that are kept → longer rows of them count; that are broken → none', async () => {
  const { clock, made } = await claims();
  const a = await claims(clock);
  const say = async (i: number): Promise<string> =>
    made.onClaim(await a.made.sign(claimOf(i, clock.seconds + 45)), 'p');
  await say(1);
  made.fulfilled(hash(1), 1);
  assert.equal(made.until(hash(1), 1), undefined);
  const start = clock.seconds;
  for (; clock.seconds < start + RENEWED_SECONDS - CLAIM_SECONDS; clock.seconds += 15)
    assert.equal(await say(2), 'accept');
  clock.seconds = start + RENEWED_SECONDS;
  assert.equal(made.until(hash(2), 1), undefined);
  await say(3);
  clock.seconds += CLAIM_SECONDS + 1;
  const verdicts: string[] = [];
  for (let i = 4; i < 6; i++) verdicts.push(await say(i));
  assert.deepEqual(verdicts, ['ignore', 'ignore'], 'two broken, one kept');
});

for (const minutes of [-50, -5, 5, 50]) {
  test(`prover whose clock is ${minutes} minutes off → its claims count as long as others’, and nobody is charged`, async () => {
    const { clock, made, book } = await claims();
    const skewed = { seconds: clock.seconds + 60 * minutes };
    const [a, b] = [await claims(skewed), await claims(clock)];
    const say = async (i: number): Promise<string> =>
      made.onClaim(await a.made.sign(claimOf(i, skewed.seconds + CLAIM_SECONDS)), 'p');
    const pass = (seconds: number): void => {
      clock.seconds += seconds;
      skewed.seconds += seconds;
    };
    assert.equal(await say(1), 'accept');
    for (let i = 0; i < 3; i++) {
      assert.equal(made.until(hash(1), 1), clock.seconds + CLAIM_SECONDS);
      pass(12);
      assert.equal(await say(1), 'accept');
    }
    made.fulfilled(hash(1), 1);
    // It dies at work: whoever waits for it goes on after 45 s, though it has kept a claim before.
    assert.equal(await say(2), 'accept');
    pass(CLAIM_SECONDS);
    assert.equal(made.until(hash(2), 1), undefined);
    assert.equal(await say(2), 'ignore', 'what is over is not renewed');
    // And it hears of others by its own clock.
    assert.equal(await a.made.onClaim(await b.made.sign(claimOf(3, clock.seconds + CLAIM_SECONDS)), 'p'), 'accept');
    assert.equal(a.made.until(hash(3), 1), skewed.seconds + CLAIM_SECONDS);
    assert.deepEqual([book.totals(), a.book.totals()], [{}, {}]);
  });
}

test('claim that is said again as it was, or an older one → not a renewal', async () => {
  const { clock, made } = await claims();
  const a = await claims(clock);
  const first = await a.made.sign(claimOf(1, clock.seconds + CLAIM_SECONDS));
  await made.onClaim(first, 'p');
  clock.seconds += 20;
  const second = await a.made.sign(claimOf(1, clock.seconds + CLAIM_SECONDS));
  assert.equal(await made.onClaim(second, 'p'), 'accept');
  clock.seconds += 20;
  for (const old of [first, second]) assert.equal(await made.onClaim(old, 'p'), 'ignore');
  assert.equal(made.until(hash(1), 1), clock.seconds - 20 + CLAIM_SECONDS);
  clock.seconds += CLAIM_SECONDS + REMEMBERED_SECONDS - 1;
  assert.equal(await made.onClaim(second, 'p'), 'ignore', 'remembered');
});

test('one prover claiming everything → four blocks at a time', async () => {
  const { clock, made } = await claims();
  const a = await claims(clock);
  for (let i = 1; i < 20; i++) await made.onClaim(await a.made.sign(claimOf(i, clock.seconds + 50)), 'p');
  const held = Array.from({ length: 20 }, (_, i) => made.until(hash(i), 1)).filter((until) => until !== undefined);
  assert.equal(held.length, 4);
});

test('claims of very many keys → a bounded number is kept', async () => {
  const { clock, made } = await claims();
  for (let k = 0; k < 260; k++) {
    const a = await claims(clock);
    for (let i = 0; i < 4; i++) await made.onClaim(await a.made.sign(claimOf(1 + 4 * k + i, clock.seconds + 50)), 'p');
  }
  const held = Array.from({ length: 1041 }, (_, i) => made.until(hash(i), 1)).filter((until) => until !== undefined);
  assert.equal(held.length, 1024);
});

test('claim on a block that needs no proof, or of long ago → ignored, nobody charged', async () => {
  const { clock, made, book } = await claims();
  const a = await claims(clock);
  assert.equal(await made.onClaim(await a.made.sign(claimOf(0, clock.seconds + 50)), 'p'), 'ignore');
  assert.equal(await made.onClaim(await a.made.sign(claimOf(1, clock.seconds - 3600)), 'p'), 'ignore');
  assert.deepEqual(book.totals(), {});
});

test('rejects claims from more than an hour ahead, altered, or of another chain', async () => {
  const { clock, made, book } = await claims();
  const a = await claims(clock);
  const other = await claims(clock, `0x${'77'.repeat(32)}`);
  const good = await a.made.sign(claimOf(1, clock.seconds + 50));
  const altered = Uint8Array.from(good);
  altered[3]! ^= 1;
  assert.equal(await made.onClaim(altered, 'p'), 'reject');
  assert.equal(await made.onClaim(good.subarray(1), 'p'), 'reject');
  assert.equal(await made.onClaim(await other.made.sign(claimOf(1, clock.seconds + 50)), 'p'), 'reject');
  assert.equal(await made.onClaim(await a.made.sign(claimOf(1, clock.seconds + 3700)), 'p'), 'reject');
  assert.deepEqual(book.totals(), { malformedMessage: 3, farFuture: 1 });
  assert.equal(made.until(hash(1), 1), undefined);
});

test('claims of many strangers at once → a bounded number of signatures is checked, the others’ senders are not charged', async () => {
  const { clock, made, book } = await claims(undefined, GENESIS, undefined, { capacity: 3, perSecond: 1 });
  const strangers = await Promise.all(Array.from({ length: 6 }, () => claims(clock)));
  const verdicts: string[] = [];
  for (const [i, stranger] of strangers.entries())
    verdicts.push(await made.onClaim(await stranger.made.sign(claimOf(1 + i, clock.seconds + CLAIM_SECONDS)), `p${i}`));
  assert.deepEqual(verdicts, ['accept', 'accept', 'accept', 'ignore', 'ignore', 'ignore']);
  clock.seconds += 1;
  const late = await strangers[5]!.made.sign(claimOf(6, clock.seconds + CLAIM_SECONDS));
  assert.equal(await made.onClaim(late, 'p5'), 'accept');
  assert.deepEqual(book.totals(), {});
});
