//! The headers in the witness: consecutive blocks, linked by hash, ending with the parent.

use crate::rejection::{Result, ensure, reject};
use alloc::vec::Vec;
use alloy_consensus::Header;
use alloy_primitives::{B256, keccak256, map::HashMap};
use alloy_rlp::Decodable;

/// BLOCKHASH reaches 256 blocks back.
const MAX_ANCESTORS: usize = 256;

pub struct Ancestor {
    pub hash: B256,
    pub header: Header,
}

pub struct Ancestors(Vec<Ancestor>);

impl Ancestors {
    pub fn decode(headers: &[&[u8]]) -> Result<Self> {
        ensure!(!headers.is_empty(), Witness, "the parent's header is missing");
        ensure!(headers.len() <= MAX_ANCESTORS, Witness, "{} ancestor headers, at most {MAX_ANCESTORS}", headers.len());
        let mut ancestors: Vec<Ancestor> = Vec::with_capacity(headers.len());
        for (index, rlp) in headers.iter().enumerate() {
            let mut rest = *rlp;
            let header =
                Header::decode(&mut rest).map_err(|error| reject!(Witness, "ancestor header {index}: {error}"))?;
            ensure!(rest.is_empty(), Witness, "ancestor header {index}: bytes after its end");
            if let Some(previous) = ancestors.last() {
                let is_child = header.parent_hash == previous.hash;
                ensure!(is_child, Witness, "ancestor header {} is not a child of the one before it", header.number);
                let is_next = previous.header.number.checked_add(1) == Some(header.number);
                ensure!(is_next, Witness, "ancestor header {} does not follow {}", header.number, previous.header.number);
            }
            ancestors.push(Ancestor { hash: keccak256(rlp), header });
        }
        Ok(Self(ancestors))
    }

    pub fn parent(&self) -> &Ancestor {
        &self.0[self.0.len() - 1]
    }

    pub fn by_number(&self, number: u64) -> Option<&Ancestor> {
        let first = self.0[0].header.number;
        self.0.get(usize::try_from(number.checked_sub(first)?).ok()?)
    }

    /// By block number.
    pub fn hashes(&self) -> HashMap<u64, B256> {
        self.0.iter().map(|ancestor| (ancestor.header.number, ancestor.hash)).collect()
    }
}
