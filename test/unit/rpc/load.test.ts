/** What callers together can make the server hold. */
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { Bloom } from '@ethereumjs/vm';
import { bloomTest } from '../../../client/rpc/eth/log-filter.ts';
import { logMethods } from '../../../client/rpc/eth/logs.ts';
import type { RpcPorts } from '../../../client/rpc/interface.ts';
import { DEFAULT_LIMITS, dispatcher } from '../../../client/rpc/jsonrpc/dispatch.ts';
import { DEFAULT_LOAD_LIMITS } from '../../../client/rpc/jsonrpc/load.ts';
import { method } from '../../../client/rpc/jsonrpc/method.ts';
import { until } from '../../support/p2p/host.ts';
import { serveRpc } from '../../support/rpc-server.ts';

const MIB = 2 ** 20;
const LOAD = { ...DEFAULT_LOAD_LIMITS, heldBytes: 16 * MIB };

async function scene(t: TestContext, load = LOAD) {
  let calls = 0;
  const large = method('large', [], () => {
    calls++;
    return 'x'.repeat(4 * MIB);
  });
  const small = method('small', [], () => 'x');
  const { url } = await serveRpc(
    t,
    dispatcher([large, small], DEFAULT_LIMITS, () => {}),
    { load },
  );
  const open = (): Socket => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => {});
    t.after(() => socket.destroy());
    return socket;
  };
  return { url, open, calls: () => calls };
}

const request = (name: string): string => {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: name });
  return `POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
};
const callSmall = async (url: string): Promise<string> => {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'small' });
  return (await fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json' } })).text();
};

describe('server of JSON-RPC', () => {
  test('requests one after the other on one connection, no answer read → few are answered, others when it is gone', async (t) => {
    const { url, open, calls } = await scene(t);
    const socket = open();
    socket.pause();
    socket.write(request('large').repeat(100));
    await until('full', () => calls() >= 4);
    await until('others are refused', async () => /too much/.test(await callSmall(url)));
    assert.ok(calls() <= 4 + DEFAULT_LOAD_LIMITS.answering, `${calls()} answers of 4 MiB are held`);
    socket.destroy();
    await until('room again', async () => /"result":"x"/.test(await callSmall(url)));
  });

  test('answer that is not read at the least rate → its connection is cut, its bytes are free', async (t) => {
    const { url, open } = await scene(t, { ...LOAD, heldBytes: 4 * MIB, graceMs: 100, leastRate: 1e9 });
    const socket = open();
    socket.pause();
    socket.write(request('large'));
    await until('full', async () => /too much/.test(await callSmall(url)));
    await until('room again', async () => /"result":"x"/.test(await callSmall(url)));
  });

  test('bodies that are begun and not ended → bounded in all, and refused beyond it', async (t) => {
    const { open } = await scene(t);
    const answers: string[] = [];
    for (let i = 0; i < 8; i++) {
      const socket = open();
      socket.on('data', (bytes) => answers.push(String(bytes)));
      socket.write(
        'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 5000000\r\n\r\n',
      );
      socket.write(' '.repeat(4.5e6));
    }
    await until('refused', () => answers.some((answer) => answer.startsWith('HTTP/1.1 503')));
  });

  test('body in chunks of one byte → answered', async (t) => {
    const { open } = await scene(t);
    const socket = open();
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'small' });
    const chunks = [...body].map((byte) => `1\r\n${byte}\r\n`).join('');
    const head =
      'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n';
    socket.write(`${head}${chunks}0\r\n\r\n`);
    const answer = await new Promise((resolve) => socket.once('data', (bytes) => resolve(String(bytes))));
    assert.match(String(answer), /"result":"x"/);
  });
});

describe('search for logs', () => {
  test('bits of a filter → those that the library finds, for every choice', () => {
    const all = Array.from({ length: 200 }, (_, i) => `0x${(i * 7919).toString(16).padStart(40, '0')}` as const);
    const bloom = new Bloom();
    for (const each of all.slice(0, 20)) bloom.add(Buffer.from(each.slice(2), 'hex'));
    for (const each of all)
      assert.equal(
        bloomTest({ address: [each] })(bloom.bitvector),
        bloom.check(Buffer.from(each.slice(2), 'hex')),
        each,
      );
    assert.equal(bloomTest({ address: all })(bloom.bitvector), true);
    assert.equal(bloomTest({ address: [], topics: [undefined] })(bloom.bitvector), true);
    assert.equal(bloomTest({})(new Uint8Array(256)), false);
    const foreign = `0x${'77'.repeat(32)}` as const;
    assert.equal(bloomTest({ address: all, topics: [[foreign]] })(bloom.bitvector), false);
  });

  test('logs of megabytes → refused before more are gathered than an answer may hold', async () => {
    let read = 0;
    const header = { number: 99n, logsBloom: new Uint8Array(256).fill(255), timestamp: 0n };
    const block = { header, hash: () => new Uint8Array(32), transactions: [{ hash: () => new Uint8Array(32) }] };
    const log = { address: new Uint8Array(20), topics: [], data: new Uint8Array(MIB) };
    const chain = {
      head: () => block,
      canonicalBlock: () => block,
      receipts: () => {
        read++;
        return [{ logs: [log] }];
      },
    };
    const [getLogs] = logMethods({ chain } as unknown as RpcPorts);
    await assert.rejects(getLogs!.call([{ fromBlock: '0x0', toBlock: '0x63' }], { origin: '' }), {
      code: 'limitExceeded',
    });
    assert.ok(read <= 9, `${read} MiB were read`);
  });
});
