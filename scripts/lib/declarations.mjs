import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { root } from './root.mjs';
import { step } from './step.mjs';

/** What package.json exports as `./client`. */
const ENTRY = join('client', 'light', 'index.d.ts');
/** A relative specifier of a declaration, as the sources write it. */
const IMPORT = /((?:\bfrom|\bimport)\s*\(?\s*['"])(\.[^'"]+)\.ts(['"])/g;

/** Writes the types of `zkl1-node/client` beside its modules: the declarations that the entry leads to, and no others. */
export function emitDeclarations() {
  const folder = mkdtempSync(join(tmpdir(), 'zkl1-types-'));
  try {
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    step('writing types', process.execPath, [compiler, '-p', join(root, 'client', 'light'), '--outDir', folder]);
    const written = new Set();
    const write = (path) => {
      if (written.has(path)) return;
      written.add(path);
      const text = readFileSync(join(folder, path), 'utf8');
      const to = join(root, 'dist', path);
      mkdirSync(dirname(to), { recursive: true });
      writeFileSync(to, text.replace(IMPORT, '$1$2.js$3'));
      for (const [, , specifier] of text.matchAll(IMPORT))
        write(relative(folder, join(folder, dirname(path), `${specifier}.d.ts`)));
    };
    write(ENTRY);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
