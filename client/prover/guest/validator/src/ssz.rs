//! `hash_tree_root` of the consensus-specs' simple serialize, as much as the payload needs.

use crate::sha256::sha256_pair;
use alloc::vec::Vec;
use alloy_primitives::{B256, U256};

/// Levels of the deepest tree, a transaction's bytes at their limit, and one for its leaves.
const MAX_DEPTH: usize = 25 + 1;

fn hash_pair(left: &B256, right: &B256) -> B256 {
    B256::new(sha256_pair(&left.0, &right.0))
}

/// The roots of all-zero subtrees by depth.
struct ZeroHashes([B256; MAX_DEPTH]);

/// Computes roots; keeps the zero subtrees.
pub struct Hasher {
    zeros: ZeroHashes,
}

impl Hasher {
    pub fn new() -> Self {
        let mut zeros = [B256::ZERO; MAX_DEPTH];
        for depth in 1..MAX_DEPTH {
            zeros[depth] = hash_pair(&zeros[depth - 1], &zeros[depth - 1]);
        }
        Self { zeros: ZeroHashes(zeros) }
    }

    /// The root of a tree of `depth` levels over `leaves`, at most 2^depth, followed by zeros.
    pub fn merkleize(&self, mut leaves: Vec<B256>, depth: usize) -> B256 {
        for zero in &self.zeros.0[..depth] {
            if leaves.is_empty() {
                break;
            }
            let parents = leaves.len().div_ceil(2);
            for at in 0..parents {
                leaves[at] = hash_pair(&leaves[2 * at], leaves.get(2 * at + 1).unwrap_or(zero));
            }
            leaves.truncate(parents);
        }
        leaves.first().copied().unwrap_or(self.zeros.0[depth])
    }

    /// Of a container with these fields' roots.
    pub fn container(&self, fields: &[B256]) -> B256 {
        self.merkleize(fields.to_vec(), depth_of(fields.len()))
    }

    /// Of a list of roots whose limit is 2^depth items.
    pub fn list(&self, roots: Vec<B256>, depth: usize) -> B256 {
        let length = roots.len();
        hash_pair(&self.merkleize(roots, depth), &uint(length as u64))
    }

    /// Of a byte vector.
    pub fn bytes(&self, bytes: &[u8]) -> B256 {
        let leaves = chunks(bytes);
        let depth = depth_of(leaves.len());
        self.merkleize(leaves, depth)
    }

    /// Of a byte list whose limit is 2^depth chunks of 32 bytes.
    pub fn byte_list(&self, bytes: &[u8], depth: usize) -> B256 {
        hash_pair(&self.merkleize(chunks(bytes), depth), &uint(bytes.len() as u64))
    }
}

/// Levels of the smallest tree with room for `leaves`.
fn depth_of(leaves: usize) -> usize {
    leaves.next_power_of_two().ilog2() as usize
}

fn chunks(bytes: &[u8]) -> Vec<B256> {
    bytes.chunks(32).map(B256::right_padding_from).collect()
}

pub fn uint(value: u64) -> B256 {
    B256::right_padding_from(&value.to_le_bytes())
}

pub fn uint256(value: U256) -> B256 {
    B256::new(value.to_le_bytes())
}
