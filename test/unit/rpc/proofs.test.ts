import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { createBlock } from '@ethereumjs/block';
import { ClientError } from '../../../client/errors.ts';
import type { Hash } from '../../../client/prover/interface.ts';
import { parseProofPath, proofPath } from '../../../client/rpc/eth/proofs.ts';
import type { ProofJob, ProofPort, ProofRecord, RpcPorts } from '../../../client/rpc/interface.ts';
import { DEFAULT_LIMITS, dispatcher } from '../../../client/rpc/jsonrpc/dispatch.ts';
import type { Downloads } from '../../../client/rpc/jsonrpc/download.ts';
import { rpcMethods } from '../../../client/rpc/methods.ts';
import { serveRpc } from '../../support/rpc-server.ts';

const HASH = `0x${'11'.repeat(32)}` as const;
const CLAIM = {
  schemaId: 0x7a01,
  chainId: 1337n,
  chainSpecHash: HASH,
  parentHash: HASH,
  blockHash: HASH,
  newPayloadRequestRoot: HASH,
};
const SEAL = new Uint8Array(65).fill(7);
const genesis = createBlock({ header: { number: 0n } });
const block = createBlock({ header: { number: 1n } });
const fork = createBlock({ header: { number: 1n, timestamp: 9n } });
const hex = (bytes: Uint8Array): Hash => `0x${Buffer.from(bytes).toString('hex')}`;

function record(proofType: number, bytes: Uint8Array, sizeBytes = bytes.length): ProofRecord {
  return {
    ...{ proofType, vkHash: HASH, claim: CLAIM, proofHash: HASH, proofSize: sizeBytes },
    made: { provingTimeMs: 12.6, provedAt: 1000, backend: 'wasm' },
    bytes: () => bytes,
  };
}

const proofsIn = (result: Answer['result']) => (result?.proofs ?? []) as Record<string, unknown>[];
type Answer = { result?: Record<string, unknown>; error?: { code: number; message: string; data?: unknown } };

function setUp(proofs: Partial<ProofPort>) {
  const port: ProofPort = {
    proofs: () => [],
    job: () => ({ status: 'notRequested' }),
    proving: () => undefined,
    request: async () => {
      throw new ClientError('notProving', 'this node does not prove: start it with --prove');
    },
    verify: async () => assert.fail('verifies'),
    ...proofs,
  };
  const blocks = [genesis, block, fork];
  const chain = {
    head: () => block,
    genesis: () => genesis,
    canonicalBlock: (number: bigint) => [genesis, block][Number(number)],
    blockByHash: (hash: Uint8Array) => blocks.find((b) => hex(b.hash()) === hex(hash)),
    seal: () => SEAL,
    isCanonical: (b: { hash: () => Uint8Array }) => hex(b.hash()) !== hex(fork.hash()),
  };
  const ports = { chain, proofs: port } as unknown as RpcPorts;
  const dispatch = dispatcher(rpcMethods(ports), DEFAULT_LIMITS, (name, error) => assert.fail(`${name}: ${error}`));
  return async (method: string, ...params: unknown[]): Promise<Answer> => {
    const text = await dispatch(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }), { origin: 'http://here:1' });
    return JSON.parse(text ?? '') as Answer;
  };
}

