import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { WebSocket } from 'ws';
import { fetchBlockProof, type LightError, trustedChain } from '../../client/light/index.ts';
import { ACCEPTED_KEYS } from '../../client/prover/verifier/accepted-keys.ts';
import { jsonOf, runNode } from '../support/command.ts';
import { type DevNode, devClients, rpc, startDevNode } from '../support/dev-node.ts';
import { lyingNode, withResult } from '../support/lying-node.ts';
import { temporaryFolder } from '../support/temporary.ts';

const LIMIT_MS = 900_000;
const chain = trustedChain('dev');

type Entry = { readonly proofData: string; readonly proofHash: string; readonly proofType: string };
type Announced = { readonly params: { readonly result: { readonly proofs: readonly object[] } } };
type Answer = { readonly seal: string; readonly proofs: readonly [Entry] };

async function untilProven(node: DevNode, block: string): Promise<Answer> {
  for (;;) {
    const { result } = await rpc(node.url, 'eth_getBlockProof', [block]);
    if (result !== undefined) return result as Answer;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** A connection on which the node has said that it will tell of proofs. */
async function subscribed(t: TestContext, url: string): Promise<WebSocket> {
  const socket = new WebSocket(url.replace('http', 'ws'));
  t.after(() => socket.terminate());
  await once(socket, 'open');
  socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_subscribe', params: ['newBlockProofs'] }));
  await once(socket, 'message');
  return socket;
}

const hashOf = (bytes: Uint8Array): string => `0x${Buffer.from(keccak_256(bytes)).toString('hex')}`;

/** The honest answer with other bytes as proof, their hash recomputed as a careful liar does. */
function withProof(honest: Answer, change: (bytes: Buffer) => Buffer): Answer {
  const [entry] = honest.proofs;
  const bytes = change(Buffer.from(entry.proofData.slice(2), 'hex'));
  const proof = { ...entry, proofData: `0x${bytes.toString('hex')}`, proofHash: hashOf(bytes) };
  return { ...honest, proofs: [proof] };
}

test('a proof that a node made → verified here; what liars make of it → refused by name', {
  timeout: LIMIT_MS,
}, async (t) => {
  const node = await startDevNode(t, temporaryFolder(t), ['--prove', '--prove.priority', 'normal']);
  const { walletClient, publicClient } = devClients(node.url);
  const told = once(await subscribed(t, node.url), 'message');
  const hash = await walletClient.sendTransaction({ to: `0x${'34'.repeat(20)}`, value: 1n });
  const { blockHash } = await publicClient.waitForTransactionReceipt({ hash });
  await assert.rejects(fetchBlockProof({ url: node.url, chain, block: blockHash }), { code: 'notProven' });
  const [message] = (await told) as [Buffer];
  const { proofs, ...place } = (JSON.parse(message.toString()) as Announced).params.result;
  const honest = await untilProven(node, blockHash);
  const { proofs: found, ...served } = honest;
  assert.deepEqual(place, served);
  assert.deepEqual(
    proofs,
    found.map(({ proofData, ...rest }) => rest),
  );

  for (const block of [blockHash, 1n, 'latest'] as const) {
    const verified = await fetchBlockProof({ url: node.url, chain, block });
    assert.equal(verified.header.hash, blockHash);
    assert.equal(verified.claim.blockHash, blockHash);
    assert.equal(verified.securityBits, 100);
    assert.equal(verified.backing.kind, 'sealed');
    t.diagnostic(`${verified.sizeBytes} bytes, verified in ${verified.verifyMs.toFixed(0)} ms`);
  }
  const trusted = await fetchBlockProof({ url: node.url, chain, block: 1n, trustedHash: blockHash });
  assert.equal(trusted.backing.kind, 'trustedHash');

  const OTHER = `0x${'22'.repeat(32)}` as const;
  type Case = readonly [lie: string, code: string, answer: Answer, options?: object];
  const flip = (at: number) => (bytes: Buffer) => {
    bytes[at < 0 ? bytes.length + at : at]! ^= 1;
    return bytes;
  };
  const cases: readonly Case[] = [
    ['a proof of another block, by hash', 'proofRejected', honest, { block: OTHER }],
    ['a proof of another block, by number', 'blockMismatch', honest, { block: 2n }],
    ['a proof of another chain', 'proofRejected', honest, { chain: trustedChain('sepolia') }],
    ['a proof of a chain with another genesis', 'proofRejected', honest, { chain: { ...chain, genesisHash: OTHER } }],
    ['a padded proof', 'proofRejected', withProof(honest, (b) => Buffer.concat([b, Buffer.alloc(1)]))],
    ['a truncated proof', 'proofRejected', withProof(honest, (b) => b.subarray(0, -1))],
    ['a proof with one bit changed at its end', 'proofRejected', withProof(honest, flip(-10))],
    ['a proof with another claim', 'proofRejected', withProof(honest, flip(60))],
    ['a proof under another key', 'proofRejected', withProof(honest, flip(10))],
    ['a proof larger than the caller takes', 'proofTooLarge', honest, { maxProofBytes: 1000 }],
    ['a weaker proof than the caller takes', 'proofTypeNotAccepted', honest, { minBits: 128 }],
    ['no seal', 'sealMissing', { proofs: honest.proofs } as unknown as Answer],
    ['the seal of nobody', 'sealInvalid', { ...honest, seal: `0x${'00'.repeat(65)}` }],
    ['the seal of another', 'sealInvalid', { ...honest, seal: `0x${'11'.repeat(64)}00` }],
  ];
  for (const [lie, code, answer, options] of cases) {
    await t.test(`rejects ${lie} → ${code}`, async (t) => {
      const url = await lyingNode(t, withResult(answer) as (response: ServerResponse) => void);
      const request = { url, chain, block: blockHash, ...options };
      await assert.rejects(fetchBlockProof(request), (error: LightError) => {
        assert.equal(error.code, code, error.message);
        return true;
      });
    });
  }
  // The second block follows the first one that was verified here; the command waits until it is proven.
  await walletClient.sendTransaction({ to: `0x${'35'.repeat(20)}`, value: 1n });
  const followed = await runNode([
    ...['light', '--rpc', node.url, '--network', 'dev'],
    ...['--from', '1', '--blocks', '2', '--json'],
  ]);
  assert.equal(followed.exitCode, 0, followed.stderr);
  const second = (await rpc(node.url, 'eth_getBlockByNumber', ['0x2', false])).result as { hash: string };
  assert.deepEqual(jsonOf(followed), { ok: true, verified: 2, head: { number: 2, hash: second.hash } });
  assert.match(followed.stderr, /^block 1 0x[0-9a-f]{64} {2}verified in \d+ ms, 100 bits/m);
  const liar = await lyingNode(t, withResult(withProof(honest, flip(-10))) as (response: ServerResponse) => void);
  const deceived = await runNode(['light', '--rpc', liar, '--network', 'dev', '--from', '1']);
  assert.equal(deceived.exitCode, 1, deceived.stderr);
  assert.match(deceived.stderr, /^zkl1-node: proof rejected/m);
  const vkHash = `0x${ACCEPTED_KEYS[0]?.digest}`;
  const warned = await runNode(['light', '--rpc', node.url, '--network', 'dev', '--from', '1', '--revoke', vkHash]);
  assert.equal(warned.exitCode, 1, warned.stderr);
  assert.match(warned.stderr, /^zkl1-node: the key of proof type 128 is revoked/m);
  assert.equal(await node.stop('SIGINT'), 0);
});
