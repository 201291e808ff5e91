//! `calculate_block_difficulty` of execution-specs for every fork before Paris.

use crate::chain_spec::ChainSpec;
use alloy_consensus::{EMPTY_OMMER_ROOT_HASH, Header};
use alloy_hardforks::{EthereumHardfork, EthereumHardforks};
use alloy_primitives::U256;

const MINIMUM_DIFFICULTY: u64 = 131_072;
const BOUND_DIVISOR_LOG: usize = 11;
const MIN_STEPS: i64 = -99;

/// Blocks by which each fork delays the difficulty bomb: EIP-649, 1234, 2384, 3554, 4345, 5133; newest first.
const BOMB_DELAYS: [(EthereumHardfork, u64); 6] = [
    (EthereumHardfork::GrayGlacier, 11_400_000),
    (EthereumHardfork::ArrowGlacier, 10_700_000),
    (EthereumHardfork::London, 9_700_000),
    (EthereumHardfork::MuirGlacier, 9_000_000),
    (EthereumHardfork::Constantinople, 5_000_000),
    (EthereumHardfork::Byzantium, 3_000_000),
];
const BOMB_PERIOD_BLOCKS: u64 = 100_000;
const BOMB_FIRST_PERIOD: u64 = 2;

/// The difficulty of a block at `number` and `timestamp`, above its parent's timestamp.
pub fn block_difficulty(chain: &ChainSpec, number: u64, timestamp: u64, parent: &Header) -> U256 {
    let seconds = timestamp.saturating_sub(parent.timestamp);
    let steps = if chain.is_byzantium_active_at_block(number) {
        // EIP-100
        let ommer_bonus = if parent.ommers_hash == EMPTY_OMMER_ROOT_HASH { 1 } else { 2 };
        steps_after(seconds / 9, ommer_bonus)
    } else if chain.is_homestead_active_at_block(number) {
        // EIP-2
        steps_after(seconds / 10, 1)
    } else if seconds < 13 {
        1
    } else {
        -1
    };
    let offset = (parent.difficulty >> BOUND_DIVISOR_LOG).saturating_mul(U256::from(steps.unsigned_abs()));
    let adjusted = if steps < 0 {
        parent.difficulty.saturating_sub(offset)
    } else {
        parent.difficulty.saturating_add(offset)
    };
    adjusted.saturating_add(bomb(chain, number)).max(U256::from(MINIMUM_DIFFICULTY))
}

/// `bonus` less one step per period, at least `MIN_STEPS`.
fn steps_after(periods: u64, bonus: i64) -> i64 {
    i64::try_from(periods).map_or(MIN_STEPS, |periods| bonus.saturating_sub(periods).max(MIN_STEPS))
}

/// 2^(periods − 2) from the second period on, counted from the delayed block number.
fn bomb(chain: &ChainSpec, number: u64) -> U256 {
    let delay = BOMB_DELAYS.iter().find(|(fork, _)| chain.is_ethereum_fork_active_at_block(*fork, number));
    let counted = number.saturating_sub(delay.map_or(0, |(_, blocks)| *blocks));
    match (counted / BOMB_PERIOD_BLOCKS).checked_sub(BOMB_FIRST_PERIOD) {
        Some(exponent) if exponent < 256 => U256::ONE << exponent as usize,
        Some(_) => U256::MAX,
        None => U256::ZERO,
    }
}
