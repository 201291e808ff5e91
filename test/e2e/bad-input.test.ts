import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { before, describe, type TestContext, test } from 'node:test';
import { type CommandResult, jsonOf, nodeArguments, runHere, runNode } from '../support/command.ts';
import { repoRoot } from '../support/data.ts';
import { devClients, rpc, startDevNode } from '../support/dev-node.ts';
import { seededRandom } from '../support/random.ts';
import { type Lifetime, suiteLifetime, temporaryFolder } from '../support/temporary.ts';

/** How much is tried where each try executes a block or reads a database; `ZKL1_TEST_FULL=1` takes more. */
const IS_FULL = process.env.ZKL1_TEST_FULL === '1';
const FLIPS = IS_FULL ? 400 : 40;
const RLP_CUTS = IS_FULL ? 100 : 10;
const RLP_FLIPS = IS_FULL ? 400 : 20;
const WITNESS_ITEMS = IS_FULL ? 1000 : 3;
const ONE_LINE = /^zkl1-node: [^\n]+\n$/;

/** A stopped development chain of three blocks with code in them, in LevelDB's tables, and its block 2 as a file. */
type Stopped = { readonly folder: string; readonly block: string };

async function stoppedChain(t: Lifetime): Promise<Stopped> {
  const folder = temporaryFolder(t);
  const node = await startDevNode(t, folder);
  const { publicClient, walletClient } = devClients(node.url);
  for (let i = 0; i < 3; i++) {
    const hash = await walletClient.sendTransaction({ to: `0x${'34'.repeat(20)}`, value: 1n });
    await publicClient.waitForTransactionReceipt({ hash });
  }
  await node.stop('SIGINT');
  const file = join(folder, 'block.json');
  // The second opening moves what the log holds into a table.
  for (let opened = 0; opened < 2; opened++) {
    const exported = await runHere(['export', '--datadir', folder, '--block', '2', '-o', file]);
    assert.equal(exported.exitCode, 0, exported.stderr);
  }
  return { folder, block: readFileSync(file, 'utf8') };
}

/** One line that names the thing, one JSON object, and none of the internal errors. */
function assertClear({ exitCode, stdout, stderr }: CommandResult, names: string, what: string): void {
  assert.equal(exitCode, 3, `${what}: ${stderr}`);
  assert.match(stderr, ONE_LINE, what);
  assert.ok(stderr.includes(names), `${what}: ${stderr}`);
  const { ok, error } = jsonOf({ exitCode, stdout, stderr }) as { ok: boolean; error: { code: string } };
  assert.equal(ok, false);
  assert.notEqual(error.code, 'internal');
}

