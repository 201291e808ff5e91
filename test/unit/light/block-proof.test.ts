import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { knownNetwork, NETWORK_NAMES } from '../../../client/execution/chain/known-networks.ts';
import { fetchBlockProof, LightError, trustedChain, verifyProof } from '../../../client/light/index.ts';
import { ACCEPTED_KEYS } from '../../../client/prover/verifier/accepted-keys.ts';
import { importsOf } from '../../support/architecture.ts';
import { repoRoot } from '../../support/data.ts';
import { lyingNode, withResult } from '../../support/lying-node.ts';

const chain = trustedChain('dev');
const HASH = `0x${'11'.repeat(32)}` as const;
const code = (expected: string) => (error: unknown) => error instanceof LightError && error.code === expected;

type Lie = readonly [lie: string, code: string, answer: (response: ServerResponse) => void];
const LIES: readonly Lie[] = [
  ['text that is not JSON', 'responseNotJson', (r) => r.end('<html>proof</html>')],
  ['bytes that are not UTF-8', 'responseNotJson', (r) => r.end(Buffer.from([0x22, 0xff, 0xfe, 0x22]))],
  ['a list in place of a response', 'responseMalformed', (r) => r.end('[]')],
  ['a response to another call', 'responseMalformed', (r) => r.end('{"jsonrpc":"2.0","id":2,"result":{"proofs":[]}}')],
  ['a result without proofs', 'responseMalformed', withResult({ status: 'proved' })],
  ['no proof at all', 'proofTypeNotAccepted', withResult({ proofs: [] })],
  [
    'proofs of unknown types and things',
    'proofTypeNotAccepted',
    withResult({ proofs: [{ proofType: '0x1' }, null, 7] }),
  ],
  [
    'a type of proof that is no number and no text',
    'proofTypeNotAccepted',
    withResult({ proofs: [{ proofType: { toString: 1, valueOf: 1 }, proofData: '0x00' }] }),
  ],
  ['a proof without bytes', 'responseMalformed', withResult({ proofs: [{ proofType: '0x80', proofHash: HASH }] })],
  ['a proof that is not hex', 'responseMalformed', withResult({ proofs: [{ proofType: '0x80', proofData: '0xzz' }] })],
  [
    'bytes with another hash',
    'proofHashMismatch',
    withResult({ proofs: [{ proofType: '0x80', proofData: '0x00', proofHash: HASH }] }),
  ],
  [
    'a file in place of a proof',
    'proofHashMismatch',
    withResult({ proofs: [{ proofType: '0x80', proofUrl: 'file:///etc/hosts', proofHash: HASH }] }),
  ],
  [
    'an empty proof with its true hash',
    'proofRejected',
    withResult({
      proofs: [
        {
          proofType: '0x80',
          proofData: '0x',
          proofHash: '0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470',
        },
      ],
    }),
  ],
  [
    'a length beyond the cap',
    'responseTooLarge',
    (r) => r.writeHead(200, { 'content-length': '999999999999' }).flushHeaders(),
  ],
  ['a redirection', 'unreachable', (r) => r.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
  ['a server error', 'httpStatus', (r) => r.writeHead(503).end()],
  ['a cut connection', 'unreachable', (r) => r.destroy()],
];

describe('fetchBlockProof', () => {
  for (const [lie, expected, answer] of LIES) {
    test(`rejects a node that sends ${lie} → ${expected}`, async (t) => {
      const url = await lyingNode(t, answer);
      await assert.rejects(fetchBlockProof({ url, chain, block: HASH }), code(expected));
    });
  }

  test('rejects a stream without end → responseTooLarge, as soon as the cap is passed', async (t) => {
    const url = await lyingNode(t, (response) => {
      const chunk = Buffer.alloc(2 ** 20, 0x20);
      const more = (): void => {
        while (!response.destroyed && response.write(chunk));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    });
    await assert.rejects(fetchBlockProof({ url, chain, block: 1n }), code('responseTooLarge'));
  });

  test('rejects a node that drips byte by byte → timeout', async (t) => {
    const url = await lyingNode(t, (response) => {
      const timer = setInterval(() => response.write(' '), 10);
      response.once('close', () => clearInterval(timer));
    });
    await assert.rejects(fetchBlockProof({ url, chain, block: 1n, timeoutMs: 150 }), code('timeout'));
  });

  test('the caller stops it → aborted', async (t) => {
    const url = await lyingNode(t, () => {});
    const stop = new AbortController();
    const result = fetchBlockProof({ url, chain, block: 1n, signal: stop.signal });
    setTimeout(() => stop.abort(), 20);
    await assert.rejects(result, code('aborted'));
  });

  test('the errors of eth_getBlockProof → blockUnknown, notProven with its status, pruned', async (t) => {
    const refuse = (error: object) => lyingNode(t, (r) => r.end(JSON.stringify({ jsonrpc: '2.0', id: 1, error })));
    for (const [number, expected] of [
      [-32001, 'blockUnknown'],
      [4444, 'pruned'],
      [-32000, 'rpcError'],
    ] as const) {
      const url = await refuse({ code: number, message: 'no' });
      await assert.rejects(fetchBlockProof({ url, chain, block: 1n }), code(expected));
    }
    const odd = await refuse({ code: -32002, message: 'no', data: { status: { toString: 1 } } });
    await assert.rejects(fetchBlockProof({ url: odd, chain, block: 1n }), code('notProven'));
    const url = await refuse({ code: -32002, message: 'no', data: { status: 'proving' } });
    await assert.rejects(fetchBlockProof({ url, chain, block: 1n }), (error: LightError) => {
      assert.deepEqual([error.code, error.detail], ['notProven', { status: 'proving' }]);
      return true;
    });
  });

  test('a proofUrl whose path names another host → asked of the node that was chosen, and of nobody else', async (t) => {
    let isAsked = false;
    const other = await lyingNode(t, (response) => {
      isAsked = true;
      response.end();
    });
    const proofUrl = `http://node//${new URL(other).host}/proof`;
    const proofs = [{ proofType: '0x80', proofUrl, proofHash: HASH }];
    const paths: string[] = [];
    const url = await lyingNode(t, (response, request) => {
      paths.push(request.url ?? '');
      if (request.method === 'POST') withResult({ proofs })(response);
      else response.end('no proof');
    });
    await assert.rejects(fetchBlockProof({ url, chain, block: HASH }), code('proofHashMismatch'));
    assert.deepEqual(paths, ['/', `//${new URL(other).host}/proof`]);
    assert.equal(isAsked, false);
  });

  test('rejects URLs that are not http → endpointInvalid', async () => {
    for (const url of ['', 'file:///x', 'ftp://localhost:8545', 'localhost'])
      await assert.rejects(fetchBlockProof({ url, chain, block: 1n }), code('endpointInvalid'));
  });

  test('proofs under keys that the caller has revoked → keyRevoked, by type and by what the bytes say', async (t) => {
    const revoked = ACCEPTED_KEYS.map(({ digest }) => `0x${digest}` as const);
    const url = await lyingNode(t, withResult({ proofs: [{ proofType: '0x80', proofData: '0x00', proofHash: HASH }] }));
    await assert.rejects(fetchBlockProof({ url, chain, block: HASH, revoked }), code('keyRevoked'));
    const others = revoked.slice(1);
    await assert.rejects(fetchBlockProof({ url, chain, block: HASH, revoked: others }), code('proofHashMismatch'));
    const proof = Uint8Array.from(Buffer.concat([Buffer.from([1, 0, 128]), Buffer.from(HASH.slice(2), 'hex')]));
    assert.throws(() => verifyProof(proof, { chain, revoked: [HASH] }), code('keyRevoked'));
    assert.throws(() => verifyProof(proof, { chain, revoked }), code('proofRejected'));
  });

  test('rejects garbage given as a proof → proofRejected', () => {
    for (const proof of [new Uint8Array(0), new Uint8Array(1000).fill(255)])
      assert.throws(() => verifyProof(proof, { chain }), code('proofRejected'));
  });
});

describe('trustedChain', () => {
  test('each known name → the chain of its genesis file', async () => {
    for (const name of NETWORK_NAMES) {
      const { network } = await knownNetwork(name);
      const { config, genesisHash } = trustedChain(name);
      assert.deepEqual({ config, genesisHash }, { config: network.config, genesisHash: network.genesisHash });
    }
  });

  test('rejects a name, hash or config that is none → chainInvalid', () => {
    for (const genesis of ['nonet' as 'dev', {}, { genesisHash: HASH }, { genesisHash: HASH, config: { chainId: 0 } }])
      assert.throws(() => trustedChain(genesis), code('chainInvalid'));
  });
});

describe('zkl1-node/client and the page', () => {
  test('every module that they consist of → imports nothing of Node and names no Buffer or process', () => {
    const seen = new Set<string>();
    const visit = (path: string): void => {
      if (seen.has(path)) return;
      seen.add(path);
      const text = readFileSync(path, 'utf8');
      assert.doesNotMatch(text, /\b(Buffer|process|require|__dirname)\s*[.(]/, path);
      for (const { specifier, typeOnly } of importsOf(text)) {
        assert.doesNotMatch(specifier, /^node:/, path);
        if (specifier.startsWith('.') && !typeOnly) visit(join(path, '..', specifier));
      }
    };
    for (const entry of ['index.ts', 'page/main.ts', 'page/worker.ts'])
      visit(join(repoRoot(), 'client', 'light', entry));
    assert.ok(seen.size > 40);
  });
});
