/** The accounts that a chain begins with: `alloc` of geth's genesis format. */
import { Account, Address } from '@ethereumjs/util';
import type { StateChanges } from '../interface.ts';
import { ContentMap } from '../state/content-map.ts';
import { strictSource } from '../state/strict-source.ts';
import { EMPTY_ROOT } from '../state/trie-node.ts';
import { WorldState } from '../state/world-state.ts';
import { bytesOf, invalid, quantity } from './genesis-config.ts';

export type GenesisAccount = {
  readonly address: Uint8Array;
  readonly nonce: bigint;
  readonly balance: bigint;
  readonly code: Uint8Array;
  readonly storage: readonly (readonly [slot: Uint8Array, value: Uint8Array])[];
};
export type GenesisAlloc = readonly GenesisAccount[];

/** @throws ConfigError `genesisInvalid` naming the account and its field */
export function parseAlloc(json: unknown): GenesisAlloc {
  if (json === null || typeof json !== 'object' || Array.isArray(json)) throw invalid('alloc', 'an object', json);
  return Object.entries(json).map(([key, value]: [string, unknown]) => {
    const field = `alloc.${key}`;
    if (value === null || typeof value !== 'object') throw invalid(field, 'an object', value);
    const account = value as Readonly<Record<string, unknown>>;
    return {
      address: bytesOf(key.startsWith('0x') ? key : `0x${key}`, field, 20),
      nonce: quantity(account.nonce ?? 0, `${field}.nonce`),
      balance: quantity(account.balance ?? 0, `${field}.balance`),
      code: bytesOf(account.code ?? '0x', `${field}.code`),
      storage: Object.entries(account.storage ?? {}).map(
        ([slot, word]: [string, unknown]) =>
          [wordOf(slot, `${field}.storage`), wordOf(word, `${field}.storage`)] as const,
      ),
    };
  });
}

/** The state that these accounts are, with all of its nodes and codes. */
export async function allocState(alloc: GenesisAlloc): Promise<{ stateRoot: Uint8Array; changes: StateChanges }> {
  const state = new WorldState(strictSource(new ContentMap()), EMPTY_ROOT);
  for (const { address: addressBytes, nonce, balance, code, storage } of alloc) {
    const address = new Address(addressBytes);
    await state.putAccount(address, new Account(nonce, balance));
    if (code.length > 0) await state.putCode(address, code);
    for (const [slot, value] of storage) await state.putStorage(address, slot, value);
  }
  const stateRoot = state.flush();
  return { stateRoot, changes: state.changes() };
}

/** 32 bytes; shorter ones, with or without 0x, are numbers. */
function wordOf(value: unknown, field: string): Uint8Array {
  const digits = typeof value === 'string' ? value.replace(/^0x/, '') : '';
  if (typeof value !== 'string' || !/^[0-9a-f]{0,64}$/i.test(digits)) throw invalid(field, 'a word of 32 bytes', value);
  return new Uint8Array(Buffer.from(digits.padStart(64, '0'), 'hex'));
}
