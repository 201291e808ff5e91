import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { proofKey } from '../../../client/execution/store/blocks.ts';
import { numberKey } from '../../../client/execution/store/schema.ts';
import { Store } from '../../../client/execution/store/store.ts';
import { DistrustedBlocks } from '../../../client/node/distrusted-blocks.ts';
import { proofPort } from '../../../client/node/proof-port.ts';
import { provenNumber } from '../../../client/node/proven-number.ts';
import { rememberRevoked } from '../../../client/node/revocations.ts';
import { serviceTables } from '../../../client/node/service-tables.ts';
import { TrustedProofs } from '../../../client/node/trusted-proofs.ts';
import type { Hash } from '../../../client/prover/interface.ts';
import { VerifierProcess } from '../../../client/prover/service/verifier-process.ts';
import { ACCEPTED_KEYS } from '../../../client/prover/verifier/accepted-keys.ts';
import { RevokedKeys } from '../../../client/prover/verifier/revoked-keys.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const [P100, P128] = ACCEPTED_KEYS as [(typeof ACCEPTED_KEYS)[number], (typeof ACCEPTED_KEYS)[number]];
const keyHash = ({ digest }: { readonly digest: string }): Hash => `0x${digest}`;
const OLD: Hash = `0x${'0d'.repeat(32)}`;
const hashAt = (number: number): Uint8Array => new Uint8Array(32).fill(number);
const proofOf = (vkHash: Hash, proofType: number): Uint8Array =>
  Uint8Array.from(
    Buffer.concat([Buffer.from([1, 0, proofType]), Buffer.from(vkHash.slice(2), 'hex'), Buffer.alloc(9)]),
  );

/** Four blocks above genesis: three came by proofs of P100, the last one by one of an older build's key. */
async function scene(t: TestContext, revokedHashes: readonly Hash[]) {
  const store = await Store.open(temporaryFolder(t), hashAt(255));
  t.after(() => store.close());
  const batch = store.batch();
  for (let number = 0; number <= 4; number++) batch.put('canonical', numberKey(BigInt(number)), hashAt(number));
  for (const number of [1, 2, 3]) batch.put('proofs', proofKey(hashAt(number), 128), proofOf(keyHash(P100), 128));
  batch.put('proofs', proofKey(hashAt(4), 128), proofOf(OLD, 128));
  await store.write(batch);
  const revoked = new RevokedKeys(revokedHashes);
  const types = [128, 129].filter((type) => !revoked.proofTypes.includes(type));
  const proofs = new TrustedProofs(store, types, revoked);
  const proven = provenNumber(store, (hash) => proofs.isProven(hash));
  const distrusted = new DistrustedBlocks(store, proofs, proven(), 4n);
  const prove = (number: number): Promise<void> =>
    store.write(store.batch().put('proofs', proofKey(hashAt(number), 129), proofOf(keyHash(P128), 129)));
  return { store, revoked, proofs, proven, distrusted, prove };
}

test('nothing revoked → every stored proof counts', async (t) => {
  const { proofs, proven, distrusted } = await scene(t, []);
  assert.equal(proven(), 4n);
  assert.ok(proofs.get(hashAt(1), 128) !== undefined);
  assert.equal(distrusted.report(), undefined);
});

test('key revoked → its proofs are neither served, counted nor listed; blocks are named until each has another one', async (t) => {
  const { store, revoked, proofs, proven, distrusted, prove } = await scene(t, [keyHash(P100)]);
  assert.deepEqual([proven(), proofs.get(hashAt(1), 128), proofs.has(hashAt(1), 128)], [0n, undefined, false]);
  assert.deepEqual(distrusted.report(), { blocks: 4, first: 1n, last: 4n });
  const verifier = new VerifierProcess(revoked);
  const port = proofPort({ tables: serviceTables(store), proving: undefined, verifier, revoked, network: {} as never });
  assert.deepEqual(port.proofs(hashAt(1)), []);
  await prove(2);
  assert.deepEqual([proven(), distrusted.report()], [0n, { blocks: 3, first: 1n, last: 4n }]);
  await prove(1);
  assert.deepEqual([proven(), distrusted.report()], [2n, { blocks: 2, first: 3n, last: 4n }]);
  await prove(3);
  await prove(4);
  assert.deepEqual([proven(), distrusted.report()], [4n, undefined]);
});

test('key of an older build revoked → only the proofs that name it count no more, though their type is taken', async (t) => {
  const { proofs, proven, distrusted } = await scene(t, [OLD]);
  assert.equal(proven(), 3n);
  assert.deepEqual(
    [proofs.has(hashAt(3), 128), proofs.has(hashAt(4), 128), proofs.get(hashAt(4), 128)],
    [true, false, undefined],
  );
  assert.deepEqual(distrusted.report(), { blocks: 1, first: 4n, last: 4n });
});

test('block that has left the chain, or was executed → not named', async (t) => {
  const { store, proofs, distrusted } = await scene(t, [keyHash(P100)]);
  await store.write(
    store.batch().put('canonical', numberKey(4n), hashAt(9)).put('witnesses', hashAt(3), new Uint8Array(1)),
  );
  assert.deepEqual(distrusted.report(), { blocks: 3, first: 1n, last: 3n });
  assert.deepEqual(new DistrustedBlocks(store, proofs, 0n, 4n).report(), { blocks: 2, first: 1n, last: 2n });
});

test('keys revoked at one start → named once at the first one without them', async (t) => {
  const { store } = await scene(t, []);
  const start = (hashes: readonly Hash[]) => rememberRevoked(store, new RevokedKeys(hashes));
  assert.deepEqual(await start([]), []);
  assert.deepEqual(await start([OLD, keyHash(P100)]), []);
  assert.deepEqual(await start([OLD, keyHash(P100)]), []);
  assert.deepEqual(await start([keyHash(P100)]), [OLD]);
  assert.deepEqual(await start([]), [keyHash(P100)]);
  assert.deepEqual(await start([]), []);
});
