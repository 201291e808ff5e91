import assert from 'node:assert/strict';
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { ACCEPTED_KEYS } from '../../client/prover/verifier/accepted-keys.ts';
import { jsonOf, runHere } from '../support/command.ts';
import { dataDir, needsData, readJson } from '../support/data.ts';
import { seededRandom } from '../support/random.ts';
import { suiteLifetime, temporaryFolder } from '../support/temporary.ts';

/** Flipped bits and cut lengths; `ZKL1_TEST_FULL=1` takes more. */
const FLIPS = process.env.ZKL1_TEST_FULL === '1' ? 600 : 40;
const CUTS = process.env.ZKL1_TEST_FULL === '1' ? 200 : 20;
/** Where the parts of a proof's head stand: version u16, proof type u8, the key's digest. */
const PROOF_TYPE_AT = 2;
const KEY_AT = 3;

type Verdict = { ok: boolean; stage?: string; code?: string; detail?: string; verifyMs: number };

describe('prove and verify mainnet-1', { ...needsData(), timeout: 900_000 }, () => {
  const suite = suiteLifetime();
  let folder = '';
  let proven: Record<string, unknown> = {};
  let proof = new Uint8Array();
  const honest = (): string => join(folder, 'honest.proof');
  before(async () => {
    if (dataDir() === undefined) return;
    folder = temporaryFolder(suite);
    const result = await runHere([
      'prove',
      join(dataDir() ?? '', 'blocks', 'mainnet-1.json'),
      '-o',
      honest(),
      '--json',
    ]);
    assert.equal(result.exitCode, 0, result.stderr);
    proven = jsonOf(result);
    proof = readFileSync(honest());
  });

  test('prove --json → every documented field, and no file but the proof', () => {
    const { expected } = readJson<{ expected: { blockHash: string } }>('blocks', 'mainnet-1.json');
    assert.equal(proven.blockHash, expected.blockHash);
    assert.equal((proven.claim as { blockHash: string }).blockHash, expected.blockHash);
    assert.equal(proven.proofBytes, proof.length);
    assert.deepEqual([proven.segments, proven.backend, proven.profile], [1, 'wasm', 'P100']);
    for (const field of ['instructions', 'cells', 'interactions', 'provingMs', 'peakRssBytes'])
      assert.ok(Number(proven[field]) > 0, field);
    assert.ok(Object.values(proven.stages as object).every((ms) => Number.isInteger(ms) && ms >= 0));
    assert.deepEqual(readdirSync(folder), ['honest.proof']);
  });

  test('verify → accepted with the claim that prove reported; of that block only', async () => {
    const accepted = await runHere(['verify', honest(), '--block-hash', String(proven.blockHash), '--json']);
    assert.equal(accepted.exitCode, 0, accepted.stderr);
    const { claim, profile, securityBits } = jsonOf(accepted);
    assert.deepEqual([claim, profile, securityBits], [proven.claim, 'P100', 100]);
  });

  /** One line that names the file, or one JSON object with stage, code and what was expected; exit code 1. */
  async function rejected(bytes: Uint8Array, what: string, flags: readonly string[] = []): Promise<Verdict> {
    const path = join(folder, 'x.proof');
    writeFileSync(path, bytes);
    const result = await runHere(['verify', path, '--json', ...flags]);
    assert.deepEqual([result.exitCode, result.stderr], [1, ''], what);
    const verdict = jsonOf(result) as Verdict;
    assert.equal(verdict.ok, false);
    assert.notEqual(verdict.stage, 'internal', what);
    assert.ok(verdict.code && verdict.detail, what);
    return verdict;
  }

  test('rejects a truncated or padded proof, wherever it is cut', async () => {
    const random = seededRandom(1);
    const lengths = [0, 1, 2, 3, 34, 35, 177, proof.length - 1];
    for (let i = 0; i < CUTS; i++) lengths.push(random() % proof.length);
    for (const length of lengths) await rejected(proof.subarray(0, length), `${length} bytes`);
    for (const more of [new Uint8Array(1), new Uint8Array(1000), proof])
      await rejected(Buffer.concat([proof, more]), `${more.length} bytes more`);
  });

  test('rejects a proof with any bit flipped', async () => {
    const random = seededRandom(2);
    for (let i = 0; i < FLIPS; i++) {
      const changed = proof.slice();
      const at = random() % proof.length;
      changed[at]! ^= 1 << (i % 8);
      await rejected(changed, `bit ${i % 8} of byte ${at}`);
    }
  });

  test('rejects a proof of another version, type, program, chain, network or block, naming both', async () => {
    const changed = (at: number, value: number): Uint8Array => proof.map((byte, i) => (i === at ? value : byte));
    const cases: readonly (readonly [string, Uint8Array, readonly string[], RegExp])[] = [
      ['version', changed(0, 9), [], /^unknownVersion .*1.*9/],
      ['proof type', changed(PROOF_TYPE_AT, 7), [], /^unknownProofType .*128 or 129.*7/],
      ['profile', changed(PROOF_TYPE_AT, 0x81), [], /^\w+ .*0x[0-9a-f]{64}/],
      ['program', changed(KEY_AT, proof[KEY_AT]! ^ 1), [], new RegExp(`${ACCEPTED_KEYS[0]?.digest.slice(0, 20)}`)],
      ['network', proof, ['--network', 'sepolia'], /^otherChain .*11155111.*chain 1$/],
      ['block', proof, ['--block-hash', `0x${'11'.repeat(32)}`], /^blockMismatch .*0x1111.*0x88e9/],
    ];
    for (const [what, bytes, flags, expected] of cases) {
      const { code, detail } = await rejected(bytes, what, flags);
      assert.match(`${code} ${detail}`, expected, what);
    }
  });

  test('1 GB of zeros → rejected by its size, without being read', async () => {
    const path = join(folder, 'zeros.proof');
    writeFileSync(path, '');
    truncateSync(path, 1e9);
    const before = process.resourceUsage().maxRSS;
    const result = await runHere(['verify', path]);
    assert.equal(result.exitCode, 1);
    assert.match(result.stdout, /rejected \(decode\/tooLarge\): expected .* 268435456 bytes, got 1000000000\n$/);
    assert.ok(process.resourceUsage().maxRSS - before < 100_000, 'the file was read');
  });
});
