/** Transactions between nodes: what is taken, forwarded, charged, and said again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { createLogger } from '../../../client/log.ts';
import type { Judgement, NetworkPorts } from '../../../client/p2p/interface.ts';
import { PEER_RATES, PeerBook } from '../../../client/p2p/peers/book.ts';
import {
  decodeTransactions,
  encodeTransactions,
  hex,
  MAX_TRANSACTION_BYTES,
  MAX_TRANSACTIONS,
  MAX_TRANSACTIONS_BYTES,
} from '../../../client/p2p/proofs/messages.ts';
import { TransactionGossip } from '../../../client/p2p/transactions/gossip.ts';
import { TransactionRelay } from '../../../client/p2p/transactions/relay.ts';
import type { Hash } from '../../../client/prover/interface.ts';
import { pseudoRandom, toyChain } from '../../support/p2p/chain.ts';
import { until } from '../../support/p2p/host.ts';
import { testNode } from '../../support/p2p/node.ts';

const raw = (name: string, bytes = 100): Uint8Array => pseudoRandom(name, bytes);
const hashOf = (bytes: Uint8Array): Hash => hex(keccak_256(bytes));
type PoolPorts = Pick<NetworkPorts, 'hasTransaction' | 'takeTransaction' | 'waitingTransaction'>;

/** A pool that takes everything but what a test says of it. */
function toyPool(judge: (bytes: Uint8Array) => Judgement = () => ({ verdict: 'accept' })) {
  const held = new Map<Hash, Uint8Array>();
  const ports: PoolPorts = {
    hasTransaction: (hash) => held.has(hash),
    takeTransaction: async (bytes) => {
      const judgement = judge(bytes);
      if (judgement.verdict === 'accept') held.set(hashOf(bytes), bytes);
      return judgement;
    },
    waitingTransaction: (hash) => held.get(hash),
  };
  return { held, ports };
}

function scene(judge?: (bytes: Uint8Array) => Judgement) {
  const pool = toyPool(judge);
  const clock = { ms: 0 };
  const now = (): number => clock.ms;
  const book = new PeerBook({ now, onBan: () => {}, onFault: () => {} });
  const gossip = new TransactionGossip({ ports: pool.ports, book, log: createLogger('silent'), now });
  return { ...pool, clock, book, gossip };
}
const message = (...transactions: Uint8Array[]): Uint8Array => encodeTransactions(transactions, 7n);

test('message with new transactions → taken and forwarded; again → known, not forwarded', async () => {
  const { gossip, held, book } = scene();
  assert.equal(await gossip.onTransactions(message(raw('a'), raw('b')), 'p'), 'accept');
  assert.equal(await gossip.onTransactions(message(raw('a'), raw('b')), 'q'), 'ignore');
  assert.equal(await gossip.onTransactions(message(raw('a'), raw('c')), 'q'), 'accept');
  assert.deepEqual([...held.keys()], [raw('a'), raw('b'), raw('c')].map(hashOf));
  assert.deepEqual(gossip.counters(), { taken: 3, known: 3, ignored: 0, rejected: 0, unread: 0 });
  assert.deepEqual(book.totals(), {});
});

test('transaction that this node cannot take now → nobody charged, the message not forwarded, the rest taken', async () => {
  const poor = hashOf(raw('poor'));
  const { gossip, held, book } = scene((bytes) =>
    hashOf(bytes) === poor ? { verdict: 'ignore', code: 'insufficientFunds' } : { verdict: 'accept' },
  );
  assert.equal(await gossip.onTransactions(message(raw('poor'), raw('rich')), 'p'), 'ignore');
  assert.deepEqual([...held.keys()], [hashOf(raw('rich'))]);
  assert.deepEqual(book.totals(), {});
});

test('transaction that no node takes → its sender charged, the rest of the message unread', async () => {
  const { gossip, held, book } = scene(() => ({ verdict: 'reject', code: 'wrongChain' }));
  assert.equal(await gossip.onTransactions(message(raw('a'), raw('b')), 'p'), 'reject');
  assert.deepEqual(gossip.counters(), { taken: 0, known: 0, ignored: 0, rejected: 1, unread: 0 });
  assert.deepEqual(book.faults('p'), { invalidTransaction: 1 });
  assert.equal(await gossip.onTransactions(message(raw('c')), 'p'), 'reject');
  assert.ok(book.isBanned('p'));
  assert.equal(held.size, 0);
});

test('no SSZ, no transactions, too large a transaction → rejected and charged', async () => {
  const { gossip, book } = scene();
  const oversized = Buffer.concat([message(raw('a', MAX_TRANSACTION_BYTES)), new Uint8Array(1)]);
  for (const bad of [raw('noise'), message(), oversized]) {
    assert.equal(await gossip.onTransactions(bad, 'p'), 'reject');
  }
  assert.deepEqual(book.faults('p'), { malformedMessage: 3 });
});

