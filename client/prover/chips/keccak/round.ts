import { defineChip } from '../../air/chip.ts';
import { array, bit, field } from '../../air/columns.ts';
import { type Expr, sum } from '../../air/expr.ts';
import { Fp } from '../../field/fp.ts';
import { KECCAK_CHAIN, ROUND, STATE_LIMBS } from '../buses.ts';
import { bitOf, type KeccakState, LANE_BITS, LANES, RHO, roundConstantBits, theta } from './permutation.ts';

/** One round of the call that `segment` made at `clock`. */
export type KeccakRoundRecord = {
  readonly segment: number;
  readonly clock: number;
  readonly round: number;
  /** State before the round. */
  readonly state: KeccakState;
};

const HALF = Fp.inv(2);
const LIMB_BITS = 16;
const lane = (x: number, y: number): number => ((x + 5) % 5) + 5 * ((y + 5) % 5);

/**
 * One round of Keccak-f per row. Committed are the state after theta, A′, and the column parities C of the state before
 * it. In signs s(b) = 1 − 2b, where XOR is a product, the state before is A = A′ · C[x−1] · C[x+1, z−1], and the state
 * after the round is iota(chi(pi(rho(A′)))): both are expressions in the messages, packed from bits, so nothing needs a
 * range check. The five A of a column multiply to C, which is the one constraint per column.
 */
export const keccakRound = defineChip({
  id: 'keccak_round',
  maxDegree: 4,
  columns: {
    isReal: bit('1 on rows with a round'),
    segment: field('index of the calling segment'),
    clock: field('clock of the call'),
    round: field('number of the round'),
    rc: array(field('bit 2^j − 1 of the round constant; a bit by lookup'), 7),
    afterTheta: array(bit('state after theta, bit z of lane x + 5y at 64(x + 5y) + z'), LANES * LANE_BITS),
    parity: array(bit('column parities before theta, bit z of column x at 64x + z'), 5 * LANE_BITS),
  },
  fillRow: ({ segment, clock, round, state }: KeccakRoundRecord, row) => {
    const { parities, after } = theta(state);
    row.isReal = 1;
    row.segment = segment;
    row.clock = clock;
    row.round = round;
    roundConstantBits(round).forEach((b, j) => {
      row.rc[j] = b;
    });
    for (let i = 0; i < LANES * LANE_BITS; i++) row.afterTheta[i] = bitOf(after, i >> 6, i & 63);
    for (let i = 0; i < 5 * LANE_BITS; i++) row.parity[i] = bitOf(parities, i >> 6, i & 63);
  },
  constrain: (c, row) => {
    const sign = (b: Expr): Expr => b.mul(-2).add(1);
    const after = row.afterTheta.map(sign);
    const parities = row.parity.map(sign);
    const a = (x: number, y: number, z: number): Expr => after[LANE_BITS * lane(x, y) + (z & 63)]!;
    const parity = (x: number, z: number): Expr => parities[LANE_BITS * ((x + 5) % 5) + (z & 63)]!;
    const d = (x: number, z: number): Expr => parity(x - 1, z).mul(parity(x + 1, z - 1));
    for (let x = 0; x < 5; x++)
      for (let z = 0; z < LANE_BITS; z++) {
        // D enters each of the five A once, so the product of the five A′ is C · D; two of them change sides.
        const left = a(x, 0, z)
          .mul(a(x, 1, z))
          .mul(a(x, 2, z).mul(a(x, 3, z)));
        c.assertZero(`parity of column ${x}, ${z}`, left.sub(a(x, 4, z).mul(parity(x, z)).mul(d(x, z))));
      }
    const pack = (bits: (x: number, y: number, z: number) => Expr): Expr[] =>
      Array.from({ length: STATE_LIMBS }, (_, limb) => {
        const [x, y] = [(limb >> 2) % 5, Math.floor((limb >> 2) / 5)];
        const terms = Array.from({ length: LIMB_BITS }, (_, j) => bits(x, y, LIMB_BITS * (limb & 3) + j).mul(2 ** j));
        return sum(terms)
          .neg()
          .add(2 ** LIMB_BITS - 1)
          .mul(HALF);
      });
    const moved = (x: number, y: number, z: number): Expr => {
      const from = (x + 3 * y) % 5;
      return a(from, x, z - RHO[lane(from, x)]! + LANE_BITS);
    };
    const out = (x: number, y: number, z: number): Expr => {
      const [s1, s2] = [moved((x + 1) % 5, y, z), moved((x + 2) % 5, y, z)];
      const chi = moved(x, y, z).mul(s2.sub(s1).add(1).add(s1.mul(s2)).mul(HALF));
      const j = Math.log2(z + 1);
      return x === 0 && y === 0 && Number.isInteger(j) ? chi.mul(sign(row.rc[j]!)) : chi;
    };
    const { isReal, segment, clock, round } = row;
    const once = { maxPerRow: 1 };
    c.receive(KECCAK_CHAIN, [segment, clock, round, ...pack((x, y, z) => a(x, y, z).mul(d(x, z)))], isReal, once);
    c.send(KECCAK_CHAIN, [segment, clock, round.add(1), ...pack(out)], isReal, once);
    c.send(ROUND, [round, ...row.rc], isReal, once);
  },
  freeCells: {
    segment: 'padding rows send nothing',
    clock: 'padding rows send nothing',
    round: 'padding rows send nothing',
    'rc[0]': 'padding rows send nothing',
    'rc[1]': 'padding rows send nothing',
    'rc[2]': 'padding rows send nothing',
    'rc[3]': 'padding rows send nothing',
    'rc[4]': 'padding rows send nothing',
    'rc[5]': 'padding rows send nothing',
    'rc[6]': 'padding rows send nothing',
  },
});
