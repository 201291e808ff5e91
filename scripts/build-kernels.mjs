// `node scripts/build-kernels.mjs [--check]`: compiles the AssemblyScript kernels to
// client/prover/kernels/generated/kernels.ts; with --check compares instead of writing.

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { base64Module, compileAssembly } from './lib/assemblyscript.mjs';
import { root } from './lib/root.mjs';

const SIZE_BUDGET_BYTES = 300_000;
const SOURCES = join(root, 'client', 'prover', 'kernels', 'wasm');
const OUTPUT = join(root, 'client', 'prover', 'kernels', 'generated', 'kernels.ts');
const COMPRESS = join(SOURCES, 'assembly', 'compress.ts');

const before = readFileSync(COMPRESS, { encoding: 'utf8', flag: 'a+' });
execFileSync(process.execPath, [join(SOURCES, 'generate-compress.mjs')]);
const wasm = compileAssembly(join(SOURCES, 'assembly', 'index.ts'), ['simd']);
const text = base64Module(
  {
    origin: 'scripts/build-kernels.mjs from client/prover/kernels/wasm/assembly',
    doc: 'The kernels',
    name: 'KERNELS_BASE64',
  },
  wasm,
);
if (text.length > SIZE_BUDGET_BYTES)
  throw new Error(`kernels.ts has ${text.length} bytes, budget ${SIZE_BUDGET_BYTES}`);
if (process.argv.includes('--check')) {
  if (before !== readFileSync(COMPRESS, 'utf8') || text !== readFileSync(OUTPUT, 'utf8'))
    throw new Error('the generated kernels differ from their sources: run scripts/build-kernels.mjs and commit');
} else {
  writeFileSync(OUTPUT, text);
}
console.log(`kernels: ${wasm.length} bytes of WebAssembly`);
