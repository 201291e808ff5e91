//! Merkle Patricia tries over the witness: nodes are read when a key's path reaches them, changed in memory and hashed
//! again at the end. A node that is needed and not in the witness is an error with its hash, never an absent key.
//!
//! All keys are 32 bytes (keccak256 of an address or a slot). A node keeps whole keys: what lies above it on its path
//! is known, so that moving it up or down costs nothing.

use crate::{
    node_index::NodeIndex,
    rejection::{Result, ensure, reject},
    rlp_item::item_at,
};
use alloc::vec::Vec;
use alloy_consensus::constants::EMPTY_ROOT_HASH;
use alloy_primitives::{B256, keccak256};

pub type Key = [u8; 32];
/// Nibbles of a key.
const PATH_LENGTH: usize = 64;
/// A node whose RLP is shorter than a hash stands inside its parent.
const HASH_BYTES: usize = 32;
/// RLP prefix of a hash, and the RLP of nothing.
const HASH_HEADER: u8 = 0xa0;
const EMPTY_STRING: u8 = 0x80;

/// A reference to a node: empty, loaded into the arena, or only known by the hash that stands at an offset of the
/// input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Child(u32);

enum Place {
    Empty,
    Loaded(usize),
    Unread(usize),
}

impl Child {
    pub const EMPTY: Self = Self(0);
    const UNREAD: u32 = 1 << 31;

    #[inline]
    fn loaded(node: usize) -> Self {
        Self(node as u32 + 1)
    }

    #[inline]
    fn unread(offset: usize) -> Self {
        Self(offset as u32 | Self::UNREAD)
    }

