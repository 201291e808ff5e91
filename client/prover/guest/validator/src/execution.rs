//! `apply_body` of execution-specs: alloy-evm runs system calls and transactions over `State`, the rest stands here.

use crate::{
    body::{EthereumBlock, Transaction, withdrawals},
    chain_spec::ChainSpec,
    rejection::{Rejection, Result, ensure, reject},
    state::State,
};
use alloc::{borrow::Cow, vec::Vec};
use alloy_consensus::{
    Eip658Value, Receipt, ReceiptEnvelope, TransactionEnvelope, TxType,
    transaction::{Recovered, SignerRecoverable},
};
use alloy_consensus::Transaction as _;
use alloy_eips::{
    eip7002::WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS, eip7251::CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS,
    eip7685::Requests,
};
use alloy_evm::{
    Evm, EvmEnv, EvmFactory,
    block::{BlockExecutor, state_changes::post_block_balance_increments},
    eth::{
        EthBlockExecutionCtx, EthBlockExecutor, EthEvmFactory, dao_fork, eip6110,
        receipt_builder::{ReceiptBuilder, ReceiptBuilderCtx},
    },
};
use alloy_hardforks::EthereumHardforks;
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY};
use core::fmt::Display;
use revm::{Database, database_interface::DatabaseCommitExt};

