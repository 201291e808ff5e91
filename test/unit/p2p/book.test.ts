import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PeerBook } from '../../../client/p2p/peers/book.ts';
import { Budget } from '../../../client/p2p/peers/budget.ts';
import { BAN_POINTS, FAULT_POINTS, type Fault } from '../../../client/p2p/peers/faults.ts';

const MINUTE = 60_000;

function book() {
  const clock = { now: 1_000_000 };
  const bans: string[] = [];
  const made = new PeerBook({
    now: () => clock.now,
    onBan: (peer, reason) => bans.push(`${peer} ${reason}`),
    onFault: () => {},
  });
  return { clock, bans, made };
}

test('fault of each kind → its points, its counters', () => {
  for (const [fault, points] of Object.entries(FAULT_POINTS) as [Fault, number][]) {
    const { made, bans } = book();
    made.charge('a', fault, 'test');
    assert.equal(made.score('a'), -points);
    assert.deepEqual(made.faults('a'), { [fault]: 1 });
    assert.deepEqual(made.totals(), { [fault]: 1 });
    assert.equal(bans.length, points >= BAN_POINTS ? 1 : 0, fault);
    assert.equal(made.score('b'), 0);
  }
});

test('small faults that add up → dropped once, for the one that crossed the line', () => {
  const { made, bans } = book();
  for (let i = 0; i < 4; i++) made.charge('a', 'withheldData', '');
  assert.deepEqual(bans, []);
  made.charge('a', 'slowResponse', '');
  made.charge('a', 'slowResponse', '');
  assert.deepEqual(bans, ['a slowResponse']);
  assert.equal(made.bans()[0]!.reason, 'slowResponse');
});

test('points heal by half in ten minutes, to nothing in the end', () => {
  const { made, clock } = book();
  made.charge('a', 'malformedMessage', '');
  clock.now += 10 * MINUTE;
  assert.equal(made.score('a'), -FAULT_POINTS.malformedMessage / 2);
  clock.now += 100 * MINUTE;
  assert.equal(made.score('a'), 0);
});

test('ban → ends after an hour with a clean slate, and can be earned again', () => {
  const { made, clock, bans } = book();
  made.charge('a', 'invalidProof', '');
  clock.now += 59 * MINUTE;
  assert.ok(made.isBanned('a'));
  clock.now += 2 * MINUTE;
  assert.ok(!made.isBanned('a'));
  assert.deepEqual(made.bans(), []);
  made.charge('a', 'invalidProof', '');
  assert.equal(bans.length, 2);
});

test('book of very many peers → remembers the last ones', () => {
  const { made } = book();
  for (let i = 0; i < 10_000; i++) made.charge(`peer ${i}`, 'invalidProof', '');
  assert.equal(made.score('peer 0'), 0);
  assert.ok(!made.isBanned('peer 0'));
  assert.ok(made.isBanned('peer 9999'));
  assert.equal(made.bans().length, 4096);
});

test('budget → a burst, then a rate; a peer’s own', () => {
  const clock = { now: 0 };
  const budget = new Budget({ capacity: 10, perSecond: 2 }, () => clock.now);
  for (let i = 0; i < 10; i++) assert.ok(budget.take(1));
  assert.ok(!budget.take(1));
  clock.now += 1500;
  assert.ok(budget.take(3));
  assert.ok(!budget.take(0.5));
  clock.now += 3_600_000;
  assert.ok(!budget.take(11));
  assert.ok(budget.take(10));
  clock.now -= 1000;
  assert.ok(!budget.take(1), 'a clock that jumps back gives nothing');
});
