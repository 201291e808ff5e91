import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Block } from '@ethereumjs/block';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { ClientError } from '../../../client/errors.ts';
import type { ChainImporter, ProvenBlock } from '../../../client/execution/interface.ts';
import type { HeaderRecord, NetworkStatus, PeerInfo, ProofNetwork } from '../../../client/p2p/interface.ts';
import type { Hash } from '../../../client/prover/interface.ts';
import { hashOf } from '../../../client/sync/block-data.ts';
import { ChainSync, type SyncModules } from '../../../client/sync/chain-sync.ts';
import { DEFAULT_SYNC, type SyncOptions, type SyncStatus } from '../../../client/sync/interface.ts';
import { MAX_ORPHANS, Orphans } from '../../../client/sync/orphans.ts';

/**
 * A chain of plain text: a header is JSON, its hash keccak256 of it. Rules are `bad: true` and the seal's name; `isNone`
 * is a header by its number and parent only.
 */
type Header = {
  readonly number: number;
  readonly parent: string;
  readonly fork: string;
  readonly bad?: boolean;
  readonly isNone?: boolean;
};
const rlp = (h: Header): Uint8Array => new TextEncoder().encode(JSON.stringify(h));
const read = (bytes: Uint8Array): Header => JSON.parse(new TextDecoder().decode(bytes)) as Header;
const hash = (h: Header): Uint8Array => keccak_256(rlp(h));
const GENESIS: Header = { number: 0, parent: '', fork: '' };

function chain(
  length: number,
  fork: string,
  from: readonly Header[] = [GENESIS],
  changes: Partial<Header> = {},
): Header[] {
  const headers = [...from];
  while (headers.length <= length)
    headers.push({ number: headers.length, parent: hashOf(hash(headers.at(-1)!)), fork, ...changes });
  return headers;
}

const blockOf = (h: Header): Block =>
  ({ header: { number: BigInt(h.number), gasUsed: 0n }, hash: () => hash(h), fields: h }) as unknown as Block;
const headerOf = (block: Block): Header => (block as unknown as { fields: Header }).fields;

/** An importer that keeps every block and prefers the highest. */
function memoryImporter(): { -readonly [K in keyof ChainImporter]: ChainImporter[K] } & {
  readonly canonical: Header[];
  readonly isStored: (h: Uint8Array) => boolean;
} {
  const stored = new Map([[hashOf(hash(GENESIS)), GENESIS]]);
  const canonical: Header[] = [GENESIS];
  const counters = { executed: 0n, applied: 0n, siblingsRefused: 0n };
  const check = (header: Header): void => {
    if (header.bad) throw new ClientError('baseFeePerGas', 'a bad header');
    if (!stored.has(header.parent as `0x${string}`)) throw new ClientError('unknownParent', 'no parent');
  };
  const take = (
    header: Header,
  ): { readonly kind: 'known' | 'side' } | { readonly kind: 'head'; readonly change: never } => {
    check(header);
    const key = hashOf(hash(header));
    if (stored.has(key)) return { kind: 'known' };
    stored.set(key, header);
    if (header.number < canonical.length) return { kind: 'side' };
    const path = [header];
    while (hashOf(hash(canonical[path[0]!.number - 1]!)) !== path[0]!.parent)
      path.unshift(stored.get(path[0]!.parent as `0x${string}`)!);
    canonical.splice(path[0]!.number, canonical.length, ...path);
    return { kind: 'head', change: undefined as never };
  };
  return {
    canonical,
    isStored: (h) => stored.has(hashOf(h)),
    head: () => blockOf(canonical.at(-1)!),
    checkHeader: async ({ header }) => {
      check(read(header));
      return { isWanted: true } as never;
    },
    admitBranch: async () => false,
    importExecuted: async (block) => {
      const result = take(headerOf(block));
      counters.executed++;
      return { result, execution: undefined };
    },
    importProven: async ({ block }) => {
      const result = take(headerOf(block));
      counters.applied++;
      return result;
    },
    counters: () => ({ ...counters }),
    sealerFaults: async function* () {},
  };
}

