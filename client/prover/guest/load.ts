import { readFileSync } from 'node:fs';
import { type Guest, guestOf } from './module.ts';

/** The guest of this release, from the folder of this file. @throws ClientError `guestHashMismatch` */
export function loadGuest(): Guest {
  const file = (name: string): URL => new URL(name, import.meta.url);
  return guestOf(readFileSync(file('guest.wasm')), readFileSync(file('guest.wasm.sha256'), 'utf8'));
}
