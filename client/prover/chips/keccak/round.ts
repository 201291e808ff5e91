import { defineChip } from '../../air/chip.ts';
import { array, bit, field, lanes } from '../../air/columns.ts';
import type { Packing } from '../../air/dag.ts';
import type { Expr } from '../../air/expr.ts';
import { rowProgram } from '../../air/row-program.ts';
import type { Word } from '../../air/word.ts';
import { Fp } from '../../field/fp.ts';
import { KECCAK_CHAIN, ROUND } from '../buses.ts';
import { KECCAK_CALL_WORDS } from './call.ts';
import {
  CONSTANT_BITS,
  KECCAK_ROUNDS,
  keccakScratch,
  LANES,
  nextState,
  RHO,
  roundConstantBits,
  STATE_WORDS,
} from './permutation.ts';

/** Words of a round: segment and clock of the call, round, bits of its constant, state before. */
export const KECCAK_ROUND_WORDS = 4 + STATE_WORDS;

type RoundWords = Readonly<Record<'segment' | 'clock' | 'round' | 'constant', Word>> & {
  readonly state: readonly Word[];
};

const HALF = Fp.inv(2);
const LIMB_BITS = 16;
/** Bits as signs: a limb is Σ 2^j (1 − s_j) / 2. */
const SIGNED_LIMBS: Packing = {
  coefficients: Array.from({ length: LIMB_BITS }, (_, j) => Fp.neg(Fp.mul(2 ** j, HALF))),
  constant: Fp.mul(2 ** LIMB_BITS - 1, HALF),
};
const lane = (x: number, y: number): number => ((x + 5) % 5) + 5 * ((y + 5) % 5);

/**
 * One round of Keccak-f per row. Committed are the state after theta, A′, and the column parities C of the state before
 * it. In signs s(b) = 1 − 2b, where XOR is a product, the state before is A = A′ · C[x−1] · C[x+1, z−1], and the state
 * after the round is iota(chi(pi(rho(A′)))): both are expressions in the messages, packed from bits, so nothing needs a
 * range check. The five A of a column multiply to C, which is the one constraint per column. All of it is the same for
 * every position z of a lane: lanes are sliced.
 */
export const keccakRound = defineChip({
  id: 'keccak_round',
  maxDegree: 4,
  columns: {
    isReal: bit('1 on rows with a round'),
    segment: field('index of the calling segment'),
    clock: field('clock of the call'),
    round: field('number of the round'),
    rc: array(field('bit 2^j − 1 of the round constant; a bit by lookup'), CONSTANT_BITS),
    afterTheta: lanes(bit('state after theta, bit z of lane x + 5y at 64(x + 5y) + z'), LANES),
    parity: lanes(bit('column parities before theta, bit z of column x at 64x + z'), 5),
  },
  fill: ({ segment, clock, round, constant, state }: RoundWords, row) => {
    const bits = (words: readonly Word[]): Word[] => words.flatMap((word) => word.bits(32));
    const xor = (words: readonly Word[]): Word => words.reduce((a, b) => a.xor(b));
    const parities = Array.from({ length: 10 }, (_, i) => xor(state.filter((_, k) => k % 10 === i)));
    /** Word w of D: the parities of the column to the left, and of the one to the right rotated by one bit. */
    const d = Array.from({ length: 10 }, (_, i) => {
      const [x, w] = [i >> 1, i & 1];
      const right = (k: number): Word => parities[2 * ((x + 1) % 5) + k]!;
      const rotated = right(w)
        .shl(1)
        .or(right(1 - w).shr(31));
      return parities[2 * ((x + 4) % 5) + w]!.xor(rotated);
    });
    row.isReal = 1;
    row.segment = segment;
    row.clock = clock;
    row.round = round;
    row.rc = constant.bits(CONSTANT_BITS);
    row.afterTheta = bits(state.map((word, k) => word.xor(d[k % 10]!)));
    row.parity = bits(parities);
  },
  constrain: (c, row) => {
    const { slices } = c;
    const sign = (b: Expr): Expr => b.mul(-2).add(1);
    const a = (x: number, y: number, rotation = 0): Expr => sign(slices.cell(row.afterTheta, lane(x, y), rotation));
    const parity = (x: number, rotation = 0): Expr => sign(slices.cell(row.parity, (x + 5) % 5, rotation));
    const d = (x: number): Expr => parity(x - 1).mul(parity(x + 1, -1));
    for (let x = 0; x < 5; x++) {
      // D enters each of the five A once, so the product of the five A′ is C · D; two of them change sides.
      const left = a(x, 0)
        .mul(a(x, 1))
        .mul(a(x, 2).mul(a(x, 3)));
      slices.assertZero(`parity of column ${x}`, left.sub(a(x, 4).mul(parity(x)).mul(d(x))));
    }
    const pack = (bits: (x: number, y: number) => Expr): Expr[] =>
      Array.from({ length: LANES }, (_, k) => slices.pack(bits(k % 5, Math.floor(k / 5)), SIGNED_LIMBS)).flat();
    const moved = (x: number, y: number): Expr => {
      const from = (x + 3 * y) % 5;
      return a(from, x, -RHO[lane(from, x)]!);
    };
    const iota = slices.table((z) => {
      const j = Math.log2(z + 1);
      return Number.isInteger(j) ? sign(row.rc[j]!) : 1;
    });
    const out = (x: number, y: number): Expr => {
      const [s1, s2] = [moved((x + 1) % 5, y), moved((x + 2) % 5, y)];
      const chi = moved(x, y).mul(s2.sub(s1).add(1).add(s1.mul(s2)).mul(HALF));
      return x === 0 && y === 0 ? chi.mul(iota) : chi;
    };
    const { isReal, segment, clock, round } = row;
    const once = { maxPerRow: 1 };
    c.receive(KECCAK_CHAIN, [segment, clock, round, ...pack((x, y) => a(x, y).mul(d(x)))], isReal, once);
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

/** From the records that `roundRecords` gives. */
export const keccakRoundRows = rowProgram(keccakRound, KECCAK_ROUND_WORDS, (b): RoundWords => {
  const [segment, clock, round] = [0, 1, 2].map((k) => b.record(k, 30)) as [Word, Word, Word];
  const state = Array.from({ length: STATE_WORDS }, (_, k) => b.record(4 + k));
  return { segment, clock, round, constant: b.record(3, CONSTANT_BITS), state };
});

/** The rounds of calls, 24 records each, from the calls' records. */
export function roundRecords(calls: Uint32Array): Uint32Array {
  const count = calls.length / KECCAK_CALL_WORDS;
  const constants = Array.from({ length: KECCAK_ROUNDS }, (_, round) =>
    roundConstantBits(round).reduce((word, bit, j) => word | (bit << j), 0),
  );
  const scratch = keccakScratch();
  // The state behind the last round of the last call has no record.
  const records = new Uint32Array((count * KECCAK_ROUNDS + 1) * KECCAK_ROUND_WORDS);
  for (let call = 0, at = 0; call < count; call++) {
    const from = call * KECCAK_CALL_WORDS;
    records.set(calls.subarray(from + 2, from + 2 + STATE_WORDS), at + 4);
    for (let round = 0; round < KECCAK_ROUNDS; round++, at += KECCAK_ROUND_WORDS) {
      records[at] = calls[from]!;
      records[at + 1] = calls[from + 1]!;
      records[at + 2] = round;
      records[at + 3] = constants[round]!;
      nextState(records, at + 4, at + KECCAK_ROUND_WORDS + 4, round, scratch);
    }
  }
  return records.subarray(0, count * KECCAK_ROUNDS * KECCAK_ROUND_WORDS);
}
