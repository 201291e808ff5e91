// `node scripts/build-interpreter.mjs [--check]`: compiles the fast executor's AssemblyScript to
// client/prover/vm/generated/interpreter.ts; with --check compares instead of writing.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { base64Module, compileAssembly, SHARED_MEMORY } from './lib/assemblyscript.mjs';
import { root } from './lib/root.mjs';

const SIZE_BUDGET_BYTES = 150_000;
const SOURCES = join(root, 'client', 'prover', 'vm', 'assembly');
const OUTPUT = join(root, 'client', 'prover', 'vm', 'generated', 'interpreter.ts');

const wasm = compileAssembly(join(SOURCES, 'index.ts'), SHARED_MEMORY);
const text = base64Module(
  {
    origin: 'scripts/build-interpreter.mjs from client/prover/vm/assembly',
    doc: "The fast executor's interpreter",
    name: 'INTERPRETER_BASE64',
  },
  wasm,
);
if (text.length > SIZE_BUDGET_BYTES)
  throw new Error(`interpreter.ts has ${text.length} bytes, budget ${SIZE_BUDGET_BYTES}`);
if (process.argv.includes('--check')) {
  if (text !== readFileSync(OUTPUT, 'utf8'))
    throw new Error('the generated interpreter differs from its sources: run scripts/build-interpreter.mjs and commit');
} else {
  writeFileSync(OUTPUT, text);
}
console.log(`interpreter: ${wasm.length} bytes of WebAssembly`);
