//! Signature recovery for alloy (senders, EIP-7702 authorities) and revm (the precompile), once.
//!
//! The `ecdsa` crate of the 0.14 line recovers without verifying again what it recovered, and its field has 64-bit
//! limbs on wasm32: 0.6 M instructions against 3.6 M.

use alloc::sync::Arc;
use alloy_consensus::crypto::{
    RecoveryError,
    backend::{CryptoProvider, install_default_provider},
};
use alloy_primitives::{Address, keccak256};
use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};
use revm::precompile::{Crypto, PrecompileHalt, install_crypto};

#[derive(Debug)]
struct Secp256k1;

/// keccak256 of the public key's coordinates. `signature` is r ‖ s, each in 1..n; `is_y_odd` is 0 or 1: Ethereum has
/// no signature whose point has an x above n.
fn recover(signature: &[u8; 64], is_y_odd: u8, message_hash: &[u8; 32]) -> Option<[u8; 32]> {
    let recovery_id = RecoveryId::from_byte(is_y_odd).filter(|id| !id.is_x_reduced())?;
    let signature = Signature::from_slice(signature).ok()?;
    let key = VerifyingKey::recover_from_prehash(message_hash, &signature, recovery_id).ok()?;
    let point = key.to_sec1_point(false);
    let coordinates = point.as_bytes().get(1..)?;
    Some(keccak256(coordinates).0)
}

impl CryptoProvider for Secp256k1 {
    fn recover_signer_unchecked(&self, signature: &[u8; 65], hash: &[u8; 32]) -> Result<Address, RecoveryError> {
        let [r_and_s @ .., is_y_odd] = signature;
        let key_hash = recover(r_and_s, *is_y_odd, hash).ok_or_else(RecoveryError::new)?;
        Ok(Address::from_slice(&key_hash[12..]))
    }

    /// Blocks carry no public keys: nothing in this guest may take this way.
    fn verify_and_compute_signer_unchecked(
        &self,
        _: &[u8; 65],
        _: &[u8; 64],
        _: &[u8; 32],
    ) -> Result<Address, RecoveryError> {
        Err(RecoveryError::new())
    }
}

impl Crypto for Secp256k1 {
    fn secp256k1_ecrecover(
        &self,
        signature: &[u8; 64],
        is_y_odd: u8,
        hash: &[u8; 32],
    ) -> Result<[u8; 32], PrecompileHalt> {
        let mut word = recover(signature, is_y_odd, hash).ok_or(PrecompileHalt::Secp256k1RecoverFailed)?;
        word[..12].fill(0);
        Ok(word)
    }
}

/// Idempotent: a second call changes nothing.
pub fn install() {
    let _ = install_default_provider(Arc::new(Secp256k1));
    install_crypto(Secp256k1);
}
