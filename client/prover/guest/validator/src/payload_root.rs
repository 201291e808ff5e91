//! `hash_tree_root` of the consensus-specs `NewPayloadRequest` of the beacon fork that goes with the block: Bellatrix
//! for Paris, Capella for Shanghai, Deneb for Cancun, Electra for Prague, Fulu for Osaka. Limits of the mainnet preset;
//! a block beyond them has no such request and is refused.

use crate::{
    body::EthereumBlock,
    rejection::{Result, ensure, reject},
    ssz::{Hasher, uint, uint256},
};
use alloc::{vec, vec::Vec};
use alloy_consensus::Transaction as _;
use alloy_eips::{Encodable2718, eip4895::Withdrawal, eip7685::Requests};
use alloy_primitives::{B256, U256};

/// log2 of MAX_BYTES_PER_TRANSACTION / 32
const TRANSACTION_BYTES_DEPTH: usize = 25;
/// log2 of MAX_TRANSACTIONS_PER_PAYLOAD
const TRANSACTIONS_DEPTH: usize = 20;
/// log2 of MAX_WITHDRAWALS_PER_PAYLOAD
const WITHDRAWALS_DEPTH: usize = 4;
/// log2 of MAX_BLOB_COMMITMENTS_PER_BLOCK
const BLOB_COMMITMENTS_DEPTH: usize = 12;
const DEPOSIT_REQUESTS_DEPTH: usize = 13;
const WITHDRAWAL_REQUESTS_DEPTH: usize = 4;
const CONSOLIDATION_REQUESTS_DEPTH: usize = 1;

/// The request that carries `block`; `requests` are the block's EIP-7685 requests.
pub fn new_payload_request_root(block: &EthereumBlock, block_hash: B256, requests: &Requests) -> Result<B256> {
    let hasher = Hasher::new();
    let payload = execution_payload_root(&hasher, block, block_hash)?;
    let header = &block.header;
    let Some(parent_beacon_block_root) = header.parent_beacon_block_root else {
        return Ok(hasher.container(&[payload]));
    };
    let versioned_hashes: Vec<B256> =
        block.body.transactions.iter().flat_map(|tx| tx.blob_versioned_hashes().unwrap_or(&[])).copied().collect();
    within("versioned hashes", versioned_hashes.len(), BLOB_COMMITMENTS_DEPTH)?;
    let mut fields =
        vec![payload, hasher.list(versioned_hashes, BLOB_COMMITMENTS_DEPTH), parent_beacon_block_root];
    if header.requests_hash.is_some() {
        fields.push(execution_requests_root(&hasher, requests)?);
    }
    Ok(hasher.container(&fields))
}

fn within(what: &str, length: usize, depth: usize) -> Result<()> {
    ensure!(length <= 1 << depth, Payload, "{length} {what}, at most {}", 1usize << depth);
    Ok(())
}

fn execution_payload_root(hasher: &Hasher, block: &EthereumBlock, block_hash: B256) -> Result<B256> {
    let header = &block.header;
    let transactions = &block.body.transactions;
    within("transactions", transactions.len(), TRANSACTIONS_DEPTH)?;
    let transaction_roots = transactions
        .iter()
        .map(|transaction| hasher.byte_list(&transaction.encoded_2718(), TRANSACTION_BYTES_DEPTH))
        .collect();
    let mut fields = vec![
        header.parent_hash,
        hasher.bytes(header.beneficiary.as_slice()),
        header.state_root,
        header.receipts_root,
        hasher.bytes(header.logs_bloom.as_slice()),
        header.mix_hash,
        uint(header.number),
        uint(header.gas_limit),
        uint(header.gas_used),
        uint(header.timestamp),
        hasher.byte_list(&header.extra_data, 0),
        uint256(U256::from(header.base_fee_per_gas.unwrap_or(0))),
        block_hash,
        hasher.list(transaction_roots, TRANSACTIONS_DEPTH),
    ];
    if let Some(withdrawals) = &block.body.withdrawals {
        within("withdrawals", withdrawals.len(), WITHDRAWALS_DEPTH)?;
        let roots = withdrawals.iter().map(|withdrawal| withdrawal_root(hasher, withdrawal)).collect();
        fields.push(hasher.list(roots, WITHDRAWALS_DEPTH));
    }
    if let (Some(used), Some(excess)) = (header.blob_gas_used, header.excess_blob_gas) {
        fields.push(uint(used));
        fields.push(uint(excess));
    }
    Ok(hasher.container(&fields))
}

fn withdrawal_root(hasher: &Hasher, withdrawal: &Withdrawal) -> B256 {
    hasher.container(&[
        uint(withdrawal.index),
        uint(withdrawal.validator_index),
        hasher.bytes(withdrawal.address.as_slice()),
        uint(withdrawal.amount),
    ])
}

/// A request's fields, in bytes: DepositRequest (EIP-6110), WithdrawalRequest (EIP-7002), ConsolidationRequest
/// (EIP-7251). Requests on the wire are the SSZ serialization of the same fields.
const REQUEST_TYPES: [(&str, &[usize], usize); 3] = [
    ("deposit requests", &[48, 32, 8, 96, 8], DEPOSIT_REQUESTS_DEPTH),
    ("withdrawal requests", &[20, 48, 8], WITHDRAWAL_REQUESTS_DEPTH),
    ("consolidation requests", &[20, 48, 48], CONSOLIDATION_REQUESTS_DEPTH),
];

fn execution_requests_root(hasher: &Hasher, requests: &Requests) -> Result<B256> {
    let mut data: [&[u8]; REQUEST_TYPES.len()] = [&[]; REQUEST_TYPES.len()];
    for request in requests.iter() {
        let (kind, bytes) = request.split_first().ok_or_else(|| reject!(Payload, "an empty request"))?;
        let place = data.get_mut(usize::from(*kind)).ok_or_else(|| reject!(Payload, "requests of type {kind}"))?;
        *place = bytes;
    }
    let mut roots = Vec::with_capacity(REQUEST_TYPES.len());
    for ((what, fields, depth), bytes) in REQUEST_TYPES.into_iter().zip(data) {
        let size_bytes: usize = fields.iter().sum();
        ensure!(bytes.len() % size_bytes == 0, Payload, "{} bytes are no list of {what}", bytes.len());
        within(what, bytes.len() / size_bytes, depth)?;
        let items = bytes.chunks(size_bytes).map(|item| request_root(hasher, fields, item)).collect();
        roots.push(hasher.list(items, depth));
    }
    Ok(hasher.container(&roots))
}

fn request_root(hasher: &Hasher, fields: &[usize], mut item: &[u8]) -> B256 {
    let mut roots = Vec::with_capacity(fields.len());
    for size_bytes in fields {
        let (field, rest) = item.split_at(*size_bytes);
        roots.push(hasher.bytes(field));
        item = rest;
    }
    hasher.container(&roots)
}