describe('eth_getBlockProof', () => {
  test('no block there, pending and genesis → -32001', async () => {
    const call = setUp({});
    for (const id of ['0x99', 'pending', '0x0', 'earliest', `0x${'77'.repeat(32)}`, { blockNumber: '0x0' }])
      assert.equal((await call('eth_getBlockProof', id)).error?.code, -32001, JSON.stringify(id));
  });

  test('a block without a proof → -32002 with its job’s status', async () => {
    const states: readonly ProofJob[] = [
      { status: 'notRequested' },
      { status: 'queued' },
      { status: 'proving' },
      { status: 'failed', reason: 'overdue: not proven within 5 s' },
    ];
    for (const state of states) {
      const { error } = await setUp({ job: () => state })('eth_getBlockProof', 'latest');
      assert.equal(error?.code, -32002);
      assert.deepEqual(error?.data, state);
    }
  });

  test('a job that is proved and a proof that is gone → -32002, not requested', async () => {
    const gone = { ...record(128, new Uint8Array(2)), bytes: () => undefined };
    const { error } = await setUp({ job: () => ({ status: 'proved' }), proofs: () => [gone] })(
      'eth_getBlockProof',
      '0x1',
    );
    assert.deepEqual(error?.data, { status: 'notRequested' });
  });

  test('proofs of several types → all of them, or the one that is asked for', async () => {
    const call = setUp({ proofs: () => [record(128, Uint8Array.of(1, 255)), record(129, Uint8Array.of(2))] });
    const { result } = await call('eth_getBlockProof', hex(block.hash()));
    assert.equal(result?.status, 'proved');
    assert.equal(result?.blockNumber, '0x1');
    assert.equal(result?.seal, hex(SEAL));
    assert.deepEqual(
      proofsIn(result).map((r) => r.proofType),
      ['0x80', '0x81'],
    );
    const one = await call('eth_getBlockProof', '0x1', { proofType: '0x80' });
    assert.deepEqual(one.result?.proofs, [
      {
        ...{ proofType: '0x80', vkHash: HASH, proofData: '0x01ff', proofHash: HASH, proofSize: '0x2' },
        ...{ claim: { ...CLAIM, schemaId: '0x7a01', chainId: '0x539' } },
        ...{ provingTimeMs: '0xd', provedAt: '0x3e8', backend: 'wasm' },
      },
    ]);
    const base64 = await call('eth_getBlockProof', '0x1', { proofType: 128, encoding: 'base64' });
    assert.equal(proofsIn(base64.result)[0]?.proofData, 'Af8=');
    assert.equal((await call('eth_getBlockProof', '0x1', { proofType: 200 })).error?.code, -32002);
  });

  test('a proof that came from a peer → without times and backend', async () => {
    const foreign = { ...record(128, Uint8Array.of(1)), made: undefined };
    const { result } = await setUp({ proofs: () => [foreign] })('eth_getBlockProof', '0x1');
    assert.deepEqual(Object.keys(proofsIn(result)[0] ?? {}), [
      ...['proofType', 'vkHash', 'claim', 'proofData', 'proofHash', 'proofSize'],
    ]);
  });

  test('a proof of more than 8 MiB → a URL and its hash', async () => {
    const large = { ...record(128, new Uint8Array(), 9_000_000), bytes: () => assert.fail('reads the proof') };
    const { result } = await setUp({ proofs: () => [large] })('eth_getBlockProof', '0x1');
    const [proof] = proofsIn(result);
    assert.equal(proof?.proofUrl, `http://here:1/proofs/${hex(block.hash())}/128`);
    assert.deepEqual([proof?.proofHash, proof?.proofSize, proof?.proofData], [HASH, '0x895440', undefined]);
  });

  test('rejects options that do not exist', async () => {
    const call = setUp({});
    for (const options of [{ type: 1 }, { encoding: 'utf8' }, { proofType: 256 }, { proofType: '0x100' }])
      assert.equal((await call('eth_getBlockProof', '0x1', options)).error?.code, -32602);
  });
});

describe('zkl1 methods', () => {
  test('zkl1_provingStatus → whether and what this node proves', async () => {
    assert.deepEqual((await setUp({})('zkl1_provingStatus')).result, { enabled: false });
    const progress = { stage: 'commit', done: 1, total: 8 };
    const current = { blockHash: block.hash(), number: 1n, startedAt: 16, progress };
    const status = {
      profile: 'P100',
      proofType: 128,
      current,
      queued: 3,
      resting: 1,
      claimed: 2,
      dropped: 4,
      yielded: 5,
    } as const;
    assert.deepEqual((await setUp({ proving: () => status })('zkl1_provingStatus')).result, {
      ...{ enabled: true, profile: 'P100', proofType: '0x80', queued: '0x3', failed: '0x1' },
      ...{ claimedByOthers: '0x2', dropped: '0x4', yielded: '0x5' },
      current: {
        ...{ blockHash: hex(block.hash()), blockNumber: '0x1', startedAt: '0x10', stage: 'commit', percent: 12 },
      },
    });
  });

  test('zkl1_proveBlock → the job’s status; only for canonical blocks of a node that proves', async () => {
    const requested: string[] = [];
    const request: ProofPort['request'] = async (b) => void requested.push(hex(b.hash()));
    const call = setUp({ request, job: () => ({ status: 'queued' }) });
    assert.deepEqual((await call('zkl1_proveBlock', hex(block.hash()))).result, { status: 'queued' });
    assert.deepEqual(requested, [hex(block.hash())]);
    for (const hash of [hex(fork.hash()), hex(genesis.hash()), HASH])
      assert.equal((await call('zkl1_proveBlock', hash)).error?.code, -32001);
    const { error } = await setUp({})('zkl1_proveBlock', hex(block.hash()));
    assert.deepEqual([error?.code, error?.message], [-32000, 'this node does not prove: start it with --prove']);
  });

  test('zkl1_verifyBlockProof → the verdict, and whether the block is canonical here', async () => {
    const seen: unknown[] = [];
    const claim = { ...CLAIM, blockHash: hex(block.hash()) };
    const verify: ProofPort['verify'] = async (proof, blockHash) => {
      seen.push([...proof], blockHash);
      return proof[0] === 1
        ? { result: { ok: true, claim, profile: 'P100', securityBits: 100 }, ms: 1.26 }
        : { result: { ok: false, stage: 'codec', code: 'truncated', detail: 'too short' }, ms: 0 };
    };
    const call = setUp({ verify });
    assert.deepEqual((await call('zkl1_verifyBlockProof', '0x01', { blockHash: HASH })).result, {
      ...{ ok: true, claim: { ...claim, schemaId: '0x7a01', chainId: '0x539' } },
      ...{ profile: 'P100', securityBits: 100, isCanonical: true, verifyMs: 1.3 },
    });
    assert.deepEqual((await call('zkl1_verifyBlockProof', 'AgM=')).result, {
      ...{ ok: false, stage: 'codec', code: 'truncated', detail: 'too short', verifyMs: 0 },
    });
    assert.deepEqual(seen, [[1], HASH, [2, 3], undefined]);
    for (const proof of ['0x0', 'a', '', 7, '####'])
      assert.equal((await call('zkl1_verifyBlockProof', proof)).error?.code, -32602);
  });
});

