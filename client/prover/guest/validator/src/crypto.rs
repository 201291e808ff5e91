//! Signature recovery for transactions (senders), alloy (EIP-7702 authorities) and revm (precompile 0x01), once; SHA-256
//! and modular exponentiation for revm (0x02, 0x05).

use crate::{body::Transaction, modular, secp256k1::recover, sha256::sha256};
use alloc::{sync::Arc, vec::Vec};
use alloy_consensus::crypto::{
    RecoveryError,
    backend::{CryptoProvider, install_default_provider},
};
use alloy_primitives::{Address, B256, U256};
use precompiles::RARE;
use revm::precompile::{
    Crypto, PrecompileHalt,
    bls12_381::{G1Point, G1PointScalar, G2Point, G2PointScalar},
    install_crypto,
};

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
        of_one_word.map_or_else(|| RARE.modexp(base, exponent, modulus), Ok)
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

    // Named here one by one, because each method that is left to the trait is compiled a second time.

    fn ripemd160(&self, input: &[u8]) -> [u8; 32] {
        RARE.ripemd160(input)
    }

    fn blake2_compress(&self, rounds: u32, h: &mut [u64; 8], m: &[u64; 16], t: &[u64; 2], is_last: bool) {
        RARE.blake2_compress(rounds, h, m, t, is_last);
    }

    fn bn254_g1_add(&self, p: &[u8], q: &[u8]) -> Result<[u8; 64], PrecompileHalt> {
        RARE.bn254_g1_add(p, q)
    }

    fn bn254_g1_mul(&self, point: &[u8], scalar: &[u8]) -> Result<[u8; 64], PrecompileHalt> {
        RARE.bn254_g1_mul(point, scalar)
    }

    fn bn254_pairing_check(&self, pairs: &[(&[u8], &[u8])]) -> Result<bool, PrecompileHalt> {
        RARE.bn254_pairing_check(pairs)
    }

    fn secp256r1_verify_signature(&self, hash: &[u8; 32], signature: &[u8; 64], key: &[u8; 64]) -> bool {
        RARE.secp256r1_verify_signature(hash, signature, key)
    }

    fn verify_kzg_proof(
        &self,
        z: &[u8; 32],
        y: &[u8; 32],
        commitment: &[u8; 48],
        proof: &[u8; 48],
    ) -> Result<(), PrecompileHalt> {
        RARE.verify_kzg_proof(z, y, commitment, proof)
    }

    fn bls12_381_g1_add(&self, p: G1Point, q: G1Point) -> Result<[u8; 96], PrecompileHalt> {
        RARE.bls12_381_g1_add(p, q)
    }

    fn bls12_381_g1_msm(
        &self,
        pairs: &mut dyn Iterator<Item = Result<G1PointScalar, PrecompileHalt>>,
    ) -> Result<[u8; 96], PrecompileHalt> {
        RARE.bls12_381_g1_msm(pairs)
    }

    fn bls12_381_g2_add(&self, p: G2Point, q: G2Point) -> Result<[u8; 192], PrecompileHalt> {
        RARE.bls12_381_g2_add(p, q)
    }

    fn bls12_381_g2_msm(
        &self,
        pairs: &mut dyn Iterator<Item = Result<G2PointScalar, PrecompileHalt>>,
    ) -> Result<[u8; 192], PrecompileHalt> {
        RARE.bls12_381_g2_msm(pairs)
    }

    fn bls12_381_pairing_check(&self, pairs: &[(G1Point, G2Point)]) -> Result<bool, PrecompileHalt> {
        RARE.bls12_381_pairing_check(pairs)
    }

    fn bls12_381_fp_to_g1(&self, fp: &[u8; 48]) -> Result<[u8; 96], PrecompileHalt> {
        RARE.bls12_381_fp_to_g1(fp)
    }

    fn bls12_381_fp2_to_g2(&self, fp2: ([u8; 48], [u8; 48])) -> Result<[u8; 192], PrecompileHalt> {
        RARE.bls12_381_fp2_to_g2(fp2)
    }
}

/// Idempotent: a second call changes nothing.
pub fn install() {
    let _ = install_default_provider(Arc::new(GuestCrypto));
    install_crypto(GuestCrypto);
}
