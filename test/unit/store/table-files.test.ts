import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { crc32c } from '../../../client/execution/store/crc32c.ts';
import { openDatabase } from '../../../client/execution/store/directory.ts';
import { damageOfTables, tableNames } from '../../../client/execution/store/table-files.ts';
import { seededRandom } from '../../support/random.ts';
import { suiteLifetime, temporaryFolder } from '../../support/temporary.ts';

const FOOTER_BYTES = 48;

/** A closed database whose one table has compressed blocks and plain ones. */
async function closedDatabase(path: string): Promise<void> {
  const random = seededRandom(1);
  const database = await openDatabase(path);
  for (let i = 0; i < 40; i++) {
    const value = new Uint8Array(400).map(() => (i % 2 === 0 ? i : random()));
    await database.put(Uint8Array.of(i >> 4, i), value);
  }
  await database.close();
  // Opening moves what the log holds into a table.
  await (await openDatabase(path)).close();
}

test('CRC-32C of the vectors of RFC 3720, appendix B.4, and of each length up to 20 → known sums', () => {
  const bytes = (byte: (i: number) => number) => Uint8Array.from({ length: 32 }, (_, i) => byte(i));
  assert.equal(crc32c(bytes(() => 0)), 0x8a9136aa);
  assert.equal(crc32c(bytes(() => 0xff)), 0x62a8ab43);
  assert.equal(crc32c(bytes((i) => i)), 0x46dd794e);
  assert.equal(crc32c(bytes((i) => 31 - i)), 0x113fdb5c);
  assert.equal(crc32c(new TextEncoder().encode('123456789')), 0xe3069283);
  assert.equal(crc32c(new Uint8Array(0)), 0);
});

describe('tables of a database', () => {
  let path: string;
  const suite = suiteLifetime();
  before(async () => {
    path = temporaryFolder(suite);
    await closedDatabase(path);
  });

  test('as they were written → no damage', () => {
    const names = tableNames(readdirSync(path));
    assert.equal(names.length, 1);
    assert.equal(damageOfTables(path, names), undefined);
    assert.equal(damageOfTables(path, ['999999.ldb']), undefined, 'a table that is gone');
  });

  test('a flip of any bit → the table is named; the padding of its footer alone says nothing', (t) => {
    const folder = temporaryFolder(t);
    const [name = ''] = tableNames(readdirSync(path));
    const table = readFileSync(join(path, name));
    const unnoticed: number[] = [];
    for (let at = 0; at < table.length; at++) {
      const flipped = Buffer.from(table);
      flipped[at]! ^= 1 << (at % 8);
      writeFileSync(join(folder, name), flipped);
      const damage = damageOfTables(folder, [name]);
      if (damage === undefined) unnoticed.push(at);
      else assert.ok(damage.startsWith(`${name}: `), damage);
    }
    assert.ok(table.length > 8000);
    assert.ok(
      unnoticed.every((at) => at >= table.length - FOOTER_BYTES && at < table.length - 8),
      `${unnoticed}`,
    );
  });

  test('cut anywhere, or empty → the table is named', (t) => {
    const folder = temporaryFolder(t);
    const [name = ''] = tableNames(readdirSync(path));
    const table = readFileSync(join(path, name));
    for (let length = 0; length < table.length; length += 37) {
      writeFileSync(join(folder, name), table.subarray(0, length));
      assert.ok(damageOfTables(folder, [name])?.startsWith(`${name}: `), `${length} bytes`);
    }
  });
});