describe('proof downloads', () => {
  const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);
  const path = proofPath(block.hash(), 128);
  const downloads: Downloads = (asked) =>
    asked === path ? { sizeBytes: bytes.length, tag: 'tag', bytes: () => bytes } : undefined;
  const serve = async (t: TestContext): Promise<string> => {
    const dispatch = async (): Promise<undefined> => undefined;
    return `${(await serveRpc(t, dispatch, { downloads })).url}${path}`;
  };
  const bodyOf = async (response: Response): Promise<Uint8Array> => new Uint8Array(await response.arrayBuffer());

  test('GET → the bytes; HEAD → their number', async (t) => {
    const url = await serve(t);
    const whole = await fetch(url);
    assert.equal(whole.status, 200);
    assert.equal(whole.headers.get('etag'), '"tag"');
    assert.deepEqual(await bodyOf(whole), bytes);
    const head = await fetch(url, { method: 'HEAD' });
    assert.deepEqual([head.status, head.headers.get('content-length')], [200, '1000']);
  });

  test('a range → that part, so that a download can go on where it was cut', async (t) => {
    const url = await serve(t);
    const part = async (range: string, more: Record<string, string> = {}) => {
      const response = await fetch(url, { headers: { range, ...more } });
      return [response.status, response.headers.get('content-range'), await bodyOf(response)] as const;
    };
    assert.deepEqual(await part('bytes=10-19'), [206, 'bytes 10-19/1000', bytes.slice(10, 20)]);
    assert.deepEqual(await part('bytes=990-'), [206, 'bytes 990-999/1000', bytes.slice(990)]);
    assert.deepEqual(await part('bytes=990-5000'), [206, 'bytes 990-999/1000', bytes.slice(990)]);
    assert.deepEqual(await part('bytes=-5'), [206, 'bytes 995-999/1000', bytes.slice(995)]);
    assert.deepEqual(await part('bytes=10-19', { 'if-range': '"tag"' }), [
      206,
      'bytes 10-19/1000',
      bytes.slice(10, 20),
    ]);
    assert.deepEqual(await part('bytes=10-19', { 'if-range': '"old"' }), [200, null, bytes]);
    for (const odd of ['bytes=5-2', 'lines=1-2', 'bytes=0-1,5-6', 'bytes=-']) assert.equal((await part(odd))[0], 200);
    for (const beyond of ['bytes=1000-', 'bytes=-0']) {
      const [status, range] = await part(beyond);
      assert.deepEqual([status, range], [416, 'bytes */1000']);
    }
  });

  test('rejects other paths', async (t) => {
    const url = await serve(t);
    for (const other of [`${url}0`, url.replace('/proofs', ''), `${url}/..`])
      assert.equal((await fetch(other)).status, 405);
    assert.deepEqual(parseProofPath(path), { blockHash: hex(block.hash()), proofType: 128 });
    for (const odd of ['/proofs/0x12/128', `${path}/1`, path.replace('128', '0128'), path.replace('128', '-1')])
      assert.equal(parseProofPath(odd), undefined);
  });
});
