import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { loadGuest } from '../../../client/prover/guest/load.ts';
import { guestOf } from '../../../client/prover/guest/module.ts';
import { BROKEN_RULES } from '../../../client/prover/guest/validate.ts';
import { decodeModule } from '../../../client/prover/vm/decode.ts';
import { lower } from '../../../client/prover/vm/lower.ts';
import { widen } from '../../../client/prover/vm/widen.ts';
import { repoRoot } from '../../support/data.ts';

const MAX_BYTES = 5_000_000;

describe('guest.wasm', () => {
  const { wasm } = loadGuest();

  test('has the ABI: imports, exports, memory of one size, no start function', () => {
    const { bytes } = widen(wasm);
    const module = new WebAssembly.Module(bytes);
    const imports = WebAssembly.Module.imports(module).map(({ module: from, name, kind }) => `${from}.${name} ${kind}`);
    assert.deepEqual(imports.sort(), [
      ...['zkvm.advice function', 'zkvm.ec_msm function', 'zkvm.fail function', 'zkvm.halt function'],
      ...['zkvm.input_read function', 'zkvm.input_size function', 'zkvm.keccak_f function', 'zkvm.mulmod256 function'],
    ]);
    const exports = WebAssembly.Module.exports(module).map(({ name, kind }) => `${name} ${kind}`);
    assert.deepEqual(exports.sort(), ['main function', 'memory memory']);
    const decoded = decodeModule(wasm);
    assert.equal(decoded.start, undefined);
    assert.ok(decoded.memory !== undefined && decoded.memory.minimum === decoded.memory.maximum);
  });

  test('holds no float instruction and stays below its size cap', (t) => {
    const program = lower(decodeModule(wasm));
    assert.equal(program.floats, 0);
    assert.ok(wasm.length < MAX_BYTES);
    t.diagnostic(`${wasm.length} bytes, ${program.code.length} lowered instructions`);
  });

  test('rejects other bytes than the hash beside it names', () => {
    const line = readFileSync(join(repoRoot(), 'client/prover/guest/guest.wasm.sha256'), 'utf8');
    assert.equal(guestOf(wasm, line).hash, `0x${line.split(' ')[0]}`);
    const changed = Uint8Array.from(wasm, (byte, i) => (i === 1000 ? byte ^ 1 : byte));
    assert.throws(() => guestOf(changed, line), { code: 'guestHashMismatch' });
    assert.throws(() => guestOf(wasm, ''), { code: 'guestHashMismatch' });
  });

  test('its rules have the names that the host gives them', () => {
    const source = readFileSync(join(repoRoot(), 'client/prover/guest/validator/src/rejection.rs'), 'utf8');
    const listed = [...source.matchAll(/^ {4}(\w+) = (\d+),$/gm)].map(([, name = '', code]) => [Number(code), name]);
    assert.equal(listed.length, 11);
    for (const [code, name] of listed) {
      const text = String(name);
      assert.equal((BROKEN_RULES as Record<number, string>)[Number(code)], text[0]?.toLowerCase() + text.slice(1));
    }
  });
});
