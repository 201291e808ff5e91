/** The file that holds a node's identity: 64 hex digits, the seed of its Ed25519 key, readable by its owner alone. */
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys';
import type { PrivateKey } from '@libp2p/interface';
import { ClientError, systemReason } from '../../errors.ts';

const SEED_BYTES = 32;
const OWNER_ONLY = 0o600;
const OTHERS = 0o077;

/**
 * The key in a file; a new one where there is no file. A file that is half written never stands under its name.
 * @throws ClientError `keyFileExposed` where others may read it, `keyFileMalformed`, `keyFileUnreadable`
 */
export async function loadOrCreateKey(path: string): Promise<PrivateKey> {
  return generateKeyPairFromSeed('Ed25519', readSeed(path) ?? createSeed(path));
}

function readSeed(path: string): Uint8Array | undefined {
  let text: string;
  let mode: number;
  try {
    mode = statSync(path).mode;
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw unreadable(path, error);
  }
  if (process.platform !== 'win32' && (mode & OTHERS) !== 0) {
    const actual = (mode & 0o777).toString(8);
    throw new ClientError<KeyFileErrorCode>(
      'keyFileExposed',
      `the key file ${path} has mode ${actual}, expected 600: others may have read it`,
      { path, expected: '600', actual },
    );
  }
  if (!/^[0-9a-f]{64}\n?$/i.test(text)) {
    throw new ClientError<KeyFileErrorCode>(
      'keyFileMalformed',
      `the key file ${path} must hold 64 hex digits, it holds ${text.length} characters`,
      { path },
    );
  }
  return Uint8Array.from(Buffer.from(text.slice(0, 2 * SEED_BYTES), 'hex'));
}

function createSeed(path: string): Uint8Array {
  const seed = randomBytes(SEED_BYTES);
  const temporary = `${path}.${process.pid}.new`;
  try {
    // Not recursive: where the system refuses without a reason, as in /proc, that call never ends.
    if (!existsSync(dirname(path))) mkdirSync(dirname(path));
    const file = openSync(temporary, 'w', OWNER_ONLY);
    try {
      chmodSync(temporary, OWNER_ONLY);
      writeSync(file, `${seed.toString('hex')}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    // A link, not a rename: it fails where another process has made the key meanwhile.
    linkSync(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw unreadable(path, error);
  } finally {
    try {
      unlinkSync(temporary);
    } catch {
      // It was never made.
    }
  }
  return readSeed(path) ?? seed;
}

function unreadable(path: string, cause: unknown): ClientError {
  return new ClientError<KeyFileErrorCode>(
    'keyFileUnreadable',
    `the key file ${path} cannot be used: ${systemReason(cause)}`,
    { path },
    { cause },
  );
}

type KeyFileErrorCode = 'keyFileExposed' | 'keyFileMalformed' | 'keyFileUnreadable';
