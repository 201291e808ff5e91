//! The world state during one block: revm's database over the witness.
//!
//! Accounts and slots are read through the tries once, kept in memory, and written back by `root`. The first error
//! is kept: revm and alloy-evm pass database errors on as text, or drop them when they commit.

use crate::{
    rejection::{Rejection, Result, ensure, reject},
    trie::{Child, Key, Tries},
};
use alloc::{string::ToString, vec::Vec};
use alloy_consensus::constants::{EMPTY_ROOT_HASH, KECCAK_EMPTY};
use alloy_primitives::{
    Address, B256, Bytes, U256, keccak256,
    map::{AddressMap, B256Map, HashMap, U256Map},
};
use alloy_rlp::{Decodable, Encodable};
use alloy_trie::TrieAccount;
use core::fmt;
use revm::{
    Database, DatabaseCommit,
    bytecode::Bytecode,
    database_interface::DBErrorMarker,
    state::{Account as TouchedAccount, AccountId, AccountInfo},
};

struct Slot {
    key: Key,
    value: U256,
    is_dirty: bool,
}

struct Account {
    key: Key,
    exists: bool,
    info: AccountInfo,
    storage_root: B256,
    /// the storage trie, once a slot was read or written
    storage: Option<Child>,
    slots: U256Map<Slot>,
    dirty_slots: Vec<U256>,
    is_dirty: bool,
    /// `info.nonce` stands for 0 (see `OCCUPIED_NONCE`)
    is_occupied: bool,
}

/// EIP-7610: no contract is created over an account that has storage, although it has neither nonce nor code. revm
/// looks at nonce and code only, so such an account shows it this nonce. Nobody can send from one: it was left by a
/// contract creation before EIP-161. (Without balance it counts as empty and keeps nonce 0; a creation that stays is
/// then refused in `apply`.)
const OCCUPIED_NONCE: u64 = 1 << 63;

pub struct State {
    tries: Tries,
    accounts_trie: Child,
    accounts: Vec<Account>,
    index: AddressMap<usize>,
    dirty_accounts: Vec<usize>,
    codes: B256Map<&'static [u8]>,
    bytecodes: B256Map<Bytecode>,
    block_hashes: HashMap<u64, B256>,
    first_error: Option<Rejection>,
}

