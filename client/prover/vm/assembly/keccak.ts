/** Keccak-f[1600] (FIPS 202, section 3.3) in place over 25 little-endian lanes. */

const ROUND_CONSTANTS: StaticArray<u64> = [
  0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000, 0x000000000000808b,
  0x0000000080000001, 0x8000000080008081, 0x8000000000008009, 0x000000000000008a, 0x0000000000000088,
  0x0000000080008009, 0x000000008000000a, 0x000000008000808b, 0x800000000000008b, 0x8000000000008089,
  0x8000000000008003, 0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
  0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
];
/** Rotations and targets of ρ and π along the path that starts at lane 1. */
const ROTATIONS: StaticArray<u8> = [
  1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44,
];
const LANES: StaticArray<u8> = [10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1];
const COLUMNS = memory.data(40);

export function keccakF(state: usize): void {
  for (let round = 0; round < 24; round++) {
    for (let x: usize = 0; x < 40; x += 8) {
      const at = state + x;
      const parity = load<u64>(at) ^ load<u64>(at, 40) ^ load<u64>(at, 80) ^ load<u64>(at, 120) ^ load<u64>(at, 160);
      store<u64>(COLUMNS + x, parity);
    }
    for (let x: usize = 0; x < 40; x += 8) {
      const left = load<u64>(COLUMNS + (x == 0 ? 32 : x - 8));
      const d = left ^ rotl(load<u64>(COLUMNS + (x == 32 ? 0 : x + 8)), 1);
      for (let at = state + x; at < state + 200; at += 40) store<u64>(at, load<u64>(at) ^ d);
    }
    let lane = load<u64>(state, 8);
    for (let k = 0; k < 24; k++) {
      const at = state + 8 * <usize>unchecked(LANES[k]);
      const moved = load<u64>(at);
      store<u64>(at, rotl(lane, <u64>unchecked(ROTATIONS[k])));
      lane = moved;
    }
    for (let row = state; row < state + 200; row += 40) {
      const a = load<u64>(row);
      const b = load<u64>(row, 8);
      const c = load<u64>(row, 16);
      const d = load<u64>(row, 24);
      const e = load<u64>(row, 32);
      store<u64>(row, a ^ (~b & c));
      store<u64>(row, b ^ (~c & d), 8);
      store<u64>(row, c ^ (~d & e), 16);
      store<u64>(row, d ^ (~e & a), 24);
      store<u64>(row, e ^ (~a & b), 32);
    }
    store<u64>(state, load<u64>(state) ^ unchecked(ROUND_CONSTANTS[round]));
  }
}
