//! System transactions of execution-specs: calls of contracts at the edges of a block, paid by nobody.

use crate::{
    rejection::{Result, ensure, reject},
    state::State,
};
use alloy_eips::{
    eip2935::HISTORY_STORAGE_ADDRESS,
    eip4788::{BEACON_ROOTS_ADDRESS, SYSTEM_ADDRESS},
};
use alloy_evm::{eth::EthEvmContext, precompiles::PrecompilesMap};
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY};
use revm::{
    Database, DatabaseCommit, ExecuteEvm,
    context::{
        ContextSetters, ContextTr, Evm, TxEnv,
        result::{EVMError, ExecutionResult},
    },
    handler::{EthFrame, Handler, MainnetHandler, SystemCallTx, instructions::EthInstructions},
    inspector::NoOpInspector,
    interpreter::interpreter::EthInterpreter,
};

const SYSTEM_TRANSACTION_GAS: u64 = 30_000_000;

/// revm itself, which alloy-evm wraps.
pub type BlockEvm = Evm<
    EthEvmContext<State>,
    NoOpInspector,
    EthInstructions<EthInterpreter, EthEvmContext<State>>,
    PrecompilesMap,
    EthFrame,
>;

/// EIP-4788: the contract keeps the parent's beacon root.
pub fn store_beacon_root(evm: &mut BlockEvm, root: B256) -> Result<()> {
    system_transaction(evm, BEACON_ROOTS_ADDRESS, root.0.into()).map(drop)
}

/// EIP-2935: the contract keeps the parent's hash.
pub fn store_parent_hash(evm: &mut BlockEvm, hash: B256) -> Result<()> {
    system_transaction(evm, HISTORY_STORAGE_ADDRESS, hash.0.into()).map(drop)
}

/// EIP-7002, EIP-7251: what the contract returns; it must exist and succeed.
pub fn checked_system_transaction(evm: &mut BlockEvm, contract: Address) -> Result<Bytes> {
    let account = evm.ctx.db_mut().basic(contract);
    let account = account.map_err(|error| evm.ctx.db_mut().cause(reject!(SystemContract, "{error}")))?;
    let has_code = account.is_some_and(|account| account.code_hash != KECCAK256_EMPTY);
    ensure!(has_code, SystemContract, "system contract {contract} has no code");
    match system_transaction(evm, contract, Bytes::new())? {
        ExecutionResult::Success { output, .. } => Ok(output.into_data()),
        ExecutionResult::Revert { .. } => Err(reject!(SystemContract, "system contract {contract} reverted")),
        ExecutionResult::Halt { reason, .. } => {
            Err(reject!(SystemContract, "system contract {contract} failed: {reason:?}"))
        }
    }
}

/// One call with the gas of the execution-specs. revm's own limit is Amsterdam's, which is higher, for every fork.
fn system_transaction(evm: &mut BlockEvm, contract: Address, data: Bytes) -> Result<ExecutionResult> {
    let transaction = TxEnv::new_system_tx_with_caller(SYSTEM_ADDRESS, contract, data);
    evm.ctx.set_tx(TxEnv { gas_limit: SYSTEM_TRANSACTION_GAS, ..transaction });
    let mut handler = MainnetHandler::<BlockEvm, EVMError<<State as Database>::Error>, EthFrame>::default();
    let result = handler.run_system_call(evm);
    let changes = evm.finalize();
    let state = evm.ctx.db_mut();
    state.commit(changes);
    result.map_err(|error| state.cause(reject!(SystemContract, "system contract {contract}: {error}")))
}
