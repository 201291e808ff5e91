// `node scripts/render-figures.mjs [--check]`: renders what shows docs/figures.json (the README's tables, docs/targets.md and
// docs/stages.svg), or fails where they differ.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderedFigures, renderFigures } from './lib/figures.mjs';
import { root } from './lib/root.mjs';

if (!process.argv.includes('--check')) renderFigures();
else {
  for (const [path, text] of renderedFigures()) {
    if (text === readFileSync(join(root, path), { encoding: 'utf8', flag: 'a+' })) continue;
    console.error(`${path}: its figures are not docs/figures.json's: run node scripts/render-figures.mjs`);
    process.exitCode = 1;
  }
}
