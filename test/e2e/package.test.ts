import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ensureDist } from '../support/built.ts';
import { repoRoot } from '../support/data.ts';
import { temporaryFolder } from '../support/temporary.ts';

const CONSUMER = `
import { type Backing, fetchBlockProof, followProofs, LightError, trustedChain, type VerifiedBlock } from 'zkl1-node/client';
const chain = trustedChain('dev');
export const config: bigint = chain.config.chainId;
export const block: Promise<VerifiedBlock> = fetchBlockProof({ url: 'http://127.0.0.1:8545', chain, block: 1n });
export const sealerOf = (b: Backing): string | undefined => (b.kind === 'sealed' ? b.sealer : undefined);
export const isMissing = (e: unknown): boolean => e instanceof LightError && e.code === 'notProven';
export async function hashes(): Promise<void> {
  for await (const { header } of followProofs({ url: '', chain, from: 1n })) header.hash satisfies \`0x\${string}\`;
}
`;
const WRONG = `
import { fetchBlockProof, trustedChain } from 'zkl1-node/client';
void fetchBlockProof({ url: 7, chain: trustedChain('dev'), block: 1n });
trustedChain('nonet');
`;

/** Runs a program to its end; returns its exit code and all that it printed. */
function run(cwd: string, program: string, ...args: readonly string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8' });
  return { status, output: `${stdout}${stderr}` };
}

test('the packed tarball → zkl1-node/client runs and type-checks where it is installed; misuse does not', (t) => {
  ensureDist();
  const folder = temporaryFolder(t);
  const packed = run(repoRoot(), 'npm', 'pack', '--ignore-scripts', '--offline', '--pack-destination', folder);
  assert.equal(packed.status, 0, packed.output);
  const [tarball = ''] = readdirSync(folder);
  const installed = join(folder, 'node_modules', 'zkl1-node');
  mkdirSync(installed, { recursive: true });
  const extracted = run(folder, 'tar', '-xzf', tarball, '--strip-components=1', '-C', installed);
  assert.equal(extracted.status, 0, extracted.output);
  // Its dependencies, as an installation has them.
  symlinkSync(join(repoRoot(), 'node_modules'), join(installed, 'node_modules'));
  const put = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  put('package.json', '{"type":"module"}');
  put('consumer.ts', CONSUMER);
  put('wrong.ts', WRONG);
  const tsc = join(repoRoot(), 'node_modules', 'typescript', 'bin', 'tsc');
  const check = (file: string, ...options: readonly string[]) =>
    run(folder, process.execPath, tsc, '--noEmit', '--strict', '--target', 'es2023', '--types', '', ...options, file);
  // `bundler` is what front ends resolve by.
  for (const [module, resolution] of [
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ] as const) {
    const options = ['--module', module, '--moduleResolution', resolution, '--lib', 'es2023,dom'];
    const { status, output } = check('consumer.ts', ...options);
    assert.equal(status, 0, output);
    const wrong = check('wrong.ts', ...options);
    assert.match(wrong.output, /TS2322: Type 'number' is not assignable to type 'string'/);
    assert.match(wrong.output, /TS2345: Argument of type '"nonet"'/);
  }
  put('main.js', `import { trustedChain } from 'zkl1-node/client';\nconsole.log(trustedChain('dev').config.chainId);`);
  const { status, output } = run(folder, process.execPath, 'main.js');
  assert.equal(status, 0, output);
  assert.equal(output, '1337n\n');
});
