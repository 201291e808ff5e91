import assert from 'node:assert/strict';
import { test } from 'node:test';
import { progressBar, StatusLine } from '../../../client/cli/status-line.ts';

const CLEAR = '\r\u001b[2K';

test('a terminal → lines stay above the status, which is redrawn and cut to the width', () => {
  const written: string[] = [];
  const line = new StatusLine({ isTTY: true, columns: 6, write: (text) => written.push(text) });
  line.note('a');
  line.show('0123456789');
  line.note('b');
  line.clear();
  line.clear();
  assert.deepEqual(written, ['a\n', `${CLEAR}01234`, CLEAR, 'b\n', `${CLEAR}01234`, CLEAR]);
});

test('no terminal → a status line now and then, no control characters', () => {
  const written: string[] = [];
  let now = 0;
  const line = new StatusLine({ write: (text) => written.push(text) }, () => now);
  for (; now < 40_000; now += 1000) line.show(`${now / 1000} s`);
  line.note('done');
  assert.deepEqual(written, ['15 s\n', '30 s\n', 'done\n']);
});

test('a progress bar → its share filled, never over its ends', () => {
  assert.equal(progressBar(0, 0, 'x'), `[${'.'.repeat(24)}]   0 %  x`);
  assert.equal(progressBar(1, 2, 'x'), `[${'#'.repeat(12)}${'.'.repeat(12)}]  50 %  x`);
  assert.equal(progressBar(9, 3, 'x'), `[${'#'.repeat(24)}] 100 %  x`);
});
