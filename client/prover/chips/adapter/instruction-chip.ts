import type { Chip } from '../../air/chip.ts';
import type { ColumnSpecs } from '../../air/columns.ts';
import { type RowProgram, rowProgram } from '../../air/row-program.ts';
import { type RowType, rowTypeOf, strideOf } from '../../vm/flat-records.ts';
import type { OpName } from '../../vm/isa.ts';
import type { InstructionRecord } from '../../vm/records.ts';
import type { Encoding } from './encoding.ts';
import { type InstructionWords, instructionWords } from './record-words.ts';

/** A chip that executes instructions, with the program rows of each. */
export type InstructionChip = {
  readonly chip: Chip;
  readonly encodings: Partial<Readonly<Record<OpName, Encoding>>>;
  readonly rowType: RowType;
  /** How its rows come from the records of its row type; undefined for a chip that fills row by row. */
  readonly rowProgram: (() => RowProgram) | undefined;
};

/** Joins a chip with its encodings; their names are the operations whose records it takes. */
export function instructionChip<C extends ColumnSpecs>(
  chip: Chip<C, InstructionWords> | Chip<C, InstructionRecord>,
  encodings: InstructionChip['encodings'],
): InstructionChip {
  const rowType = rowTypeOf(chip.compiled.id, Object.keys(encodings) as OpName[]);
  const isStated = (c: typeof chip): c is Chip<C, InstructionWords> => c.spec.fill !== undefined;
  return {
    ...{ chip: chip as unknown as Chip, encodings, rowType },
    rowProgram: isStated(chip) ? rowProgram(chip, strideOf(rowType), (b) => instructionWords(b, rowType)) : undefined,
  };
}
