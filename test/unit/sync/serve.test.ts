import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChainData } from '../../../client/execution/interface.ts';
import type { ProofDescriptor } from '../../../client/p2p/interface.ts';
import type { Hash } from '../../../client/prover/interface.ts';
import { hashOf } from '../../../client/sync/block-data.ts';
import { ChainServer } from '../../../client/sync/serve.ts';

const HEAD = 100n;
const RANGE = { offset: 0, length: 1 };
const hash = (n: bigint): Uint8Array => new Uint8Array(32).fill(Number(n));
const nameOf = (proof: Uint8Array): Hash => hashOf(new Uint8Array(32).fill(0xff - (proof[0] ?? 0)));

/** A hundred proven blocks, of which nobody has asked anything since the start. */
function scene() {
  let described = 0;
  const server = new ChainServer({
    data: {
      canonicalHash: (n: bigint) => (n <= HEAD ? hash(n) : undefined),
      proof: (blockHash: Uint8Array) => blockHash.slice(0, 1),
      sealedHeader: (blockHash: Uint8Array) => ({ header: blockHash, seal: new Uint8Array(0) }),
    } as unknown as ChainData,
    canonicalNumber: (blockHash) => BigInt(blockHash[0] ?? 0),
    headNumber: () => HEAD,
    oldestBlock: () => 0n,
    proofTypes: [128],
    describe: (proofType, proof): ProofDescriptor => {
      described++;
      return { proofType, proofHash: nameOf(proof), sizeBytes: 1, chunkHashes: [] };
    },
    codesOf: () => undefined,
    unstored: () => undefined,
  });
  return {
    proof: (name: Hash) => server.ports().proof(name, RANGE),
    headers: (from: bigint) => server.ports().headers({ from, count: 192 }),
    described: () => described,
  };
}

test('proof by a name that nobody gave → a bounded number of proofs is read for each request', async () => {
  const { proof, described } = scene();
  const unknown: Hash = `0x${'00'.repeat(32)}`;
  assert.equal(await proof(unknown), 'unknown');
  assert.equal(described(), 32);
  for (let i = 0; i < 10; i++) assert.equal(await proof(unknown), 'unknown');
  assert.equal(described(), Number(HEAD), 'each once');
});

test('proof by a name from before the start → found, after some requests where it is far up the chain', async () => {
  const { proof } = scene();
  const wanted = (n: bigint): Promise<unknown> => proof(nameOf(hash(n)));
  assert.deepEqual(await wanted(20n), Uint8Array.of(20));
  assert.equal(await wanted(90n), 'unknown');
  assert.equal(await wanted(90n), 'unknown');
  assert.deepEqual(await wanted(90n), Uint8Array.of(90));
});

test('headers of blocks whose proofs nobody has asked about → a bounded number of proofs is read for each answer', async () => {
  const { headers, described } = scene();
  assert.equal((await headers(1n)).length, 16);
  assert.equal(described(), 16);
  assert.equal((await headers(1n)).length, 32, 'those before have their names');
  for (let from = 33n; from <= HEAD; from += 16n) await headers(from);
  assert.deepEqual([(await headers(1n)).length, described()], [Number(HEAD), Number(HEAD)]);
});
