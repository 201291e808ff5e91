//! Recovery of public keys on secp256k1 (SEC 1, 4.1.6) from the machine's arithmetic calls and the host's advice.
//!
//! Advice is wrong until it is checked, and a check that fails ends the run: the host must not be able to pass a
//! signature off as one that recovers to no key, since a valid block may contain those too (precompile 0x01).

use zkvm::{Advice, FailCode, Point, Word256, advice, fail, keccak_f, mulmod256, secp256k1_msm};

/// The field's modulus, ≡ 3 mod 4.
const P: Word256 = [0xffff_fffe_ffff_fc2f, u64::MAX, u64::MAX, u64::MAX];
/// The group's order, a prime: no point has order 2, so none has y = 0.
const N: Word256 = [0xbfd2_5e8c_d036_4141, 0xbaae_dce6_af48_a03b, 0xffff_ffff_ffff_fffe, u64::MAX];
const ZERO: Word256 = [0; 4];
const ONE: Word256 = [1, 0, 0, 0];
/// y² = x³ + 7
const B: Word256 = [7, 0, 0, 0];

/// λ · (x, y) = (β · x, y); λ and β are cube roots of 1 modulo n and p.
const LAMBDA: Word256 = [0xdf02_967c_1b23_bd72, 0x122e_22ea_2081_6678, 0xa526_1c02_8812_645a, 0x5363_ad4c_c05c_30e0];
const MINUS_LAMBDA: Word256 = subtract(&N, &LAMBDA);
const BETA: Word256 = [0xc139_6c28_7195_01ee, 0x9cf0_4975_12f5_8995, 0x6e64_479e_ac34_34e9, 0x7ae9_6a2b_657c_0710];

/// The generator G.
const G_X: Word256 = [0x59f2_815b_16f8_1798, 0x029b_fcdb_2dce_28d9, 0x55a0_6295_ce87_0b07, 0x79be_667e_f9dc_bbac];
const G_Y: Word256 = [0x9c47_d08f_fb10_d4b8, 0xfd17_b448_a685_5419, 0x5da4_fbfc_0e11_08a8, 0x483a_da77_26a3_c465];
/// x of λ · G
const LAMBDA_G_X: Word256 = [0xa7bb_a044_00b8_8fcb, 0x8728_4406_7f15_e98d, 0xab01_02b6_9690_2325, 0xbcac_e2e9_9da0_1887];
const MINUS_G_Y: Word256 = subtract(&P, &G_Y);

const INFINITY: Point = [ZERO; 2];

/// keccak256 of the coordinates of the key Q = r⁻¹ · (s · R − z · G), where R is the point with x = r and the given
/// parity of y; none if r or s is not in 1..n, if no point has that x, or if Q is infinity. Ethereum has no signature whose
/// R has an x of n or more.
pub fn recover(r: &Word256, s: &Word256, y_is_odd: bool, z: &Word256) -> Option<[u8; 32]> {
    if !is_scalar(r) || !is_scalar(s) {
        return None;
    }
    let y = y_of(r, y_is_odd)?;
    let inverse = inverse_modulo_order(r);
    let g = Halves::of(mulmod256(&inverse, z, &ZERO, &N));
    let r_halves = Halves::of(mulmod256(s, &inverse, &ZERO, &N));
    let lambda_r_x = mulmod256(&BETA, r, &ZERO, &P);
    let minus_y = subtract(&P, &y);
    // −z: the signs of G's halves are exchanged.
    let g_y = |is_negative: bool| if is_negative { G_Y } else { MINUS_G_Y };
    let r_y = |is_negative: bool| if is_negative { minus_y } else { y };
    let points = [
        [G_X, g_y(g.is_negative[0])],
        [LAMBDA_G_X, g_y(g.is_negative[1])],
        [*r, r_y(r_halves.is_negative[0])],
        [lambda_r_x, r_y(r_halves.is_negative[1])],
    ];
    let [g1, g2] = g.magnitudes;
    let [r1, r2] = r_halves.magnitudes;
    let key = secp256k1_msm(&points, &[g1, g2, r1, r2]);
    (key != INFINITY).then(|| key_hash(&key))
}

