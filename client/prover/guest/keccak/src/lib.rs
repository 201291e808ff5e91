//! The API of the `keccak` crate over the zkVM's permutation; `[patch.crates-io]` puts it under `sha3`, and so
//! under every hasher of the guest.

#![no_std]
#![forbid(unsafe_code)]

/// State of Keccak-f[1600]: lane (x, y) is word x + 5 y.
pub type State1600 = [u64; 25];

/// A permutation of the state, in place.
pub type Fn1600 = fn(&mut State1600);

/// Chooses the implementation; there is one.
#[derive(Debug, Copy, Clone, Default)]
pub struct Keccak {}

impl Keccak {
    #[inline]
    pub fn new() -> Self {
        Self {}
    }

    #[inline]
    pub fn with_f1600(&self, use_permutation: impl FnOnce(Fn1600)) {
        use_permutation(f1600)
    }
}

#[cfg(target_family = "wasm")]
#[inline]
fn f1600(state: &mut State1600) {
    zkvm::keccak_f(state)
}

/// FIPS 202, section 3.2, for macros that hash while the guest is being built.
#[cfg(not(target_family = "wasm"))]
fn f1600(state: &mut State1600) {
    const RHO: [u32; 24] = [1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44];
    const PI: [usize; 24] = [10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1];
    let mut lfsr = 1u8;
    for _ in 0..24 {
        let parity: [u64; 5] =
            core::array::from_fn(|x| state[x] ^ state[x + 5] ^ state[x + 10] ^ state[x + 15] ^ state[x + 20]);
        for (i, lane) in state.iter_mut().enumerate() {
            *lane ^= parity[(i + 4) % 5] ^ parity[(i + 1) % 5].rotate_left(1);
        }
        let mut moved = state[1];
        for (target, rotation) in PI.into_iter().zip(RHO) {
            moved = core::mem::replace(&mut state[target], moved.rotate_left(rotation));
        }
        for row in state.chunks_exact_mut(5) {
            let old: [u64; 5] = core::array::from_fn(|x| row[x]);
            for x in 0..5 {
                row[x] = old[x] ^ (!old[(x + 1) % 5] & old[(x + 2) % 5]);
            }
        }
        for j in 0..7 {
            if lfsr & 1 == 1 {
                state[0] ^= 1 << ((1 << j) - 1);
            }
            lfsr = (lfsr << 1) ^ if lfsr & 0x80 != 0 { 0x71 } else { 0 };
        }
    }
}