type Peer = {
  readonly id: string;
  headers: Header[];
  /** the head that its status names, where it is another than the last header that it serves */
  announced?: Header;
  readonly proven: (h: Header) => boolean;
  /** as its status says; 0 by default */
  provenNumber?: bigint;
};
const bytes = new Uint8Array(1);

function network(peers: readonly Peer[], server?: string) {
  const charged: string[] = [];
  const asked: number[] = [];
  const askedOf: string[] = [];
  const record = (peer: Peer, h: Header): HeaderRecord => ({
    headerRlp: rlp(h),
    seal: new Uint8Array(0),
    proofs: peer.proven(h)
      ? [{ proofType: 0x80, proofHash: hashOf(hash(h)), sizeBytes: 1, chunkHashes: [new Uint8Array(32)] }]
      : [],
  });
  const net: Pick<ProofNetwork, 'peers' | 'headers' | 'proof' | 'blockData' | 'charge'> = {
    peers: () =>
      peers.map((p): PeerInfo => {
        const head = p.announced ?? p.headers.at(-1)!;
        const { provenNumber = 0n } = p;
        const status = { headHash: hashOf(hash(head)), headNumber: BigInt(head.number), provenNumber } as NetworkStatus;
        return { id: p.id, addresses: [], direction: 'outbound', status, score: 0, faults: {} };
      }),
    headers: async ({ from, count }, o) => {
      asked.push(Number(from));
      askedOf.push(o.peer);
      const peer = peers.find((p) => p.id === o.peer)!;
      const value = peer.headers.slice(Number(from), Number(from) + count).map((h) => record(peer, h));
      return value.length === 0 ? { ok: false, code: 'unknown' } : { ok: true, value };
    },
    proof: async () => ({ ok: true, value: bytes }),
    blockData: async (kind, blockHash, { check }) => {
      const header = peers.flatMap((p) => p.headers).find((h) => hashOf(hash(h)) === blockHash);
      const value = kind === 'body' && header !== undefined ? rlp(header) : bytes;
      return header !== undefined && (await check(value))
        ? { ok: true, value, servers: [server ?? 'a'] }
        : { ok: false, code: 'unavailable' };
    },
    charge: (peer, fault) => charged.push(`${peer} ${fault}`),
  };
  return { net, charged, asked, askedOf };
}