    #[inline]
    fn place(self) -> Place {
        match self.0 {
            0 => Place::Empty,
            reference if reference & Self::UNREAD != 0 => Place::Unread((reference & !Self::UNREAD) as usize),
            reference => Place::Loaded(reference as usize - 1),
        }
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Leaf { key: Key, value: &'static [u8] },
    /// the path from the parent's depth to nibble `end` of `key`
    Extension { key: Key, end: u8, child: Child },
    /// index into `branches`
    Branch { children: u32 },
}

struct Node {
    kind: Kind,
    /// the hash of the node's RLP if it is known
    hash: Option<B256>,
}

/// The arena of all tries of a block; a trie is named by the `Child` that is its root.
pub struct Tries {
    /// the whole input: `Child::unread` counts from its start
    input: &'static [u8],
    index: NodeIndex,
    nodes: Vec<Node>,
    branches: Vec<[Child; 16]>,
}

#[inline]
fn nibble(key: &Key, at: usize) -> usize {
    let byte = key[at >> 1];
    usize::from(if at & 1 == 0 { byte >> 4 } else { byte & 15 })
}

#[inline]
fn set_nibble(key: &mut Key, at: usize, nibble: u8) {
    let byte = &mut key[at >> 1];
    *byte = if at & 1 == 0 { (*byte & 0x0f) | nibble << 4 } else { (*byte & 0xf0) | nibble };
}

/// The first nibble of from..end in which the keys differ, else `end`.
fn first_difference(a: &Key, b: &Key, from: usize, end: usize) -> usize {
    let mut at = from;
    if at & 1 == 1 && at < end {
        if nibble(a, at) != nibble(b, at) {
            return at;
        }
        at += 1;
    }
    while at + 1 < end && a[at >> 1] == b[at >> 1] {
        at += 2;
    }
    while at < end && nibble(a, at) == nibble(b, at) {
        at += 1;
    }
    at
}

impl Tries {
    /// `nodes` are slices of `input`.
    pub fn new(input: &'static [u8], nodes: &[&'static [u8]]) -> Result<Self> {
        ensure!(input.len() < Child::UNREAD as usize, Input, "input is longer than 2 GiB");
        let index = NodeIndex::new(nodes)?;
        Ok(Self { input, index, nodes: Vec::with_capacity(1024), branches: Vec::with_capacity(1024) })
    }

    /// The trie with this root hash.
    pub fn open(&mut self, root: B256) -> Result<Child> {
        if root == EMPTY_ROOT_HASH {
            return Ok(Child::EMPTY);
        }
        self.read(root, &[0; 32], 0)
    }

    fn add(&mut self, kind: Kind, hash: Option<B256>) -> Child {
        self.nodes.push(Node { kind, hash });
        Child::loaded(self.nodes.len() - 1)
    }

    fn add_branch(&mut self, children: [Child; 16], hash: Option<B256>) -> Child {
        self.branches.push(children);
        self.add(Kind::Branch { children: self.branches.len() as u32 - 1 }, hash)
    }

    /// The node of a hash; the first `depth` nibbles of `key` are the path to it.
    fn read(&mut self, hash: B256, key: &Key, depth: usize) -> Result<Child> {
        let node = self.index.get(&hash).ok_or_else(|| reject!(Witness, "missing trie node {hash}"))?;
        let list = item_at(node, 0)?;
        ensure!(list.is_list && list.end == node.len(), Witness, "trie node {hash} is not one list");
        self.decode(&node[list.start..], Some(hash), key, depth)
    }

    /// A node from the items of its list.
    fn decode(&mut self, items: &'static [u8], hash: Option<B256>, key: &Key, depth: usize) -> Result<Child> {
        let malformed = |what: &str| reject!(Witness, "malformed trie node at depth {depth}: {what}");
        let first = item_at(items, 0)?;
        let second = item_at(items, first.end)?;
        if second.end < items.len() {
            return self.decode_branch(items, hash, key, depth);
        }
        let path = &items[first.start..first.end];
        let flags = *path.first().filter(|_| !first.is_list).ok_or_else(|| malformed("no path"))?;
        let is_odd = flags & 0x10 != 0;
        let end = depth + 2 * (path.len() - 1) + usize::from(is_odd);
        if flags >= 0x40 || (!is_odd && flags & 0x0f != 0) || end > PATH_LENGTH {
            return Err(malformed("path"));
        }
        let mut key = *key;
        let mut at = depth;
        if is_odd {
            set_nibble(&mut key, at, flags & 15);
            at += 1;
        }
        for byte in &path[1..] {
            set_nibble(&mut key, at, byte >> 4);
            set_nibble(&mut key, at + 1, byte & 15);
            at += 2;
        }
        if flags & 0x20 != 0 {
            if end != PATH_LENGTH || second.is_list {
                return Err(malformed("leaf"));
            }
            return Ok(self.add(Kind::Leaf { key, value: &items[second.start..second.end] }, hash));
        }
        if end == depth || end == PATH_LENGTH {
            return Err(malformed("extension"));
        }
        let (child, _) = self.decode_child(items, first.end, &key, end)?;
        if child == Child::EMPTY {
            return Err(malformed("extension without a child"));
        }
        Ok(self.add(Kind::Extension { key, end: end as u8, child }, hash))
    }

    fn decode_branch(&mut self, items: &'static [u8], hash: Option<B256>, key: &Key, depth: usize) -> Result<Child> {
        ensure!(depth < PATH_LENGTH, Witness, "malformed trie node: branch at depth {depth}");
        let mut children = [Child::EMPTY; 16];
        let start = self.offset_of(items);
        let mut at = 0;
        for (slot, child) in children.iter_mut().enumerate() {
            // Hashes and empty children are most of what tries hold.
            match items.get(at) {
                Some(&HASH_HEADER) if items.len() - at > HASH_BYTES => {
                    *child = Child::unread(start + at + 1);
                    at += 1 + HASH_BYTES;
                }
                Some(&EMPTY_STRING) => at += 1,
                _ => {
                    let mut key = *key;
                    set_nibble(&mut key, depth, slot as u8);
                    (*child, at) = self.decode_child(items, at, &key, depth + 1)?;
                }
            }
        }
        ensure!(items[at..] == [EMPTY_STRING], Witness, "malformed trie node at depth {depth}: branch value");
        Ok(self.add_branch(children, hash))
    }

    /// The child that stands at `at` (nothing, a hash, or a node shorter than a hash) and where it ends.
    #[inline]
    fn decode_child(&mut self, items: &'static [u8], at: usize, key: &Key, depth: usize) -> Result<(Child, usize)> {
        let item = item_at(items, at)?;
        let child = match item.end - item.start {
            _ if item.is_list => {
                ensure!(item.end - at < HASH_BYTES, Witness, "malformed trie node: long node inside another");
                self.decode(&items[item.start..item.end], None, key, depth)?
            }
            0 => Child::EMPTY,
            HASH_BYTES => Child::unread(self.offset_of(&items[item.start..])),
            size_bytes => return Err(reject!(Witness, "malformed trie node: child of {size_bytes} bytes")),
        };
        Ok((child, item.end))
    }

    /// Where a part of the input starts.
    #[inline]
    fn offset_of(&self, part: &'static [u8]) -> usize {
        part.as_ptr().addr() - self.input.as_ptr().addr()
    }

    /// A loaded, not empty node.
    #[inline]
    fn load(&mut self, child: Child, key: &Key, depth: usize) -> Result<(Child, usize)> {
        match child.place() {
            Place::Loaded(node) => Ok((child, node)),
            Place::Unread(offset) => {
                let hash = B256::from_slice(&self.input[offset..offset + HASH_BYTES]);
                let child = self.read(hash, key, depth)?;
                Ok((child, self.nodes.len() - 1))
            }
            Place::Empty => Err(reject!(Witness, "malformed trie: empty child at depth {depth}")),
        }
    }

    /// The value of a key, or none where the trie proves that there is none.
    pub fn get(&mut self, root: Child, key: &Key) -> Result<Option<&'static [u8]>> {
        let (mut child, mut depth) = (root, 0);
        while child != Child::EMPTY {
            let (_, node) = self.load(child, key, depth)?;
            match self.nodes[node].kind {
                Kind::Leaf { key: found, value } => return Ok((found == *key).then_some(value)),
                Kind::Extension { key: prefix, end, child: next } => {
                    let end = usize::from(end);
                    if first_difference(&prefix, key, depth, end) < end {
                        return Ok(None);
                    }
                    let (loaded, _) = self.load(next, key, end)?;
                    self.nodes[node].kind = Kind::Extension { key: prefix, end: end as u8, child: loaded };
                    (child, depth) = (loaded, end);
                }
                Kind::Branch { children } => {
                    let (children, slot) = (children as usize, nibble(key, depth));
                    depth += 1;
                    child = self.branches[children][slot];
                    if child != Child::EMPTY {
                        (child, _) = self.load(child, key, depth)?;
                        self.branches[children][slot] = child;
                    }
                }
            }
        }
        Ok(None)
    }

