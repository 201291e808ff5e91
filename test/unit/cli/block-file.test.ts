import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { RLP } from '@ethereumjs/rlp';
import { formatBlockFile, parseBlockFile, readBlockFile } from '../../../client/cli/block-file.ts';
import { checkWritable, readInput, writeOutput } from '../../../client/cli/files.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const hex = (bytes: Uint8Array): string => `0x${Buffer.from(bytes).toString('hex')}`;
const BLOCK_RLP = RLP.encode([Array.from({ length: 15 }, () => new Uint8Array(32)), [], []]);
const HASH = `0x${'ab'.repeat(32)}`;

function valid(): Record<string, unknown> {
  return {
    chainId: 1,
    fork: 'cancun',
    number: 7,
    txCount: 0,
    source: 'test',
    blockRlp: hex(BLOCK_RLP),
    witness: { state: ['0x8080'], codes: ['0x'], headers: ['0xc0'] },
    expected: { blockHash: HASH, stateRoot: HASH, receiptsRoot: HASH, gasUsed: 21000 },
  };
}

describe('block file', () => {
  test('a valid file → its parts as bytes and quantities', () => {
    const file = parseBlockFile(valid());
    assert.equal(file.chainId, 1n);
    assert.equal(file.number, 7n);
    assert.deepEqual(file.blockRlp, BLOCK_RLP);
    assert.deepEqual(file.witness.state, [Uint8Array.of(0x80, 0x80)]);
    assert.deepEqual(file.witness.codes, [new Uint8Array()]);
    assert.equal(file.expected.gasUsed, 21000n);
    assert.equal(file.genesis, undefined);
  });

  test('a formatted file → parses to the same', () => {
    const file = parseBlockFile({ ...valid(), genesis: { config: { chainId: 1 } } });
    assert.deepEqual(parseBlockFile(JSON.parse(formatBlockFile(file, 'test'))), file);
  });

  for (const field of ['chainId', 'fork', 'number', 'blockRlp', 'witness', 'expected']) {
    test(`rejects a file without ${field}, naming it`, () => {
      const json = valid();
      delete json[field];
      assert.throws(() => parseBlockFile(json), {
        code: 'inputInvalid',
        message: new RegExp(`^${field}: expected .* got nothing`),
      });
    });
  }
  for (const field of ['state', 'codes', 'headers']) {
    test(`rejects a witness without ${field}, naming it`, () => {
      const json = valid();
      delete (json.witness as Record<string, unknown>)[field];
      assert.throws(() => parseBlockFile(json), {
        code: 'inputInvalid',
        message: new RegExp(`^witness.${field}: expected a list`),
      });
    });
  }

  const wrong: readonly (readonly [string, Record<string, unknown>, RegExp])[] = [
    ['a fork that nobody knows', { fork: 'atlantis2' }, /^fork: .*atlantis2/],
    ['a chainId in words', { chainId: 'one' }, /^chainId: expected a number, got one/],
    ['a negative number', { number: -1 }, /^number: /],
    ['a fraction', { number: 1.5 }, /^number: /],
    ['half a byte of blockRlp', { blockRlp: `${hex(BLOCK_RLP)}0` }, /^blockRlp: expected 0x… hex/],
    ['truncated blockRlp', { blockRlp: hex(BLOCK_RLP.subarray(0, -1)) }, /^blockRlp is not RLP/],
    ['padded blockRlp', { blockRlp: `${hex(BLOCK_RLP)}00` }, /^blockRlp is not RLP/],
    ['blockRlp of another structure', { blockRlp: '0xc20102' }, /^blockRlp: expected rlp/],
    ['a witness that is a list', { witness: [] }, /^witness: expected an object/],
    ['a node that is a number', { witness: { state: ['0x80', 5], codes: [], headers: [] } }, /^witness\.state\[1\]: /],
    [
      'a short hash',
      { expected: { blockHash: '0x00', stateRoot: HASH, receiptsRoot: HASH, gasUsed: 1 } },
      /^expected\.blockHash: /,
    ],
    ['another number of transactions', { txCount: 3 }, /^txCount: expected 0.* got 3/],
    ['a genesis that is text', { genesis: 'mainnet' }, /^genesis: expected an object/],
  ];
  for (const [name, change, message] of wrong) {
    test(`rejects ${name}, naming the field`, () => {
      assert.throws(() => parseBlockFile({ ...valid(), ...change }), { code: 'inputInvalid', message });
    });
  }

  test('rejects a file that is not JSON, a missing one and a folder, naming the path', (t) => {
    const folder = temporaryFolder(t);
    const path = join(folder, 'block.json');
    assert.throws(() => readBlockFile(path), { code: 'inputUnreadable', message: /block\.json: no such file/ });
    assert.throws(() => readBlockFile(folder), { code: 'inputUnreadable', message: /not a file/ });
    writeFileSync(path, '{"chainId": 1,');
    assert.throws(() => readBlockFile(path), { code: 'inputInvalid', message: /block\.json is not JSON/ });
    writeFileSync(path, JSON.stringify({ ...valid(), fork: 1 }));
    assert.throws(() => readBlockFile(path), { code: 'inputInvalid', message: /block\.json: fork: / });
    assert.throws(() => readInput(path, 10), { code: 'inputUnreadable', message: /at most 10/ });
  });
});

describe('output files', () => {
  test('a written file → holds all bytes and leaves no other file', (t) => {
    const folder = temporaryFolder(t);
    const path = join(folder, 'out');
    writeFileSync(path, 'old');
    checkWritable(path);
    writeOutput(path, 'new');
    assert.equal(readFileSync(path, 'utf8'), 'new');
    assert.deepEqual(readdirSync(folder), ['out']);
  });

  test('rejects an output in a missing folder, below a file, and in place of a folder', (t) => {
    const folder = temporaryFolder(t);
    writeFileSync(join(folder, 'file'), '');
    mkdirSync(join(folder, 'folder'));
    for (const path of [join(folder, 'no', 'x'), join(folder, 'file', 'x'), join(folder, 'folder')]) {
      assert.throws(() => checkWritable(path), { code: 'outputUnwritable' });
      assert.throws(() => writeOutput(path, 'x'), { code: 'outputUnwritable' });
    }
    assert.deepEqual(readdirSync(folder).sort(), ['file', 'folder']);
  });

  test('rejects an output in a folder without permission', { skip: isRoot() && 'root may write anywhere' }, (t) => {
    const folder = temporaryFolder(t);
    const path = join(folder, 'x');
    chmodSync(folder, 0o500);
    assert.throws(() => writeOutput(path, 'x'), { code: 'outputUnwritable', message: /permission denied/ });
    assert.equal(existsSync(path), false);
  });
});

function isRoot(): boolean {
  return process.getuid?.() === 0;
}
