import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { networkOptions } from '../../../client/cli/network-options.ts';
import { repoRoot } from '../../support/data.ts';
import { tableRows } from '../../support/documented.ts';

const DOCUMENT = readFileSync(join(repoRoot(), 'docs', 'network.md'), 'utf8');

test('docs/network.md → a row for every flag of the network, with the default that --help shows', () => {
  const rows = new Map(
    tableRows(DOCUMENT, 'flag').map(([flag = '', value = '']) => [/--([\w.-]+)/.exec(flag)?.[1] ?? '', value]),
  );
  assert.deepEqual([...rows.keys()].toSorted(), Object.keys(networkOptions).toSorted());
  for (const [name, option] of Object.entries(networkOptions)) {
    const { default: value, defaultDescription } = option as { default?: unknown; defaultDescription?: string };
    // What has no default stands in the document in words.
    if (value === false || (Array.isArray(value) && defaultDescription === undefined)) continue;
    const shown = defaultDescription ?? value;
    if (shown !== undefined) assert.equal(rows.get(name)?.replaceAll('`', ''), String(shown), name);
  }
});
