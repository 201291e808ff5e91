import { EXT_WORDS } from '../../field/ext-vec.ts';
import type { CodeShape } from '../interface.ts';
import { downloadExts } from './ext-table.ts';
import { LANES, WORD_BYTES } from './layout.ts';
import { buildTree, capOf, freeTree, type MerkleTree } from './merkle.ts';
import { type Codeword, encode } from './ntt.ts';
import type { KernelPool } from './pool.ts';

/** A committed table: codeword, tree over its rows, and the digests that are sent. */
export type Committed = { readonly codeword: Codeword; readonly tree: MerkleTree; readonly cap: Uint32Array };

/**
 * Commits to a table of 2^log entries (canonical words, or extension elements in blocks) as columns of 2^logRows
 * coefficients each. The table stays the caller's.
 */
export function commitTable(
  pool: KernelPool,
  table: { readonly at: number; readonly kind: 'base' | 'ext'; readonly columns: number },
  { logRows, logInvRate, capLog }: CodeShape & { readonly capLog: number },
): Committed {
  const codeword =
    table.kind === 'ext' && 2 ** logRows < LANES
      ? encodeNarrow(pool, table.at, table.columns, logRows, logInvRate)
      : encode(pool, { ...table, logRows }, logInvRate);
  const tree = buildTree(pool, codeword, capLog);
  return { codeword, tree, cap: capOf(pool, tree) };
}

/** Gives back codeword and tree; the table is the caller's, the cap a copy. */
export function freeCommitted(pool: KernelPool, c: Committed): void {
  pool.memory.free(c.codeword.at);
  freeTree(pool, c.tree);
}

/** Columns shorter than a block: each coordinate as a column of its own. */
function encodeNarrow(pool: KernelPool, at: number, columns: number, logRows: number, logInvRate: number): Codeword {
  const rows = 2 ** logRows;
  const width = columns * EXT_WORDS;
  const entries = downloadExts(pool, at, columns * rows);
  const words = pool.memory.alloc(width * rows * WORD_BYTES);
  const view = pool.memory.view(words, width * rows);
  for (let c = 0; c < columns; c++)
    for (let r = 0; r < rows; r++)
      for (let k = 0; k < EXT_WORDS; k++)
        view[(c * EXT_WORDS + k) * rows + r] = entries[(c * rows + r) * EXT_WORDS + k]!;
  const codeword = encode(pool, { at: words, kind: 'base', columns: width, logRows }, logInvRate);
  pool.memory.free(words);
  return codeword;
}
