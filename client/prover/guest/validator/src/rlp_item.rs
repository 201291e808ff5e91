//! The RLP header of one item, strict: shortest form only, and the payload lies inside the given bytes.

use crate::rejection::{Result, reject};
use alloy_rlp::Header;

pub struct Item {
    pub is_list: bool,
    /// index of the payload's first byte
    pub start: usize,
    /// index after the payload
    pub end: usize,
}

/// The item at `at` of a trie node.
#[inline]
pub fn item_at(bytes: &[u8], at: usize) -> Result<Item> {
    // Hashes and empty children are most of what tries hold.
    match bytes.get(at) {
        Some(0xa0) if bytes.len() - at >= 33 => return Ok(Item { is_list: false, start: at + 1, end: at + 33 }),
        Some(0x80) => return Ok(Item { is_list: false, start: at + 1, end: at + 1 }),
        _ => {}
    }
    let mut rest = bytes.get(at..).unwrap_or(&[]);
    let header = Header::decode(&mut rest).map_err(|error| reject!(Witness, "trie node: {error}"))?;
    let start = bytes.len() - rest.len();
    Ok(Item { is_list: header.list, start, end: start + header.payload_length })
}