impl State {
    /// `block_hashes`: of the ancestors that BLOCKHASH may name.
    pub fn new(
        mut tries: Tries,
        root: B256,
        codes: &[&'static [u8]],
        block_hashes: HashMap<u64, B256>,
    ) -> Result<Self> {
        let mut by_hash = B256Map::with_capacity_and_hasher(codes.len(), Default::default());
        for code in codes {
            let hash = keccak256(code);
            ensure!(by_hash.insert(hash, *code).is_none(), Witness, "code {hash} is given twice");
        }
        Ok(Self {
            accounts_trie: tries.open(root)?,
            tries,
            accounts: Vec::with_capacity(256),
            index: AddressMap::default(),
            dirty_accounts: Vec::new(),
            codes: by_hash,
            bytecodes: B256Map::default(),
            block_hashes,
            first_error: None,
        })
    }

    /// The error that was met first, else `rejection`: whatever came after an error means nothing, and revm words a
    /// missing node as a failed transaction.
    pub fn cause(&mut self, rejection: Rejection) -> Rejection {
        self.first_error.take().unwrap_or(rejection)
    }

    fn keep<T>(&mut self, result: Result<T>) -> core::result::Result<T, StateError> {
        result.map_err(|rejection| {
            let error = StateError(rejection.reason.to_string());
            self.first_error.get_or_insert(rejection);
            error
        })
    }

    fn account(&mut self, address: Address) -> Result<usize> {
        if let Some(at) = self.index.get(&address) {
            return Ok(*at);
        }
        let key = keccak256(address).0;
        let at = self.accounts.len();
        let mut account = Account {
            key,
            exists: false,
            info: AccountInfo::default(),
            storage_root: EMPTY_ROOT_HASH,
            storage: None,
            slots: U256Map::default(),
            dirty_slots: Vec::new(),
            is_dirty: false,
            is_occupied: false,
        };
        if let Some(rlp) = self.tries.get(self.accounts_trie, &key)? {
            let leaf: TrieAccount = decode_whole(rlp, "account")?;
            account.exists = true;
            account.info = AccountInfo::new(leaf.balance, leaf.nonce, leaf.code_hash, Bytecode::default());
            account.storage_root = leaf.storage_root;
            if leaf.code_hash != KECCAK_EMPTY {
                account.info.code = None;
            } else if leaf.nonce == 0 && !leaf.balance.is_zero() && leaf.storage_root != EMPTY_ROOT_HASH {
                account.is_occupied = true;
                account.info.nonce = OCCUPIED_NONCE;
            }
        }
        account.info.account_id = AccountId::new(at);
        self.accounts.push(account);
        self.index.insert(address, at);
        Ok(at)
    }

    fn slot(&mut self, at: usize, slot: U256) -> Result<U256> {
        let account = &mut self.accounts[at];
        if let Some(known) = account.slots.get(&slot) {
            return Ok(known.value);
        }
        let trie = match account.storage {
            Some(trie) => trie,
            None => *account.storage.insert(self.tries.open(account.storage_root)?),
        };
        let key = keccak256(slot.to_be_bytes::<32>()).0;
        let value = match self.tries.get(trie, &key)? {
            Some(rlp) => decode_whole(rlp, "storage value")?,
            None => U256::ZERO,
        };
        account.slots.insert(slot, Slot { key, value, is_dirty: false });
        Ok(value)
    }

    fn bytecode(&mut self, hash: B256) -> Result<Bytecode> {
        if hash == KECCAK_EMPTY {
            return Ok(Bytecode::default());
        }
        if let Some(bytecode) = self.bytecodes.get(&hash) {
            return Ok(bytecode.clone());
        }
        let code = self.codes.get(&hash).ok_or_else(|| reject!(Witness, "missing code {hash}"))?;
        let bytes = Bytes::from_static(code);
        // Code that only begins like a delegation (EIP-7702) is ordinary code.
        let bytecode = Bytecode::new_raw_checked(bytes.clone()).unwrap_or_else(|_| Bytecode::new_legacy(bytes));
        self.bytecodes.insert(hash, bytecode.clone());
        Ok(bytecode)
    }

    /// Takes over what a transaction or system call left of one account.
    fn apply(&mut self, address: Address, touched: TouchedAccount) -> Result<()> {
        if !touched.is_touched() {
            return Ok(());
        }
        let at = self.account(address)?;
        let account = &mut self.accounts[at];
        if !account.is_dirty {
            account.is_dirty = true;
            self.dirty_accounts.push(at);
        }
        let is_created = touched.is_created();
        // EIP-161; before it revm marks an empty touched account as created or as untouched.
        let is_deleted = touched.is_selfdestructed() || (!is_created && touched.is_empty());
        if is_created || is_deleted {
            ensure!(
                !is_created || account.storage_root == EMPTY_ROOT_HASH,
                Transaction, "contract created over storage at {address} (EIP-7610)"
            );
            account.storage_root = EMPTY_ROOT_HASH;
            account.storage = Some(Child::EMPTY);
            account.slots.clear();
            account.dirty_slots.clear();
            account.is_occupied = false;
        }
        account.exists = !is_deleted;
        if is_deleted {
            account.info = AccountInfo::default();
            account.info.account_id = AccountId::new(at);
            return Ok(());
        }
        let mut info = touched.info;
        info.account_id = AccountId::new(at);
        if info.code_hash == KECCAK_EMPTY || info.code_hash.is_zero() {
            info.code_hash = KECCAK_EMPTY;
            info.code = Some(Bytecode::default());
        } else if let Some(code) = info.code.take().filter(|code| !code.is_empty()) {
            self.bytecodes.entry(info.code_hash).or_insert(code);
        }
        account.info = info;
        for (slot, value) in touched.storage {
            if !value.is_changed() {
                continue;
            }
            let known = account.slots.entry(slot).or_insert_with(|| Slot {
                key: keccak256(slot.to_be_bytes::<32>()).0,
                value: U256::ZERO,
                is_dirty: false,
            });
            known.value = value.present_value;
            if !known.is_dirty {
                known.is_dirty = true;
                account.dirty_slots.push(slot);
            }
        }
        Ok(())
    }

    /// Writes every change into the tries and returns the state root. In each trie all puts come before the deletes:
    /// the fewest nodes are needed so, and witnesses are recorded in that order.
    pub fn root(&mut self) -> Result<B256> {
        if let Some(error) = self.first_error.take() {
            return Err(error);
        }
        let mut deleted: Vec<Key> = Vec::new();
        for at in core::mem::take(&mut self.dirty_accounts) {
            let account = &mut self.accounts[at];
            account.is_dirty = false;
            if !account.exists {
                deleted.push(account.key);
                continue;
            }
            if !account.dirty_slots.is_empty() {
                account.write_storage(&mut self.tries)?;
            }
            let leaf = TrieAccount {
                nonce: if account.is_occupied { 0 } else { account.info.nonce },
                balance: account.info.balance,
                storage_root: account.storage_root,
                code_hash: account.info.code_hash,
            };
            self.accounts_trie = self.tries.put(self.accounts_trie, &account.key, encoded(&leaf))?;
        }
        for key in deleted {
            self.accounts_trie = self.tries.delete(self.accounts_trie, &key)?;
        }
        Ok(self.tries.root_hash(self.accounts_trie))
    }
}

impl Account {
    fn write_storage(&mut self, tries: &mut Tries) -> Result<()> {
        let mut trie = match self.storage {
            Some(trie) => trie,
            None => tries.open(self.storage_root)?,
        };
        let dirty = core::mem::take(&mut self.dirty_slots);
        for is_deletion in [false, true] {
            for slot in &dirty {
                let Some(slot) = self.slots.get_mut(slot) else { continue };
                if slot.value.is_zero() != is_deletion {
                    continue;
                }
                slot.is_dirty = false;
                trie = if is_deletion {
                    tries.delete(trie, &slot.key)?
                } else {
                    tries.put(trie, &slot.key, encoded(&slot.value))?
                };
            }
        }
        self.storage = Some(trie);
        self.storage_root = tries.root_hash(trie);
        Ok(())
    }
}

fn decode_whole<T: Decodable>(rlp: &[u8], what: &str) -> Result<T> {
    let mut rest = rlp;
    let value = T::decode(&mut rest).map_err(|error| reject!(Witness, "malformed {what}: {error}"))?;
    ensure!(rest.is_empty(), Witness, "malformed {what}: bytes after its end");
    Ok(value)
}

/// Leaves live until the run ends, so that tries hold plain references.
fn encoded(value: &impl Encodable) -> &'static [u8] {
    let mut rlp = Vec::with_capacity(value.length());
    value.encode(&mut rlp);
    rlp.leak()
}