describe('bad input', () => {
  let chain: Stopped;
  const suite = suiteLifetime();
  before(async () => {
    chain = await stoppedChain(suite);
  });

  test('a damaged file of the data directory → export says so and writes nothing, or gives the same block', async (t) => {
    const damages: readonly (readonly [string, (path: string) => void])[] = [
      ['missing', (path) => rmSync(path)],
      ['empty', (path) => truncateSync(path, 0)],
      ['half', (path) => truncateSync(path, statSync(path).size >> 1)],
      ['zeros', (path) => writeFileSync(path, Buffer.alloc(statSync(path).size))],
      [
        'a folder',
        (path) => {
          rmSync(path);
          mkdirSync(path);
        },
      ],
    ];
    const names = readdirSync(join(chain.folder, 'dev', 'chain'));
    assert.ok(names.some((name) => name.endsWith('.ldb')));
    let rejected = 0;
    for (const name of names)
      for (const [how, damage] of damages) rejected += await exportDamaged(t, `${name} is ${how}`, name, damage);
    assert.ok(rejected >= 3 * damages.length, `only ${rejected} were noticed`);
  });

  test('a bit that the disk has flipped → the block as it was, or a line that says what is damaged', async (t) => {
    const name = readdirSync(join(chain.folder, 'dev', 'chain')).find((each) => each.endsWith('.ldb')) ?? '';
    const random = seededRandom(3);
    let rejected = 0;
    for (let i = 0; i < FLIPS; i++) {
      rejected += await exportDamaged(t, `flip ${i}`, name, (path) => {
        const bytes = readFileSync(path);
        bytes[random() % bytes.length]! ^= 1 << (i % 8);
        writeFileSync(path, bytes);
      });
    }
    assert.ok(rejected > 0);
  });

  /** @returns 1 where the damage was noticed */
  async function exportDamaged(t: TestContext, what: string, name: string, damage: (path: string) => void) {
    const folder = temporaryFolder(t);
    cpSync(join(chain.folder, 'dev'), join(folder, 'dev'), { recursive: true });
    damage(join(folder, 'dev', 'chain', name));
    const file = join(folder, 'out.json');
    const result = await runHere(['export', '--datadir', folder, '--block', '2', '-o', file, '--json']);
    if (result.exitCode === 0) {
      assert.equal(readFileSync(file, 'utf8'), chain.block, what);
      return 0;
    }
    assertClear(result, folder, what);
    assert.deepEqual(
      readdirSync(folder).filter((each) => each !== 'dev'),
      [],
      what,
    );
    return 1;
  }

  test('a foreign folder, database or file where the data would go → named, and left as it was', async (t) => {
    const cases: readonly (readonly [path: string, text: string])[] = [
      ['dev/notes.txt', 'mine'],
      ['dev/chain/notes.txt', 'mine'],
      ['dev/chain', 'mine'],
      ['dev', 'mine'],
    ];
    for (const [path, text] of cases) {
      const folder = temporaryFolder(t);
      mkdirSync(join(folder, path, '..'), { recursive: true });
      writeFileSync(join(folder, path), text);
      const earlier = readdirSync(folder, { recursive: true });
      assertClear(await runHere(['--dev', '--datadir', folder, '--http.port', '0', '--json']), folder, path);
      assert.deepEqual(readdirSync(folder, { recursive: true }), earlier);
      assert.equal(readFileSync(join(folder, path), 'utf8'), text);
    }
  });

  test('a taken port, for RPC or for peers → named, and no data directory is begun', async (t) => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    t.after(() => server.close());
    const { port } = server.address() as { port: number };
    const folder = join(temporaryFolder(t), 'data');
    for (const flags of [
      ['--http.port', `${port}`],
      ['--http.port', '0', '--libp2p.addr', '127.0.0.1', '--libp2p.port', `${port}`],
    ]) {
      assertClear(await runNode(['--dev', '--datadir', folder, '--json', ...flags]), `port ${port}`, flags.join(' '));
      assert.equal(existsSync(folder), false);
    }
  });

  test('a data directory in use → named, by export and by a second node', async (t) => {
    const folder = temporaryFolder(t);
    await startDevNode(t, folder);
    assertClear(
      await runHere(['export', '--datadir', folder, '--block', '1', '-o', join(folder, 'x'), '--json']),
      'in use',
      'export',
    );
    assertClear(await runHere(['--dev', '--datadir', folder, '--http.port', '0', '--json']), 'in use', 'node');
  });

  test(
    'a disk that is full → the node says so and ends with exit code 3; with space again it has every block that it told of',
    process.platform === 'linux' ? {} : { skip: 'needs ulimit' },
    async (t) => {
      const folder = temporaryFolder(t);
      const flags = ['--dev', '--datadir', folder, '--http.port', '0', '--json'];
      const command = [process.execPath, ...nodeArguments(), ...flags].map((word) => `'${word}'`).join(' ');
      // 1024 blocks of 1 KiB; without the trap the signal would end the process before the write could fail.
      const child = spawn('bash', ['-c', `trap '' XFSZ; ulimit -f 1024; exec ${command}`]);
      t.after(() => child.kill('SIGKILL'));
      const ended = once(child, 'close');
      let stderr = '';
      child.stderr.on('data', (chunk: Buffer) => {
        stderr += chunk.toString();
      });
      const [ready] = await once(child.stdout, 'data');
      const { walletClient, publicClient, account } = devClients(JSON.parse(String(ready)).http);
      const data = `0x${'5a'.repeat(100_000)}` as const;
      let stored = 0n;
      for (const isOver = ended.then(() => true); ; ) {
        const sent = walletClient
          .sendTransaction({ to: account.address, data, gas: 5_000_000n })
          .then((hash) => publicClient.waitForTransactionReceipt({ hash }))
          .then(({ blockNumber }) => {
            stored = blockNumber;
            return false;
          });
        if (await Promise.race([sent.catch(() => isOver), isOver])) break;
      }
      assert.equal((await ended)[0], 3, stderr);
      assert.match(stderr, /^zkl1-node: no space left for data directory /m);
      assert.ok(stored > 0n);
      const again = await startDevNode(t, folder);
      const { result } = await rpc(again.url, 'eth_blockNumber');
      assert.ok(BigInt(String(result)) >= stored, `${result} after ${stored}`);
    },
  );

  test('a genesis file that is not there, not one, not JSON, or too large → named, exit code 3', async (t) => {
    const folder = temporaryFolder(t);
    const path = join(folder, 'genesis.json');
    const proof = join(folder, 'x.proof');
    writeFileSync(proof, Buffer.alloc(100));
    const commands = [
      ['--genesis', path, '--datadir', join(folder, 'data'), '--http.port', '0'],
      ['export', '--genesis', path, '--block', '1', '-o', join(folder, 'x.json')],
      ['light', '--genesis', path, '--rpc', 'http://127.0.0.1:1'],
    ];
    const contents: readonly ((() => void) | undefined)[] = [
      undefined,
      () => writeFileSync(path, ''),
      () => writeFileSync(path, '{"config": {'),
      () => writeFileSync(path, '[]'),
      () => writeFileSync(path, '{"config": {"chainId": "one"}}'),
      () => truncateSync(path, 1e9),
    ];
    for (const write of contents) {
      write?.();
      for (const command of commands) assertClear(await runHere([...command, '--json']), path, command.join(' '));
    }
    assert.deepEqual(readdirSync(folder).sort(), ['genesis.json', 'x.proof']);
  });

  test('a node of a genesis that names no sealers → what it lacks, exit code 3, no data directory', async (t) => {
    const folder = temporaryFolder(t);
    const data = join(folder, 'data');
    const genesis = join(repoRoot(), 'genesis', 'sepolia.json');
    const result = await runHere(['--genesis', genesis, '--datadir', data, '--http.port', '0', '--json']);
    assertClear(result, 'config.zkl1', 'node');
    assert.equal(existsSync(data), false);
  });

  test('a block file with any field missing or of another type → the file and the field, exit code 3, for every command', async (t) => {
    const file = join(temporaryFolder(t), 'block.json');
    const output = `${file}.proof`;
    const json = JSON.parse(chain.block) as Record<string, unknown>;
    const optional = new Set(['source', 'txCount']);
    const paths = [
      ...Object.keys(json).map((key) => [key]),
      ...['witness', 'expected'].flatMap((key) => Object.keys(json[key] as object).map((inner) => [key, inner])),
    ].filter(([first = '']) => !optional.has(first));
    assert.ok(paths.length >= 13);
    for (const path of paths)
      for (const value of [undefined, null, true, -1, 1.5, 'x', '0x0', {}, [[]], [1]]) {
        const changed = structuredClone(json);
        const parent = path.slice(0, -1).reduce((o, key) => o[key] as Record<string, unknown>, changed);
        parent[path.at(-1) ?? ''] = value;
        writeFileSync(file, JSON.stringify(changed));
        const what = `${path.join('.')} = ${JSON.stringify(value)}`;
        for (const command of [
          ['execute', file],
          ['prove', file, '-o', output],
        ]) {
          const result = await runHere([...command, '--json']);
          assertClear(result, file, what);
          assert.ok(result.stderr.includes(path.at(-1) ?? ''), `${what}: ${result.stderr}`);
        }
      }
    assert.equal(existsSync(output), false);
  });

  test('an RLP of the block that is cut, padded or altered → named, or rejected as a block', async (t) => {
    const file = join(temporaryFolder(t), 'block.json');
    const json = JSON.parse(chain.block) as { blockRlp: string; expected: object };
    const random = seededRandom(4);
    const bytes = Buffer.from(json.blockRlp.slice(2), 'hex');
    const variants: Buffer[] = [Buffer.alloc(0), Buffer.concat([bytes, Buffer.alloc(1)])];
    for (let i = 0; i < RLP_CUTS; i++) variants.push(bytes.subarray(0, random() % bytes.length));
    for (let i = 0; i < RLP_FLIPS; i++) {
      const flipped = Buffer.from(bytes);
      flipped[random() % bytes.length]! ^= 1 << (i % 8);
      variants.push(flipped);
    }
    for (const [i, variant] of variants.entries()) {
      writeFileSync(file, JSON.stringify({ ...json, blockRlp: `0x${variant.toString('hex')}` }));
      const result = await runHere(['execute', file, '--json']);
      if (result.exitCode === 1) assert.equal((jsonOf(result) as { ok: boolean }).ok, false, `variant ${i}`);
      else assertClear(result, file, `variant ${i}`);
    }
  });

  test('a witness with any item missing, altered or twice → the block is rejected by both engines, exit code 1', async (t) => {
    const file = join(temporaryFolder(t), 'block.json');
    const json = JSON.parse(chain.block) as { witness: Record<string, string[]> };
    for (const [list, items] of Object.entries(json.witness))
      for (const [at, item] of items.entries()) {
        if (at % Math.ceil(items.length / WITNESS_ITEMS) !== 0) continue;
        const flip = item.slice(0, -1) + (item.endsWith('0') ? '1' : '0');
        for (const changed of [items.toSpliced(at, 1), items.with(at, flip), [...items, item]]) {
          writeFileSync(file, JSON.stringify({ ...json, witness: { ...json.witness, [list]: changed } }));
          const result = await runHere(['execute', file, '--json']);
          assert.equal(result.exitCode, 1, `${list}[${at}]: ${result.stderr}`);
          type Report = { evm: { ok: boolean; reason: string }; guest: { ok: boolean; reason: string } };
          const { evm, guest } = jsonOf(result) as Report;
          assert.deepEqual([evm.ok, guest.ok], [false, false], `${list}[${at}]`);
          assert.ok(evm.reason.length > 0 && guest.reason.length > 0);
        }
      }
  });
});
