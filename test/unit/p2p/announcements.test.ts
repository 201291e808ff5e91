/** What becomes of announcements, step by step, with every port in the test's hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientError } from '../../../client/errors.ts';
import { createLogger } from '../../../client/log.ts';
import type { Fetched, Judgement } from '../../../client/p2p/interface.ts';
import { PeerBook } from '../../../client/p2p/peers/book.ts';
import {
  ANNOUNCEMENT_LIMITS,
  type AnnouncementModules,
  Announcements,
} from '../../../client/p2p/proofs/announcements.ts';
import { describeProof } from '../../../client/p2p/proofs/descriptor.ts';
import { encodeBlockAnnouncement, encodeProofAnnouncement } from '../../../client/p2p/proofs/messages.ts';
import { announcementOf, PROOF_TYPE, pseudoRandom, recordOf, toyChain } from '../../support/p2p/chain.ts';
import { until } from '../../support/p2p/host.ts';

const FORK = 'aabbccdd';
const ACCEPT: Judgement = { verdict: 'accept' };
const chain = await toyChain(8);

function scene(ports: Partial<AnnouncementModules['ports']> = {}, fetchProof?: AnnouncementModules['fetchProof']) {
  const adopted: string[] = [];
  const blocks: string[] = [];
  const unknownParents: string[] = [];
  const book = new PeerBook({ now: Date.now, onBan: () => {}, onFault: () => {} });
  const announcements = new Announcements(
    { ...ANNOUNCEMENT_LIMITS, fetchMs: 200 },
    {
      ports: {
        forkHashOf: () => FORK,
        judgeHeader: async () => ACCEPT,
        judgeBody: async () => ACCEPT,
        wantsProof: async () => ACCEPT,
        verifyProof: async () => ACCEPT,
        adoptProof: async ({ claim }) => {
          adopted.push(claim.blockHash);
          return ACCEPT;
        },
        onOrphan: () => false,
        onBlock: (_, from) => blocks.push(from),
        ...ports,
      },
      fetchProof: fetchProof ?? (async () => ({ ok: true, value: new Uint8Array(1) })),
      book,
      log: createLogger('silent'),
      onAdopted: () => {},
      onUnknownParent: (peer) => unknownParents.push(peer),
      signal: new AbortController().signal,
    },
  );
  return { announcements, adopted, blocks, unknownParents, book };
}

const message = (block = chain[1]!, proof = block.proof): Uint8Array =>
  encodeProofAnnouncement({ ...announcementOf(block), proof: describeProof(PROOF_TYPE, proof) });

test('announcement that passes every step → accepted and adopted once', async () => {
  const { announcements, adopted, book } = scene();
  assert.equal(await announcements.onProof(message(), FORK, 'a'), 'accept');
  assert.deepEqual(adopted, [chain[1]!.hash]);
  assert.deepEqual(announcements.counters(), {
    ...{ accepted: 1, ignored: 0, rejected: 0, verified: 1, verifiedFalse: 0, pending: 0 },
  });
  assert.deepEqual(book.totals(), {});
});

/** A port's answer, the verdict that it gives, and what the sender is charged. */
const STEPS: readonly (readonly [string, Partial<AnnouncementModules['ports']>, string, Record<string, number>])[] = [
  ['block of no known fork', { forkHashOf: () => undefined }, 'reject', { unknownFork: 1 }],
  ['block of another fork than the topic’s', { forkHashOf: () => '00000000' }, 'reject', { unknownFork: 1 }],
  [
    'header whose parent is unknown',
    { judgeHeader: async () => ({ verdict: 'ignore', code: 'unknownParent' }) },
    'ignore',
    {},
  ],
  [
    'header that breaks a rule',
    { judgeHeader: async () => ({ verdict: 'reject', code: 'gasLimit' }) },
    'reject',
    { invalidHeader: 1 },
  ],
  [
    'seal of nobody',
    { judgeHeader: async () => ({ verdict: 'reject', code: 'notASealer', fault: 'invalidSeal' }) },
    'reject',
    { invalidSeal: 1 },
  ],
  ['proof that is not wanted', { wantsProof: async () => ({ verdict: 'ignore', code: 'held' }) }, 'ignore', {}],
  [
    'claim of another chain',
    { wantsProof: async () => ({ verdict: 'reject', code: 'chainId' }) },
    'reject',
    { malformedMessage: 1 },
  ],
  ['verifier that could not run', { verifyProof: async () => ({ verdict: 'ignore', code: 'memory' }) }, 'ignore', {}],
  [
    'proof that does not verify',
    { verifyProof: async () => ({ verdict: 'reject', code: 'whir' }) },
    'reject',
    { invalidProof: 1 },
  ],
  ['data that is not to be had', { adoptProof: async () => ({ verdict: 'ignore', code: 'diff' }) }, 'ignore', {}],
  [
    'node that fails',
    {
      verifyProof: async () => {
        throw new Error('disk');
      },
    },
    'ignore',
    {},
  ],
];
for (const [name, ports, verdict, charged] of STEPS) {
  test(`announcement with ${name} → ${verdict}`, async () => {
    const { announcements, book, adopted } = scene(ports);
    assert.equal(await announcements.onProof(message(), FORK, 'a'), verdict);
    assert.deepEqual(book.faults('a'), charged);
    assert.deepEqual(adopted, []);
    assert.equal(announcements.counters().pending, 0);
  });
}

