/** A witness from a stranger: its form, and that each item of it belongs to the parent of the block that it is for. */
import { RLP } from '@ethereumjs/rlp';
import { ClientError } from '../../errors.ts';
import { keccak256 } from '../chain/crypto.ts';
import type { AccountState, ExecutionWitness } from '../interface.ts';
import { decodeAccount } from '../state/account-rlp.ts';
import { type Child, decodeNode, EMPTY_ROOT } from '../state/trie-node.ts';
import { byteLists } from './byte-lists.ts';

/** The block hash opcode reaches so far back; at least the parent itself is there. */
const MAX_HEADERS = 256;
/** A branch of 16 hashes has 532 bytes, and no node has more. */
const MAX_NODE_BYTES = 532;
/** Only a root and codes may be shorter than a hash; a witness of many tiny codes is none that a peer needs to send. */
const LEAST_ITEM_BYTES = 16;
/** A trie node of fewer bytes stands in its parent, unless it is the root. */
const HASHED_NODE_BYTES = 32;

/** What a witness must fit: the block's parent. */
export type WitnessParent = { readonly hash: Uint8Array; readonly stateRoot: Uint8Array };

/**
 * Reads a witness as peers send it and checks everything that can be checked without running the block: headers link up
 * to the parent, every trie node is reached from the parent's state root by hash, every code is that of an account among
 * them, nothing is there twice. Whether all that the block reads is there shows when the block runs.
 * @param bytes rlp([state, codes, headers])
 * @param readHeader decodes a header's rlp. @throws ClientError
 * @throws WitnessError naming what does not belong; ClientError of a header or trie node that does not decode
 */
export function checkWitness(
  bytes: Uint8Array,
  parent: WitnessParent,
  readHeader: (rlp: Uint8Array) => { readonly parentHash: Uint8Array },
): ExecutionWitness {
  const witness = decodeWitness(bytes);
  checkSizes(witness);
  checkHeaders(witness.headers, parent.hash, readHeader);
  const codeHashes = checkState(witness.state, parent.stateRoot);
  const codes = byHash('code', witness.codes);
  for (const hash of codes.keys()) {
    if (!codeHashes.has(hash)) throw new WitnessError('codeForeign', `code ${hash} is of no account in the witness`);
  }
  return witness;
}

/** rlp([state, codes, headers]): how a witness is stored and sent, and the bytes that `decodeWitness` reads. */
export function encodeWitness({ state, codes, headers }: ExecutionWitness): Uint8Array {
  return listOf([state, codes, headers].map((items) => listOf(items.map((item) => RLP.encode(item)))));
}

/** A list of encoded items. The library makes an argument of each, of which there can be more than a call may have. */
function listOf(encoded: readonly Uint8Array[]): Uint8Array {
  const bytes = encoded.reduce((sum, { length }) => sum + length, 0);
  let size = Buffer.alloc(0);
  for (let left = bytes; left > 0; left = Math.floor(left / 256))
    size = Buffer.concat([Uint8Array.of(left % 256), size]);
  const head = bytes <= 55 ? Uint8Array.of(0xc0 + bytes) : Uint8Array.of(0xf7 + size.length, ...size);
  return new Uint8Array(Buffer.concat([head, ...encoded]));
}

/** The inverse of `encodeWitness`; the items are views. @throws WitnessError `witnessMalformed` */
export function decodeWitness(bytes: Uint8Array): ExecutionWitness {
  let lists: readonly (readonly Uint8Array[])[];
  try {
    lists = byteLists(bytes, Math.ceil(bytes.length / LEAST_ITEM_BYTES) + 1);
  } catch (cause) {
    throw malformed(cause instanceof Error ? cause.message : String(cause), cause);
  }
  const [state, codes, headers, ...more] = lists;
  if (state === undefined || codes === undefined || headers === undefined || more.length > 0) {
    throw malformed(`${lists.length} lists, expected 3`);
  }
  return { state, codes, headers };
}