    /// Sets a key; returns the new root.
    pub fn put(&mut self, root: Child, key: &Key, value: &'static [u8]) -> Result<Child> {
        self.put_at(root, key, 0, value)
    }

    fn put_at(&mut self, child: Child, key: &Key, depth: usize, value: &'static [u8]) -> Result<Child> {
        if child == Child::EMPTY {
            return Ok(self.add(Kind::Leaf { key: *key, value }, None));
        }
        let (child, node) = self.load(child, key, depth)?;
        match self.nodes[node].kind {
            Kind::Leaf { key: found, value: old } => {
                let fork = first_difference(&found, key, depth, PATH_LENGTH);
                if fork == PATH_LENGTH {
                    if old != value {
                        self.nodes[node] = Node { kind: Kind::Leaf { key: found, value }, hash: None };
                    }
                    return Ok(child);
                }
                self.nodes[node].hash = None;
                self.fork_at(fork, depth, (&found, child), key, value)
            }
            Kind::Extension { key: prefix, end, child: below } => {
                let end = usize::from(end);
                let fork = first_difference(&prefix, key, depth, end);
                if fork == end {
                    let below = self.put_at(below, key, end, value)?;
                    let kind = Kind::Extension { key: prefix, end: end as u8, child: below };
                    self.nodes[node] = Node { kind, hash: None };
                    return Ok(child);
                }
                let kept = if fork + 1 == end {
                    below
                } else {
                    self.add(Kind::Extension { key: prefix, end: end as u8, child: below }, None)
                };
                self.fork_at(fork, depth, (&prefix, kept), key, value)
            }
            Kind::Branch { children } => {
                let (children, slot) = (children as usize, nibble(key, depth));
                let below = self.put_at(self.branches[children][slot], key, depth + 1, value)?;
                self.branches[children][slot] = below;
                self.nodes[node].hash = None;
                Ok(child)
            }
        }
    }

