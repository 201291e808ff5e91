//! `apply_body` of execution-specs: alloy-evm runs the transactions over `State`, the rest stands here.

use crate::{
    body::{EthereumBlock, Transaction, withdrawals},
    chain_spec::ChainSpec,
    crypto::recover_signer,
    deposits::deposit_requests,
    modular,
    rejection::{Result, ensure, reject},
    state::State,
    system_calls::{BlockEvm, checked_system_transaction, store_beacon_root, store_parent_hash},
};
use alloc::{borrow::Cow, vec::Vec};
use alloy_consensus::{
    Eip658Value, Receipt, ReceiptEnvelope, Transaction as _, TransactionEnvelope, TxType,
    crypto::SECP256K1N_HALF,
    transaction::Recovered,
};
use alloy_eips::{
    eip6110::DEPOSIT_REQUEST_TYPE,
    eip7002::{WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS, WITHDRAWAL_REQUEST_TYPE},
    eip7251::{CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS, CONSOLIDATION_REQUEST_TYPE},
    eip7685::Requests,
};
use alloy_evm::{
    EthEvm, Evm, EvmEnv, EvmFactory,
    block::{BlockExecutor, state_changes::post_block_balance_increments},
    eth::{
        EthBlockExecutionCtx, EthBlockExecutor, EthEvmFactory, dao_fork,
        receipt_builder::{ReceiptBuilder, ReceiptBuilderCtx},
    },
};
use alloy_hardforks::EthereumHardforks;
use alloy_primitives::{Address, B256, Bytes};
use revm::{context::ContextTr, database_interface::DatabaseCommitExt};

/// What a block's execution gives, to be compared with its header.
pub struct BlockOutput {
    pub gas_used: u64,
    pub blob_gas_used: u64,
    pub receipts: Vec<ReceiptEnvelope>,
    /// empty before Prague
    pub requests: Requests,
    pub state_root: B256,
}

pub fn apply_body(chain: &ChainSpec, block: &EthereumBlock, mut state: State) -> Result<BlockOutput> {
    let header = &block.header;
    let is_prague = chain.is_prague_active_at_timestamp(header.timestamp);

    if chain.is_dao_fork_block(header.number) {
        apply_dao(&mut state)?;
    }
    let env = EvmEnv::for_eth_block(header, chain, chain.chain_id, chain.blob_params);
    let mut evm: BlockEvm = EthEvmFactory::default().create_evm(state, env).into_inner();
    modular::install(&mut evm);
    if let Some(root) = header.parent_beacon_block_root {
        store_beacon_root(&mut evm, root)?;
    }
    if is_prague {
        store_parent_hash(&mut evm, header.parent_hash)?;
    }
    let (mut evm, mut output) = process_transactions(chain, block, evm)?;
    process_rewards_and_withdrawals(chain, block, &mut evm)?;
    if is_prague {
        output.requests = process_general_purpose_requests(chain, &output.receipts, &mut evm)?;
    }
    output.state_root = evm.ctx.db_mut().root()?;
    Ok(output)
}

fn process_transactions(chain: &ChainSpec, block: &EthereumBlock, evm: BlockEvm) -> Result<(BlockEvm, BlockOutput)> {
    let header = &block.header;
    let has_status_receipts = chain.is_byzantium_active_at_block(header.number);
    let context = EthBlockExecutionCtx {
        parent_hash: header.parent_hash,
        parent_beacon_block_root: header.parent_beacon_block_root,
        ommers: &block.body.ommers,
        withdrawals: Some(Cow::Borrowed(withdrawals(block))),
        extra_data: header.extra_data.clone(),
        tx_count_hint: Some(block.body.transactions.len()),
        slot_number: None,
    };
    let mut executor = EthBlockExecutor::new(EthEvm::new(evm, false), context, chain, Receipts);
    let mut intermediate_roots = Vec::new();
    for (index, transaction) in block.body.transactions.iter().enumerate() {
        let sender = recover_sender(chain, header.number, index, transaction)?;
        match executor.execute_transaction_without_commit(Recovered::new_unchecked(transaction, sender)) {
            Ok(result) => executor.commit_transaction(result),
            Err(error) => {
                let rejection = reject!(Transaction, "transaction {index}: {error}");
                return Err(executor.evm_mut().db_mut().cause(rejection));
            }
        };
        if !has_status_receipts {
            intermediate_roots.push(executor.evm_mut().db_mut().root()?);
        }
    }
    let EthBlockExecutor { evm, mut receipts, cumulative_tx_gas_used, blob_gas_used, .. } = executor;
    for (receipt, root) in receipts.iter_mut().zip(intermediate_roots) {
        if let ReceiptEnvelope::Legacy(receipt) = receipt {
            receipt.receipt.status = Eip658Value::PostState(root);
        }
    }
    let output = BlockOutput {
        gas_used: cumulative_tx_gas_used,
        blob_gas_used,
        receipts,
        requests: Requests::default(),
        state_root: B256::ZERO,
    };
    Ok((evm.into_inner(), output))
}

