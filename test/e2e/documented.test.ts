import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { rpcMethods } from '../../client/rpc/methods.ts';
import { runHere } from '../support/command.ts';
import { repoRoot } from '../support/data.ts';
import { rpc } from '../support/dev-node.ts';
import { commandLines, flagsOf, tableRows } from '../support/documented.ts';
import { temporaryFolder } from '../support/temporary.ts';

const read = (path: string): string => readFileSync(join(repoRoot(), path), 'utf8');
const README = read('README.md');
const DOCUMENTS: readonly (readonly [string, string])[] = [
  ['README.md', README],
  ['CONTRIBUTING.md', read('CONTRIBUTING.md')],
  ['docs/network.md', read('docs/network.md')],
];
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
/** Compiled tests run from dist/, which must not be rebuilt under them. */
const BUILT = import.meta.url.endsWith('.js');

/** `--help` of the command that a command line runs, the node's for a line without one. */
async function helpOf(words: readonly string[]): Promise<string> {
  const command = words.find((word) => /^(execute|export|prove|verify|light)$/.test(word));
  const { exitCode, stdout } = await runHere([...(command === undefined ? [] : [command]), '--help']);
  assert.equal(exitCode, 0);
  return stdout;
}

/** Flags that stand in a help text: `--no-x` for a boolean `--x` too. */
const isKnown = (help: string, flag: string): boolean =>
  [flag, flag.replace(/^--no-/, '--')].some((name) =>
    new RegExp(`${name.replaceAll('.', '\\.')}(?![\\w.-])`).test(help),
  );

/** Flags of groups as the README writes them, `--libp2p.*`, stand for any of the group. */
function assertFlags(help: string, text: string, where: string): void {
  for (const flag of flagsOf(text)) {
    const isGroup = text.includes(`${flag}*`);
    assert.ok(isGroup ? help.includes(flag) : isKnown(help, flag), `${where}: ${flag} is not in --help`);
  }
}

