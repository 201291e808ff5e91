import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { RLP } from '@ethereumjs/rlp';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { jsonOf, runNode } from '../support/command.ts';
import { dataDir, needsData, readJson } from '../support/data.ts';
import { temporaryFolder } from '../support/temporary.ts';

type BlockJson = {
  chainId: number;
  fork: string;
  number: number;
  blockRlp: string;
  witness: { state: string[]; codes: string[]; headers: string[] };
  expected: Record<string, unknown>;
};
type Report = {
  ok: boolean;
  number: number;
  blockHash: string;
  gasUsed: number;
  evm: { ok: boolean; stateRoot?: string; reason?: string };
  vm?: {
    ok: boolean;
    claim?: object;
    instructions: number;
    instructionsByOperation: Record<string, number>;
    reason?: string;
  };
  guest: { ok: boolean; claim?: { blockHash: string; chainId: number }; reason?: string };
};
const real = (name: string): BlockJson => readJson<BlockJson>('blocks', `${name}.json`);
const pathOf = (name: string): string => join(dataDir() ?? '', 'blocks', `${name}.json`);
const hex = (bytes: Uint8Array): string => `0x${Buffer.from(bytes).toString('hex')}`;

function fileWith(t: TestContext, json: unknown): string {
  const path = join(temporaryFolder(t), 'block.json');
  writeFileSync(path, typeof json === 'string' ? json : JSON.stringify(json));
  return path;
}