/// EIP-779, before the transactions: their receipts carry roots. alloy-evm would move the balances afterwards.
fn apply_dao(state: &mut State) -> Result<()> {
    let drained = state.drain_balances(dao_fork::DAO_HARDFORK_ACCOUNTS);
    let moved = drained.and_then(|balances| {
        state.increment_balances([(dao_fork::DAO_HARDFORK_BENEFICIARY, balances.into_iter().sum())])
    });
    moved.map_err(|error| state.cause(reject!(Witness, "{error}")))
}

/// EIP-2 and EIP-155: the forms of a signature that the fork knows.
fn recover_sender(chain: &ChainSpec, number: u64, index: usize, transaction: &Transaction) -> Result<Address> {
    if transaction.is_legacy() && !chain.is_spurious_dragon_active_at_block(number) {
        ensure!(
            transaction.chain_id().is_none(),
            Transaction, "transaction {index}: signature names a chain before EIP-155"
        );
    }
    let has_low_s = !chain.is_homestead_active_at_block(number) || transaction.signature().s() <= SECP256K1N_HALF;
    let sender = if has_low_s { recover_signer(transaction) } else { None };
    sender.ok_or_else(|| reject!(Transaction, "transaction {index}: invalid signature"))
}

/// `pay_rewards` before Paris, `process_withdrawals` from Shanghai on.
fn process_rewards_and_withdrawals(chain: &ChainSpec, block: &EthereumBlock, evm: &mut BlockEvm) -> Result<()> {
    let increments =
        post_block_balance_increments(chain, &evm.ctx.block, &block.body.ommers, Some(withdrawals(block)));
    let state = evm.ctx.db_mut();
    let incremented = state.increment_balances(increments);
    incremented.map_err(|error| state.cause(reject!(Witness, "{error}")))
}

/// EIP-7685: deposits from logs, then two system calls.
fn process_general_purpose_requests(
    chain: &ChainSpec,
    receipts: &[ReceiptEnvelope],
    evm: &mut BlockEvm,
) -> Result<Requests> {
    let mut requests = Requests::default();
    let mut push = |kind: u8, data: Bytes| {
        if !data.is_empty() {
            requests.push_request_with_type(kind, data);
        }
    };
    push(DEPOSIT_REQUEST_TYPE, deposit_requests(chain.deposit_contract, receipts)?.into());
    push(WITHDRAWAL_REQUEST_TYPE, checked_system_transaction(evm, WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS)?);
    push(CONSOLIDATION_REQUEST_TYPE, checked_system_transaction(evm, CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS)?);
    Ok(requests)
}

#[derive(Debug, Clone, Copy)]
struct Receipts;

impl ReceiptBuilder for Receipts {
    type Transaction = Transaction;
    type Receipt = ReceiptEnvelope;

    fn build_receipt<E: Evm>(
        &self,
        context: ReceiptBuilderCtx<'_, <Transaction as TransactionEnvelope>::TxType, E>,
    ) -> ReceiptEnvelope {
        let receipt = Receipt {
            status: Eip658Value::Eip658(context.result.is_success()),
            cumulative_gas_used: context.cumulative_gas_used,
            logs: context.result.into_logs(),
        }
        .with_bloom();
        match context.tx_type {
            TxType::Legacy => ReceiptEnvelope::Legacy(receipt),
            TxType::Eip2930 => ReceiptEnvelope::Eip2930(receipt),
            TxType::Eip1559 => ReceiptEnvelope::Eip1559(receipt),
            TxType::Eip4844 => ReceiptEnvelope::Eip4844(receipt),
            TxType::Eip7702 => ReceiptEnvelope::Eip7702(receipt),
        }
    }
}
