//! Index from a node's hash to its bytes in the witness.

use crate::rejection::{Result, ensure};
use alloc::{vec, vec::Vec};
use alloy_primitives::{B256, keccak256};

/// Open addressing with linear probing at a load of at most one half; the hash is its own hash.
pub struct NodeIndex {
    hashes: Vec<B256>,
    /// empty slices mark free places: no node is empty
    nodes: Vec<&'static [u8]>,
    mask: usize,
}

impl NodeIndex {
    /// @Witness for an empty node or one given twice.
    pub fn new(nodes: &[&'static [u8]]) -> Result<Self> {
        let capacity = (nodes.len() * 2).next_power_of_two().max(2);
        let mut index =
            Self { hashes: vec![B256::ZERO; capacity], nodes: vec![&[]; capacity], mask: capacity - 1 };
        for node in nodes {
            ensure!(!node.is_empty(), Witness, "a trie node is empty");
            let hash = keccak256(node);
            let place = index.place(&hash);
            ensure!(index.nodes[place].is_empty(), Witness, "trie node {hash} is given twice");
            index.hashes[place] = hash;
            index.nodes[place] = node;
        }
        Ok(index)
    }

    pub fn get(&self, hash: &B256) -> Option<&'static [u8]> {
        let node = self.nodes[self.place(hash)];
        (!node.is_empty()).then_some(node)
    }

    /// Where the hash stands, or the free place where it would.
    #[inline]
    fn place(&self, hash: &B256) -> usize {
        let mut place = u32::from_le_bytes([hash[0], hash[1], hash[2], hash[3]]) as usize & self.mask;
        while !self.nodes[place].is_empty() && self.hashes[place] != *hash {
            place = (place + 1) & self.mask;
        }
        place
    }
}
