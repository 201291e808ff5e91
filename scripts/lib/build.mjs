import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { emitDeclarations } from './declarations.mjs';
import { root } from './root.mjs';
import { step } from './step.mjs';

/** Folders with sources that end in dist/. */
const SOURCES = ['client', 'genesis', 'test'];
/** Other languages' sources, build outputs, settings of the compiler: nothing in them is read at run time. */
const NOT_COPIED = new Set(['node_modules', 'target', 'assembly', 'tsconfig.json']);
/** What the program reads beside its modules, by ending. */
const ASSETS = /\.(wasm|sha256|wgsl|json|bin|hex|txt|md)$/;

/** Compiles to dist/ and lays the files that the code reads at run time beside the modules that read them. */
export async function ensureBuilt() {
  step('compiling', process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc')]);
  for (const folder of SOURCES) {
    if (existsSync(join(root, folder))) copyAssets(folder);
  }
  emitDeclarations();
  // Not before the dependencies are installed.
  const { bundlePage } = await import('./page.mjs');
  bundlePage();
  removeStale('dist');
}

function copyAssets(folder) {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (NOT_COPIED.has(entry.name)) continue;
    if (entry.isDirectory()) {
      copyAssets(path);
    } else if (ASSETS.test(entry.name)) {
      const from = join(root, path);
      const to = join(root, 'dist', path);
      if (
        existsSync(to) &&
        statSync(to).mtimeMs >= statSync(from).mtimeMs &&
        statSync(to).size === statSync(from).size
      ) {
        continue;
      }
      mkdirSync(dirname(to), { recursive: true });
      copyFileSync(from, to);
    }
  }
}

/** Deletes outputs whose source is gone, so that an old module cannot satisfy an import. */
function removeStale(folder) {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      removeStale(path);
    } else {
      const source = path.slice('dist/'.length).replace(/(\.js(\.map)?|\.d\.ts)$/, '.ts');
      if (!existsSync(join(root, source))) rmSync(join(root, path));
    }
  }
}
