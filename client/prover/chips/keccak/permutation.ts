/**
 * Keccak-f[1600] by rounds (FIPS 202, section 3.2). A state is 25 lanes of 64 bits, lane x + 5·y as the 32-bit words
 * 2·(x + 5·y) (low) and the next (high).
 */
export const KECCAK_ROUNDS = 24;
export const LANES = 25;
export const LANE_BITS = 64;
export const STATE_WORDS = 2 * LANES;
/** Round constants have bits only at the positions 2^j − 1. */
export const CONSTANT_BITS = 7;

/** Rotation of lane (x, y), at x + 5·y. */
export const RHO: readonly number[] = rotations();

function rotations(): number[] {
  const rho = new Array<number>(LANES).fill(0);
  let [x, y] = [1, 0];
  for (let t = 0; t < 24; t++) {
    rho[x + 5 * y] = (((t + 1) * (t + 2)) / 2) % LANE_BITS;
    [x, y] = [y, (2 * x + 3 * y) % 5];
  }
  return rho;
}

const CONSTANTS: readonly (readonly number[])[] = constants();

function constants(): number[][] {
  let lfsr = 1;
  return Array.from({ length: KECCAK_ROUNDS }, () =>
    Array.from({ length: CONSTANT_BITS }, () => {
      const bit = lfsr & 1;
      lfsr = (lfsr << 1) ^ (lfsr & 0x80 ? 0x171 : 0);
      return bit;
    }),
  );
}

/** Bits of the constant of a round at the positions 2^j − 1, j < 7. */
export const roundConstantBits = (round: number): readonly number[] => CONSTANTS[round]!;

/** Where rho and pi take each lane. */
const MOVED: readonly number[] = RHO.map((_, lane) => {
  const [x, y] = [lane % 5, Math.floor(lane / 5)];
  return y + 5 * ((2 * x + 3 * y) % 5);
});

/** Constants by round, low and high word. */
const IOTA = CONSTANTS.map((bits) => {
  const words: [number, number] = [0, 0];
  bits.forEach((bit, j) => {
    const z = 2 ** j - 1;
    words[z >> 5]! |= bit << (z & 31);
  });
  return words;
});

/** Working memory of `nextState`. */
export type KeccakScratch = { readonly parity: Uint32Array; readonly moved: Uint32Array };
/** Fresh working memory; `nextState` overwrites all of it, so that one serves all rounds. */
export const keccakScratch = (): KeccakScratch => ({
  parity: new Uint32Array(STATE_WORDS / 5),
  moved: new Uint32Array(STATE_WORDS),
});

/** One round: the state at `from` of `words` to the one at `to`. */
export function nextState(words: Uint32Array, from: number, to: number, round: number, scratch: KeccakScratch): void {
  const { parity, moved } = scratch;
  for (let i = 0; i < 10; i++)
    parity[i] =
      words[from + i]! ^ words[from + i + 10]! ^ words[from + i + 20]! ^ words[from + i + 30]! ^ words[from + i + 40]!;
  for (let x = 0; x < 5; x++) {
    const [left, right] = [2 * ((x + 4) % 5), 2 * ((x + 1) % 5)];
    const [low, high] = [parity[right]!, parity[right + 1]!];
    const dLow = parity[left]! ^ ((low << 1) | (high >>> 31));
    const dHigh = parity[left + 1]! ^ ((high << 1) | (low >>> 31));
    for (let lane = x; lane < LANES; lane += 5) {
      const n = RHO[lane]!;
      const a = words[from + 2 * lane]! ^ dLow;
      const b = words[from + 2 * lane + 1]! ^ dHigh;
      const [u, v] = n & 32 ? [b, a] : [a, b];
      const k = n & 31;
      const target = 2 * MOVED[lane]!;
      moved[target] = k === 0 ? u : (u << k) | (v >>> (32 - k));
      moved[target + 1] = k === 0 ? v : (v << k) | (u >>> (32 - k));
    }
  }
  for (let y = 0; y < STATE_WORDS; y += 10)
    for (let i = 0; i < 10; i++)
      words[to + y + i] = moved[y + i]! ^ (~moved[y + ((i + 2) % 10)]! & moved[y + ((i + 4) % 10)]!);
  const [low, high] = IOTA[round]!;
  words[to]! ^= low;
  words[to + 1]! ^= high;
}
