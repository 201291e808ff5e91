import assert from 'node:assert/strict';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Hex } from 'viem';
import { jsonOf, runHere, runNode, spawnNode } from '../support/command.ts';
import { dataDir, needsData } from '../support/data.ts';
import { type DevNode, devClients, rpc, startDevNode } from '../support/dev-node.ts';
import { temporaryFolder } from '../support/temporary.ts';

type Status = { enabled: boolean; current: { blockNumber: Hex; stage: string; percent: number } | null; queued: Hex };
type Proofs = {
  status: string;
  blockHash: Hex;
  proofs: readonly { proofType: Hex; proofData: string; proofSize: Hex }[];
};

/** Others run beside the tests, so the prover must not wait for them. */
const PROVE = ['--prove', '--prove.priority', 'normal'];
const POLL_MS = 200;
const PROOF_LIMIT_MS = 900_000;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until the prover has begun a stage that comes after the key's. */
async function untilProving(node: DevNode): Promise<void> {
  for (;;) {
    const { current } = (await rpc(node.url, 'zkl1_provingStatus')).result as Status;
    if (current !== null && current.percent > 0) return;
    await pause(POLL_MS);
  }
}

/** What `eth_getBlockProof` gives in the end, and the statuses before it. */
async function proofOf(node: DevNode, block: Hex): Promise<{ proofs: Proofs; statuses: ReadonlySet<string> }> {
  const statuses = new Set<string>();
  for (;;) {
    const { result, error } = await rpc(node.url, 'eth_getBlockProof', [block]);
    if (result !== undefined) return { proofs: result as Proofs, statuses };
    assert.equal(error?.code, -32002);
    const { status, reason } = (error?.data ?? {}) as { status: string; reason?: string };
    assert.notEqual(status, 'failed', reason);
    statuses.add(status);
    await pause(POLL_MS);
  }
}

/** Child processes of a process; empty where the system does not list them. */
function childrenOf(pid: number | undefined): readonly number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

async function untilGone(pids: readonly number[]): Promise<void> {
  const isAlive = (pid: number): boolean => {
    try {
      process.kill(pid, 0);
      return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
    } catch {
      return false;
    }
  };
  while (pids.some(isAlive)) await pause(POLL_MS);
}

describe('a node that proves', () => {
  test('a transfer → its block’s proof, over kill -9 and Ctrl-C in the middle; verify accepts it, the next start serves it', {
    timeout: PROOF_LIMIT_MS,
  }, async (t) => {
    const folder = temporaryFolder(t);
    let node = await startDevNode(t, folder, PROVE);
    assert.equal((await rpc(node.url, 'eth_getBlockProof', ['0x1'])).error?.code, -32001);
    const { walletClient, publicClient } = devClients(node.url);
    const hash = await walletClient.sendTransaction({ to: `0x${'34'.repeat(20)}`, value: 1n });
    const { blockHash } = await publicClient.waitForTransactionReceipt({ hash });
    const { error } = await rpc(node.url, 'eth_getBlockProof', [blockHash]);
    assert.equal(error?.code, -32002);
    assert.match(JSON.stringify(error?.data), /^{"status":"(queued|proving)"}$/);
    assert.deepEqual((await rpc(node.url, 'zkl1_proveBlock', [blockHash])).result, error?.data);

    await untilProving(node);
    const provers = childrenOf(node.process.pid);
    await node.stop('SIGKILL');
    await untilGone(provers);

    node = await startDevNode(t, folder, PROVE);
    await untilProving(node);
    assert.equal(await node.stop('SIGINT'), 0);

    const unproven = await startDevNode(t, folder);
    assert.deepEqual((await rpc(unproven.url, 'eth_getBlockProof', ['0x1'])).error?.data, { status: 'queued' });
    assert.deepEqual((await rpc(unproven.url, 'zkl1_provingStatus')).result, { enabled: false });
    assert.match((await rpc(unproven.url, 'zkl1_proveBlock', [blockHash])).error?.message ?? '', /--prove/);
    await unproven.stop('SIGINT');

    node = await startDevNode(t, folder, PROVE);
    const { proofs, statuses } = await proofOf(node, '0x1');
    assert.ok(statuses.has('proving'));
    assert.equal(proofs.blockHash, blockHash);
    const [proof, ...others] = proofs.proofs;
    assert.ok(proof !== undefined && others.length === 0);
    // The proof is served before the line about it has come through the pipe.
    while (!node.stderr().includes('proven in')) await pause(POLL_MS);
    assert.match(node.stderr(), /block 1 \w{8}… {2}proven in [\d.]+ s, \d+ kB, verified in \d+ ms/);
    await node.stop('SIGINT');

    const bytes = Buffer.from(proof.proofData.slice(2), 'hex');
    assert.equal(bytes.length, Number(proof.proofSize));
    const file = join(folder, 'block.proof');
    writeFileSync(file, bytes);
    const verified = await runNode(['verify', file, '--block-hash', blockHash, '--json']);
    assert.equal(verified.exitCode, 0, verified.stderr);
    assert.equal((jsonOf(verified) as { claim: { blockHash: Hex } }).claim.blockHash, blockHash);

    const server = await startDevNode(t, folder);
    const again = (await rpc(server.url, 'eth_getBlockProof', [blockHash, { encoding: 'base64' }])).result as Proofs;
    assert.deepEqual(Buffer.from(again.proofs[0]?.proofData ?? '', 'base64'), bytes);
    const path = `${server.url}/proofs/${blockHash}/${Number(proof.proofType)}`;
    const part = await fetch(path, { headers: { range: 'bytes=100-199' } });
    assert.deepEqual(Buffer.from(await part.arrayBuffer()), bytes.subarray(100, 200));
    const verdict = async (data: Uint8Array, options: object = {}): Promise<Record<string, unknown>> =>
      (await rpc(server.url, 'zkl1_verifyBlockProof', [Buffer.from(data).toString('base64'), options]))
        .result as Record<string, unknown>;
    assert.deepEqual([(await verdict(bytes)).ok, (await verdict(bytes)).isCanonical], [true, true]);
    assert.equal((await verdict(bytes, { blockHash: hash })).code, 'blockMismatch');
    bytes[bytes.length - 10]! ^= 1;
    assert.equal((await verdict(bytes)).ok, false);
    await server.stop('SIGTERM');
  });
});