/// What revm sees of an error; the rejection itself stays in `State`.
#[derive(Debug, Clone)]
pub struct StateError(alloc::string::String);

impl fmt::Display for StateError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
impl core::error::Error for StateError {}
impl DBErrorMarker for StateError {}

impl fmt::Debug for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("State")
    }
}

impl Database for State {
    type Error = StateError;

    fn basic(&mut self, address: Address) -> core::result::Result<Option<AccountInfo>, StateError> {
        let at = self.account(address);
        let account = self.keep(at).map(|at| &self.accounts[at])?;
        Ok(account.exists.then(|| account.info.clone()))
    }

    fn code_by_hash(&mut self, hash: B256) -> core::result::Result<Bytecode, StateError> {
        let bytecode = self.bytecode(hash);
        self.keep(bytecode)
    }

    fn storage(&mut self, address: Address, slot: U256) -> core::result::Result<U256, StateError> {
        let value = self.account(address).and_then(|at| self.slot(at, slot));
        self.keep(value)
    }

    fn storage_by_account_id(
        &mut self,
        _: Address,
        account: AccountId,
        slot: U256,
    ) -> core::result::Result<U256, StateError> {
        let value = self.slot(account.get(), slot);
        self.keep(value)
    }

    fn block_hash(&mut self, number: u64) -> core::result::Result<B256, StateError> {
        let hash = self.block_hashes.get(&number).copied();
        self.keep(hash.ok_or_else(|| reject!(Witness, "missing ancestor header {number} (BLOCKHASH)")))
    }
}

impl DatabaseCommit for State {
    fn commit(&mut self, changes: AddressMap<TouchedAccount>) {
        self.commit_iter(&mut changes.into_iter());
    }

    fn commit_iter(&mut self, changes: &mut dyn Iterator<Item = (Address, TouchedAccount)>) {
        for (address, touched) in changes {
            if let Err(rejection) = self.apply(address, touched) {
                self.first_error.get_or_insert(rejection);
            }
        }
    }
}