describe('what the documents tell a reader to type', () => {
  for (const [name, text] of DOCUMENTS)
    test(`${name}: every command line → its script, file and flags are there`, async () => {
      const lines = commandLines(text);
      assert.ok(lines.length > 4);
      for (const line of lines) {
        const words = line.split(/\s+/);
        const [program = '', first = '', second = ''] = words;
        if (program === 'npm') {
          const script = first === 'run' ? second : first;
          assert.ok(script in scripts, `${name}: ${line}: package.json has no script ${script}`);
          const file = /node (\S+\.mjs)/.exec(scripts[script] ?? '')?.[1];
          const own = line.split(' -- ')[1] ?? '';
          const known = script === 'start' ? await helpOf([]) : file === undefined ? '' : read(file);
          for (const flag of flagsOf(own))
            assert.ok(known.includes(script === 'start' ? flag : flag.slice(2)), `${name}: ${line}: ${flag}`);
        } else if (program === 'node' || program.includes('/')) {
          const path = (program === 'node' ? first : program).replace(/^dist\/(.*)\.js$/, '$1.ts');
          assert.ok(existsSync(join(repoRoot(), path)), `${name}: ${line}: ${path} is missing`);
          if (first === 'dist/client/main.js') assertFlags(await helpOf(words), line, name);
        } else if (program === 'zkl1-node') {
          assertFlags(await helpOf(words), line, name);
        }
      }
    });

  test('README’s table of commands → every flag is in that command’s --help, and every command has a row', async () => {
    const rows = tableRows(README, 'command');
    const help = (await runHere(['--help'])).stdout;
    const described = [...help.matchAll(/^ {2}zkl1-node (\w+)? /gm)].map((m) => m[1]);
    const commands = new Set(described.filter((c) => c !== undefined));
    assert.ok(commands.size >= 5, help);
    for (const [command = '', what = ''] of rows) {
      const words = command.replaceAll('`', '').split(/\s+/);
      assertFlags(await helpOf(words), `${command} ${what}`, command);
      commands.delete(words[1] ?? '');
    }
    assert.deepEqual([...commands], [], 'commands without a row');
  });

  test('--help of every command → examples whose flags it has, within 100 columns; exit codes', async () => {
    for (const command of [[], ['execute'], ['export'], ['prove'], ['verify'], ['light']]) {
      const help = (await runHere([...command, '--help'])).stdout;
      const examples = /Examples:\n([\s\S]*?)\n\n/.exec(help)?.[1]?.split('\n') ?? [];
      assert.ok(examples.length >= 2 && examples.length % 2 === 0, command.join());
      for (const line of examples) assertFlags(help.split('Examples:')[0] ?? '', line, line);
      assert.match(help, /Exit codes: 0 .*; 1 .*; 2 usage;\n3 .*; 4 /);
    }
  });

  test('--help of every script that takes flags → how it is called; an unknown flag → one line, exit code 2', () => {
    for (const script of ['test', 'devnet', 'bench', 'check:full', 'prove-chain']) {
      const file = join(repoRoot(), 'scripts', `${script.replace(':', '-')}.mjs`);
      const call = (flag: string) => spawnSync(process.execPath, [file, flag], { encoding: 'utf8' });
      const help = call('--help');
      assert.equal(help.status, 0, help.stderr);
      assert.match(help.stdout, /^(npm test|npm run|node scripts)/);
      assert.ok(help.stdout.includes(script), help.stdout);
      for (const line of help.stdout.split('\n')) assert.ok(line.length <= 130, line);
      const unknown = call('--bogus');
      assert.equal(unknown.status, 2);
      assert.match(unknown.stderr, new RegExp(`^${script}: [^\n]*--bogus[^\n]*\n$`));
      assert.equal(unknown.stdout, '');
    }
  });

  test('README’s list of JSON-RPC methods → the methods that are served', () => {
    const listed = /^JSON-RPC: `([^`]+)`/m.exec(README)?.[1]?.split(/\s+/) ?? [];
    const ports = new Proxy({}, { get: () => ports }) as Parameters<typeof rpcMethods>[0];
    const served = rpcMethods(ports).map(({ name }) => name);
    assert.deepEqual(listed.toSorted(), served.toSorted());
  });

  test('README’s JavaScript → imports what zkl1-node/client exports', async () => {
    const code = /```js\n([\s\S]*?)```/.exec(README)?.[1] ?? '';
    const names = /import \{([^}]+)\} from 'zkl1-node\/client'/.exec(code)?.[1]?.split(',') ?? [];
    assert.ok(names.length > 0);
    const client: object = await import('../../client/light/index.ts');
    for (const name of names) assert.ok(name.trim() in client, name);
  });

  test('npm start → the banner, an answer over JSON-RPC, and a clean stop on Ctrl-C', {
    skip: !BUILT && 'runs where dist/ is built',
  }, async (t) => {
    const flags = ['--built', '--http.port', '0', '--datadir', temporaryFolder(t)];
    const child = spawn(process.execPath, [join(repoRoot(), 'scripts', 'start.mjs'), ...flags], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    t.after(() => child.kill('SIGKILL'));
    let banner = '';
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    const ready = new Promise<void>((resolve) => {
      child.stdout.on('data', (chunk: Buffer) => {
        banner += chunk.toString();
        if (banner.includes('Ctrl-C stops.')) resolve();
      });
    });
    await Promise.race([ready, ended]);
    for (const part of [/JSON-RPC +http:/, /proving +every new block, profile P100/, /Funded accounts/])
      assert.match(banner, part);
    const url = /http:\/\/[\d.:]+/.exec(banner)?.[0] ?? '';
    assert.equal((await rpc(url, 'eth_chainId')).result, '0x539');
    child.kill('SIGINT');
    assert.equal(await ended, 0);
  });
});
