/**
 * Keccak-f[1600] by rounds (FIPS 202, section 3.2). A state is 25 lanes of 64 bits, lane x + 5·y as the 32-bit words
 * 2·(x + 5·y) (low) and the next (high).
 */
export const KECCAK_ROUNDS = 24;
export const LANES = 25;
export const LANE_BITS = 64;
const STATE_WORDS = 2 * LANES;
/** Round constants have bits only at the positions 2^j − 1. */
const CONSTANT_BITS = 7;

export type KeccakState = Uint32Array;

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

/** Bit z of a lane. */
export const bitOf = (words: Uint32Array, lane: number, z: number): number =>
  (words[2 * lane + (z >> 5)]! >>> (z & 31)) & 1;

/** Low and high word of a lane rotated left by n bits. */
function rotate(low: number, high: number, n: number): readonly [number, number] {
  const [a, b] = n & 32 ? [high, low] : [low, high];
  const k = n & 31;
  if (k === 0) return [a >>> 0, b >>> 0];
  return [((a << k) | (b >>> (32 - k))) >>> 0, ((b << k) | (a >>> (32 - k))) >>> 0];
}

/** Column parities (5 lanes) of a state, and the state after theta. */
export function theta(state: KeccakState): { readonly parities: Uint32Array; readonly after: KeccakState } {
  const parities = new Uint32Array(10);
  for (let i = 0; i < STATE_WORDS; i++) parities[i % 10]! ^= state[i]!;
  const after = state.slice();
  for (let x = 0; x < 5; x++) {
    const left = (x + 4) % 5;
    const right = (x + 1) % 5;
    const [low, high] = rotate(parities[2 * right]!, parities[2 * right + 1]!, 1);
    for (let y = 0; y < 5; y++) {
      after[2 * (x + 5 * y)]! ^= parities[2 * left]! ^ low;
      after[2 * (x + 5 * y) + 1]! ^= parities[2 * left + 1]! ^ high;
    }
  }
  return { parities, after };
}

/** rho, pi, chi and iota of a state after theta: the round's result. */
export function finishRound(after: KeccakState, round: number): KeccakState {
  const b = new Uint32Array(STATE_WORDS);
  for (let x = 0; x < 5; x++)
    for (let y = 0; y < 5; y++) {
      const to = y + 5 * ((2 * x + 3 * y) % 5);
      const [low, high] = rotate(after[2 * (x + 5 * y)]!, after[2 * (x + 5 * y) + 1]!, RHO[x + 5 * y]!);
      b[2 * to] = low;
      b[2 * to + 1] = high;
    }
  const out = new Uint32Array(STATE_WORDS);
  for (let y = 0; y < 5; y++)
    for (let x = 0; x < 5; x++)
      for (let w = 0; w < 2; w++) {
        const lane = (k: number): number => b[2 * (((x + k) % 5) + 5 * y) + w]!;
        out[2 * (x + 5 * y) + w] = lane(0) ^ (~lane(1) & lane(2));
      }
  roundConstantBits(round).forEach((bit, j) => {
    const z = 2 ** j - 1;
    if (bit === 1) out[z >> 5]! ^= 1 << (z & 31);
  });
  return out;
}

/** The state before each round, and the result as the last: 25 states. */
export function keccakStates(input: KeccakState): KeccakState[] {
  const states = [input];
  for (let round = 0; round < KECCAK_ROUNDS; round++) states.push(finishRound(theta(states[round]!).after, round));
  return states;
}

/** The 100 limbs of 16 bits of a state. */
export const limbsOfState = (state: KeccakState): number[] =>
  Array.from(state).flatMap((word) => [word & 0xffff, word >>> 16]);
