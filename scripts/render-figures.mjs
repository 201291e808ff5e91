// `node scripts/render-figures.mjs [--check]`: renders the README's tables from docs/figures.json, or fails where they differ.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderedReadme, renderReadme } from './lib/figures.mjs';
import { root } from './lib/root.mjs';

if (!process.argv.includes('--check')) renderReadme();
else if (renderedReadme() !== readFileSync(join(root, 'README.md'), 'utf8')) {
  console.error("README.md: the figures are not docs/figures.json's: run node scripts/render-figures.mjs");
  process.exitCode = 1;
}
