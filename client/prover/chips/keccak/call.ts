import { defineChip } from '../../air/chip.ts';
import { array, bit, field, inInterface, u16 } from '../../air/columns.ts';
import { rowProgram } from '../../air/row-program.ts';
import type { Word } from '../../air/word.ts';
import { KECCAK_CALL, KECCAK_CHAIN, STATE_LIMBS } from '../buses.ts';
import { KECCAK_ROUNDS, STATE_WORDS } from './permutation.ts';

/** Words of a call: segment, clock, state before, state after. */
export const KECCAK_CALL_WORDS = 2 + 2 * STATE_WORDS;

type CallWords = Readonly<Record<'segment' | 'clock', Word>> & Readonly<Record<'input' | 'output', readonly Word[]>>;

/** Takes a call from the segment that made it and runs it through 24 round rows of this one. */
export const keccakCall = defineChip({
  id: 'keccak_call',
  maxDegree: 2,
  columns: inInterface({
    isReal: bit('1 on rows with a call'),
    segment: field('index of the calling segment'),
    clock: field('clock of the call'),
    input: array(u16('state before, limbs'), STATE_LIMBS),
    output: array(u16('state after, limbs'), STATE_LIMBS),
  }),
  fill: ({ segment, clock, input, output }: CallWords, row) => {
    row.isReal = 1;
    row.segment = segment;
    row.clock = clock;
    row.input = input.flatMap((word) => word.limbs());
    row.output = output.flatMap((word) => word.limbs());
  },
  constrain: (c, { isReal, segment, clock, input, output }) => {
    const once = { maxPerRow: 1 };
    c.receive(KECCAK_CALL, [segment, clock, ...input, ...output], isReal, once);
    c.send(KECCAK_CHAIN, [segment, clock, 0, ...input], isReal, once);
    c.receive(KECCAK_CHAIN, [segment, clock, KECCAK_ROUNDS, ...output], isReal, once);
  },
});

/** From records of `KECCAK_CALL_WORDS` words, one per call. */
export const keccakCallRows = rowProgram(keccakCall, KECCAK_CALL_WORDS, (b): CallWords => {
  const state = (at: number): Word[] => Array.from({ length: STATE_WORDS }, (_, k) => b.record(at + k));
  return { segment: b.record(0, 30), clock: b.record(1, 30), input: state(2), output: state(2 + STATE_WORDS) };
});
