import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { Level } from 'level';
import { ClientError, systemReason } from '../../errors.ts';
import { damageOfTables, tableNames } from './table-files.ts';

export type Database = Level<Uint8Array, Uint8Array>;

/** Any one of them marks a folder that a level database was written to. */
const LEVEL_FILES = /^(CURRENT|LOCK|MANIFEST-\d+|\d+\.(ldb|log|sst))$/;

/**
 * Opens the level database in `path`, creating folder and database where there is none.
 * @throws StoreError `storeLocked` while another process holds it, `storeForeign` for a folder with other content,
 *   `storeDamaged` for a database whose files are missing or corrupt, `storeUnopenable` where the system refuses
 */
export async function openDatabase(path: string): Promise<Database> {
  let names: readonly string[];
  try {
    makeFolder(path);
    names = readdirSync(path);
  } catch (cause) {
    throw new StoreError(
      'storeUnopenable',
      `data directory ${path} cannot be used: ${systemReason(cause)}`,
      { path },
      { cause },
    );
  }
  const isLevel = names.some((name) => LEVEL_FILES.test(name));
  if (names.length > 0 && !isLevel) {
    const detail = { path, found: names.slice(0, 5) };
    const found = detail.found.join(', ');
    throw new StoreError(
      'storeForeign',
      `data directory ${path} holds other files (${found}): expected an empty folder or a store of zkl1-node`,
      detail,
    );
  }
  if (isLevel && !names.includes('CURRENT') && names.some((name) => name !== 'LOCK')) {
    throw damagedStore(path, 'its file CURRENT is missing');
  }
  const tables = tableNames(names);
  const database: Database = new Level(path, { keyEncoding: 'view', valueEncoding: 'view' });
  try {
    await database.open();
  } catch (error) {
    throw openingError(path, error);
  }
  // Behind the opening, which takes the lock: until then another process may be writing them.
  const damage = damageOfTables(path, tables);
  if (damage === undefined) return database;
  await database.close();
  throw damagedStore(path, damage);
}

/**
 * Refuses to begin a store below a folder of somebody else: one that is there, and holds other things than stores.
 * @param path of the store
 * @throws StoreError `storeForeign`
 */
export function refuseForeignParent(path: string): void {
  const folder = dirname(path);
  if (existsSync(path) || !existsSync(folder)) return;
  let found: readonly string[];
  try {
    found = readdirSync(folder).slice(0, 5);
  } catch {
    // Opening the store below it says what is wrong with the folder.
    return;
  }
  if (found.length === 0) return;
  const message = `data directory ${folder} holds other files (${found.join(', ')}): expected ${basename(path)}, an empty folder or none`;
  throw new StoreError('storeForeign', message, { path: folder, found });
}

/**
 * Creates a folder and those above it that are missing, one by one: the recursive call of `node:fs` never ends where the
 * system has a folder and refuses to create in it as if it were not there, as Linux does in /proc.
 */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path);
}

function openingError(path: string, error: unknown): StoreError {
  const cause = (error as { cause?: { code?: string } }).cause;
  const reason = messageOf(cause ?? error);
  switch (cause?.code) {
    case 'LEVEL_LOCKED':
      return new StoreError('storeLocked', `data directory ${path} is in use by another process`, { path }, { cause });
    case 'LEVEL_IO_ERROR':
      // Opening writes: what a process that did not end by itself had only in its log becomes tables.
      if (NO_SPACE.test(reason)) return fullStore(path, reason, cause);
      return REFUSED.test(reason) ? unopenableStore(path, reason, cause) : damagedStore(path, reason, cause);
    case 'LEVEL_CORRUPTION':
      return damagedStore(path, reason, cause);
    default:
      return unopenableStore(path, reason, cause);
  }
}

/** What a failed read means: the files are not what was written. */
export function readingError(path: string, error: unknown): StoreError {
  const cause = (error as { cause?: unknown }).cause ?? error;
  return damagedStore(path, messageOf(cause), cause);
}

/** The files of a store are not what was written. */
export function damagedStore(path: string, reason: string, cause?: unknown): StoreError {
  return new StoreError('storeDamaged', `data directory ${path} is damaged: ${reason}`, { path }, { cause });
}

/** LevelDB gives the system's error only as its text. */
const NO_SPACE = /no space left|file too large|disk quota exceeded/i;
const REFUSED = /permission denied|operation not permitted|read-only file system|too many open files/i;

function fullStore(path: string, reason: string, cause: unknown): StoreError {
  return new StoreError('storeFull', `no space left for data directory ${path}: ${reason}`, { path }, { cause });
}

function unopenableStore(path: string, reason: string, cause: unknown): StoreError {
  return new StoreError('storeUnopenable', `data directory ${path} cannot be opened: ${reason}`, { path }, { cause });
}

/** What a failed write means; nothing of its batch counts as stored. */
export function writingError(path: string, error: unknown): StoreError {
  const cause = (error as { cause?: unknown }).cause ?? error;
  const reason = messageOf(cause);
  return NO_SPACE.test(reason)
    ? fullStore(path, reason, cause)
    : new StoreError('storeUnwritable', `data directory ${path} cannot be written: ${reason}`, { path }, { cause });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export type StoreErrorCode =
  | 'storeLocked'
  | 'storeForeign'
  | 'storeDamaged'
  | 'storeUnopenable'
  | 'storeFull'
  | 'storeUnwritable'
  | 'storeVersion'
  | 'storeOtherChain';
/** A data directory that cannot be used: another's, damaged, full, of another chain, or in use. */
export class StoreError extends ClientError<StoreErrorCode> {}