test('proof that did not verify → known as false, refused without another verification, also with another seal', async () => {
  let runs = 0;
  const { announcements, book } = scene({
    verifyProof: async () => {
      runs++;
      return { verdict: 'reject', code: 'whir' };
    },
  });
  await announcements.onProof(message(), FORK, 'a');
  const resealed = encodeProofAnnouncement({ ...announcementOf(chain[1]!), seal: new Uint8Array(65) });
  assert.equal(await announcements.onProof(resealed, FORK, 'b'), 'reject');
  assert.deepEqual(book.faults('b'), { invalidProof: 1 });
  assert.equal(runs, 1);
});

test('proof not fetched → ignored, charged as withheld, and no attempt: it may come again', async () => {
  let serves = false;
  const { announcements, book, adopted } = scene(
    {},
    async (): Promise<Fetched<Uint8Array>> =>
      serves ? { ok: true, value: new Uint8Array(1) } : { ok: false, code: 'unavailable' },
  );
  assert.equal(await announcements.onProof(message(), FORK, 'a'), 'ignore');
  assert.deepEqual(book.faults('a'), { withheldData: 1 });
  assert.equal(announcements.counters().verified, 0);
  serves = true;
  assert.equal(await announcements.onProof(message(), FORK, 'b'), 'accept');
  assert.equal(adopted.length, 1);
});

/** Fetches that end when the test says so. */
function held() {
  const ends: (() => void)[] = [];
  const fetchProof: AnnouncementModules['fetchProof'] = () =>
    new Promise((resolve) => ends.push(() => resolve({ ok: true, value: new Uint8Array(1) })));
  return { ends, fetchProof };
}

test('different proofs of one block → three pending from three peers, a fourth ignored; one peer has one', async () => {
  const { ends, fetchProof } = held();
  const { announcements } = scene({}, fetchProof);
  const other = (i: number): Uint8Array => message(chain[1]!, pseudoRandom(`${i}`, 10));
  const pending = ['a', 'b', 'c'].map((peer, i) => announcements.onProof(other(i), FORK, peer));
  await until('three are pending', () => ends.length === 3);
  assert.equal(await announcements.onProof(other(3), FORK, 'd'), 'ignore');
  assert.equal(await announcements.onProof(other(0), FORK, 'e'), 'ignore', 'the same content is pending');
  const next = announcements.onProof(message(chain[2]!), FORK, 'd');
  await until('another block is not blocked', () => ends.length === 4);
  for (const end of ends) end();
  assert.deepEqual(await Promise.all([...pending, next]), ['accept', 'accept', 'accept', 'accept']);
});

test('one peer that announces many blocks → eight at a time', async () => {
  const { ends, fetchProof } = held();
  const { announcements } = scene({}, fetchProof);
  const many = await toyChain(12, 'many');
  const verdicts = many.map((block) => announcements.onProof(message(block), FORK, 'a'));
  await until('eight are fetched', () => ends.length === 8);
  for (const end of ends) end();
  const all = await Promise.all(verdicts);
  assert.equal(all.filter((verdict) => verdict === 'accept').length, 8);
  assert.equal(announcements.counters().pending, 0);
});

