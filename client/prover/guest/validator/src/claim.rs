//! The public values.

use alloy_primitives::B256;

const SCHEMA_ID: u16 = 0x7a01;
const PUBLIC_VALUES_BYTES: usize = 144;

/// What a proof says about a block; SSZ in this order, 138 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockClaim {
    pub chain_id: u64,
    pub chain_spec_hash: B256,
    pub parent_hash: B256,
    pub block_hash: B256,
    /// zero before Paris
    pub new_payload_request_root: B256,
}

impl BlockClaim {
    /// The SSZ encoding, zero-padded to whole u64 words.
    pub fn public_values(&self) -> [u8; PUBLIC_VALUES_BYTES] {
        let mut out = [0; PUBLIC_VALUES_BYTES];
        out[..2].copy_from_slice(&SCHEMA_ID.to_le_bytes());
        out[2..10].copy_from_slice(&self.chain_id.to_le_bytes());
        let hashes = [self.chain_spec_hash, self.parent_hash, self.block_hash, self.new_payload_request_root];
        for (hash, field) in hashes.iter().zip(out[10..138].chunks_exact_mut(32)) {
            field.copy_from_slice(hash.as_slice());
        }
        out
    }
}
