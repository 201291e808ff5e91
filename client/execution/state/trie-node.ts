/** Nodes of a Merkle Patricia trie in memory and as RLP (Yellow Paper, appendix D). */
import { type NestedUint8Array, RLP } from '@ethereumjs/rlp';
import { ClientError } from '../../errors.ts';
import { keccak256 } from '../chain/crypto.ts';

/** How a parent names a node: keccak256 of its RLP, or the decoded RLP itself where that is shorter than 32 bytes. */
export type NodeReference = Uint8Array | NestedUint8Array;

/** A node that is loaded, the hash of one that is not, or nothing. */
export type Child = Node | Uint8Array | undefined;

type Encodable = {
  /** `undefined` since the last change below this node */
  reference: NodeReference | undefined;
  /** the RLP of a node that came about here and is named by its hash */
  newRlp: Uint8Array | undefined;
};
export type Leaf = Encodable & { readonly kind: 'leaf'; path: Uint8Array; value: Uint8Array };
export type Extension = Encodable & { readonly kind: 'extension'; path: Uint8Array; child: Node | Uint8Array };
export type Branch = Encodable & { readonly kind: 'branch'; readonly children: Child[] };
export type Node = Leaf | Extension | Branch;

export const HASH_BYTES = 32;
/** keccak256(rlp('')) */
export const EMPTY_ROOT: Uint8Array = keccak256(Uint8Array.of(0x80));

const NO_BYTES = new Uint8Array(0);
const FLAG_ODD = 1;
const FLAG_LEAF = 2;
const BRANCH_ITEMS = 17;
const SHORT_ITEMS = 2;

/** @param path the nibbles below its parent, one a byte */
export function newLeaf(path: Uint8Array, value: Uint8Array): Leaf {
  return { kind: 'leaf', path, value, reference: undefined, newRlp: undefined };
}

/** @param path one nibble or more, one a byte */
export function newExtension(path: Uint8Array, child: Node | Uint8Array): Extension {
  return { kind: 'extension', path, child, reference: undefined, newRlp: undefined };
}

/** A branch to be given two children or more. It never has a value: keys of one trie are no prefixes of each other. */
export function newBranch(): Branch {
  return {
    kind: 'branch',
    children: new Array<Child>(16).fill(undefined),
    reference: undefined,
    newRlp: undefined,
  };
}

/** Two nibbles per byte, high one first. */
export function nibblesOf(key: Uint8Array): Uint8Array {
  const nibbles = new Uint8Array(key.length * 2);
  for (const [i, byte] of key.entries()) {
    nibbles[2 * i] = byte >> 4;
    nibbles[2 * i + 1] = byte & 15;
  }
  return nibbles;
}

/**
 * The node whose RLP this is.
 * @param hash keccak256 of `rlp`: how its parent names it
 * @throws TrieError `malformedNode`
 */
export function decodeNode(rlp: Uint8Array, hash: Uint8Array): Node {
  let decoded: NestedUint8Array | Uint8Array;
  try {
    decoded = RLP.decode(rlp);
  } catch (cause) {
    throw malformed(hash, `is not RLP: ${(cause as Error).message}`);
  }
  if (decoded instanceof Uint8Array) throw malformed(hash, 'is not a list');
  return nodeOfItems(decoded, hash, hash);
}

function nodeOfItems(items: NestedUint8Array, reference: NodeReference, within: Uint8Array): Node {
  if (items.length === BRANCH_ITEMS) {
    const value = items[16];
    // Keys of one trie are no prefixes of each other, so that no value stands in a branch.
    if (!(value instanceof Uint8Array) || value.length > 0) throw malformed(within, 'has a value in a branch');
    const children = items.slice(0, 16).map((item) => childOf(item, within));
    if (children.filter((child) => child !== undefined).length < 2) {
      throw malformed(within, 'has a branch with fewer than two children');
    }
    return { kind: 'branch', children, reference, newRlp: undefined };
  }
  const [encodedPath, content] = items;
  if (items.length !== SHORT_ITEMS || !(encodedPath instanceof Uint8Array) || content === undefined) {
    throw malformed(within, `has ${items.length} items`);
  }
  const { path, isLeaf } = decodePath(encodedPath, within);
  if (isLeaf) {
    if (!(content instanceof Uint8Array) || content.length === 0) throw malformed(within, 'has a leaf without a value');
    return { kind: 'leaf', path, value: content, reference, newRlp: undefined };
  }
  const child = childOf(content, within);
  if (child === undefined || path.length === 0) throw malformed(within, 'has an empty extension');
  return { kind: 'extension', path, child, reference, newRlp: undefined };
}

