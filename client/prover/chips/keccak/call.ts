import { defineChip } from '../../air/chip.ts';
import { array, bit, field, inInterface, u16 } from '../../air/columns.ts';
import type { KeccakRecord } from '../../vm/records.ts';
import { KECCAK_CALL, KECCAK_CHAIN, STATE_LIMBS } from '../buses.ts';
import { KECCAK_ROUNDS, limbsOfState } from './permutation.ts';

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
  fillRow: ({ segment, clock, input, output }: KeccakRecord, row) => {
    row.isReal = 1;
    row.segment = segment;
    row.clock = clock;
    row.input = limbsOfState(input);
    row.output = limbsOfState(output);
  },
  constrain: (c, { isReal, segment, clock, input, output }) => {
    const once = { maxPerRow: 1 };
    c.receive(KECCAK_CALL, [segment, clock, ...input, ...output], isReal, once);
    c.send(KECCAK_CHAIN, [segment, clock, 0, ...input], isReal, once);
    c.receive(KECCAK_CHAIN, [segment, clock, KECCAK_ROUNDS, ...output], isReal, once);
  },
});