type Setup = Partial<SyncOptions> & {
  readonly verifies?: boolean;
  readonly now?: () => number;
  /** whoever serves all data but headers */
  readonly server?: string;
  /** thrown by the first import */
  readonly importError?: Error;
};
function syncing(
  peers: readonly Peer[],
  { verifies = true, now = () => 0, server, importError, ...options }: Setup = {},
) {
  const importer = memoryImporter();
  const { importProven } = importer;
  let error = importError;
  importer.importProven = async (block) => {
    const thrown = error;
    error = undefined;
    if (thrown !== undefined) throw thrown;
    return importProven(block);
  };
  const { net, charged, asked, askedOf } = network(peers, server);
  const errors: string[] = [];
  const kept: string[] = [];
  let verified = 0n;
  const modules: SyncModules = {
    network: net,
    importer,
    canonicalHash: (n) =>
      importer.canonical[Number(n)] === undefined ? undefined : hash(importer.canonical[Number(n)]!),
    isStored: importer.isStored,
    readHeader: (b) => {
      const { parent, number, isNone } = read(b);
      if (isNone === true) throw new ClientError('blockMalformed', 'no header');
      const parentHash = new Uint8Array(Buffer.from(parent.slice(2), 'hex'));
      return { hash: keccak_256(b), parentHash, number: BigInt(number) };
    },
    assemble: (_, body) => blockOf(read(body)),
    checkReceipts: () => {},
    maxReceiptsBytes: () => 1,
    checkDiffForm: () => {},
    maxDiffBytes: () => 1,
    verifyProof: async () => {
      verified++;
      return verifies ? ({ ok: true } as never) : { ok: false, stage: 'whir', code: 'finalValue', detail: 'a lie' };
    },
    acceptedProofTypes: [0x80],
    provenNumber: () => BigInt(kept.length),
    isProven: (h) => kept.includes(hashOf(h)),
    keepProof: async ({ blockHash }) => void kept.push(hashOf(blockHash)),
    verifiedCount: () => verified,
    revocation: () => ({ revokedKeys: [], distrusted: undefined }),
    ownProof: () => undefined,
    onUnproven: () => {},
    onImported: () => {},
    onError: (where, error) => errors.push(`${where}: ${String(error)}`),
    now,
  };
  const sync = new ChainSync({ ...DEFAULT_SYNC, mode: 'proof', pollMs: 5, ...options }, modules);
  const until = async (done: (s: SyncStatus) => boolean): Promise<SyncStatus> => {
    for (let i = 0; i < 400; i++) {
      if (done(sync.status())) return sync.status();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.fail(
      `never reached; ${JSON.stringify(sync.status(), (_, v) => (typeof v === 'bigint' ? `${v}` : v))} ${errors}`,
    );
  };
  return { sync, importer, charged, asked, askedOf, errors, until };
}
const headOf = (h: Header) => ({ number: BigInt(h.number), hash: hash(h) });
const everything = (): boolean => true;
const head = (n: number) => (s: SyncStatus) => s.head.number === BigInt(n);

test('a peer ahead by more than one answer of headers → every block applied, none executed', async () => {
  const { sync, until, charged } = syncing([{ id: 'a', headers: chain(450, 'x'), proven: everything }]);
  sync.start();
  const { applied, executed, verified, highest } = await until(head(450));
  assert.deepEqual(
    { applied, executed, verified, highest },
    { applied: 450n, executed: 0n, verified: 450n, highest: 450n },
  );
  assert.deepEqual(charged, []);
  await sync.stop();
});

test('mode full → every block executed, no proof verified', async () => {
  const { sync, until } = syncing([{ id: 'a', headers: chain(9, 'x'), proven: () => false }], { mode: 'full' });
  sync.start();
  const { executed, verified } = await until(head(9));
  assert.deepEqual([executed, verified], [9n, 0n]);
  await sync.stop();
});

test('mode full, proofs whose announcement was missed → fetched from a peer that has them, verified, kept', async () => {
  const peer: Peer = { id: 'a', headers: chain(20, 'x'), proven: (h) => h.number <= 17 };
  const { sync, until } = syncing([peer], { mode: 'full' });
  sync.start();
  await until(head(20));
  peer.provenNumber = 17n;
  const { provenHead, verified, executed } = await until((s) => s.provenHead.number === 17n);
  assert.deepEqual([provenHead.number, verified, executed], [17n, 17n, 20n]);
  await sync.stop();
});

test('mode full, a missed proof that does not verify → not kept, whoever named it is charged', async () => {
  const peer: Peer = { id: 'liar', headers: chain(2, 'x'), proven: everything, provenNumber: 2n };
  const { sync, until, charged } = syncing([peer], { mode: 'full', verifies: false });
  sync.start();
  await until((s) => s.verified > 0n);
  assert.equal(sync.status().provenHead.number, 0n);
  await sync.stop();
  assert.equal(charged[0], 'liar invalidProof');
});

test('a longer fork that leaves ours below the head → reorg to it', async () => {
  const ours = chain(10, 'x');
  const peer: Peer = { id: 'a', headers: ours, proven: everything };
  const { sync, until, importer } = syncing([peer]);
  sync.start();
  await until(head(10));
  peer.headers = chain(14, 'y', ours.slice(0, 6));
  sync.wake();
  await until(head(14));
  assert.deepEqual(importer.canonical, peer.headers);
  await sync.stop();
});

test('a block on a branch that is stored beside our chain → fetched as it comes, not from where the branches parted', async () => {
  const ours = chain(20, 'x');
  const a: Peer = { id: 'a', headers: ours, proven: everything };
  const b: Peer = { id: 'b', headers: ours, proven: everything };
  const { sync, until, importer, asked } = syncing([a, b]);
  sync.start();
  await until(head(20));
  const branch = chain(20, 'y', ours.slice(0, 6));
  b.headers = branch;
  sync.wake();
  await until(() => importer.isStored(hash(branch.at(-1)!)));
  assert.deepEqual(importer.canonical, ours, 'no longer than ours');
  asked.length = 0;
  b.headers = chain(21, 'y', ours.slice(0, 6));
  sync.wake();
  await until(head(21));
  assert.deepEqual(importer.canonical, b.headers);
  assert.deepEqual(asked, [13]);
  await sync.stop();
});

test('a branch of the same height → found in a few questions, though none of its peers is higher', async () => {
  const ours = chain(20, 'x');
  const peer: Peer = { id: 'a', headers: ours, proven: everything };
  const { sync, until, importer, asked } = syncing([peer]);
  sync.start();
  await until(head(20));
  asked.length = 0;
  peer.headers = chain(20, 'y', ours.slice(0, 9));
  sync.wake();
  await until(() => importer.isStored(hash(peer.headers.at(-1)!)));
  assert.deepEqual(asked, [13, 1]);
  await sync.stop();
});

test('a peer that has gone over to a chain that ends below our head → looked at below, asked again when it names a head', async () => {
  const ours = chain(20, 'x');
  const peer: Peer = { id: 'a', headers: ours, proven: everything };
  const { sync, until, importer, asked } = syncing([peer], { now: () => 0 });
  sync.start();
  await until(head(20));
  const higher = chain(23, 'y', ours.slice(0, 18));
  peer.announced = higher.at(-1)!;
  peer.headers = ours.slice(0, 18);
  asked.length = 0;
  sync.wake();
  await until(() => asked.length > 0);
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.deepEqual(asked, [13], 'once, whatever its status says');
  peer.headers = higher;
  sync.noteStatus('a');
  await until(head(23));
  assert.deepEqual(importer.canonical, higher);
  await sync.stop();
});

test('an announced block whose parent is not stored → its announcer asked for what lies between, though its status is old', async () => {
  const ours = chain(5, 'x');
  const peer: Peer = { id: 'a', headers: ours, proven: everything, announced: ours.at(-1)! };
  const { sync, until, importer, asked } = syncing([peer], { mode: 'full', pollMs: 60_000 });
  sync.start();
  await until(head(5));
  asked.length = 0;
  peer.headers = chain(9, 'y', ours.slice(0, 4));
  assert.equal(sync.noteOrphan('a', headOf(peer.headers.at(-1)!)), true);
  await until(head(9));
  assert.deepEqual(importer.canonical, peer.headers);
  assert.equal(asked.length, 1);
  await sync.stop();
});

test('announced blocks whose parents come later → executed then, in order, not fetched; a false one is charged', async () => {
  const theirs = chain(9, 'y');
  const peer: Peer = { id: 'a', headers: [GENESIS], proven: everything };
  const { sync, until, asked, charged, importer } = syncing([peer], { mode: 'full', pollMs: 60_000 });
  sync.start();
  const keep = (header: Header, from: string, body = rlp(header)): void =>
    sync.keepOrphan({
      ...{ hash: hashOf(hash(header)), parentHash: header.parent as Hash, headerRlp: rlp(header) },
      ...{ seal: bytes, body, from },
    });
  const [bad] = chain(8, 'z', theirs.slice(0, 8), { bad: true }).slice(8);
  for (const header of [theirs[9]!, theirs[8]!]) keep(header, 'a');
  keep(bad!, 'liar');
  peer.headers = theirs.slice(0, 8);
  sync.noteStatus('a');
  await until(head(9));
  assert.deepEqual(importer.canonical, theirs);
  assert.equal(asked.length, 1);
  assert.deepEqual(charged, ['liar invalidHeader']);
  await sync.stop();
});

test('more announced blocks without a parent than are kept → the latest', () => {
  const orphans = new Orphans();
  const numbered = chain(MAX_ORPHANS + 2, 'x').slice(1);
  for (const header of [...numbered, numbered.at(-1)!])
    orphans.add({
      ...{ hash: hashOf(hash(header)), parentHash: header.parent as Hash, headerRlp: rlp(header) },
      ...{ seal: bytes, body: bytes, from: 'a' },
    });
  const kept = numbered.flatMap(({ parent }) => orphans.takeChildren(parent as Hash));
  assert.deepEqual(
    kept.map(({ headerRlp }) => read(headerRlp).number),
    numbered.slice(2).map(({ number }) => number),
  );
  assert.deepEqual(orphans.takeChildren(numbered.at(-1)!.parent as Hash), []);
});

test('announced blocks that their announcer does not serve → asked for once, then not before its status names them', async () => {
  const ours = chain(5, 'x');
  const peer: Peer = { id: 'a', headers: ours, proven: everything, announced: ours.at(-1)! };
  const { sync, until, asked } = syncing([peer], { mode: 'full', pollMs: 5 });
  sync.start();
  await until(head(5));
  asked.length = 0;
  const never = chain(30, 'z');
  assert.equal(sync.noteOrphan('a', headOf(never[20]!)), true);
  await until(() => asked.length > 0);
  for (const header of never.slice(21)) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(sync.noteOrphan('a', headOf(header)), false, 'its status is asked for');
  }
  assert.equal(asked.length, 1);
  assert.equal(sync.noteOrphan('stranger', headOf(never[20]!)), false);
  peer.headers = chain(8, 'x', ours);
  delete peer.announced;
  sync.noteStatus('a');
  await until(head(8));
  assert.equal(sync.noteOrphan('a', headOf(never[7]!)), false, 'no higher than its status says');
  await sync.stop();
});