function childOf(item: NestedUint8Array[number] | undefined, within: Uint8Array): Child {
  if (item === undefined) throw malformed(within, 'lacks a child');
  if (!(item instanceof Uint8Array)) return nodeOfItems(item as NestedUint8Array, item as NestedUint8Array, within);
  if (item.length === 0) return undefined;
  if (item.length !== HASH_BYTES) throw malformed(within, `has a child of ${item.length} bytes`);
  return item;
}

/** Hex-prefix encoding: a flag nibble, padding to whole bytes, the path. */
function decodePath(encoded: Uint8Array, within: Uint8Array): { path: Uint8Array; isLeaf: boolean } {
  const nibbles = nibblesOf(encoded);
  const flags = nibbles[0] ?? 0xff;
  const isOdd = (flags & FLAG_ODD) !== 0;
  if (flags > (FLAG_ODD | FLAG_LEAF) || (!isOdd && nibbles[1] !== 0)) throw malformed(within, 'has a malformed path');
  return { path: nibbles.slice(isOdd ? 1 : 2), isLeaf: (flags & FLAG_LEAF) !== 0 };
}

function encodePath(path: Uint8Array, isLeaf: boolean): Uint8Array {
  const odd = path.length % 2;
  const encoded = new Uint8Array((path.length >> 1) + 1);
  encoded[0] = ((odd | (isLeaf ? FLAG_LEAF : 0)) << 4) | (odd === 1 ? (path[0] ?? 0) : 0);
  for (let i = odd, at = 1; i < path.length; i += 2) encoded[at++] = ((path[i] ?? 0) << 4) | (path[i + 1] ?? 0);
  return encoded;
}

/** The node's reference, computed for it and all changed nodes below it where a change made it stale. */
export function referenceOf(node: Node): NodeReference {
  if (node.reference !== undefined) return node.reference;
  const items = itemsOf(node);
  const rlp = RLP.encode(items as NestedUint8Array);
  if (rlp.length < HASH_BYTES) {
    node.reference = items as NestedUint8Array;
    node.newRlp = undefined;
  } else {
    node.reference = keccak256(rlp);
    node.newRlp = rlp;
  }
  return node.reference;
}

function itemsOf(node: Node): NestedUint8Array {
  const named = (child: Child): NodeReference =>
    child === undefined ? NO_BYTES : child instanceof Uint8Array ? child : referenceOf(child);
  switch (node.kind) {
    case 'leaf':
      return [encodePath(node.path, true), node.value];
    case 'extension':
      return [encodePath(node.path, false), named(node.child)];
    case 'branch':
      return [...node.children.map(named), NO_BYTES];
  }
}

/** The hash of a trie whose root node this is; a root is named by its hash even where it is short. */
export function rootHashOf(root: Child): { readonly hash: Uint8Array; readonly shortRlp?: Uint8Array } {
  if (root === undefined) return { hash: EMPTY_ROOT };
  if (root instanceof Uint8Array) return { hash: root };
  const reference = referenceOf(root);
  if (reference instanceof Uint8Array) return { hash: reference };
  const shortRlp = RLP.encode(reference);
  return { hash: keccak256(shortRlp), shortRlp };
}

function malformed(hash: Uint8Array, what: string): TrieError {
  const node = `0x${Buffer.from(hash).toString('hex')}`;
  return new TrieError('malformedNode', `trie node ${node} ${what}`, { node });
}

/** Bytes that are no node of a Merkle Patricia trie; `node` is the hash that names them. */
export class TrieError extends ClientError<'malformedNode', { readonly node: string }> {}