    /// A branch at nibble `fork` over the old node and a new leaf, below the path that both share from `depth`.
    fn fork_at(&mut self, fork: usize, depth: usize, old: (&Key, Child), key: &Key, value: &'static [u8]) -> Result<Child> {
        let mut children = [Child::EMPTY; 16];
        children[nibble(old.0, fork)] = old.1;
        children[nibble(key, fork)] = self.add(Kind::Leaf { key: *key, value }, None);
        let branch = self.add_branch(children, None);
        Ok(match fork == depth {
            true => branch,
            false => self.add(Kind::Extension { key: *key, end: fork as u8, child: branch }, None),
        })
    }

    /// Removes a key that may be absent; returns the new root.
    pub fn delete(&mut self, root: Child, key: &Key) -> Result<Child> {
        Ok(self.delete_at(root, key, 0)?.unwrap_or(root))
    }

    /// None where the key is absent.
    fn delete_at(&mut self, child: Child, key: &Key, depth: usize) -> Result<Option<Child>> {
        if child == Child::EMPTY {
            return Ok(None);
        }
        let (child, node) = self.load(child, key, depth)?;
        match self.nodes[node].kind {
            Kind::Leaf { key: found, .. } => Ok((found == *key).then_some(Child::EMPTY)),
            Kind::Extension { key: prefix, end, child: below } => {
                let end = usize::from(end);
                if first_difference(&prefix, key, depth, end) < end {
                    return Ok(None);
                }
                let Some(below) = self.delete_at(below, key, end)? else { return Ok(None) };
                if below == Child::EMPTY {
                    return Ok(Some(Child::EMPTY));
                }
                self.prepend(below, &prefix, end).map(Some)
            }
            Kind::Branch { children } => {
                let (children, slot) = (children as usize, nibble(key, depth));
                let Some(below) = self.delete_at(self.branches[children][slot], key, depth + 1)? else {
                    return Ok(None);
                };
                self.branches[children][slot] = below;
                self.nodes[node].hash = None;
                let mut left = (0..16).filter(|slot| self.branches[children][*slot] != Child::EMPTY);
                match (left.next(), left.next()) {
                    (Some(only), None) => {
                        let only_child = self.branches[children][only];
                        let mut path = *key;
                        set_nibble(&mut path, depth, only as u8);
                        self.prepend(only_child, &path, depth + 1).map(Some)
                    }
                    _ => Ok(Some(child)),
                }
            }
        }
    }

    /// The node at nibble `end` of `path` after its parent went away: its path then starts higher up. A branch
    /// cannot, so it gets an extension above it.
    fn prepend(&mut self, child: Child, path: &Key, end: usize) -> Result<Child> {
        let (child, node) = self.load(child, path, end)?;
        Ok(match self.nodes[node].kind {
            Kind::Leaf { .. } | Kind::Extension { .. } => {
                self.nodes[node].hash = None;
                child
            }
            Kind::Branch { .. } => self.add(Kind::Extension { key: *path, end: end as u8, child }, None),
        })
    }

    /// The root hash after all changes.
    pub fn root_hash(&mut self, root: Child) -> B256 {
        match root.place() {
            Place::Empty => EMPTY_ROOT_HASH,
            Place::Unread(offset) => B256::from_slice(&self.input[offset..offset + HASH_BYTES]),
            Place::Loaded(node) => {
                if let Some(hash) = self.nodes[node].hash {
                    return hash;
                }
                let mut rlp = Vec::with_capacity(MAX_NODE_BYTES);
                self.encode(node, 0, &mut rlp);
                let hash = keccak256(&rlp);
                self.nodes[node].hash = Some(hash);
                hash
            }
        }
    }

