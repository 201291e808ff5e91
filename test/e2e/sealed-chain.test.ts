import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadSealerKey } from '../../client/execution/sealing/key-file.ts';
import { hexOf } from '../support/bytes.ts';
import { runNode, spawnNode } from '../support/command.ts';
import { rpc } from '../support/dev-node.ts';
import { devGenesis } from '../support/dev-vm.ts';
import { temporaryFolder } from '../support/temporary.ts';

test('--genesis --seal with a period → blocks without transactions, until too many are unproven', async (t) => {
  const folder = temporaryFolder(t);
  const key = join(folder, 'seal.key');
  const sealers = [hexOf(loadSealerKey(key).address)];
  const file = join(folder, 'genesis.json');
  writeFileSync(
    file,
    JSON.stringify({ ...devGenesis, config: { ...devGenesis.config, zkl1: { sealers, period: 1 } } }),
  );
  const child = spawnNode([
    ...['--genesis', file, '--seal', '--seal.key', key, '--seal.max-unproven', '2'],
    ...['--datadir', join(folder, 'data'), '--http.port', '0', '--libp2p.port', '0', '--json'],
  ]);
  t.after(() => child.kill('SIGKILL'));
  let stdout = '';
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      if (stdout.includes('\n')) resolve();
    });
    child.on('close', (code) => reject(new Error(`the node ended with ${code}: ${stderr}`)));
  });
  const { http } = JSON.parse(stdout) as { http: string };
  while (!stderr.includes('sealing waits: 2 blocks')) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal((await rpc(http, 'eth_blockNumber')).result, '0x2');
  assert.deepEqual((await rpc(http, 'zkl1_sealerFaults')).result, []);
  assert.doesNotMatch(
    stderr,
    /"level":"error"/,
    'a node that is alone has nobody to tell of its blocks, which is no error',
  );
  child.kill('SIGTERM');
  await once(child, 'close');
  const out = join(folder, 'block.json');
  const from = ['export', '--datadir', join(folder, 'data'), '--block', '2', '-o', out];
  const exported = await runNode([...from, '--genesis', file, '--json']);
  assert.equal(exported.exitCode, 0, exported.stderr);
  const executed = await runNode(['execute', out, '--json']);
  assert.equal(executed.exitCode, 0, executed.stderr);
  const elsewhere = await runNode(from);
  assert.equal(elsewhere.exitCode, 3);
  assert.match(elsewhere.stderr, /holds no chain dev\n$/);
});