/// 0 < a < n
#[inline]
fn is_scalar(a: &Word256) -> bool {
    *a != ZERO && is_less(a, &N)
}

/// y of the point with this x < p, by parity; none if x³ + 7 is no square.
#[inline]
fn y_of(x: &Word256, is_odd: bool) -> Option<Word256> {
    let square = mulmod256(x, x, &ZERO, &P);
    let t = mulmod256(&square, x, &B, &P);
    let y = first_words(advice(Advice::SquareRoot, &[t, P]));
    check(is_less(&y, &P));
    if mulmod256(&y, &y, &ZERO, &P) != t {
        // −1 is no square modulo p ≡ 3 mod 4, so t is none where −t is a square other than 0; t = 0 does not come here.
        check(mulmod256(&y, &y, &t, &P) == ZERO);
        return None;
    }
    let has_parity = (y[0] & 1 == 1) == is_odd;
    Some(if has_parity { y } else { subtract(&P, &y) })
}

#[inline]
fn inverse_modulo_order(a: &Word256) -> Word256 {
    let inverse = first_words(advice(Advice::Inverse, &[*a, N]));
    check(is_less(&inverse, &N) && mulmod256(a, &inverse, &ZERO, &N) == ONE);
    inverse
}

/// k₁ and k₂ of less than 128 bits with k₁ + λ · k₂ ≡ k modulo n.
struct Halves {
    magnitudes: [[u64; 2]; 2],
    is_negative: [bool; 2],
}

impl Halves {
    /// @k less than n
    #[inline]
    fn of(k: Word256) -> Self {
        let [a, b, c, d, signs, _] = advice(Advice::GlvSplit, &[k, ZERO]);
        let is_negative = [signs & 1 != 0, signs & 2 != 0];
        // With s₁ the sign of k₁: s₁ · k ≡ |k₁| ± λ · |k₂|. For k = 0 both halves are 0 and the sign must be plus.
        let lambda = if is_negative[0] == is_negative[1] { &LAMBDA } else { &MINUS_LAMBDA };
        let signed_k = if is_negative[0] { subtract(&N, &k) } else { k };
        check(mulmod256(&[c, d, 0, 0], lambda, &[a, b, 0, 0], &N) == signed_k);
        Self { magnitudes: [[a, b], [c, d]], is_negative }
    }
}

/// keccak256 of the 64 bytes x ‖ y, big-endian: one block of the sponge.
#[inline]
fn key_hash([x, y]: &Point) -> [u8; 32] {
    let mut state = [0; 25];
    for i in 0..4 {
        state[i] = x[3 - i].swap_bytes();
        state[4 + i] = y[3 - i].swap_bytes();
    }
    state[8] = 1;
    state[16] = 1 << 63;
    keccak_f(&mut state);
    let mut hash = [0; 32];
    for (bytes, word) in hash.chunks_exact_mut(8).zip(state) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    hash
}

#[inline]
fn first_words([a, b, c, d, ..]: [u64; 6]) -> Word256 {
    [a, b, c, d]
}

#[inline]
fn is_less(a: &Word256, b: &Word256) -> bool {
    a.iter().rev().lt(b.iter().rev())
}

/// a − b for a ≥ b
#[inline]
const fn subtract(a: &Word256, b: &Word256) -> Word256 {
    let mut out = [0; 4];
    let mut borrow = false;
    let mut i = 0;
    while i < 4 {
        let (difference, first) = a[i].overflowing_sub(b[i]);
        let (difference, second) = difference.overflowing_sub(borrow as u64);
        (out[i], borrow) = (difference, first | second);
        i += 1;
    }
    out
}

#[inline]
fn check(holds: bool) {
    if !holds {
        fail(FailCode::Advice as u32, "advice of the host does not pass its check");
    }
}
