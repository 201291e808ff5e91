import {
  type Branch,
  type Child,
  decodeNode,
  EMPTY_ROOT,
  type Extension,
  type Leaf,
  type Node,
  newBranch,
  newExtension,
  newLeaf,
  nibblesOf,
  rootHashOf,
} from './trie-node.ts';

/** The RLP of a node by its hash; throws where there is none. */
export type NodeReader = (hash: Uint8Array) => Uint8Array;

/**
 * A Merkle Patricia trie that is loaded node by node as keys ask for it. No key may be a prefix of another.
 *
 * A node that the reader lacks is the reader's error, never an absent key. Changes stay in memory; hashes are computed
 * when `root` asks for them, once per changed node. Deleting a key can need the sibling that a branch is left with.
 */
export class Trie {
  readonly #read: NodeReader;
  #root: Child;

  /** @param root hash of the trie's root node, `EMPTY_ROOT` for the empty trie */
  constructor(read: NodeReader, root: Uint8Array) {
    this.#read = read;
    this.#root = equal(root, EMPTY_ROOT) ? undefined : root;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const nibbles = nibblesOf(key);
    if (this.#root instanceof Uint8Array) this.#root = this.#load(this.#root);
    let node = this.#root;
    let at = 0;
    while (node !== undefined) {
      if (node.kind === 'branch') {
        const index = nibbles[at] ?? 0;
        let child = node.children[index];
        if (child instanceof Uint8Array) {
          child = this.#load(child);
          node.children[index] = child;
        }
        node = child;
        at += 1;
        continue;
      }
      if (commonLength(node.path, nibbles, at) < node.path.length) return undefined;
      at += node.path.length;
      if (node.kind === 'leaf') return node.value;
      if (node.child instanceof Uint8Array) node.child = this.#load(node.child);
      node = node.child;
    }
    return undefined;
  }

  /** @param value not empty */
  put(key: Uint8Array, value: Uint8Array): void {
    if (value.length === 0) throw new RangeError('a trie has no empty values');
    this.#root = this.#put(this.#root, nibblesOf(key), 0, value);
  }

  delete(key: Uint8Array): void {
    this.#root = this.#delete(this.#root, nibblesOf(key), 0);
  }

  /** The root's hash after all changes. */
  root(): Uint8Array {
    return rootHashOf(this.#root).hash;
  }

  /** Calls `put` for every node of the present trie that came about by changes. */
  collectNew(put: (hash: Uint8Array, rlp: Uint8Array) => void): void {
    const { hash, shortRlp } = rootHashOf(this.#root);
    if (shortRlp !== undefined) put(hash, shortRlp);
    collect(this.#root, put);
  }

  #load(child: Node | Uint8Array): Node {
    return child instanceof Uint8Array ? decodeNode(this.#read(child), child) : child;
  }

  #put(child: Child, nibbles: Uint8Array, at: number, value: Uint8Array): Node {
    if (child === undefined) return newLeaf(nibbles.slice(at), value);
    const node = this.#load(child);
    if (node.kind === 'branch') {
      const index = nibbles[at] ?? 0;
      node.children[index] = this.#put(node.children[index], nibbles, at + 1, value);
      return changed(node);
    }
    const common = commonLength(node.path, nibbles, at);
    if (common < node.path.length) return split(node, common, nibbles, at, value);
    if (node.kind === 'leaf') {
      node.value = value;
      return changed(node);
    }
    node.child = this.#put(node.child, nibbles, at + common, value);
    return changed(node);
  }

  /** Returns the node itself, unchanged, where the key is absent. */
  #delete(child: Child, nibbles: Uint8Array, at: number): Child {
    if (child === undefined) return undefined;
    const node = this.#load(child);
    if (node.kind === 'branch') {
      const index = nibbles[at] ?? 0;
      const before = this.#loadAt(node, index);
      const after = this.#delete(before, nibbles, at + 1);
      if (after === before && !isStale(after)) return node;
      node.children[index] = after;
      return after === undefined ? this.#collapse(changed(node)) : changed(node);
    }
    if (commonLength(node.path, nibbles, at) < node.path.length) return node;
    if (node.kind === 'leaf') return undefined;
    const before = this.#load(node.child);
    node.child = before;
    const after = this.#delete(before, nibbles, at + node.path.length);
    if (after === before && !isStale(after)) return node;
    if (after === undefined) return undefined;
    return prefixed(node.path, this.#load(after));
  }

  #loadAt(branch: Branch, index: number): Node | undefined {
    const child = branch.children[index];
    if (child === undefined) return undefined;
    const node = this.#load(child);
    branch.children[index] = node;
    return node;
  }

  /** A branch with one child left becomes that child with a longer path: the sibling must be known. */
  #collapse(branch: Branch): Node {
    const left = branch.children.flatMap((child, index) => (child === undefined ? [] : [index]));
    const [index] = left;
    if (left.length !== 1 || index === undefined) return branch;
    const sibling = this.#loadAt(branch, index);
    if (sibling === undefined) return branch;
    return prefixed(Uint8Array.of(index), sibling);
  }
}

/** Root of the trie that maps rlp(index) to each value: transactions, receipts and withdrawals of a block. */
export function orderedTrieRoot(values: readonly Uint8Array[], encodeIndex: (index: number) => Uint8Array): Uint8Array {
  const trie = new Trie(() => {
    throw new Error('a trie in memory reads no node');
  }, EMPTY_ROOT);
  for (const [index, value] of values.entries()) trie.put(encodeIndex(index), value);
  return trie.root();
}

function split(node: Leaf | Extension, common: number, nibbles: Uint8Array, at: number, value: Uint8Array): Node {
  const branch = newBranch();
  const rest = node.path.slice(common + 1);
  const moved =
    node.kind === 'leaf' ? newLeaf(rest, node.value) : rest.length === 0 ? node.child : newExtension(rest, node.child);
  branch.children[node.path[common] ?? 0] = moved;
  branch.children[nibbles[at + common] ?? 0] = newLeaf(nibbles.slice(at + common + 1), value);
  return common === 0 ? branch : newExtension(node.path.slice(0, common), branch);
}

/** The node below a path; leaves and extensions take the path into their own. */
function prefixed(path: Uint8Array, node: Node): Node {
  if (node.kind === 'branch') return newExtension(path, node);
  const longer = new Uint8Array(path.length + node.path.length);
  longer.set(path);
  longer.set(node.path, path.length);
  return node.kind === 'leaf' ? newLeaf(longer, node.value) : newExtension(longer, node.child);
}

function changed<N extends Node>(node: N): N {
  node.reference = undefined;
  node.newRlp = undefined;
  return node;
}

function isStale(node: Child): boolean {
  return node !== undefined && !(node instanceof Uint8Array) && node.reference === undefined;
}

/** New nodes hang together: below an old node there is none. */
function collect(child: Child, put: (hash: Uint8Array, rlp: Uint8Array) => void): void {
  if (child === undefined || child instanceof Uint8Array) return;
  if (child.newRlp !== undefined) put(child.reference as Uint8Array, child.newRlp);
  else if (child.reference instanceof Uint8Array) return;
  if (child.kind === 'branch') for (const next of child.children) collect(next, put);
  else if (child.kind === 'extension') collect(child.child, put);
}

/** Length of the common prefix of `path` and `nibbles` from `at` on. */
function commonLength(path: Uint8Array, nibbles: Uint8Array, at: number): number {
  let length = 0;
  while (length < path.length && path[length] === nibbles[at + length]) length++;
  return length;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
