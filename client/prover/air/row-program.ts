import { ClientError } from '../../errors.ts';
import { P } from '../field/fp.ts';
import type { Chip } from './chip.ts';
import { type CellTargets, type ColumnSpecs, isColumn, viewOf } from './columns.ts';
import type { CompiledChip } from './dag.ts';
import { Word, WordBuilder, type WordId, type WordNode } from './word.ts';

/** Cells of consecutive columns from one word: the word itself, or with `bits` its bits from `firstBit` on. */
export type Store = { readonly column: number; readonly word: WordId } & (
  | { readonly kind: 'word' }
  | { readonly kind: 'bits'; readonly firstBit: number; readonly count: number }
);

/** How the rows of a chip come from their records. Cells without a store are zero. */
export type RowProgram = {
  readonly chip: CompiledChip;
  /** Words of a record. */
  readonly stride: number;
  /** In topological order; only what the stores need. */
  readonly nodes: readonly WordNode[];
  readonly stores: readonly Store[];
};

/**
 * Runs a chip's `fill` once, symbolically. Throws `ClientError` for a cell that could be no field element, and for an
 * array of the wrong length.
 * @param stride words of a record
 * @param recordOf the record's words by name
 */
export function compileRows<C extends ColumnSpecs, R>(
  { spec, compiled }: Chip<C, R>,
  stride: number,
  recordOf: (builder: WordBuilder) => R,
): RowProgram {
  const builder = new WordBuilder();
  const cells = viewOf(spec.columns, () => 0) as CellTargets<C>;
  if (spec.fill === undefined) throw new ClientError('fillMissing', `chip ${spec.id} does not say how rows are filled`);
  spec.fill(recordOf(builder), cells);
  const words = cellWords(spec.columns, cells as Record<string, unknown>, builder, spec.id);
  const stores: Store[] = [];
  for (const [column, word] of words.entries()) {
    if (word === undefined) continue;
    const node = builder.nodes[word.id]!;
    if (node.max >= P)
      throw new ClientError(
        'cellBound',
        `chip ${spec.id}: ${compiled.columns[column]!.name}: expected a field element, got a word up to ${node.max}`,
      );
    if (node.op === 'bit') storeBit(stores, column, node.args[0]!, node.value);
    else stores.push({ kind: 'word', column, word: word.id });
  }
  return { chip: compiled, stride, ...neededNodes(builder.nodes, stores) };
}

/** Adds bit `k` of a word, to the last store where it is the next bit in the next column. */
function storeBit(stores: Store[], column: number, word: WordId, k: number): void {
  const last = stores.at(-1);
  if (last?.kind === 'bits' && last.word === word) {
    const { count } = last;
    if (last.column + count === column && last.firstBit + count === k) {
      stores[stores.length - 1] = { ...last, count: count + 1 };
      return;
    }
  }
  stores.push({ kind: 'bits', column, word, firstBit: k, count: 1 });
}

/** `compileRows` when it is first asked for: a verifier fills no rows. */
export function rowProgram<C extends ColumnSpecs, R>(
  chip: Chip<C, R>,
  stride: number,
  recordOf: (builder: WordBuilder) => R,
): () => RowProgram {
  let program: RowProgram | undefined;
  return () => {
    program ??= compileRows(chip, stride, recordOf);
    return program;
  };
}

/** A word per column; undefined where the cell is zero. */
function cellWords(
  specs: ColumnSpecs,
  cells: Record<string, unknown>,
  builder: WordBuilder,
  id: string,
): (Word | undefined)[] {
  const lift = (cell: unknown): Word | undefined =>
    cell instanceof Word ? cell : cell === 0 ? undefined : builder.constant(cell as number);
  return Object.entries(specs).flatMap(([name, item]) => {
    const cell = cells[name];
    if (!isColumn(item)) return cellWords(item, cell as Record<string, unknown>, builder, id);
    if (item.length === undefined) return [lift(cell)];
    const array = cell as readonly unknown[];
    if (array.length !== item.length)
      throw new ClientError(
        'cellCount',
        `chip ${id}: column array ${name}: expected ${item.length} cells, got ${array.length}`,
      );
    return array.map(lift);
  });
}

/** The nodes that the stores depend on, renumbered. */
function neededNodes(all: readonly WordNode[], stores: readonly Store[]): Pick<RowProgram, 'nodes' | 'stores'> {
  const needed = new Array<boolean>(all.length).fill(false);
  for (const { word } of stores) needed[word] = true;
  for (let id = all.length - 1; id >= 0; id--) if (needed[id]) for (const a of all[id]!.args) needed[a] = true;
  const place = new Map<WordId, WordId>();
  const nodes = all.flatMap((node, id) => {
    if (!needed[id]) return [];
    place.set(id, place.size);
    return [{ ...node, args: node.args.map((a) => place.get(a)!) }];
  });
  return { nodes, stores: stores.map((s) => ({ ...s, word: place.get(s.word)! })) };
}