/// What a block's execution gives, to be compared with its header.
pub struct BlockOutput {
    pub gas_used: u64,
    pub blob_gas_used: u64,
    pub receipts: Vec<ReceiptEnvelope>,
    /// empty before Prague
    pub requests: Requests,
    pub state_root: B256,
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

/// The state's own first error where there is one, else `rejection`: revm words a missing node as a failed transaction.
fn first_cause(state: &mut State, rejection: Rejection) -> Rejection {
    state.take_error().unwrap_or(rejection)
}

pub fn apply_body(chain: &ChainSpec, block: &EthereumBlock, mut state: State) -> Result<BlockOutput> {
    let header = &block.header;
    let has_status_receipts = chain.is_byzantium_active_at_block(header.number);

    if chain.is_dao_fork_block(header.number) {
        apply_dao(&mut state)?;
    }
    let env = EvmEnv::for_eth_block(header, chain, chain.chain_id, chain.blob_params);
    let context = EthBlockExecutionCtx {
        parent_hash: header.parent_hash,
        parent_beacon_block_root: header.parent_beacon_block_root,
        ommers: &block.body.ommers,
        withdrawals: block.body.withdrawals.as_ref().map(|withdrawals| Cow::Borrowed(withdrawals.as_slice())),
        extra_data: header.extra_data.clone(),
        tx_count_hint: Some(block.body.transactions.len()),
        slot_number: None,
    };
    let evm = EthEvmFactory::default().create_evm(state, env);
    let mut executor = EthBlockExecutor::new(evm, context, chain, Receipts);

    if let Err(error) = executor.apply_pre_execution_changes() {
        let rejection = reject!(SystemContract, "{error}");
        return Err(first_cause(executor.evm_mut().db_mut(), rejection));
    }
    let mut intermediate_roots = Vec::new();
    for (index, transaction) in block.body.transactions.iter().enumerate() {
        let sender = recover_sender(chain, header.number, index, transaction)?;
        let result = executor.execute_transaction_without_commit(Recovered::new_unchecked(transaction, sender));
        match result {
            Ok(output) => drop(executor.commit_transaction(output)),
            Err(error) => {
                let rejection = reject!(Transaction, "transaction {index}: {error}");
                return Err(first_cause(executor.evm_mut().db_mut(), rejection));
            }
        }
        if !has_status_receipts {
            intermediate_roots.push(executor.evm_mut().db_mut().root()?);
        }
    }

    let balance_increments = post_block_balance_increments(
        chain,
        executor.evm.block(),
        &block.body.ommers,
        Some(withdrawals(block)),
    );
    let incremented = executor.evm.db_mut().increment_balances(balance_increments);
    incremented.map_err(|error| first_cause(executor.evm.db_mut(), reject!(Witness, "{error}")))?;
    let requests = if chain.is_prague_active_at_timestamp(header.timestamp) {
        general_purpose_requests(chain, &mut executor)?
    } else {
        Requests::default()
    };

    let EthBlockExecutor { evm, mut receipts, cumulative_tx_gas_used, blob_gas_used, .. } = executor;
    for (receipt, root) in receipts.iter_mut().zip(intermediate_roots) {
        if let ReceiptEnvelope::Legacy(receipt) = receipt {
            receipt.receipt.status = Eip658Value::PostState(root);
        }
    }
    let (mut state, _) = evm.finish();
    Ok(BlockOutput { gas_used: cumulative_tx_gas_used, blob_gas_used, receipts, requests, state_root: state.root()? })
}

/// EIP-779, before the transactions: their receipts carry roots.
fn apply_dao(state: &mut State) -> Result<()> {
    let drained = state.drain_balances(dao_fork::DAO_HARDFORK_ACCOUNTS);
    let moved = drained.and_then(|balances| {
        state.increment_balances([(dao_fork::DAO_HARDFORK_BENEFICIARY, balances.into_iter().sum())])
    });
    moved.map_err(|error| first_cause(state, reject!(Witness, "{error}")))
}

/// EIP-2 and EIP-155: the forms of a signature that the fork knows.
fn recover_sender(chain: &ChainSpec, number: u64, index: usize, transaction: &Transaction) -> Result<Address> {
    if transaction.is_legacy() && !chain.is_spurious_dragon_active_at_block(number) {
        ensure!(
            transaction.chain_id().is_none(),
            Transaction, "transaction {index}: signature names a chain before EIP-155"
        );
    }
    let sender = if chain.is_homestead_active_at_block(number) {
        transaction.recover_signer()
    } else {
        transaction.recover_signer_unchecked()
    };
    sender.map_err(|_| reject!(Transaction, "transaction {index}: invalid signature"))
}

/// `process_general_purpose_requests`, EIP-7685: deposits from logs, then two system calls that must succeed on
/// contracts that exist.
fn general_purpose_requests<E>(
    chain: &ChainSpec,
    executor: &mut EthBlockExecutor<'_, E, &ChainSpec, Receipts>,
) -> Result<Requests>
where
    E: Evm<DB = State>,
{
    let mut requests = Requests::default();
    let deposits = eip6110::parse_deposits_from_receipts(chain, &executor.receipts)
        .map_err(|error| reject!(SystemContract, "{error}"))?;
    push_request(&mut requests, eip6110::DEPOSIT_REQUEST_TYPE, deposits);

    let EthBlockExecutor { evm, system_caller, .. } = executor;
    ensure_code(evm.db_mut(), WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS)?;
    let withdrawals = system_caller.apply_withdrawal_requests_contract_call(evm);
    let withdrawals = checked(evm.db_mut(), withdrawals)?;
    push_request(&mut requests, alloy_eips::eip7002::WITHDRAWAL_REQUEST_TYPE, withdrawals);

    ensure_code(evm.db_mut(), CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS)?;
    let consolidations = system_caller.apply_consolidation_requests_contract_call(evm);
    let consolidations = checked(evm.db_mut(), consolidations)?;
    push_request(&mut requests, alloy_eips::eip7251::CONSOLIDATION_REQUEST_TYPE, consolidations);
    Ok(requests)
}

fn push_request(requests: &mut Requests, kind: u8, data: Bytes) {
    if !data.is_empty() {
        requests.push_request_with_type(kind, data);
    }
}

fn checked<T, E: Display>(state: &mut State, result: core::result::Result<T, E>) -> Result<T> {
    result.map_err(|error| first_cause(state, reject!(SystemContract, "{error}")))
}

fn ensure_code(state: &mut State, address: Address) -> Result<()> {
    let account = state.basic(address);
    let account = checked(state, account)?;
    let has_code = account.is_some_and(|account| account.code_hash != KECCAK256_EMPTY);
    ensure!(has_code, SystemContract, "system contract {address} has no code");
    Ok(())
}
