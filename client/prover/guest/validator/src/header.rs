//! `validate_header` of execution-specs, for every fork from Frontier to Osaka.

use crate::{
    chain_spec::ChainSpec,
    difficulty::block_difficulty,
    rejection::{Result, ensure, reject},
};
use alloy_consensus::{EMPTY_OMMER_ROOT_HASH, Header};
use alloy_eips::eip1559::{BaseFeeParams, INITIAL_BASE_FEE};
use alloy_hardforks::EthereumHardforks;
use alloy_primitives::B256;

const MAX_EXTRA_DATA_BYTES: usize = 32;
const GAS_LIMIT_ADJUSTMENT_FACTOR: u64 = 1024;
const GAS_LIMIT_MINIMUM: u64 = 5000;
const ELASTICITY_MULTIPLIER: u64 = 2;
const DAO_EXTRA_DATA: &[u8] = b"dao-hard-fork";

/// Checks every rule that a header obeys by itself and against its parent. The roots, the bloom, `gas_used`,
/// `blob_gas_used` and `requests_hash` are compared with the outcome elsewhere; Ethash seals are not checked.
pub fn validate_header(chain: &ChainSpec, header: &Header, parent: &Header, parent_hash: B256) -> Result<()> {
    ensure!(header.parent_hash == parent_hash, Header, "parentHash is {}, the parent's hash is {parent_hash}", header.parent_hash);
    ensure!(
        parent.number.checked_add(1) == Some(header.number),
        Header, "number is {}, the parent's is {}", header.number, parent.number
    );
    ensure!(
        header.timestamp > parent.timestamp,
        Header, "timestamp {} is not above the parent's {}", header.timestamp, parent.timestamp
    );
    ensure!(
        header.extra_data.len() <= MAX_EXTRA_DATA_BYTES,
        Header, "extraData has {} bytes, at most {MAX_EXTRA_DATA_BYTES}", header.extra_data.len()
    );
    ensure!(
        !chain.has_dao_extra_data(header.number) || header.extra_data.as_ref() == DAO_EXTRA_DATA,
        Header, "extraData is not dao-hard-fork"
    );
    ensure!(
        header.gas_used <= header.gas_limit,
        Header, "gasUsed {} is above gasLimit {}", header.gas_used, header.gas_limit
    );
    validate_gas_limit_and_base_fee(chain, header, parent)?;
    if chain.is_paris_active_at_block(header.number) {
        validate_proof_of_stake_constants(header)?;
    } else {
        let difficulty = block_difficulty(chain, header.number, header.timestamp, parent);
        ensure!(header.difficulty == difficulty, Header, "difficulty is {}, expected {difficulty}", header.difficulty);
    }
    validate_optional_fields(chain, header)?;
    validate_excess_blob_gas(chain, header, parent)
}

/// EIP-1559: the fork block's gas limit is compared with twice the parent's, and its base fee is fixed.
fn validate_gas_limit_and_base_fee(chain: &ChainSpec, header: &Header, parent: &Header) -> Result<()> {
    let is_london = chain.is_london_active_at_block(header.number);
    let is_first = is_london && !chain.is_london_active_at_block(parent.number);
    let elasticity = if is_first { ELASTICITY_MULTIPLIER } else { 1 };
    let parent_gas_limit = parent
        .gas_limit
        .checked_mul(elasticity)
        .ok_or_else(|| reject!(Header, "gasLimit {} of the parent overflows", parent.gas_limit))?;
    let max_adjustment = parent_gas_limit / GAS_LIMIT_ADJUSTMENT_FACTOR;
    ensure!(
        header.gas_limit.abs_diff(parent_gas_limit) < max_adjustment && header.gas_limit >= GAS_LIMIT_MINIMUM,
        Header, "gasLimit {} is out of bounds around {parent_gas_limit}", header.gas_limit
    );
    let expected = match (is_london, is_first) {
        (false, _) => None,
        (true, true) => Some(INITIAL_BASE_FEE),
        (true, false) => {
            let next = parent.next_block_base_fee(BaseFeeParams::ethereum());
            Some(next.ok_or_else(|| reject!(Header, "the parent has no baseFeePerGas"))?)
        }
    };
    ensure!(
        header.base_fee_per_gas == expected,
        Header, "baseFeePerGas is {:?}, expected {expected:?}", header.base_fee_per_gas
    );
    Ok(())
}

/// EIP-3675.
fn validate_proof_of_stake_constants(header: &Header) -> Result<()> {
    ensure!(header.difficulty.is_zero(), Header, "difficulty is {}, expected 0", header.difficulty);
    ensure!(header.nonce.is_zero(), Header, "nonce is {}, expected 0", header.nonce);
    ensure!(
        header.ommers_hash == EMPTY_OMMER_ROOT_HASH,
        Header, "ommersHash is {}, expected the empty list's", header.ommers_hash
    );
    Ok(())
}

/// A field is present from the fork on that introduced it.
fn validate_optional_fields(chain: &ChainSpec, header: &Header) -> Result<()> {
    let is_shanghai = chain.is_shanghai_active_at_timestamp(header.timestamp);
    let is_cancun = chain.is_cancun_active_at_timestamp(header.timestamp);
    let is_prague = chain.is_prague_active_at_timestamp(header.timestamp);
    let fields = [
        ("withdrawalsRoot", header.withdrawals_root.is_some(), is_shanghai),
        ("blobGasUsed", header.blob_gas_used.is_some(), is_cancun),
        ("excessBlobGas", header.excess_blob_gas.is_some(), is_cancun),
        ("parentBeaconBlockRoot", header.parent_beacon_block_root.is_some(), is_cancun),
        ("requestsHash", header.requests_hash.is_some(), is_prague),
        ("blockAccessListHash", header.block_access_list_hash.is_some(), false),
        ("slotNumber", header.slot_number.is_some(), false),
    ];
    for (name, is_present, is_expected) in fields {
        ensure!(
            is_present == is_expected,
            Header, "{name} is {}", if is_present { "present before its fork" } else { "missing" }
        );
    }
    Ok(())
}

/// EIP-4844, EIP-7691, EIP-7892, EIP-7918; a parent before Cancun counts as zero excess and zero use.
fn validate_excess_blob_gas(chain: &ChainSpec, header: &Header, parent: &Header) -> Result<()> {
    let (Some(params), Some(excess)) = (chain.blob_params, header.excess_blob_gas) else { return Ok(()) };
    let parent_excess = parent.excess_blob_gas.unwrap_or(0);
    let parent_used = parent.blob_gas_used.unwrap_or(0);
    ensure!(
        parent_excess.checked_add(parent_used).is_some() && parent_used <= u32::MAX.into(),
        Header, "blob gas of the parent overflows"
    );
    let parent_base_fee = parent.base_fee_per_gas.unwrap_or(0);
    let expected = params.next_block_excess_blob_gas_osaka(parent_excess, parent_used, parent_base_fee);
    ensure!(excess == expected, Header, "excessBlobGas is {excess}, expected {expected}");
    Ok(())
}