describe('execute', () => {
  for (const name of ['mainnet-1', 'mainnet-2675001', 'mainnet-21688509', 'mainnet-24628607']) {
    test(`${name} → both engines agree, exit code 0`, needsData(), async () => {
      const result = await runNode(['execute', pathOf(name), '--json']);
      assert.equal(result.exitCode, 0, result.stderr);
      const report = jsonOf(result) as Report;
      const { number, expected } = real(name);
      assert.deepEqual([report.ok, report.number, report.blockHash], [true, number, expected.blockHash]);
      assert.equal(report.gasUsed, Number(expected.gasUsed));
      assert.deepEqual([report.evm.ok, report.evm.stateRoot], [true, expected.stateRoot]);
      assert.deepEqual([report.guest.ok, report.guest.claim?.blockHash], [true, expected.blockHash]);
    });
  }

  test('--vm → the lowered guest gives the same claim, with its instruction counts', needsData(), async () => {
    const result = await runNode(['execute', pathOf('mainnet-2675001'), '--vm', '--json']);
    assert.equal(result.exitCode, 0, result.stderr);
    const { guest, vm } = jsonOf(result) as Report;
    assert.ok(vm?.ok);
    assert.deepEqual(vm.claim, guest.claim);
    assert.ok(vm.instructions > 10_000);
    assert.equal(
      Object.values(vm.instructionsByOperation).reduce((a, b) => a + b),
      vm.instructions,
    );
  });

  test('rejects a block with --vm that the lowered guest traps on, exit code 1', needsData(), async (t) => {
    const file = real('mainnet-2675001');
    const witness = { ...file.witness, state: file.witness.state.slice(1) };
    const result = await runNode(['execute', fileWith(t, { ...file, witness }), '--vm', '--json']);
    assert.equal(result.exitCode, 1, result.stderr);
    const { vm } = jsonOf(result) as Report;
    assert.equal(vm?.ok, false);
    assert.match(vm?.reason ?? '', /^trap in /);
  });

  test('without --json → a reader’s summary on standard output', needsData(), async () => {
    const result = await runNode(['execute', pathOf('mainnet-2675001')]);
    assert.equal(result.exitCode, 0);
    assert.match(result.stdout, /2675001/);
    assert.match(result.stdout, /accepted/);
  });

  for (const [name, node] of [
    ['hoodi-1151683', '7e224bab'],
    ['mainnet-22188088', '8a3d287b'],
  ] as const) {
    test(`rejects ${name}, naming the missing node, exit code 1`, needsData(), async () => {
      const result = await runNode(['execute', pathOf(name), '--json']);
      assert.equal(result.exitCode, 1, result.stderr);
      const report = jsonOf(result) as Report;
      assert.equal(report.ok, false);
      assert.match(report.evm.reason ?? '', new RegExp(node));
      assert.match(report.guest.reason ?? '', new RegExp(node));
    });
  }

  test('rejects a block with the witness of another block, exit code 1', needsData(), async (t) => {
    const { witness } = real('mainnet-1150000');
    const result = await runNode(['execute', fileWith(t, { ...real('mainnet-2675001'), witness }), '--json']);
    assert.equal(result.exitCode, 1, result.stderr);
    const report = jsonOf(result) as Report;
    assert.deepEqual([report.ok, report.evm.ok, report.guest.ok], [false, false, false]);
  });

  test('rejects a block whose header names another state root, exit code 1', needsData(), async (t) => {
    const file = real('mainnet-2675001');
    const block = RLP.decode(file.blockRlp as `0x${string}`) as [Uint8Array[], ...Uint8Array[]];
    block[0][3] = new Uint8Array(32).fill(9);
    const expected = {
      ...file.expected,
      stateRoot: hex(block[0][3]),
      blockHash: hex(keccak_256(RLP.encode(block[0]))),
    };
    const result = await runNode([
      'execute',
      fileWith(t, { ...file, blockRlp: hex(RLP.encode(block)), expected }),
      '--json',
    ]);
    assert.equal(result.exitCode, 1, result.stderr);
    const report = jsonOf(result) as Report;
    assert.match(report.evm.reason ?? '', /state ?root/i);
    assert.match(report.guest.reason ?? '', /state ?root/i);
  });

  const wrong: readonly (readonly [string, (file: BlockJson) => unknown, RegExp])[] = [
    ['a file that is not JSON', () => '{"chainId":', /is not JSON/],
    ['a file without blockRlp', ({ blockRlp: _, ...file }) => file, /blockRlp: expected/],
    ['a file without a witness', ({ witness: _, ...file }) => file, /witness: expected an object, got nothing/],
    ['a chainId in words', (file) => ({ ...file, chainId: 'mainnet' }), /chainId: expected a number/],
    ['truncated RLP', (file) => ({ ...file, blockRlp: file.blockRlp.slice(0, -2) }), /blockRlp is not RLP/],
    ['an unknown fork', (file) => ({ ...file, fork: 'atlantis2' }), /fork: .*atlantis2/],
    [
      'a fork that the chain does not have there',
      (file) => ({ ...file, fork: 'cancun' }),
      /fork: .*spuriousDragon.*cancun/,
    ],
    ['another number than the header’s', (file) => ({ ...file, number: 5 }), /number: .*2675001.*5/],
    ['a chain that nobody knows', (file) => ({ ...file, chainId: 987654321 }), /987654321/],
    [
      'another hash than the block’s',
      (file) => ({ ...file, expected: { ...file.expected, blockHash: `0x${'00'.repeat(32)}` } }),
      /expected\.blockHash: /,
    ],
    ['a genesis of another chain', (file) => ({ ...file, genesis: { config: { chainId: 5 } } }), /genesis/],
  ];
  for (const [name, change, message] of wrong) {
    test(`rejects ${name} with one line, exit code 3`, needsData(), async (t) => {
      const result = await runNode(['execute', fileWith(t, change(real('mainnet-2675001')))]);
      assert.equal(result.exitCode, 3, result.stderr);
      assert.equal(result.stdout, '');
      assert.match(result.stderr, /^zkl1-node: [^\n]*\n$/);
      assert.match(result.stderr, message);
    });
  }

  test('rejects a missing file and a folder with one line, exit code 3', async (t) => {
    const folder = temporaryFolder(t);
    for (const path of [join(folder, 'none.json'), folder]) {
      const result = await runNode(['execute', path, '--json']);
      assert.equal(result.exitCode, 3);
      assert.equal((jsonOf(result) as { error: { code: string } }).error.code, 'inputUnreadable');
      assert.match(result.stderr, /^zkl1-node: cannot read [^\n]*\n$/);
    }
  });

  test('rejects a call without a file, exit code 2', async () => {
    const result = await runNode(['execute']);
    assert.equal(result.exitCode, 2);
    assert.match(result.stderr, /^zkl1-node: [^\n]*\n$/);
  });
});
