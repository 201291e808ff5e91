//! Stateless validation of one Ethereum block, Frontier to Osaka: `state_transition` of execution-specs over a witness
//! instead of a chain. revm and alloy-evm run the transactions; header rules, tries, requests and the claim are here.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod ancestors;
mod body;
mod chain_spec;
mod claim;
mod crypto;
mod deposits;
mod difficulty;
mod execution;
mod header;
mod input;
mod modular;
mod node_index;
mod ommers;
mod payload_root;
mod rejection;
mod rlp_item;
mod secp256k1;
mod sha256;
mod ssz;
mod state;
mod system_calls;
mod trie;

pub use claim::BlockClaim;
pub use rejection::{Rejection, Result, Rule};

use alloy_consensus::{Header, proofs::calculate_receipt_root};
use alloy_hardforks::EthereumHardforks;
use alloy_primitives::{B256, Bloom};
use ancestors::Ancestors;
use chain_spec::ChainSpec;
use execution::BlockOutput;
use rejection::ensure;

/// The claim about the block in `input` (format: `input.rs`), or the first rule that the block, its witness or its
/// chain spec breaks.
pub fn validate(input: &'static [u8]) -> Result<BlockClaim> {
    crypto::install();
    let sections = input::Input::decode(input)?;
    let block = body::decode_block(sections.block)?;
    let header = &block.header;
    let chain = ChainSpec::decode(sections.chain_spec, header)?;
    let ancestors = Ancestors::decode(&sections.headers)?;
    let parent = ancestors.parent();

    header::validate_header(&chain, header, &parent.header, parent.hash)?;
    body::validate_body(&chain, &block)?;
    ommers::validate_ommers(&chain, &block.body.ommers, header, &ancestors)?;

    let tries = trie::Tries::new(input, &sections.state)?;
    let state = state::State::new(tries, parent.header.state_root, &sections.codes, ancestors.hashes())?;
    let output = execution::apply_body(&chain, &block, state)?;
    validate_output(&chain, header, &output)?;

    let block_hash = header.hash_slow();
    let new_payload_request_root = if chain.is_paris_active_at_block(header.number) {
        payload_root::new_payload_request_root(&block, block_hash, &output.requests)?
    } else {
        B256::ZERO
    };
    Ok(BlockClaim {
        chain_id: chain.chain_id,
        chain_spec_hash: chain.hash,
        parent_hash: header.parent_hash,
        block_hash,
        new_payload_request_root,
    })
}

/// What execution gave is what the header states.
fn validate_output(chain: &ChainSpec, header: &Header, output: &BlockOutput) -> Result<()> {
    ensure!(output.gas_used == header.gas_used, Outcome, "gasUsed is {}, execution used {}", header.gas_used, output.gas_used);
    if let (Some(params), Some(blob_gas_used)) = (chain.blob_params, header.blob_gas_used) {
        ensure!(
            output.blob_gas_used == blob_gas_used,
            Outcome, "blobGasUsed is {blob_gas_used}, the transactions' is {}", output.blob_gas_used
        );
        let max = params.max_blob_gas_per_block();
        ensure!(blob_gas_used <= max, Outcome, "blobGasUsed is {blob_gas_used}, at most {max}");
    }
    let receipts_root = calculate_receipt_root(&output.receipts);
    ensure!(
        header.receipts_root == receipts_root,
        Outcome, "receiptsRoot is {}, execution gave {receipts_root}", header.receipts_root
    );
    let logs_bloom = output.receipts.iter().fold(Bloom::ZERO, |bloom, receipt| bloom | *receipt.logs_bloom());
    ensure!(header.logs_bloom == logs_bloom, Outcome, "logsBloom does not match the receipts");
    if let Some(requests_hash) = header.requests_hash {
        let actual = output.requests.requests_hash();
        ensure!(requests_hash == actual, Outcome, "requestsHash is {requests_hash}, execution gave {actual}");
    }
    ensure!(
        header.state_root == output.state_root,
        Outcome, "stateRoot is {}, execution gave {}", header.state_root, output.state_root
    );
    Ok(())
}
