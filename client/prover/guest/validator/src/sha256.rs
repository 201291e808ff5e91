//! SHA-256 (FIPS 180-4) for the machine: a message block costs 2,400 instructions instead of 3,100, the padding behind 64
//! bytes, whose schedule is known, 1,700.

type State = [u32; 8];
const BLOCK_BYTES: usize = 64;
const LENGTH_BYTES: usize = 8;

const INITIAL: State = [
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
];

const K: [u32; 64] = [
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
];

/// Constants and message schedule, already added, of the block that pads 64 bytes.
const PADDING_OF_64_BYTES: [u32; 64] = {
    let mut words = [0u32; 64];
    words[0] = 0x8000_0000;
    words[15] = 512;
    let mut i = 16;
    while i < 64 {
        let (early, late) = (words[i - 15], words[i - 2]);
        let sigma_0 = early.rotate_right(7) ^ early.rotate_right(18) ^ (early >> 3);
        let sigma_1 = late.rotate_right(17) ^ late.rotate_right(19) ^ (late >> 10);
        words[i] = sigma_1.wrapping_add(words[i - 7]).wrapping_add(sigma_0).wrapping_add(words[i - 16]);
        i += 1;
    }
    i = 0;
    while i < 64 {
        words[i] = words[i].wrapping_add(K[i]);
        i += 1;
    }
    words
};

pub fn sha256(message: &[u8]) -> [u8; 32] {
    let (blocks, rest) = message.as_chunks::<BLOCK_BYTES>();
    let mut state = INITIAL;
    for block in blocks {
        compress(&mut state, block);
    }
    let mut last = [0; 2 * BLOCK_BYTES];
    last[..rest.len()].copy_from_slice(rest);
    last[rest.len()] = 0x80;
    let padded = (rest.len() + 1 + LENGTH_BYTES).next_multiple_of(BLOCK_BYTES);
    last[padded - LENGTH_BYTES..padded].copy_from_slice(&(8 * message.len() as u64).to_be_bytes());
    for block in last[..padded].as_chunks::<BLOCK_BYTES>().0 {
        compress(&mut state, block);
    }
    bytes_of(&state)
}

/// Of 64 bytes.
pub fn sha256_pair(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    let mut block = [0; BLOCK_BYTES];
    block[..32].copy_from_slice(left);
    block[32..].copy_from_slice(right);
    let mut state = INITIAL;
    compress(&mut state, &block);
    let before = state;
    for words in PADDING_OF_64_BYTES.as_chunks::<8>().0 {
        for word in words {
            round(&mut state, *word);
        }
    }
    add(&mut state, &before);
    bytes_of(&state)
}

/// The block 16 times with `$i` = 0 to 15: so the message's words stay in registers.
macro_rules! unrolled {
    ($i:ident, $block:block) => { unrolled!($i $block 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15) };
    ($i:ident $block:block $($n:literal)*) => { $({ const $i: usize = $n; $block })* };
}

fn compress(state: &mut State, block: &[u8; BLOCK_BYTES]) {
    let before = *state;
    let mut words: [u32; 16] = core::array::from_fn(|i| {
        let [a, b, c, d] = block.as_chunks::<4>().0[i];
        u32::from_be_bytes([a, b, c, d])
    });
    let (first, further) = K.split_at(16);
    unrolled!(I, {
        round(state, words[I].wrapping_add(first[I]));
    });
    for constants in further.as_chunks::<16>().0 {
        unrolled!(I, {
            let (early, late) = (words[(I + 1) % 16], words[(I + 14) % 16]);
            let sigma_0 = early.rotate_right(7) ^ early.rotate_right(18) ^ (early >> 3);
            let sigma_1 = late.rotate_right(17) ^ late.rotate_right(19) ^ (late >> 10);
            words[I] = words[I].wrapping_add(sigma_0).wrapping_add(words[(I + 9) % 16]).wrapping_add(sigma_1);
            round(state, words[I].wrapping_add(constants[I]));
        });
    }
    add(state, &before);
}

/// `word`: of the schedule, plus the round's constant.
#[inline(always)]
fn round([a, b, c, d, e, f, g, h]: &mut State, word: u32) {
    let sigma_1 = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
    let choice = *g ^ (*e & (*f ^ *g));
    let first = h.wrapping_add(sigma_1).wrapping_add(choice).wrapping_add(word);
    let sigma_0 = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
    let majority = *b ^ ((*a ^ *b) & (*b ^ *c));
    let second = sigma_0.wrapping_add(majority);
    (*h, *g, *f, *e) = (*g, *f, *e, d.wrapping_add(first));
    (*d, *c, *b, *a) = (*c, *b, *a, first.wrapping_add(second));
}

fn add(state: &mut State, before: &State) {
    for (word, old) in state.iter_mut().zip(before) {
        *word = word.wrapping_add(*old);
    }
}

fn bytes_of(state: &State) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (to, word) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(state) {
        *to = word.to_be_bytes();
    }
    bytes
}
