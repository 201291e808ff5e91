import { type Chip, fillFixed } from '../../air/chip.ts';
import type { ColumnSpecs } from '../../air/columns.ts';
import type { Bus } from '../../air/dag.ts';

/** How a table answers one lookup bus. */
export type Provider = {
  readonly bus: Bus;
  /** Row that holds message `x` of those given field by field; −1 when the table does not hold it. */
  readonly rowOf: (fields: readonly Uint32Array[], x: number) => number;
  /**
   * Adds `counts` to the uses of the rows that hold `n` messages, given field by field.
   * @returns the first message that the table does not hold, of those with a count other than zero; −1 if there is none
   */
  readonly addUses: (uses: Uint32Array, fields: readonly Uint32Array[], counts: Uint32Array, n: number) => number;
};

/** A chip of fixed contents and fixed height that answers lookups; its only other cells are multiplicities. */
export type Table = {
  readonly chip: Chip;
  readonly logHeight: number;
  readonly providers: readonly Provider[];
  /** Writes the trace to `rows`, from the uses: `uses[provider][row]`. */
  readonly fill: (uses: readonly Uint32Array[], rows: Uint32Array) => void;
};

/**
 * Declared bound of a provider's multiplicity, which may be any element: for a message that no table row holds, the
 * users' counts alone would have to be 0 modulo P, and those are bounded.
 */
export const ANY_COUNT = 2 ** 31;

/** A provider by its rule for one message. */
export const byRule = (bus: Bus, rowOf: Provider['rowOf']): Provider => ({
  bus,
  rowOf,
  addUses: (uses, fields, counts, n) => {
    for (let x = 0; x < n; x++) {
      if (counts[x] === 0) continue;
      const row = rowOf(fields, x);
      if (row < 0) return x;
      uses[row]! += counts[x]!;
    }
    return -1;
  },
});

/** Whether the table holds a message. */
export const holds = ({ rowOf }: Provider, message: readonly number[]): boolean =>
  rowOf(
    message.map((x) => Uint32Array.of(x)),
    0,
  ) >= 0;

/** Joins a table's chip, whose columns beside the fixed ones are the providers' multiplicities, with what it provides. */
export function defineTable<C extends ColumnSpecs>(
  chip: Chip<C>,
  logHeight: number,
  providers: readonly Provider[],
): Table {
  const { columns } = chip.compiled;
  const own = columns.flatMap((c, k) => (c.tree === 'fixed' ? [] : [k]));
  let contents: Uint32Array | undefined;
  return {
    ...{ chip: chip as unknown as Chip, logHeight, providers },
    fill: (uses, rows) => {
      if (contents === undefined) {
        contents = new Uint32Array(2 ** logHeight * columns.length);
        fillFixed(chip as unknown as Chip, contents);
      }
      rows.set(contents);
      own.forEach((column, p) => {
        for (let r = 0, at = column; r < 2 ** logHeight; r++, at += columns.length) rows[at] = uses[p]![r]!;
      });
    },
  };
}
