//! `validate_ommers` of execution-specs, as far as headers tell: whether an ommer was already included in an earlier
//! block would need the bodies of six ancestors, which no witness has.

use crate::{
    ancestors::Ancestors,
    chain_spec::ChainSpec,
    header::validate_header,
    rejection::{Result, Rejection, Rule, ensure, reject},
};
use alloc::{format, vec::Vec};
use alloy_consensus::Header;
use alloy_primitives::B256;

const MAX_OMMERS: usize = 2;
const MAX_OMMER_DEPTH: u64 = 6;

pub fn validate_ommers(chain: &ChainSpec, ommers: &[Header], block: &Header, ancestors: &Ancestors) -> Result<()> {
    ensure!(ommers.len() <= MAX_OMMERS, Ommer, "{} ommers, at most {MAX_OMMERS}", ommers.len());
    let hashes: Vec<B256> = ommers.iter().map(Header::hash_slow).collect();
    for (index, ommer) in ommers.iter().enumerate() {
        ensure!(!hashes[..index].contains(&hashes[index]), Ommer, "ommer {index} is listed twice");
        let age = block.number.saturating_sub(ommer.number);
        ensure!(
            (1..=MAX_OMMER_DEPTH).contains(&age) && ommer.number > 0,
            Ommer, "ommer {index} has number {} in block {}", ommer.number, block.number
        );
        let canonical = |number: u64| {
            ancestors.by_number(number).ok_or_else(|| reject!(Witness, "missing ancestor header {number} (ommer {index})"))
        };
        let sibling = canonical(ommer.number)?;
        ensure!(hashes[index] != sibling.hash, Ommer, "ommer {index} is an ancestor of the block");
        let parent = canonical(ommer.number - 1)?;
        validate_header(chain, ommer, &parent.header, parent.hash)
            .map_err(|Rejection { reason, .. }| Rejection { rule: Rule::Ommer, reason: format!("ommer {index}: {reason}") })?;
    }
    Ok(())
}