describe('prove and verify', () => {
  test('Ctrl-C while proving → exit code 3, nothing written', needsData(), async (t) => {
    const output = join(temporaryFolder(t), 'x.proof');
    const child = spawnNode(['prove', join(dataDir() ?? '', 'blocks', 'mainnet-1.json'), '-o', output]);
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    let stderr = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    while (childrenOf(child.pid).length === 0 && child.exitCode === null) await pause(20);
    await pause(POLL_MS);
    child.kill('SIGINT');
    assert.equal(await ended, 3);
    assert.equal(stderr, 'zkl1-node: block 1 not proven: stopped before it was done\n');
    assert.throws(() => readFileSync(output), { code: 'ENOENT' });
  });

  const garbage: readonly (readonly [string, (path: string) => void, RegExp])[] = [
    ['an empty file', (path) => writeFileSync(path, ''), /decode\/truncated/],
    ['text', (path) => writeFileSync(path, 'not a proof\n'.repeat(100)), /decode\/unknownVersion/],
    [
      '1 GB of zeros',
      (path) => {
        writeFileSync(path, '');
        truncateSync(path, 1e9);
      },
      /decode\/tooLarge.*1000000000/,
    ],
    [
      'zeros of an allowed size',
      (path) => {
        writeFileSync(path, '');
        truncateSync(path, 2 ** 28);
      },
      /decode\/unknownVersion/,
    ],
  ];
  for (const [name, write, message] of garbage) {
    test(`rejects ${name} as a proof, exit code 1`, async (t) => {
      const path = join(temporaryFolder(t), 'x.proof');
      write(path);
      const result = await runNode(['verify', path]);
      assert.equal(result.exitCode, 1, result.stderr);
      assert.match(result.stdout, message);
      assert.ok(result.stdout.startsWith(`${path} rejected (`), result.stdout);
      assert.equal(result.stdout.trim().split('\n').length, 1);
    });
  }

  test('rejects a proof file that is not there, and a folder, exit code 3', async (t) => {
    const folder = temporaryFolder(t);
    for (const path of [join(folder, 'none.proof'), folder]) {
      const result = await runNode(['verify', path]);
      assert.equal(result.exitCode, 3);
      assert.match(result.stderr, /^zkl1-node: cannot read [^\n]*\n$/);
    }
  });

  test('rejects a proof that cannot be written, before anything is proven', needsData(), async (t) => {
    const folder = temporaryFolder(t);
    const block = join(dataDir() ?? '', 'blocks', 'mainnet-1.json');
    for (const path of [join(folder, 'no', 'x.proof'), folder]) {
      const result = await runNode(['prove', block, '-o', path]);
      assert.equal(result.exitCode, 3);
      assert.match(result.stderr, /^zkl1-node: cannot write [^\n]*\n$/);
    }
  });

  const wrongFlags: readonly (readonly string[])[] = [
    ['--dev', '--prove', '--prove.from', 'tail'],
    ['--dev', '--prove', '--prove.threads', '0'],
    ['--dev', '--prove', '--prove.max-memory', '100'],
    ['--dev', '--prove', '--prove.deadline', '-1'],
    ['--dev', '--prove', '--prove.max-backlog', 'x'],
    ['--dev', '--prove', '--prove.backend', 'gpu'],
    ['--dev', '--prove', '--prove.profile', 'P99'],
    ['--dev', '--prove', '--prove.speed', '9'],
    ['prove', 'x.json', '-o', 'x.proof', '--threads', '1.5'],
    ['prove', 'x.json', '-o', 'x.proof', '--max-memory', '1'],
  ];
  test('rejects wrong flags with one line that names the flag, exit code 2', async () => {
    for (const flags of wrongFlags) {
      const result = await runHere(flags);
      const flag = flags.at(-2) ?? '';
      assert.equal(result.exitCode, 2, `${flags.join(' ')}: ${result.stderr}`);
      assert.match(result.stderr, new RegExp(`^zkl1-node: [^\\n]*${flag.replace(/^--/, '')}[^\\n]*\\n$`));
    }
  });
});
