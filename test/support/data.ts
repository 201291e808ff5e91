import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root: the nearest folder upwards that holds `genesis` or `package.json`. */
export function repoRoot(): string {
  let dir = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(dir, 'package.json'))) {
    const up = dirname(dir);
    if (up === dir) throw new Error('package.json not found above the tests');
    dir = up;
  }
  return dir;
}

/** Folder with the real blocks and official fixtures, or undefined where there is none. */
export function dataDir(): string | undefined {
  const dir = process.env.ZKL1_TEST_DATA ?? join(repoRoot(), '..', 'shared', 'data');
  return existsSync(dir) ? dir : undefined;
}

/**
 * Options for a test that needs the data folder: skipped by name where it is absent,
 * except in CI, which has it and must fail without it.
 */
export function needsData(): { skip?: string } {
  return dataDir() !== undefined || process.env.CI === 'true' ? {} : { skip: 'needs the data folder (ZKL1_TEST_DATA)' };
}

/** Reads a JSON file below the data folder; throws when the folder is absent. */
export function readJson<T>(...path: readonly string[]): T {
  const dir = dataDir();
  if (dir === undefined) throw new Error('the data folder is absent: set ZKL1_TEST_DATA');
  return JSON.parse(readFileSync(join(dir, ...path), 'utf8')) as T;
}
