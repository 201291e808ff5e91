//! EIP-6110: deposit requests from the logs of the deposit contract.

use crate::rejection::{Result, ensure, reject};
use alloc::vec::Vec;
use alloy_consensus::TxReceipt;
use alloy_primitives::{Address, B256, Log, U256, b256};

/// keccak256("DepositEvent(bytes,bytes,bytes,bytes,bytes)")
const EVENT_SIGNATURE: B256 = b256!("649bbc62d0e31342afea4e5cd82d4049e7e1ee912fc0889aa790803be39038c5");
const EVENT_BYTES: usize = 576;
/// Of pubkey, withdrawal credentials, amount, signature and index: where the length word stands, and the length.
const FIELDS: [(usize, usize); 5] = [(160, 48), (256, 32), (320, 8), (384, 96), (512, 8)];
const WORD: usize = 32;

/// The concatenated requests; an event of another layout makes the block invalid.
pub fn deposit_requests<R: TxReceipt<Log = Log>>(contract: Address, receipts: &[R]) -> Result<Vec<u8>> {
    let mut requests = Vec::new();
    for log in receipts.iter().flat_map(|receipt| receipt.logs()) {
        if log.address == contract && log.topics().first() == Some(&EVENT_SIGNATURE) {
            append_request(&log.data.data, &mut requests)?;
        }
    }
    Ok(requests)
}

fn append_request(data: &[u8], requests: &mut Vec<u8>) -> Result<()> {
    let has = |at: usize, value: usize| {
        data.get(at..at + WORD).is_some_and(|word| U256::from_be_slice(word) == U256::from(value))
    };
    ensure!(data.len() == EVENT_BYTES, SystemContract, "deposit event has {} bytes, not {EVENT_BYTES}", data.len());
    for (index, (at, size_bytes)) in FIELDS.into_iter().enumerate() {
        ensure!(
            has(index * WORD, at) && has(at, size_bytes),
            SystemContract, "deposit event: field {index} is not where it must be"
        );
        let field = data.get(at + WORD..at + WORD + size_bytes);
        requests.extend_from_slice(field.ok_or_else(|| reject!(SystemContract, "deposit event is too short"))?);
    }
    Ok(())
}