    fn encode(&mut self, node: usize, depth: usize, out: &mut Vec<u8>) {
        match self.nodes[node].kind {
            Kind::Leaf { key, value } => {
                let (path, length) = hex_prefix(&key, depth, PATH_LENGTH, true);
                list_header(string_length(&path[..length]) + string_length(value), out);
                string(&path[..length], out);
                string(value, out);
            }
            Kind::Extension { key, end, child } => {
                let (path, length) = hex_prefix(&key, depth, usize::from(end), false);
                let mut reference = Vec::with_capacity(HASH_BYTES + 1);
                self.encode_child(child, usize::from(end), &mut reference);
                list_header(string_length(&path[..length]) + reference.len(), out);
                string(&path[..length], out);
                out.extend_from_slice(&reference);
            }
            Kind::Branch { children } => {
                let mut body = Vec::with_capacity(MAX_NODE_BYTES);
                // Neighbours that stand next to each other in the input are copied at once.
                let mut run = 0..0;
                for slot in 0..16 {
                    let child = self.branches[children as usize][slot];
                    match child.place() {
                        Place::Unread(hash) if hash - 1 == run.end => run.end = hash + HASH_BYTES,
                        Place::Empty if !run.is_empty() && self.input.get(run.end) == Some(&EMPTY_STRING) => run.end += 1,
                        place => {
                            body.extend_from_slice(&self.input[run]);
                            run = 0..0;
                            match place {
                                Place::Unread(hash) => run = hash - 1..hash + HASH_BYTES,
                                _ => self.encode_child(child, depth + 1, &mut body),
                            }
                        }
                    }
                }
                body.extend_from_slice(&self.input[run]);
                body.push(EMPTY_STRING);
                list_header(body.len(), out);
                out.extend_from_slice(&body);
            }
        }
    }

    fn encode_child(&mut self, child: Child, depth: usize, out: &mut Vec<u8>) {
        let node = match child.place() {
            Place::Empty => return out.push(EMPTY_STRING),
            Place::Unread(offset) => {
                out.push(HASH_HEADER);
                return out.extend_from_slice(&self.input[offset..offset + HASH_BYTES]);
            }
            Place::Loaded(node) => node,
        };
        let hash = match self.nodes[node].hash {
            Some(hash) => hash,
            None => {
                let mut rlp = Vec::with_capacity(MAX_NODE_BYTES);
                self.encode(node, depth, &mut rlp);
                if rlp.len() < HASH_BYTES {
                    return out.extend_from_slice(&rlp);
                }
                *self.nodes[node].hash.insert(keccak256(&rlp))
            }
        };
        out.push(HASH_HEADER);
        out.extend_from_slice(hash.as_slice());
    }
}

/// A full branch: 16 hashes, the empty value and the list's header; leaves of accounts are shorter.
const MAX_NODE_BYTES: usize = 16 * (HASH_BYTES + 1) + 1 + 3;

/// Yellow Paper, appendix C: flags and nibbles depth..end of a path.
fn hex_prefix(key: &Key, depth: usize, end: usize, is_leaf: bool) -> ([u8; 33], usize) {
    let mut out = [0; 33];
    let is_odd = (end - depth) & 1 == 1;
    out[0] = if is_leaf { 0x20 } else { 0 };
    let mut at = depth;
    if is_odd {
        out[0] |= 0x10 | nibble(key, at) as u8;
        at += 1;
    }
    let mut length = 1;
    while at < end {
        out[length] = (nibble(key, at) << 4 | nibble(key, at + 1)) as u8;
        length += 1;
        at += 2;
    }
    (out, length)
}

fn string_length(bytes: &[u8]) -> usize {
    match bytes {
        [byte] if *byte < 0x80 => 1,
        _ => alloy_rlp::length_of_length(bytes.len()) + bytes.len(),
    }
}

#[inline]
fn string(bytes: &[u8], out: &mut Vec<u8>) {
    match bytes {
        [byte] if *byte < 0x80 => {}
        _ => alloy_rlp::Header { list: false, payload_length: bytes.len() }.encode(out),
    }
    out.extend_from_slice(bytes);
}

#[inline]
fn list_header(payload_length: usize, out: &mut Vec<u8>) {
    alloy_rlp::Header { list: true, payload_length }.encode(out);
}
