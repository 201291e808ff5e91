// `node scripts/build-kernels.mjs [--check]`: compiles the AssemblyScript kernels to client/prover/kernels/generated: the
// prover's to kernels.ts, the verifier's to verifier-kernels.ts; with --check compares instead of writing.

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { base64Module, compileAssembly, OWN_MEMORY, SHARED_MEMORY } from './lib/assemblyscript.mjs';
import { root } from './lib/root.mjs';

const MODULES = [
  {
    ...{ source: 'index.ts', memory: SHARED_MEMORY, output: 'kernels.ts', budgetBytes: 300_000 },
    ...{ doc: 'The kernels', name: 'KERNELS_BASE64' },
  },
  {
    ...{ source: 'verifier.ts', memory: OWN_MEMORY, output: 'verifier-kernels.ts', budgetBytes: 40_000 },
    ...{ doc: "The verifier's kernels", name: 'VERIFIER_KERNELS_BASE64' },
  },
];
const SOURCES = join(root, 'client', 'prover', 'kernels', 'wasm');
const OUTPUTS = join(root, 'client', 'prover', 'kernels', 'generated');
const COMPRESS = join(SOURCES, 'assembly', 'compress.ts');
const isCheck = process.argv.includes('--check');

const before = readFileSync(COMPRESS, { encoding: 'utf8', flag: 'a+' });
execFileSync(process.execPath, [join(SOURCES, 'generate-compress.mjs')]);
let differs = isCheck && before !== readFileSync(COMPRESS, 'utf8');
for (const { source, memory, output, budgetBytes, doc, name } of MODULES) {
  const wasm = compileAssembly(join(SOURCES, 'assembly', source), memory, ['simd']);
  const origin = `scripts/build-kernels.mjs from client/prover/kernels/wasm/assembly/${source}`;
  const text = base64Module({ origin, doc, name }, wasm);
  if (text.length > budgetBytes) throw new Error(`${output} has ${text.length} bytes, budget ${budgetBytes}`);
  const path = join(OUTPUTS, output);
  if (isCheck) differs ||= text !== readFileSync(path, 'utf8');
  else writeFileSync(path, text);
  console.log(`${output}: ${wasm.length} bytes of WebAssembly`);
}
if (differs)
  throw new Error('the generated kernels differ from their sources: run scripts/build-kernels.mjs and commit');
