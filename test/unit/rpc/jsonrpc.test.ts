import assert from 'node:assert/strict';
import { request } from 'node:http';
import { describe, type TestContext, test } from 'node:test';
import { DEFAULT_LIMITS, dispatcher, type Limits } from '../../../client/rpc/jsonrpc/dispatch.ts';
import { RpcError } from '../../../client/rpc/jsonrpc/errors.ts';
import { method } from '../../../client/rpc/jsonrpc/method.ts';
import * as p from '../../../client/rpc/jsonrpc/params.ts';
import type { RpcServer } from '../../../client/rpc/jsonrpc/server.ts';
import { serveRpc } from '../../support/rpc-server.ts';

const internal: string[] = [];
const METHODS = [
  method(
    'sum',
    [
      ['a', p.uint64],
      ['b', p.withDefault(p.uint64, 1n)],
    ],
    (a, b) => `0x${(a + b).toString(16)}`,
  ),
  method('nothing', [], () => undefined),
  method('revert', [], () => {
    throw new RpcError('executionReverted', 'execution reverted', '0x08c379a0');
  }),
  method('crash', [], () => {
    throw new Error('a secret');
  }),
  method('long', [], () => 'x'.repeat(600)),
];
const SMALL: Limits = { maxRequestBytes: 1000, maxBatch: 3, maxResponseBytes: 1000 };

function answerOf(limits: Limits = DEFAULT_LIMITS): (body: unknown) => Promise<unknown> {
  const dispatch = dispatcher(METHODS, limits, (name) => internal.push(name));
  return async (body) => {
    const text = await dispatch(typeof body === 'string' ? body : JSON.stringify(body), { origin: 'http://here' });
    return text === undefined ? undefined : JSON.parse(text);
  };
}
const call = (name: string, params: unknown = [], id: unknown = 1) => ({ jsonrpc: '2.0', id, method: name, params });
const codeOf = (response: unknown): number | undefined => (response as { error?: { code: number } }).error?.code;

describe('dispatch', () => {
  const answer = answerOf();

  test('a call → its result under its id', async () => {
    assert.deepEqual(await answer(call('sum', ['0x2', '0x3'], 'x')), { jsonrpc: '2.0', id: 'x', result: '0x5' });
    assert.deepEqual(await answer(call('sum', ['0x2'])), { jsonrpc: '2.0', id: 1, result: '0x3' });
    assert.deepEqual(await answer(call('nothing')), { jsonrpc: '2.0', id: 1, result: null });
  });

  test('a notification → no response', async () => {
    assert.equal(await answer({ jsonrpc: '2.0', method: 'sum', params: ['0x1'] }), undefined);
    assert.equal(await answer([{ jsonrpc: '2.0', method: 'crash' }]), undefined);
  });

  test('a batch → a response per call, in order, errors beside results', async () => {
    const responses = (await answer([call('sum', ['0x1'], 1), 5, call('none', [], 2)])) as unknown[];
    assert.deepEqual(responses.map(codeOf), [undefined, -32600, -32601]);
  });

  test('an error with data → code, message and data', async () => {
    const { error } = (await answer(call('revert'))) as { error: unknown };
    assert.deepEqual(error, { code: 3, message: 'execution reverted', data: '0x08c379a0' });
  });

  test('an unforeseen error → -32603 without its text, reported to the node', async () => {
    const response = await answer(call('crash'));
    assert.equal(codeOf(response), -32603);
    assert.doesNotMatch(JSON.stringify(response), /secret/);
    assert.ok(internal.includes('crash'));
  });

  const bad: readonly (readonly [string, unknown, number])[] = [
    ['text that is not JSON', '{"jsonrpc":', -32700],
    ['an empty batch', [], -32600],
    ['another version', { ...call('sum'), jsonrpc: '1.0' }, -32600],
    ['a call without a method', { jsonrpc: '2.0', id: 1 }, -32600],
    ['an id that is an object', { ...call('sum', ['0x1']), id: {} }, -32600],
    ['an unknown method', call('eth_nothing'), -32601],
    ['a method name of the prototype', call('constructor'), -32601],
    ['named parameters', call('sum', { a: '0x1' }), -32602],
    ['a missing parameter', call('sum'), -32602],
    ['a surplus parameter', call('sum', ['0x1', '0x2', '0x3']), -32602],
    ['a wrong parameter', call('sum', ['1']), -32602],
  ];
  for (const [name, body, code] of bad) {
    test(`rejects ${name} → ${code}`, async () => assert.equal(codeOf(await answer(body)), code));
  }

  test('rejects a batch over the limit, and what exceeds the size of a response', async () => {
    const small = answerOf(SMALL);
    assert.equal(codeOf(await small([call('sum'), call('sum'), call('sum'), call('sum')])), -32005);
    const responses = (await small([call('long'), call('long'), call('nothing')])) as unknown[];
    assert.deepEqual(responses.map(codeOf), [undefined, -32005, -32005]);
  });
});

