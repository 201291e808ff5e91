import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { root } from './root.mjs';

const SOURCE = join(root, 'client', 'light', 'page');

/** Bundles the light client's page for browsers; an import of Node's API fails the build. */
export function bundlePage() {
  const folder = join(root, 'dist', 'client', 'light', 'page');
  mkdirSync(folder, { recursive: true });
  buildSync({
    entryPoints: ['main.ts', 'worker.ts'].map((name) => join(SOURCE, name)),
    outdir: folder,
    bundle: true,
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
    minify: true,
    logLevel: 'warning',
  });
  for (const name of ['index.html', 'style.css']) copyFileSync(join(SOURCE, name), join(folder, name));
}
