//! What the block's body must be before it is executed: the header's commitments to it, and its size.

use crate::rejection::{Result, ensure, reject};
use alloy_consensus::{
    Block, EthereumTxEnvelope, Header, TxEip4844,
    proofs::{calculate_ommers_root, calculate_transaction_root, calculate_withdrawals_root},
};
use alloy_eips::eip4895::Withdrawal;
use alloy_hardforks::{EthereumHardfork, EthereumHardforks};
use alloy_rlp::{Decodable, Encodable};

/// EIP-7934: MAX_BLOCK_SIZE − SAFETY_MARGIN.
const MAX_RLP_BLOCK_SIZE: usize = 10_485_760 - 2_097_152;

/// A transaction as it stands in a block: blobs are not part of it.
pub type Transaction = EthereumTxEnvelope<TxEip4844>;

pub type EthereumBlock = Block<Transaction, Header>;

pub fn decode_block(rlp: &[u8]) -> Result<EthereumBlock> {
    let mut rest = rlp;
    let block = EthereumBlock::decode(&mut rest).map_err(|error| reject!(BlockEncoding, "block: {error}"))?;
    ensure!(rest.is_empty(), BlockEncoding, "block: {} bytes after its end", rest.len());
    Ok(block)
}

pub fn validate_body(chain: &impl EthereumHardforks, block: &EthereumBlock) -> Result<()> {
    let header = &block.header;
    if chain.is_ethereum_fork_active_at_timestamp(EthereumHardfork::Osaka, header.timestamp) {
        let size_bytes = block.length();
        ensure!(size_bytes <= MAX_RLP_BLOCK_SIZE, Body, "block has {size_bytes} bytes, at most {MAX_RLP_BLOCK_SIZE}");
    }
    let transactions_root = calculate_transaction_root(&block.body.transactions);
    ensure!(
        header.transactions_root == transactions_root,
        Body, "transactionsRoot is {}, the transactions' is {transactions_root}", header.transactions_root
    );
    let ommers_hash = calculate_ommers_root(&block.body.ommers);
    ensure!(
        header.ommers_hash == ommers_hash,
        Body, "ommersHash is {}, the ommers' is {ommers_hash}", header.ommers_hash
    );
    let withdrawals_root =
        block.body.withdrawals.as_ref().map(|withdrawals| calculate_withdrawals_root(withdrawals));
    ensure!(
        header.withdrawals_root == withdrawals_root,
        Body, "withdrawalsRoot is {:?}, the withdrawals' is {withdrawals_root:?}", header.withdrawals_root
    );
    Ok(())
}

/// Empty before Shanghai.
pub fn withdrawals(block: &EthereumBlock) -> &[Withdrawal] {
    block.body.withdrawals.as_ref().map_or(&[], |withdrawals| withdrawals)
}

