/** A sealer's secret key on disk: 64 hex digits, readable by its owner alone. */
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { ClientError, systemReason } from '../../errors.ts';
import { sealerAddress } from './seal.ts';

const KEY_BYTES = 32;
const OWNER_ONLY = 0o600;
const MAX_FILE_BYTES = 1024;

export type SealerKey = { readonly key: Uint8Array; readonly address: Uint8Array; readonly isNew: boolean };

/**
 * Reads the key in a file; makes one where there is no file.
 * @throws SealerKeyError `sealKeyUnreadable`, `sealKeyInvalid`, `sealKeyExposed` where others may read it
 */
export function loadSealerKey(path: string): SealerKey {
  const status = statusOf(path);
  if (status === undefined) return createSealerKey(path);
  if (process.platform !== 'win32' && (status.mode & 0o077) !== 0) {
    const mode = (status.mode & 0o777).toString(8).padStart(3, '0');
    const detail = { path, expected: '600', actual: mode };
    const message = `sealing key ${path} may be read by others (mode ${mode}): expected 600 (chmod 600 ${path})`;
    throw new SealerKeyError('sealKeyExposed', message, detail);
  }
  const text = status.sizeBytes > MAX_FILE_BYTES ? '' : reading(path, () => readFileSync(path, 'utf8'));
  const digits = /^(?:0x)?([0-9a-f]{64})\s*$/i.exec(text)?.[1];
  try {
    const key = new Uint8Array(Buffer.from(digits ?? '', 'hex'));
    return { key, address: sealerAddress(key), isNew: false };
  } catch {
    const message = `sealing key ${path} holds no secp256k1 key: expected ${2 * KEY_BYTES} hex digits`;
    throw new SealerKeyError('sealKeyInvalid', message, { path });
  }
}

function createSealerKey(path: string): SealerKey {
  for (;;) {
    const key = new Uint8Array(randomBytes(KEY_BYTES));
    let address: Uint8Array;
    try {
      address = sealerAddress(key);
    } catch {
      continue;
    }
    reading(path, () => {
      const file = openSync(path, 'wx', OWNER_ONLY);
      try {
        writeFileSync(file, `${Buffer.from(key).toString('hex')}\n`);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
    });
    return { key, address, isNew: true };
  }
}

function statusOf(path: string): { readonly mode: number; readonly sizeBytes: number } | undefined {
  return reading(path, () => {
    const status = statSync(path, { throwIfNoEntry: false });
    if (status === undefined) return undefined;
    if (!status.isFile()) throw new Error('not a file');
    return { mode: status.mode, sizeBytes: status.size };
  });
}

/** Errors of the system as one line without the key. */
function reading<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (cause) {
    const message = `sealing key ${path} cannot be used: ${systemReason(cause)}`;
    throw new SealerKeyError('sealKeyUnreadable', message, { path }, { cause });
  }
}

/** A key file that cannot be read, holds no key, or lies open to others. Nothing of the key is in it. */
export class SealerKeyError extends ClientError<
  'sealKeyUnreadable' | 'sealKeyInvalid' | 'sealKeyExposed',
  { readonly path: string; readonly expected?: string; readonly actual?: string }
> {}
