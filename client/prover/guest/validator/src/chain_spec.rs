//! The chain and its fork schedule as the claim commits to them, and the forks' own order.
//!
//! ChainSpec = rlp([1, chainId, genesisHash, depositContract, daoForkBlock, forks]); daoForkBlock is [] or [number];
//! `forks` lists the forks active at this block, ascending, each [name, "block" | "time", activation, blobParams];
//! blobParams is [] before Cancun and [target, max, baseFeeUpdateFraction] from then on. Frontier is not listed.

use crate::rejection::{Result, ensure, reject};
use alloc::{string::String, vec::Vec};
use alloy_consensus::Header;
use alloy_eips::{
    eip4844::BLOB_TX_MIN_BLOB_GASPRICE,
    eip7594::MAX_BLOBS_PER_TX_FUSAKA,
    eip7840::{BLOB_BASE_COST, BlobParams},
};
use alloy_evm::eth::spec::EthExecutorSpec;
use alloy_hardforks::{EthereumHardfork, EthereumHardforks, ForkCondition};
use alloy_primitives::{Address, B256, keccak256};
use alloy_rlp::{Decodable, RlpDecodable};

const VERSION: u8 = 1;

/// EIP-779: blocks from the fork on whose extra data is fixed.
const DAO_EXTRA_DATA_BLOCKS: u64 = 10;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Activation {
    Block,
    Time,
}

struct KnownFork {
    name: &'static str,
    fork: EthereumHardfork,
    by: Activation,
    has_blob_params: bool,
    /// a chain may leave it out although it has later ones
    optional: bool,
}

const fn fork(name: &'static str, fork: EthereumHardfork, by: Activation) -> KnownFork {
    KnownFork { name, fork, by, has_blob_params: false, optional: false }
}
const fn optional(fork: KnownFork) -> KnownFork {
    KnownFork { optional: true, ..fork }
}
const fn blobs(fork: KnownFork) -> KnownFork {
    KnownFork { has_blob_params: true, ..fork }
}

/// In activation order. Difficulty bombs were not delayed on every chain, nor does every chain change blob counts.
#[rustfmt::skip]
const KNOWN_FORKS: [KnownFork; 22] = {
    use Activation::{Block, Time};
    use EthereumHardfork::*;
    [
        fork("homestead", Homestead, Block),
        fork("tangerineWhistle", Tangerine, Block),
        fork("spuriousDragon", SpuriousDragon, Block),
        fork("byzantium", Byzantium, Block),
        fork("constantinople", Constantinople, Block),
        fork("petersburg", Petersburg, Block),
        fork("istanbul", Istanbul, Block),
        optional(fork("muirGlacier", MuirGlacier, Block)),
        fork("berlin", Berlin, Block),
        fork("london", London, Block),
        optional(fork("arrowGlacier", ArrowGlacier, Block)),
        optional(fork("grayGlacier", GrayGlacier, Block)),
        fork("paris", Paris, Block),
        fork("shanghai", Shanghai, Time),
        blobs(fork("cancun", Cancun, Time)),
        blobs(fork("prague", Prague, Time)),
        blobs(fork("osaka", Osaka, Time)),
        optional(blobs(fork("bpo1", Bpo1, Time))),
        optional(blobs(fork("bpo2", Bpo2, Time))),
        optional(blobs(fork("bpo3", Bpo3, Time))),
        optional(blobs(fork("bpo4", Bpo4, Time))),
        optional(blobs(fork("bpo5", Bpo5, Time))),
    ]
};
const FORKS: usize = KNOWN_FORKS.len();

#[derive(RlpDecodable)]
struct SpecRlp {
    version: u8,
    chain_id: u64,
    genesis_hash: B256,
    deposit_contract: Address,
    dao_fork_block: Vec<u64>,
    forks: Vec<ForkRlp>,
}

#[derive(RlpDecodable)]
struct ForkRlp {
    name: String,
    by: String,
    activation: u64,
    blob_params: Vec<u64>,
}

#[derive(Debug, Clone)]
pub struct ChainSpec {
    pub hash: B256,
    pub chain_id: u64,
    pub dao_fork_block: Option<u64>,
    pub deposit_contract: Address,
    /// by index into `KNOWN_FORKS`
    activations: [ForkCondition; FORKS],
    /// of the newest listed fork that has some
    pub blob_params: Option<BlobParams>,
}