test('a block announced with its body → executed without a question; one that cannot be → told, its sender not charged', async () => {
  const peer: Peer = { id: 'a', headers: [GENESIS], proven: everything };
  const { sync, until, asked, charged, errors } = syncing([peer], { mode: 'full' });
  sync.start();
  const [, first, second] = chain(2, 'x');
  for (const header of [first!, second!]) sync.takeAnnounced(blockOf(header), bytes);
  const { executed } = await until(head(2));
  assert.deepEqual([executed, asked, errors], [2n, [], []]);
  sync.takeAnnounced(blockOf(chain(9, 'y').at(-1)!), bytes);
  sync.takeAnnounced(blockOf(chain(3, 'x').at(-1)!), bytes);
  await until(head(3));
  await sync.stop();
  assert.match(errors.join(), /^block 9 0x[0-9a-f]{64}: .*no parent$/);
  assert.deepEqual(charged, []);
});

test('a fork deeper than the allowed reorg → not followed', async () => {
  const peer: Peer = { id: 'a', headers: chain(20, 'x'), proven: everything };
  const { sync, until, importer } = syncing([peer], { reorgDepth: 8 });
  sync.start();
  await until(head(20));
  peer.headers = chain(30, 'y');
  sync.wake();
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(importer.canonical.at(-1)!.fork, 'x');
  await sync.stop();
});

