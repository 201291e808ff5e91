import {
  closeSync,
  fsyncSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { systemReason } from '../errors.ts';
import { CliError } from './output.ts';

/**
 * Reads a whole input file.
 * @param capBytes larger files are refused before they are read
 * @throws CliError `inputUnreadable`
 */
export function readInput(path: string, capBytes: number): Buffer {
  const sizeBytes = inputSize(path);
  if (sizeBytes > capBytes) {
    const detail = { path, expected: capBytes, actual: sizeBytes };
    throw new CliError(
      'inputUnreadable',
      `cannot read ${path}: at most ${capBytes} bytes expected, got ${sizeBytes}`,
      detail,
    );
  }
  return reading(path, () => readFileSync(path));
}

/** Bytes of an input file, without reading it. @throws CliError `inputUnreadable` */
export function inputSize(path: string): number {
  return reading(path, () => {
    const status = statSync(path);
    if (!status.isFile()) throw new Error('not a file');
    return status.size;
  });
}

function reading<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new CliError('inputUnreadable', `cannot read ${path}: ${systemReason(cause)}`, { path }, { cause });
  }
}

/**
 * Writes a whole output file: to a temporary name in the same folder, then renamed, so that the name never
 * holds half of it.
 * @throws CliError `outputUnwritable`
 */
export function writeOutput(path: string, bytes: Uint8Array | string): void {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.part`);
  let file: number;
  try {
    file = openSync(temporary, 'wx');
  } catch (cause) {
    throw unwritable(path, cause);
  }
  try {
    try {
      writeFileSync(file, bytes);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw unwritable(path, cause);
  }
}

/** Fails before any work is done where `writeOutput` would fail after it. @throws CliError `outputUnwritable` */
export function checkWritable(path: string): void {
  const probe = join(dirname(path), `.${basename(path)}.${process.pid}.probe`);
  try {
    const there = lstatSync(path, { throwIfNoEntry: false });
    if (there?.isDirectory() === true) throw new Error('it is a folder');
    // The file is put in place by renaming: a device or link of that name would be gone.
    if (there !== undefined && !there.isFile()) throw new Error('it is not a regular file');
    closeSync(openSync(probe, 'wx'));
    rmSync(probe);
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

function unwritable(path: string, cause: unknown): CliError {
  return new CliError('outputUnwritable', `cannot write ${path}: ${systemReason(cause)}`, { path }, { cause });
}
