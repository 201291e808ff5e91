import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

/** What ends with a test, or with a suite. */
export type Lifetime = { readonly after: (end: () => unknown) => void };

/** The lifetime of the suite that is being declared. */
export const suiteLifetime = (): Lifetime => {
  const ends: (() => unknown)[] = [];
  after(async () => {
    for (const end of ends.toReversed()) await end();
  });
  return { after: (end) => void ends.push(end) };
};

/** A fresh folder that is removed when the test ends. */
export function temporaryFolder(t: Lifetime): string {
  const folder = mkdtempSync(join(tmpdir(), 'zkl1-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