test('a block without a proof → waits for it by name, goes on when it is there', async () => {
  let provenUpTo = 3;
  const peer: Peer = { id: 'a', headers: chain(6, 'x'), proven: (h) => h.number <= provenUpTo };
  const { sync, until } = syncing([peer]);
  sync.start();
  const { state } = await until((s) => s.state.kind === 'waiting');
  assert.deepEqual(state, { kind: 'waiting', number: 4n, hash: hashOf(hash(peer.headers[4]!)), missing: 'proof' });
  provenUpTo = 6;
  await until(head(6));
  await sync.stop();
});

test('a block that is waited for comes in by gossip → nothing is waited for any more', async () => {
  const peer: Peer = { id: 'a', headers: chain(4, 'x'), proven: (h) => h.number <= 3 };
  const { sync, until, importer } = syncing([peer]);
  sync.start();
  await until((s) => s.state.kind === 'waiting');
  await importer.importProven({ block: blockOf(peer.headers[4]!) } as unknown as ProvenBlock);
  const { head: reached, state } = sync.status();
  await sync.stop();
  assert.deepEqual([reached.number, state], [4n, { kind: 'idle' }]);
});

test('a proof missing for too long with fallback execute → that block executed, the others applied', async () => {
  let time = 0;
  const peer: Peer = { id: 'a', headers: chain(6, 'x'), proven: (h) => h.number !== 4 };
  const { sync, until } = syncing([peer], { fallback: 'execute', fallbackAfterMs: 100, now: () => time });
  sync.start();
  await until((s) => s.state.kind === 'waiting');
  time = 100;
  const { applied, executed } = await until(head(6));
  assert.deepEqual([applied, executed], [5n, 1n]);
  await sync.stop();
});

