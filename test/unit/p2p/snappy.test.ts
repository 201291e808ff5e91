import assert from 'node:assert/strict';
import { test } from 'node:test';
import { snappyCompress, snappyDecompress } from '../../../client/p2p/proofs/snappy.ts';

test('snappy block written by hand → its bytes', () => {
  // Length 9, literal "abc", copy of 6 bytes from 3 back.
  const block = Uint8Array.from([9, 0x08, 0x61, 0x62, 0x63, 0x09, 0x03]);
  assert.equal(Buffer.from(snappyDecompress(block, 9)).toString(), 'abcabcabc');
});

test('snappy round trip → the same bytes, smaller where they repeat', () => {
  for (const size of [0, 1, 60, 61, 100, 65535, 65537, 600_000]) {
    const bytes = Buffer.alloc(size, 'zkl1 ');
    const block = snappyCompress(bytes);
    assert.deepEqual(Buffer.from(snappyDecompress(block, size)), bytes);
    if (size > 1000) assert.ok(block.length < size / 10);
  }
});

test('snappy block that declares too much → refused before anything is allocated', () => {
  const bomb = Uint8Array.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0x00, 0x61]);
  const before = process.memoryUsage().arrayBuffers;
  assert.throws(() => snappyDecompress(bomb, 65536), { code: 'snappyTooLarge' });
  assert.throws(() => snappyDecompress(snappyCompress(new Uint8Array(65537)), 65536), { code: 'snappyTooLarge' });
  assert.ok(process.memoryUsage().arrayBuffers - before < 1 << 20);
});

test('rejects malformed snappy blocks', () => {
  const blocks = {
    empty: [],
    'length without end': [0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
    'literal past the end': [4, 0x0c, 0x61],
    'copy before the start': [8, 0x00, 0x61, 0x09, 0x05],
    'output shorter than declared': [5, 0x00, 0x61],
    'output longer than declared': [2, 0x08, 0x61, 0x62, 0x63],
    'literal of negative length, at which snappyjs 0.7 hangs': [20, 0xfc, 0xfa, 0xff, 0xff, 0xff],
  };
  for (const [name, block] of Object.entries(blocks)) {
    assert.throws(() => snappyDecompress(Uint8Array.from(block), 65536), { code: 'snappyMalformed' }, name);
  }
});
