import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { benchArguments } from './bench.ts';
import { dataDir } from './data.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'client', 'main.js');

/** A proof of a block file for a benchmark: from the folder that `PROOFS` names, or made in `folder` by the command line. */
export function proofOf(name: string, block: string, folder: string): Uint8Array {
  const given = process.env.PROOFS === undefined ? undefined : join(process.env.PROOFS, `${name}.proof`);
  if (given !== undefined && existsSync(given)) return readFileSync(given);
  const path = join(folder, `${name}.proof`);
  execFileSync(process.execPath, ['--max-old-space-size=8192', MAIN, 'prove', block, '-o', path, '--json']);
  return readFileSync(path);
}

/** The block files of a benchmark: those that its arguments name, or `otherwise`; says which are not there. */
export function* benchBlocks(
  otherwise: readonly string[],
): Generator<{ readonly name: string; readonly file: string }> {
  for (const name of benchArguments(otherwise)) {
    const file = join(dataDir() ?? '', 'blocks', `${name}.json`);
    if (existsSync(file)) yield { name, file };
    else console.error(`skipped: ${name}: the block file is not there`);
  }
}
