import type { Chip } from '../../air/chip.ts';
import type { ColumnSpecs } from '../../air/columns.ts';
import type { OpName } from '../../vm/isa.ts';
import type { InstructionRecord } from '../../vm/records.ts';
import type { Encoding } from './encoding.ts';

/** A chip that executes instructions, with the program rows of each. */
export type InstructionChip = {
  readonly chip: Chip<ColumnSpecs, InstructionRecord>;
  readonly encodings: Partial<Readonly<Record<OpName, Encoding>>>;
};

export const instructionChip = <C extends ColumnSpecs>(
  chip: Chip<C, InstructionRecord>,
  encodings: InstructionChip['encodings'],
): InstructionChip => ({ chip, encodings });
