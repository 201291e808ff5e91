//! Signature recovery for transactions (senders), alloy (EIP-7702 authorities) and revm (precompile 0x01), once; SHA-256
//! and modular exponentiation for revm (0x02, 0x05).

use crate::{body::Transaction, modular, secp256k1::recover, sha256::sha256};
use alloc::{sync::Arc, vec::Vec};
use alloy_consensus::crypto::{
    RecoveryError,
    backend::{CryptoProvider, install_default_provider},
};
use alloy_primitives::{Address, B256, U256};
use revm::precompile::{Crypto, DefaultCrypto, PrecompileHalt, install_crypto};

/// The address that signed, if any; the bound on s (EIP-2) is the caller's.
pub fn recover_signer(transaction: &Transaction) -> Option<Address> {
    let signature = transaction.signature();
    let [r, s, z] = [signature.r(), signature.s(), transaction.signature_hash().into()].map(U256::into_limbs);
    recover(&r, &s, signature.v(), &z).map(|hash| address_of(&hash))
}

fn address_of(key_hash: &[u8; 32]) -> Address {
    Address::from_word(B256::from(*key_hash))
}

/// `signature` is r ‖ s; `is_y_odd` is 0 or 1.
fn recover_from_bytes(signature: &[u8; 64], is_y_odd: u8, message_hash: &[u8; 32]) -> Option<[u8; 32]> {
    if is_y_odd > 1 {
        return None;
    }
    let (words, _) = signature.as_chunks::<32>();
    let [r, s, z] = [words[0], words[1], *message_hash].map(|word| U256::from_be_bytes(word).into_limbs());
    recover(&r, &s, is_y_odd == 1, &z)
}

#[derive(Debug)]
struct GuestCrypto;

impl CryptoProvider for GuestCrypto {
    fn recover_signer_unchecked(&self, signature: &[u8; 65], hash: &[u8; 32]) -> Result<Address, RecoveryError> {
        let [r_and_s @ .., is_y_odd] = signature;
        let key_hash = recover_from_bytes(r_and_s, *is_y_odd, hash).ok_or_else(RecoveryError::new)?;
        Ok(address_of(&key_hash))
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

impl Crypto for GuestCrypto {
    fn sha256(&self, input: &[u8]) -> [u8; 32] {
        sha256(input)
    }

    fn modexp(&self, base: &[u8], exponent: &[u8], modulus: &[u8]) -> Result<Vec<u8>, PrecompileHalt> {
        let of_one_word = modular::modexp(base, exponent, modulus);
        of_one_word.map_or_else(|| DefaultCrypto.modexp(base, exponent, modulus), Ok)
    }

    fn secp256k1_ecrecover(
        &self,
        signature: &[u8; 64],
        is_y_odd: u8,
        hash: &[u8; 32],
    ) -> Result<[u8; 32], PrecompileHalt> {
        let mut word =
            recover_from_bytes(signature, is_y_odd, hash).ok_or(PrecompileHalt::Secp256k1RecoverFailed)?;
        word[..12].fill(0);
        Ok(word)
    }
}

/// Idempotent: a second call changes nothing.
pub fn install() {
    let _ = install_default_provider(Arc::new(GuestCrypto));
    install_crypto(GuestCrypto);
}