test('more unknown transactions than a peer’s budget → unread without a fault; another peer is heard', async () => {
  const { gossip, held, book, clock } = scene();
  const { capacity } = PEER_RATES.transactionChecks;
  for (let i = 0; i < capacity + 128; i += 128) {
    await gossip.onTransactions(message(...Array.from({ length: 128 }, (_, j) => raw(`${i + j}`, 8))), 'p');
  }
  assert.equal(held.size, capacity);
  assert.equal(gossip.counters().unread, 128);
  assert.equal(await gossip.onTransactions(message(raw('other')), 'q'), 'accept');
  clock.ms += 1000;
  assert.equal(await gossip.onTransactions(message(raw('later')), 'p'), 'accept');
  assert.deepEqual(book.totals(), {});
});

test('peer with more messages than its budget → charged until it is dropped', async () => {
  const { gossip, book } = scene();
  for (let i = 0; i < 700 && !book.isBanned('p'); i++) await gossip.onTransactions(message(raw('a')), 'p');
  assert.deepEqual(Object.keys(book.faults('p')), ['tooManyMessages']);
  assert.ok(book.isBanned('p'));
});

/** A relay whose messages the test keeps, with intervals of milliseconds. */
function relay(recipients: () => number = () => 1) {
  const { held, ports } = toyPool();
  const sent: Uint8Array[][] = [];
  const messages = new Set<string>();
  const made = new TransactionRelay(
    { tickMs: 1, firstRepeatMs: 20, longestRepeatMs: 40 },
    {
      waiting: ports.waitingTransaction,
      publish: async (bytes) => {
        messages.add(hex(bytes));
        sent.push([...decodeTransactions(bytes)]);
        return recipients();
      },
      now: () => performance.now(),
    },
  );
  const add = (bytes: Uint8Array): void => {
    held.set(hashOf(bytes), bytes);
    made.add(hashOf(bytes));
  };
  return { made, held, sent, messages, add };
}

test('transaction that waits → said again in messages of their own; once included → no more', async (t) => {
  const { made, held, sent, messages, add } = relay();
  t.after(() => made.stop());
  add(raw('a'));
  await until('said four times', () => sent.length === 4);
  assert.equal(messages.size, 4, 'gossip drops equal messages');
  held.clear();
  await until('forgotten', () => made.counters().announcing === 0);
  assert.deepEqual(made.counters(), { announced: sent.length, announcing: 0 });
});

test('transactions that come together → few messages, none beyond its cap', async (t) => {
  const { made, sent, add } = relay();
  t.after(() => made.stop());
  for (let i = 0; i < 3; i++) add(raw(`large ${i}`, 60_000));
  for (let i = 0; i < 200; i++) add(raw(`${i}`, 100));
  await until('all are sent', () => new Set(sent.flat().map(hashOf)).size === 203);
  for (const transactions of sent) {
    assert.ok(transactions.length <= MAX_TRANSACTIONS);
    assert.ok(encodeTransactions(transactions, 0n).length <= MAX_TRANSACTIONS_BYTES);
  }
  assert.equal(encodeTransactions([raw('x', MAX_TRANSACTION_BYTES)], 0n).length, MAX_TRANSACTION_BYTES + 16);
});

test('transaction that nobody took → said again as soon as the first time', async (t) => {
  let peers = 0;
  const { made, sent, add } = relay(() => peers);
  t.after(() => made.stop());
  add(raw('a'));
  await until('tried', () => sent.length >= 3);
  assert.equal(made.counters().announced, 0);
  peers = 1;
  await until('taken', () => made.counters().announced > 0);
});

test('transaction at the end of a line of nodes → in every pool, though the last one comes later', async (t) => {
  const chain = await toyChain(2);
  const timing = { tickMs: 5, firstRepeatMs: 200, longestRepeatMs: 400 };
  const pools = [toyPool(), toyPool(), toyPool()];
  const start = (i: number, bootnodes: readonly string[]) =>
    testNode(t, chain, { holds: chain, bootnodes, ports: pools[i]!.ports, tuning: { relay: timing } });
  const a = await start(0, []);
  const transaction = raw('a');
  pools[0]!.held.set(hashOf(transaction), transaction);
  a.network.announceTransaction(hashOf(transaction));
  const b = await start(1, [a.address]);
  await start(2, [b.address]);
  await until('everybody has it', () => pools.every(({ held }) => held.has(hashOf(transaction))));
  assert.equal(b.network.counters().transactions.taken, 1);
});