test('a proof that does not verify → not imported, whoever named it is charged', async () => {
  const { sync, until, charged, importer } = syncing([{ id: 'liar', headers: chain(2, 'x'), proven: everything }], {
    verifies: false,
  });
  sync.start();
  await until((s) => s.state.kind === 'waiting');
  assert.equal(importer.canonical.length, 1);
  assert.equal(charged[0], 'liar invalidProof');
  await sync.stop();
});

test('a header that breaks a rule → the peer is charged, another peer’s chain is followed', async () => {
  const bad = chain(9, 'x', chain(3, 'x'), { bad: true });
  const { sync, until, charged } = syncing([
    { id: 'liar', headers: bad, proven: everything },
    { id: 'honest', headers: chain(7, 'x'), proven: everything },
  ]);
  sync.start();
  await until(head(7));
  assert.deepEqual(charged, ['liar invalidHeader']);
  await sync.stop();
});

test('headers that are none, of the highest peer → it is charged and left alone, another peer’s chain is followed', async () => {
  const { sync, until, charged, errors } = syncing([
    { id: 'liar', headers: chain(99, 'x', chain(3, 'x'), { isNone: true }), proven: everything },
    { id: 'honest', headers: chain(7, 'x'), proven: everything },
  ]);
  sync.start();
  await until(head(7));
  assert.deepEqual([charged, errors], [['liar invalidHeader'], []]);
  await sync.stop();
});

test('peers that name great heights and serve nothing → asked after those whose blocks have come in', async () => {
  const high = chain(99, 'y').at(-1)!;
  const liars = ['l1', 'l2', 'l3'].map((id): Peer => ({ id, headers: [], announced: high, proven: everything }));
  const honest: Peer = { id: 'honest', headers: chain(3, 'x'), proven: everything };
  const { sync, until, askedOf } = syncing([...liars, honest]);
  sync.start();
  await until(head(3));
  assert.equal(askedOf[0], 'l1', 'nobody is known yet');
  for (const length of [5, 7]) {
    askedOf.length = 0;
    honest.headers = chain(length, 'x');
    // A liar may name another head each time, and is asked again then.
    for (const { id } of liars) sync.noteStatus(id);
    sync.noteStatus('honest');
    await until(head(length));
    assert.equal(askedOf[0], 'honest');
  }
  await sync.stop();
});

test('a diff that leads elsewhere → whoever served it is charged, not whoever named the block', async () => {
  const importError = new ClientError('diffStateRoot', 'another root');
  const peer: Peer = { id: 'honest', headers: chain(3, 'x'), proven: everything };
  const { sync, until, charged } = syncing([peer], { server: 'liar', importError });
  sync.start();
  await until(head(3));
  assert.deepEqual(charged, ['liar invalidDiff']);
  await sync.stop();
});

test('state that this node lacks → nobody is charged', async () => {
  const importError = new ClientError('missingNode', 'not in the store');
  const peer: Peer = { id: 'honest', headers: chain(3, 'x'), proven: everything };
  let time = 0;
  const { sync, until, charged, errors } = syncing([peer], { importError, now: () => time });
  sync.start();
  await until(() => errors.length > 0);
  time = 60_000;
  await until(head(3));
  assert.deepEqual(charged, []);
  await sync.stop();
});

for (const [code, fault] of [
  ['timestampFarAhead', 'farFuture'],
  ['sealerUnknown', 'invalidSeal'],
  ['gasLimit', 'invalidHeader'],
  ['timestampAhead', undefined],
] as const) {
  test(`header that breaks ${code} → ${fault ?? 'nobody'} charged`, async () => {
    const peer: Peer = { id: 'a', headers: chain(3, 'x'), proven: everything };
    const { sync, until, charged, importer } = syncing([peer]);
    let isChecked = false;
    importer.checkHeader = async () => {
      isChecked = true;
      throw new ClientError(code, 'a rule');
    };
    sync.start();
    await until(() => isChecked);
    await sync.stop();
    assert.deepEqual(charged, fault === undefined ? [] : [`a ${fault}`]);
  });
}
