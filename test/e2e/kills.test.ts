/** Nodes of a network that are killed at any moment: nothing reported as stored is lost, and all end on one chain. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { repoRoot } from '../support/data.ts';
import { devClients } from '../support/dev-node.ts';
import { type Head, Member, pause, untilSameHead } from '../support/process-network.ts';
import { seededRandom } from '../support/random.ts';

/** `ZKL1_TEST_FULL=1` kills as often as the design asks for. */
const IS_FULL = process.env.ZKL1_TEST_FULL === '1';
const KILLS = IS_FULL ? 50 : 4;
const SEED = Number(process.env.ZKL1_TEST_SEED ?? 1);
/** A transfer stands in its own block, and so costs a proof: slower than the prover, kills and all. */
const TRANSFER_EVERY_MS = IS_FULL ? 20_000 : 8000;
const LONGEST_PAUSE_MS = IS_FULL ? 6000 : 3000;
const LIMIT_MS = 40 * 60_000;

/** The most that a member has ever reported as stored. */
type Reported = { head: Head; readonly proven: Set<string> };

test(`${KILLS} random kill -9 of sealer, prover, proof-syncing peer and full node → nothing lost, one head, 0 executed`, {
  timeout: LIMIT_MS,
}, async (t) => {
  const random = seededRandom(SEED);
  const follow = ['--genesis', join(repoRoot(), 'genesis', 'dev.json')];
  const sealer = await Member.create(t, 'sealer', ['--dev']);
  const prover = await Member.create(t, 'prover', [...follow, '--prove', '--prove.priority', 'normal']);
  const verifier = await Member.create(t, 'verifier', [...follow, '--sync', 'proof']);
  const full = await Member.create(t, 'full', follow);
  const members = [sealer, prover, verifier, full];
  const others = (self: Member): string[] =>
    members.filter((m) => m !== self && m.address !== '').map((m) => m.address);
  for (const member of members) await member.start(others(member));

  const reported = new Map<Member, Reported>();
  const note = async (member: Member): Promise<Reported> => {
    const { head } = await member.sync();
    const known = reported.get(member) ?? { head, proven: new Set<string>() };
    known.head = head;
    if (head.number > 0n && (await member.isProven(head.hash))) known.proven.add(head.hash);
    reported.set(member, known);
    return known;
  };
  const check = async (member: Member): Promise<void> => {
    const known = reported.get(member);
    if (known === undefined) return;
    const { head } = await member.sync();
    assert.ok(head.number >= known.head.number, `${member.name} went back from ${known.head.number} to ${head.number}`);
    assert.equal((await member.block(known.head.number))?.hash, known.head.hash, `${member.name} lost its head`);
    for (const hash of known.proven) assert.ok(await member.isProven(hash), `${member.name} lost the proof of ${hash}`);
  };

  const sending = transfers(sealer, t.signal);
  const counts = new Map<string, number>();
  for (let kill = 0; kill < KILLS; kill++) {
    await pause(random() % LONGEST_PAUSE_MS);
    const victim = members[random() % members.length]!;
    await note(victim);
    await victim.stop('SIGKILL');
    counts.set(victim.name, (counts.get(victim.name) ?? 0) + 1);
    await victim.start(others(victim));
    await check(victim);
  }
  const sent = await sending.end();
  const reports = await untilSameHead(members, (all) =>
    all.every(({ head, provenNumber }) => head.number >= BigInt(sent) && provenNumber === head.number),
  );
  const { number } = reports[0]!.head;
  const roots = await Promise.all(members.map(async (member) => (await member.block(number))?.stateRoot));
  assert.equal(new Set(roots).size, 1);
  assert.notEqual(roots[0], undefined);
  const ofVerifier = reports[members.indexOf(verifier)]!;
  assert.equal(ofVerifier.executed, 0n);
  assert.equal(ofVerifier.applied, number);
  for (const member of members) assert.equal(await member.stop('SIGINT'), 0);
  for (const { name, logs } of members) assert.doesNotMatch(logs.join('\n'), /ALARM|EQUIVOCATION|error in/, name);
  t.diagnostic(`seed ${SEED}, ${number} blocks, kills ${JSON.stringify(Object.fromEntries(counts))}`);
});

/** Transfers to the sealer, one after the other, sent again where a kill has swallowed one; `end` waits for the last. */
function transfers(sealer: Member, signal: AbortSignal): { readonly end: () => Promise<number> } {
  let isEnding = false;
  let sent = 0;
  const run = async (): Promise<number> => {
    while (!signal.aborted && (!isEnding || sent === 0)) {
      await sendUntilIncluded(sealer, sent, signal);
      sent++;
      await pause(TRANSFER_EVERY_MS);
    }
    return sent;
  };
  const running = run();
  running.catch(() => {});
  return {
    end: () => {
      isEnding = true;
      return running;
    },
  };
}

async function sendUntilIncluded(sealer: Member, nonce: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      const { publicClient, walletClient, account } = devClients(sealer.node.url);
      if ((await publicClient.getTransactionCount({ address: account.address })) > nonce) return;
      await walletClient.sendTransaction({ to: `0x${'4b'.repeat(20)}`, value: 1n, nonce }).catch(() => undefined);
    } catch {
      // The sealer is being killed or started: the same transfer is sent again.
    }
    await pause(300);
  }
}