test('block whose parent is unknown → its sender’s chain is to be looked at; others’ not', async () => {
  const { headerRlp, seal, body } = { ...recordOf(chain[1]!), body: chain[1]!.body };
  const bytes = encodeBlockAnnouncement({ headerRlp, seal, bodySize: body.length, body });
  const fork = scene({ judgeHeader: async () => ({ verdict: 'ignore', code: 'unknownParent' }) });
  assert.equal(await fork.announcements.onBlock(bytes, FORK, 'a'), 'ignore');
  assert.deepEqual([fork.unknownParents, fork.blocks], [['a'], []]);
  const told: string[] = [];
  const asked = scene({
    judgeHeader: async () => ({ verdict: 'ignore', code: 'unknownParent' }),
    onOrphan: (_, from) => told.push(from) > 0,
  });
  assert.equal(await asked.announcements.onBlock(bytes, FORK, 'a'), 'ignore');
  assert.deepEqual([asked.unknownParents, told], [[], ['a']], 'by the node itself');
  const known = scene();
  await known.announcements.onBlock(bytes, FORK, 'a');
  assert.deepEqual(known.unknownParents, []);
});

test('block with body → told to the node; header without a right seal, false body, no SSZ → charged, not told', async () => {
  const { headerRlp, seal, body } = { ...recordOf(chain[1]!), body: chain[1]!.body };
  const bytes = encodeBlockAnnouncement({ headerRlp, seal, bodySize: body.length, body });
  const good = scene();
  assert.equal(await good.announcements.onBlock(bytes, FORK, 'a'), 'accept');
  assert.deepEqual(good.blocks, ['a']);
  const sealless = scene({ judgeHeader: async () => ({ verdict: 'reject', code: 'seal', fault: 'invalidSeal' }) });
  assert.equal(await sealless.announcements.onBlock(bytes, FORK, 'a'), 'reject');
  const bodiless = scene({ judgeBody: async () => ({ verdict: 'reject', code: 'transactionsRoot' }) });
  assert.equal(await bodiless.announcements.onBlock(bytes, FORK, 'a'), 'reject');
  assert.equal(await bodiless.announcements.onBlock(bytes.subarray(9), FORK, 'b'), 'reject');
  assert.deepEqual(
    [sealless.book.totals(), bodiless.book.totals()],
    [{ invalidSeal: 1 }, { invalidBody: 1, malformedMessage: 1 }],
  );
  assert.deepEqual([...sealless.blocks, ...bodiless.blocks], []);
});

test('header that does not decode → its sender is charged, and it is no defect of this node', async () => {
  const { headerRlp, seal } = recordOf(chain[1]!);
  const { announcements, book } = scene({
    forkHashOf: () => {
      throw new ClientError('blockMalformed', 'no header');
    },
  });
  assert.equal(
    await announcements.onBlock(encodeBlockAnnouncement({ headerRlp, seal, bodySize: 1 }), FORK, 'a'),
    'reject',
  );
  assert.equal(await announcements.onProof(message(), FORK, 'b'), 'reject');
  assert.deepEqual(book.totals(), { invalidHeader: 2 });
});

test('one block said in many messages → forwarded once without its body and once with it', async () => {
  const { headerRlp, seal, body } = { ...recordOf(chain[1]!), body: chain[1]!.body };
  const { announcements, book, blocks } = scene();
  const say = (bodySize: number, inline?: Uint8Array) =>
    announcements.onBlock(
      encodeBlockAnnouncement({ headerRlp, seal, bodySize, ...(inline === undefined ? {} : { body: inline }) }),
      FORK,
      'a',
    );
  const together = await Promise.all([say(1), say(2), say(3)]);
  assert.deepEqual(together.sort(), ['accept', 'ignore', 'ignore']);
  assert.deepEqual([await say(4), await say(body.length, body)], ['ignore', 'accept']);
  assert.deepEqual([await say(body.length, body), await say(5)], ['ignore', 'ignore']);
  assert.deepEqual([blocks.length, book.totals()], [2, {}]);
});

test('peer with more messages than its budget → ignored and charged, until it is dropped', async () => {
  const { announcements, book } = scene({ wantsProof: async () => ({ verdict: 'ignore', code: 'held' }) });
  for (let i = 0; i < 400 && !book.isBanned('a'); i++) await announcements.onProof(message(), FORK, 'a');
  assert.ok(book.isBanned('a'));
  assert.deepEqual(Object.keys(book.faults('a')), ['tooManyMessages']);
});