describe('parameters', () => {
  const rejects = <T>(param: p.Param<T>, ...values: unknown[]) => {
    for (const value of values) {
      assert.throws(() => param.read(value, 'x'), { code: 'invalidParams', message: /^invalid params: x.*: expected/ });
    }
  };

  test('quantities: no leading zeros, bounded', () => {
    assert.equal(p.uint64.read('0x0', 'x'), 0n);
    assert.equal(p.uint64.read('0xFFFFFFFFFFFFFFFF', 'x'), (1n << 64n) - 1n);
    rejects(p.uint64, '0x', '0x00', '0x01', '10', 10, '0x10000000000000000', null, '0xg');
    rejects(p.uint256, `0x1${'0'.repeat(64)}`);
  });

  test('bytes: whole bytes, exact length where there is one', () => {
    assert.equal(p.address.read(`0x${'AB'.repeat(20)}`, 'x'), `0x${'ab'.repeat(20)}`);
    rejects(p.address, `0x${'ab'.repeat(19)}`, 'ab'.repeat(20), 5);
    rejects(p.data, '0x1', 'ff', '0xzz');
    assert.equal(p.data.read('0x', 'x'), '0x');
  });

  test('blocks: tags, numbers, hashes, EIP-1898', () => {
    const hash = `0x${'cd'.repeat(32)}`;
    assert.deepEqual(p.blockId.read('latest', 'x'), { kind: 'tag', tag: 'latest' });
    assert.deepEqual(p.blockId.read('0x10', 'x'), { kind: 'number', number: 16n });
    assert.deepEqual(p.blockId.read(hash, 'x'), { kind: 'hash', hash, requireCanonical: false });
    assert.deepEqual(p.blockId.read({ blockNumber: '0x1' }, 'x'), { kind: 'number', number: 1n });
    assert.deepEqual(p.blockId.read({ blockHash: hash, requireCanonical: true }, 'x'), {
      kind: 'hash',
      hash,
      requireCanonical: true,
    });
    rejects(p.blockId, 'newest', 5, {}, { blockHash: hash, blockNumber: '0x1' }, null);
  });

  test('objects and lists: unknown fields, wrong items and too many of them are named', () => {
    const spec = p.object({ to: p.optional(p.address), n: p.listOf(p.uint64, 2) });
    assert.deepEqual(spec.read({ n: ['0x1'] }, 'x'), { to: undefined, n: [1n] });
    rejects(spec, { n: [], tp: 1 }, { n: ['1'] }, { n: ['0x1', '0x1', '0x1'] }, [], null);
  });
});

describe('HTTP server', () => {
  const serve = (t: TestContext, options: { corsOrigins?: readonly string[] } = {}): Promise<RpcServer> =>
    serveRpc(
      t,
      dispatcher(METHODS, SMALL, () => {}),
      { limits: SMALL, ...options },
    );
  const post = (url: string, body: string, headers: Record<string, string> = {}) =>
    fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });

  test('a POST → the response as JSON', async (t) => {
    const { url } = await serve(t);
    const response = await post(url, JSON.stringify(call('sum', ['0x1'])));
    assert.equal(response.headers.get('content-type'), 'application/json');
    assert.deepEqual(await response.json(), { jsonrpc: '2.0', id: 1, result: '0x2' });
  });

  test('rejects other methods, other content types and large bodies', async (t) => {
    const { url } = await serve(t);
    assert.equal((await fetch(url)).status, 405);
    assert.equal((await post(url, '{}', { 'content-type': 'text/plain' })).status, 415);
    assert.equal((await post(url, ' '.repeat(1001))).status, 413);
    assert.equal((await post(url, JSON.stringify(call('sum', ['0x1'])))).status, 200);
  });

  test('rejects a large body of undeclared length', async (t) => {
    const { url } = await serve(t);
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(' '.repeat(2000)));
        controller.close();
      },
    });
    const init = { method: 'POST', body, duplex: 'half', headers: { 'content-type': 'application/json' } };
    assert.equal((await fetch(url, init as RequestInit)).status, 413);
  });

  test('rejects a foreign Host header on loopback', async (t) => {
    const { url } = await serve(t);
    const status = await new Promise((resolve, reject) => {
      const sent = request(url, {
        method: 'POST',
        headers: { host: 'evil.example', 'content-type': 'application/json' },
      });
      sent
        .on('response', (r) => resolve(r.statusCode))
        .on('error', reject)
        .end('{}');
    });
    assert.equal(status, 403);
  });

  test('pages of allowed origins → may call, after the browser has asked; no others', async (t) => {
    const preflight = async (url: string, origin: string) => {
      const { status, headers } = await fetch(url, { method: 'OPTIONS', headers: { origin } });
      return [status, headers.get('access-control-allow-origin')];
    };
    const { url } = await serve(t, { corsOrigins: ['https://here.example'] });
    assert.deepEqual(await preflight(url, 'https://here.example'), [204, 'https://here.example']);
    for (const other of ['https://elsewhere.example', 'http://here.example', 'null'])
      assert.deepEqual(await preflight(url, other), [405, null]);
    const answer = await post(url, JSON.stringify(call('sum', ['0x1'])), { origin: 'https://here.example' });
    assert.equal(answer.headers.get('access-control-allow-origin'), 'https://here.example');
    assert.equal(answer.headers.get('vary'), 'Origin');
    const all = await serve(t, { corsOrigins: ['*'] });
    assert.deepEqual(await preflight(all.url, 'https://any.example'), [204, 'https://any.example']);
  });

  test('rejects a port in use, naming it', async (t) => {
    const { url } = await serve(t);
    const port = Number(new URL(url).port);
    const second = serveRpc(
      t,
      dispatcher([], SMALL, () => {}),
      { port },
    );
    await assert.rejects(second, { code: 'portInUse', message: new RegExp(`port ${port}`) });
  });
});
