import { INSTRUCTIONS, type Instruction, OP_NAMES, type OpName } from '../isa.ts';
import { CHIP_BY_ADDRESS } from '../records.ts';

/** A row of an instruction, or one whose addresses ask for another chip. */
type Counter = { readonly op: OpName; readonly byAddress: boolean; readonly index: number };

export const COUNTERS: readonly Counter[] = OP_NAMES.flatMap((op) => {
  const { op: index, memoryBytes }: Instruction = INSTRUCTIONS[op];
  const usual = { op, byAddress: false, index };
  return memoryBytes > 1 || op === 'copy' ? [usual, { op, byAddress: true, index }] : [usual];
});

/** The chip of the instruction set that a counter's rows go to. */
export function chipOf({ op, byAddress }: Pick<Counter, 'op' | 'byAddress'>): string {
  const { chip, writes }: Instruction = INSTRUCTIONS[op];
  if (!byAddress) return chip;
  if (op === 'copy') return CHIP_BY_ADDRESS.copy;
  return writes.length > 0 ? CHIP_BY_ADDRESS.load : CHIP_BY_ADDRESS.store;
}

const USUAL = new Map(COUNTERS.flatMap(({ op, byAddress }, k) => (byAddress ? [] : [[op, k] as const])));

/** The counter of an instruction's rows, but for those whose addresses ask for another chip. */
export const usualCounter = (op: OpName): number => USUAL.get(op)!;
