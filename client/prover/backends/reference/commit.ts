import type { Commitment, StackedColumn, TableShape } from '../interface.ts';
import { type PlainCommitted, plain } from './handles.ts';
import { buildTree, capOf } from './merkle.ts';
import { encode } from './ntt.ts';

/** The base table that holds the columns at their offsets, zeros elsewhere. */
export function stackTable(columns: readonly StackedColumn[], { logRows, columns: count }: TableShape): Uint32Array {
  const table = new Uint32Array(count * 2 ** logRows);
  for (const { matrix, column, offset } of columns) {
    const { rows, width, logHeight } = plain.matrix(matrix);
    for (let r = 0, at = column; r < 2 ** logHeight; r++, at += width) table[offset + r] = rows[at]!;
  }
  return table;
}

/**
 * Encodes a table, column behind column, `entryWords` words per entry, and builds the tree over the codeword's rows.
 * @param keep whether the table stays with the commitment
 */
export function commitTable(table: Uint32Array, entryWords: number, shape: TableShape, keep: boolean): Commitment {
  const { columns, logRows, logInvRate, capLog } = shape;
  const rows = 2 ** logRows;
  const width = columns * entryWords;
  const coefficients = new Uint32Array(rows * width);
  for (let c = 0; c < columns; c++)
    for (let r = 0; r < rows; r++) {
      const from = (c * rows + r) * entryWords;
      const to = r * width + c * entryWords;
      for (let w = 0; w < entryWords; w++) coefficients[to + w] = table[from + w]!;
    }
  const codeword = encode(coefficients, width, logRows, logInvRate);
  const tree = buildTree(codeword, width, logRows + logInvRate, capLog);
  const data: PlainCommitted = { kind: 'committed', table: keep ? table : new Uint32Array(), width, codeword, tree };
  return { cap: capOf(tree), data };
}
