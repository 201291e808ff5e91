import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { repoRoot } from './data.ts';

/** Compiled tests run from dist/, which must not be rebuilt under them; from source it is brought up to date first. */
export function ensureDist(): void {
  if (import.meta.url.endsWith('.js')) return;
  const { status, stderr } = spawnSync(process.execPath, [join(repoRoot(), 'scripts', 'build.mjs')], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the build failed: ${stderr}`);
}