/** What is known before anything is hashed: a stranger's many tiny items would take minutes and gigabytes. */
function checkSizes({ state, codes }: ExecutionWitness): void {
  const large = state.find((node) => node.length > MAX_NODE_BYTES);
  if (large !== undefined) throw malformed(`a trie node of ${large.length} bytes, at most ${MAX_NODE_BYTES}`);
  const small = state.filter((node) => node.length < HASHED_NODE_BYTES);
  if (small.length > 1) throw malformed(`${small.length} trie nodes that would stand in their parents`);
  // Each code is of an account, and no two accounts are in one node.
  if (codes.length > state.length)
    throw new WitnessError('codeForeign', `${codes.length} codes of the accounts in ${state.length} trie nodes`);
}

function checkHeaders(
  headers: readonly Uint8Array[],
  parentHash: Uint8Array,
  readHeader: (rlp: Uint8Array) => { readonly parentHash: Uint8Array },
): void {
  if (headers.length === 0 || headers.length > MAX_HEADERS) {
    throw new WitnessError('headersUnlinked', `${headers.length} headers, expected 1 to ${MAX_HEADERS}`);
  }
  let expected = parentHash;
  for (let i = headers.length - 1; i >= 0; i--) {
    const rlp = headers[i] as Uint8Array;
    if (hex(keccak256(rlp)) !== hex(expected)) {
      throw new WitnessError('headersUnlinked', `header ${i} is not ${hex(expected)}`);
    }
    expected = readHeader(rlp).parentHash;
  }
}

/** @returns code hashes of the accounts that were reached */
function checkState(nodes: readonly Uint8Array[], stateRoot: Uint8Array): ReadonlySet<string> {
  const left = byHash('node', nodes);
  const codeHashes = new Set<string>();
  const seen = new Set<string>();
  // Storage tries come after the accounts that name them; a node may stand in several tries and counts for all.
  const pending: { readonly hash: Uint8Array; readonly isAccounts: boolean }[] = [
    { hash: stateRoot, isAccounts: true },
  ];
  const visit = (child: Child, isAccounts: boolean): void => {
    if (child === undefined) return;
    if (child instanceof Uint8Array) {
      pending.push({ hash: child, isAccounts });
    } else if (child.kind === 'branch') {
      for (const each of child.children) visit(each, isAccounts);
    } else if (child.kind === 'extension') {
      visit(child.child, isAccounts);
    } else if (isAccounts) {
      const { storageRoot, codeHash } = accountOf(child.value);
      codeHashes.add(hex(codeHash));
      if (hex(storageRoot) !== hex(EMPTY_ROOT)) pending.push({ hash: storageRoot, isAccounts: false });
    }
  };
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const key = hex(next.hash);
    const place = `${key} ${next.isAccounts}`;
    const rlp = left.get(key);
    if (rlp === undefined || seen.has(place)) continue;
    seen.add(place);
    visit(decodeNode(rlp, next.hash), next.isAccounts);
  }
  for (const key of left.keys()) {
    if (!seen.has(`${key} true`) && !seen.has(`${key} false`)) {
      throw new WitnessError('nodeForeign', `trie node ${key} is not reached from state root ${hex(stateRoot)}`);
    }
  }
  return codeHashes;
}

function accountOf(value: Uint8Array): AccountState {
  try {
    return decodeAccount(value);
  } catch (cause) {
    throw malformed('a leaf of the accounts trie is no account', cause);
  }
}

function byHash(what: string, items: readonly Uint8Array[]): ReadonlyMap<string, Uint8Array> {
  const map = new Map(items.map((item) => [hex(keccak256(item)), item]));
  if (map.size !== items.length) throw new WitnessError('itemTwice', `a ${what} is there twice`);
  return map;
}

function malformed(reason: string, cause?: unknown): WitnessError {
  return new WitnessError('witnessMalformed', `witness: ${reason}`, {}, { cause });
}

const hex = (bytes: Uint8Array): string => `0x${Buffer.from(bytes).toString('hex')}`;

export type WitnessErrorCode = 'witnessMalformed' | 'headersUnlinked' | 'nodeForeign' | 'codeForeign' | 'itemTwice';
/** A witness that is malformed, or has an item that does not belong to its block's parent. */
export class WitnessError extends ClientError<WitnessErrorCode> {}