impl ChainSpec {
    /// Decodes the spec and checks that it lists the forks that are active at `header`, and no other.
    pub fn decode(rlp: &[u8], header: &Header) -> Result<Self> {
        let mut rest = rlp;
        let spec = SpecRlp::decode(&mut rest).map_err(|error| reject!(ChainSpec, "chain spec: {error}"))?;
        ensure!(rest.is_empty(), ChainSpec, "chain spec: {} bytes after its end", rest.len());
        ensure!(spec.version == VERSION, ChainSpec, "chain spec version is {}, expected {VERSION}", spec.version);
        ensure!(spec.dao_fork_block.len() <= 1, ChainSpec, "chain spec has {} DAO forks", spec.dao_fork_block.len());
        let _ = spec.genesis_hash;

        let mut activations = [ForkCondition::Never; FORKS];
        let mut blob_params = None;
        let mut next = 0;
        let mut last_by_kind = [0u64; 2];
        for listed in &spec.forks {
            let name = &listed.name;
            let known = KNOWN_FORKS.iter().position(|known| known.name == name.as_str());
            let index = known.ok_or_else(|| reject!(ChainSpec, "unknown fork {name}"))?;
            ensure!(index >= next, ChainSpec, "fork {name} is listed twice or out of order");
            if let Some(missing) = KNOWN_FORKS[next..index].iter().find(|fork| !fork.optional) {
                return Err(reject!(ChainSpec, "fork {} is missing before {name}", missing.name));
            }
            next = index + 1;

            let known = &KNOWN_FORKS[index];
            let by = match listed.by.as_str() {
                "block" => Activation::Block,
                "time" => Activation::Time,
                other => return Err(reject!(ChainSpec, "fork {name} is activated by {other}")),
            };
            ensure!(by == known.by, ChainSpec, "fork {name} is activated by {}", listed.by);
            let (now, condition) = match by {
                Activation::Block => (header.number, ForkCondition::Block(listed.activation)),
                Activation::Time => (header.timestamp, ForkCondition::Timestamp(listed.activation)),
            };
            ensure!(listed.activation <= now, ChainSpec, "fork {name} at {} is not active at {now}", listed.activation);
            let last = &mut last_by_kind[by as usize];
            ensure!(*last <= listed.activation, ChainSpec, "fork {name} is activated before the fork listed before it");
            *last = listed.activation;
            activations[index] = condition;
            if let Some(params) = decode_blob_params(known, &listed.blob_params)? {
                blob_params = Some(params);
            }
        }
        Ok(Self {
            hash: keccak256(rlp),
            chain_id: spec.chain_id,
            dao_fork_block: spec.dao_fork_block.first().copied(),
            deposit_contract: spec.deposit_contract,
            activations,
            blob_params,
        })
    }

    /// Whether the block changes the balances of EIP-779.
    pub fn is_dao_fork_block(&self, number: u64) -> bool {
        self.dao_fork_block == Some(number)
    }

    /// Whether the block's extra data must be `dao-hard-fork`.
    pub fn has_dao_extra_data(&self, number: u64) -> bool {
        self.dao_fork_block.is_some_and(|first| {
            number.checked_sub(first).is_some_and(|distance| distance < DAO_EXTRA_DATA_BLOCKS)
        })
    }
}

/// EIP-7840; Osaka caps the blobs of one transaction (EIP-7594) and prices blobs in execution gas (EIP-7918).
fn decode_blob_params(fork: &KnownFork, listed: &[u64]) -> Result<Option<BlobParams>> {
    let [target, max, update_fraction] = *listed else {
        ensure!(listed.is_empty() && !fork.has_blob_params, ChainSpec, "fork {}: wrong number of blob params", fork.name);
        return Ok(None);
    };
    ensure!(fork.has_blob_params, ChainSpec, "fork {} has no blob params", fork.name);
    let in_range = target <= max && 0 < max && max <= MAX_BLOBS_PER_BLOCK && 0 < update_fraction;
    ensure!(in_range, ChainSpec, "fork {}: blob params {target}, {max}, {update_fraction} out of range", fork.name);
    let from_osaka = !matches!(fork.fork, EthereumHardfork::Cancun | EthereumHardfork::Prague);
    Ok(Some(BlobParams {
        target_blob_count: target,
        max_blob_count: max,
        update_fraction: update_fraction.into(),
        min_blob_fee: BLOB_TX_MIN_BLOB_GASPRICE,
        max_blobs_per_tx: if from_osaka { MAX_BLOBS_PER_TX_FUSAKA } else { max },
        blob_base_cost: if from_osaka { BLOB_BASE_COST } else { 0 },
    }))
}

/// MAX_BLOB_COMMITMENTS_PER_BLOCK of the consensus specs: the payload cannot name more.
const MAX_BLOBS_PER_BLOCK: u64 = 4096;

impl EthereumHardforks for ChainSpec {
    /// The DAO fork is not reported: its balances move before the transactions here (see `apply_body`).
    fn ethereum_fork_activation(&self, fork: EthereumHardfork) -> ForkCondition {
        match KNOWN_FORKS.iter().position(|known| known.fork == fork) {
            Some(index) => self.activations[index],
            None if fork == EthereumHardfork::Frontier => ForkCondition::ZERO_BLOCK,
            None => ForkCondition::Never,
        }
    }
}

impl EthExecutorSpec for ChainSpec {
    fn deposit_contract_address(&self) -> Option<Address> {
        Some(self.deposit_contract)
    }
}
