import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { areaOf, type Files, importsOf, longFiles, violations } from './support/architecture.ts';
import { repoRoot } from './support/data.ts';
import { tableRows } from './support/documented.ts';

const NOT_OURS = new Set(['node_modules', 'dist', 'target', 'build', '.git', '.cache', '.zkl1']);
const BINARY = /\.(wasm|bin|png)$/;
const THINK_AT_LINES = 400;

function readRepository(): Files {
  const files = new Map<string, { text: string; sizeBytes: number }>();
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(repoRoot(), folder), { withFileTypes: true })) {
      if (NOT_OURS.has(entry.name) || entry.name.endsWith('.log')) continue;
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        walk(path);
      } else {
        const text = BINARY.test(path) ? '' : readFileSync(join(repoRoot(), path), 'utf8');
        files.set(path, { text, sizeBytes: statSync(join(repoRoot(), path)).size });
      }
    }
  };
  walk('');
  return files;
}

const file = (path: string, text: string): Files => new Map([[path, { text, sizeBytes: text.length }]]);
const rulesOf = (files: Files): readonly string[] => violations(files).map((v) => v.rule);

describe('architecture', () => {
  test('the repository keeps layout, import direction and content rules', () => {
    const found = violations(readRepository()).map((v) => `${v.rule}: ${v.where}: ${v.detail}`);
    assert.deepEqual(found, []);
  });

  test('every client file belongs to an area', () => {
    const sources = [...readRepository().keys()].filter((p) => p.startsWith('client/') && p.endsWith('.ts'));
    assert.ok(sources.length > 0);
    for (const path of sources.filter((p) => !p.includes('/assembly/'))) assert.notEqual(areaOf(path), undefined, path);
  });

  test('CONTRIBUTING’s map → names every folder of client and test, and nothing that is not there', () => {
    const paths = [...readRepository().keys()];
    const folders = (above: string): ReadonlySet<string> =>
      new Set(
        paths.filter((p) => p.startsWith(`${above}/`) && p.split('/').length > 2).map((p) => p.split('/')[1] ?? ''),
      );
    const rows = tableRows(readFileSync(join(repoRoot(), 'CONTRIBUTING.md'), 'utf8'), 'folder');
    const names = ([cell = '']: readonly string[]): string[] => [...cell.matchAll(/`([^`]+)`/g)].map((m) => m[1] ?? '');
    const mapped = new Set(rows.flatMap(names));
    for (const name of mapped)
      assert.ok(
        paths.some((p) => p === name || p.startsWith(`${name}/`)),
        `${name} is not there`,
      );
    for (const folder of folders('client'))
      assert.ok(mapped.has(`client/${folder}`), `client/${folder} is not on the map`);
    for (const folder of ['genesis', 'scripts', 'docs', 'test']) assert.ok(mapped.has(folder), folder);
    const [, what = ''] = rows.find((row) => row[0] === '`test`') ?? [];
    assert.deepEqual(new Set(what.replaceAll('`', '').split(' ')), folders('test'));
  });

  test('docs/soundness-tests.md → names files and tests that are there, and every test of soundness', () => {
    const repository = readRepository();
    const text = (path: string): string =>
      repository.get(path)?.text ?? assert.fail(`docs/soundness-tests.md: ${path} is not there`);
    const lines = text('docs/soundness-tests.md').split('\n');
    const rows = lines.filter((line) => line.startsWith('| ') && !line.startsWith('| what must hold'));
    assert.ok(rows.length > 40);
    const named = new Set<string>();
    for (const row of rows) {
      const [, rule = '', where = '', tests = '', ...rest] = row.split('|');
      assert.equal(rest.length, 1, row);
      const places = [...where.matchAll(/`([^`]+)`/g)];
      assert.ok(places.length > 0, `${rule}: checked nowhere`);
      for (const [, path] of places) text(`client/prover/${path}`);
      const found = [...tests.matchAll(/`([^`]+)`: ((?:\*[^*]+\*(?:, )?)+)/g)];
      assert.ok(found.length > 0, `${rule}: no test`);
      assert.equal(tests.split('`').length, 2 * found.length + 1, `${rule}: a file without names of tests`);
      for (const [, path = '', names = ''] of found) {
        named.add(`test/${path}`);
        const source = text(`test/${path}`).split('\n');
        for (const [, name = ''] of names.matchAll(/\*([^*]+)\*/g))
          assert.ok(
            source.some((line) => line.includes(name) && /['`]/.test(line.split(name)[0] ?? '')),
            `${path} has no test ${name}`,
          );
      }
    }
    for (const path of repository.keys())
      if (/^test\/soundness\/.*\.test\.ts$/.test(path)) assert.ok(named.has(path), `${path} stands for no rule`);
  });

  test('long files are reported', (t) => {
    for (const { path, lines } of longFiles(readRepository(), THINK_AT_LINES)) t.diagnostic(`${lines} lines: ${path}`);
  });
});

describe('the architecture check itself', () => {
  const planted: readonly (readonly [string, string, string, string])[] = [
    ['rejects an unknown top-level name', 'utils/x.ts', '', 'layout'],
    ['rejects an unknown folder in client', 'client/helpers/x.ts', '', 'layout'],
    ['rejects an unknown folder in prover', 'client/prover/misc/x.ts', '', 'layout'],
    ['rejects field importing hash', 'client/prover/field/a.ts', `import { h } from '../hash/h.ts';`, 'direction'],
    [
      'rejects a type import against the direction',
      'client/prover/field/a.ts',
      `import type { H } from '../hash/h.ts';`,
      'direction',
    ],
    [
      'rejects an import over several lines',
      'client/prover/poly/a.ts',
      `import {\n  a,\n  b,\n} from '../transcript/t.ts';`,
      'direction',
    ],
    ['rejects a re-export', 'client/prover/hash/a.ts', `export * from '../transcript/t.ts';`, 'direction'],
    [
      'rejects a dynamic import',
      'client/prover/verifier/v.ts',
      `const e = await import('../engine/e.ts');`,
      'direction',
    ],
    [
      'rejects the verifier importing the prover side',
      'client/prover/verifier/v.ts',
      `import { p } from '../protocol/whir/prove.ts';`,
      'direction',
    ],
    [
      'rejects protocol/verify importing prove',
      'client/prover/protocol/whir/verify.ts',
      `import { p } from './prove.ts';`,
      'direction',
    ],
    [
      'rejects execution importing the prover',
      'client/execution/chain/c.ts',
      `import type { P } from '../../prover/interface.ts';`,
      'direction',
    ],
    [
      'rejects rpc importing execution past its interface',
      'client/rpc/eth/e.ts',
      `import { s } from '../../execution/store/s.ts';`,
      'direction',
    ],
    [
      'rejects a backend importing the transcript',
      'client/prover/backends/wasm/a.ts',
      `import { t } from '../../transcript/t.ts';`,
      'direction',
    ],
    [
      'rejects a chip importing vm code',
      'client/prover/chips/add/c.ts',
      `import { run } from '../../vm/executor.ts';`,
      'direction',
    ],
    ['rejects a leaf importing ours', 'client/log.ts', `import { c } from './config.ts';`, 'direction'],
    ['rejects an import from the tests', 'client/node.ts', `import { c } from '../test/support/data.ts';`, 'direction'],
    [
      'rejects node: in the verifier',
      'client/prover/verifier/v.ts',
      `import { readFileSync } from 'node:fs';`,
      'browser',
    ],
    ['rejects node: in the page', 'client/light/page/p.ts', `import { once } from 'node:events';`, 'browser'],
    [
      'rejects the page importing the node',
      'client/light/page/p.ts',
      `import { n } from '../../node.ts';`,
      'direction',
    ],
    ['rejects an import without extension', 'client/prover/poly/a.ts', `import { f } from '../field/fp';`, 'extension'],
    ['rejects an unfinished mark', 'client/node.ts', `// TO${'DO'}: later`, 'unfinished'],
    ['rejects any', 'client/node.ts', `export const x: ${'an'}y = 1;`, 'any'],
    ['rejects any in a type argument', 'client/node.ts', `export const x = new Map<string, ${'an'}y>();`, 'any'],
    ['rejects a path of a machine', 'README.md', `see ${'/ro'}${'ot/x'}`, 'machinePath'],
    ["rejects a registry's host", 'README.md', `https://regis${'try'}.example.org/x`, 'registryHost'],
    ['rejects an enum', 'client/node.ts', 'export enum A { x }', 'secondClass'],
    ['rejects 701 lines', 'client/node.ts', '\n'.repeat(700), 'fileLines'],
  ];
  for (const [name, path, text, rule] of planted) {
    test(name, () => assert.equal(rulesOf(file(path, text))[0], rule));
  }

  test('rejects a file over the size limit', () => {
    assert.deepEqual(rulesOf(new Map([['genesis/a.json', { text: '', sizeBytes: 1_000_001 }]])), ['fileSize']);
  });

  test('accepts allowed imports', () => {
    const chip = `import type { R } from '../../vm/records.ts';\nimport { OPS } from '../../vm/isa.ts';`;
    assert.deepEqual(rulesOf(file('client/prover/chips/add/c.ts', chip)), []);
    assert.deepEqual(
      rulesOf(file('client/rpc/eth/e.ts', `import type { C } from '../../execution/interface.ts';`)),
      [],
    );
    assert.deepEqual(rulesOf(file('client/prover/service/s.ts', `import { e } from '../engine/e.ts';`)), []);
  });

  test('ignores imports in comments', () => {
    assert.deepEqual(importsOf(`// import { a } from './a.ts'\n/* import './b.ts' */\nimport { c } from './c.ts';`), [
      { specifier: './c.ts', typeOnly: false },
    ]);
  });
});
