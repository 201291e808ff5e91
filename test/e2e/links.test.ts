/** Sealers that take turns over slow and lossy lines, cut from each other, and one that seals twice. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadSealerKey } from '../../client/execution/sealing/key-file.ts';
import { hexOf } from '../support/bytes.ts';
import { repoRoot } from '../support/data.ts';
import { devClients, rpc } from '../support/dev-node.ts';
import { devGenesis } from '../support/dev-vm.ts';
import { Member, pause } from '../support/process-network.ts';
import { temporaryFolder } from '../support/temporary.ts';

const LIMIT_MS = 300_000;
const PERIOD_SECONDS = 2;
const LINE = { delayMs: 100, loss: 0.02 };

/** Members with the first sealer's key, the second's, the second's again, or none: each behind a line of its own. */
async function network(t: TestContext, keys: readonly (0 | 1 | undefined)[]) {
  const folder = temporaryFolder(t);
  const keyFiles = [join(folder, 'first.key'), join(folder, 'second.key')] as const;
  const sealers = keyFiles.map((file) => hexOf(loadSealerKey(file).address));
  const genesis = join(folder, 'genesis.json');
  const config = { ...devGenesis.config, zkl1: { sealers, period: PERIOD_SECONDS } };
  writeFileSync(genesis, JSON.stringify({ ...devGenesis, config }));
  const members: Member[] = [];
  const links = [];
  for (const [i, key] of keys.entries()) {
    const seal = key === undefined ? [] : ['--seal', '--seal.key', keyFiles[key]];
    const member = await Member.create(t, `${i}`, ['--genesis', genesis, ...seal]);
    links.push(await member.putBehind({ ...LINE, seed: i }));
    await member.start(members.map(({ address }) => address));
    members.push(member);
  }
  return { members, links, sealers };
}

/** Waits until all members have the same block at a height above one, and returns that height. */
async function untilAgreed(members: readonly Member[], above: bigint): Promise<bigint> {
  for (;;) {
    const heads = await Promise.all(members.map(async (member) => (await member.sync()).head.number));
    const [lowest = 0n] = heads.sort((a, b) => Number(a - b));
    if (lowest > above) {
      const blocks = await Promise.all(members.map((member) => member.block(lowest)));
      if (new Set(blocks.map((block) => block?.hash)).size === 1) return lowest;
    }
    await pause(200);
  }
}

/** Every block up to a height, compared among members. */
async function sameChain(members: readonly Member[], height: bigint): Promise<void> {
  for (let number = 1n; number <= height; number++) {
    const hashes = await Promise.all(members.map(async (member) => (await member.block(number))?.hash));
    assert.equal(new Set(hashes).size, 1, `block ${number} differs: ${hashes.join(' ')}`);
  }
}

test('two sealers behind lines of 200 ms and 2 % loss, cut from everyone for a while → one chain before and after', {
  timeout: LIMIT_MS,
}, async (t) => {
  const { members, links } = await network(t, [0, 1, undefined]);
  const before = await untilAgreed(members, 5n);
  for (const link of links) link.cut();
  const alone = async (): Promise<bigint> => (await members[0]!.sync()).head.number;
  // Each sealer goes on by itself, out of turn as well: two chains.
  while ((await alone()) < before + 4n) await pause(200);
  const parted = await alone();
  for (const link of links) link.heal();
  const mendedAt = performance.now();
  // A block that none of them had when the lines were mended: both chains' heads are behind it.
  await untilAgreed(members, parted);
  t.diagnostic(`one chain ${((performance.now() - mendedAt) / 1000).toFixed(1)} s after the lines were mended`);
  const after = await untilAgreed(members, (await alone()) + 3n);
  await sameChain(members, after);
  assert.ok(links.some(({ lost }) => lost > 0));
  for (const member of members)
    assert.deepEqual((await rpc(member.node.url, 'zkl1_sealerFaults')).result, [], member.name);
  for (const member of members) assert.equal(await member.stop('SIGINT'), 0);
});

test('one sealing key in two nodes, each with other transactions → evidence everywhere, one chain that goes on', {
  timeout: LIMIT_MS,
}, async (t) => {
  const { members, sealers } = await network(t, [0, 1, 1, undefined]);
  await untilAgreed(members, 2n);
  const [, once, twice] = members;
  const faults = async (member: Member): Promise<readonly { readonly sealer: string }[]> =>
    (await rpc(member.node.url, 'zkl1_sealerFaults')).result as readonly { readonly sealer: string }[];
  for (let nonce = 0; (await Promise.all(members.map(faults))).some((list) => list.length === 0); nonce++) {
    // Two transfers of one account and nonce: each node's block has its own.
    for (const [value, member] of [once!, twice!].entries()) {
      const { walletClient } = devClients(member.node.url);
      await walletClient.sendTransaction({ to: `0x${'7e'.repeat(20)}`, value: BigInt(value), nonce }).catch(() => {});
    }
    const { publicClient, account } = devClients(once!.node.url);
    while ((await publicClient.getTransactionCount({ address: account.address })) <= nonce) await pause(100);
  }
  for (const member of members)
    for (const { sealer } of await faults(member)) assert.equal(sealer.toLowerCase(), sealers[1]);
  const height = (await members[0]!.sync()).head.number;
  await sameChain(members, await untilAgreed(members, height + 4n));
  for (const member of members) assert.equal(await member.stop('SIGINT'), 0);
});

test('peer that only verifies behind such a line, cut while a block is sealed and proven → catches up, 0 executed', {
  timeout: LIMIT_MS,
}, async (t) => {
  const sealer = await Member.create(t, 'sealer', ['--dev', '--prove', '--prove.priority', 'normal']);
  // Both are behind lines: each knows a way to the other.
  const links = [await sealer.putBehind({ ...LINE, seed: 9 })];
  await sealer.start();
  const genesis = ['--genesis', join(repoRoot(), 'genesis', 'dev.json')];
  const peer = await Member.create(t, 'peer', [...genesis, '--sync', 'proof']);
  links.push(await peer.putBehind({ ...LINE, seed: 10 }));
  await peer.start([sealer.address]);
  const { walletClient } = devClients(sealer.node.url);
  const proven = async (member: Member, number: bigint): Promise<void> => {
    while ((await member.sync()).provenNumber < number) await pause(200);
  };
  await walletClient.sendTransaction({ to: `0x${'3c'.repeat(20)}`, value: 1n });
  await proven(peer, 1n);
  for (const link of links) link.cut();
  await walletClient.sendTransaction({ to: `0x${'3c'.repeat(20)}`, value: 1n });
  await proven(sealer, 2n);
  assert.equal((await peer.sync()).head.number, 1n);
  for (const link of links) link.heal();
  await proven(peer, 2n);
  const { head, executed, applied } = await peer.sync();
  assert.deepEqual([head, executed, applied], [(await sealer.sync()).head, 0n, 2n]);
  for (const member of [sealer, peer]) assert.equal(await member.stop('SIGINT'), 0);
});
