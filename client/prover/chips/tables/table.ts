import { type Chip, fillTrace } from '../../air/chip.ts';
import type { ColumnSpecs } from '../../air/columns.ts';
import type { Bus, Instance } from '../../air/dag.ts';

/** How a table answers one lookup bus. */
export type Provider = {
  readonly bus: Bus;
  /** Row that holds a message; undefined when the table does not hold it. */
  readonly rowOf: (message: readonly number[]) => number | undefined;
};

/** Uses of one row, in the order of the table's providers. */
export type TableRecord = readonly number[];

/** A chip of fixed contents and fixed height that answers lookups; its only other cells are multiplicities. */
export type Table = {
  readonly chip: Chip;
  readonly logHeight: number;
  readonly providers: readonly Provider[];
  /** Trace from the uses: `uses[provider][row]`. */
  readonly trace: (uses: readonly Uint32Array[]) => Instance;
};

/**
 * Declared bound of a provider's multiplicity, which may be any element: for a message that no table row holds, the
 * users' counts alone would have to be 0 modulo P, and those are bounded.
 */
export const ANY_COUNT = 2 ** 31;

/** Joins a table's chip with what it provides. */
export const defineTable = <C extends ColumnSpecs>(
  chip: Chip<C, TableRecord>,
  logHeight: number,
  providers: readonly Provider[],
): Table => ({
  chip,
  logHeight,
  providers,
  trace: (uses) =>
    fillTrace(
      chip,
      Array.from({ length: 2 ** logHeight }, (_, r) => uses.map((u) => u[r]!)),
      logHeight,
    ),
});
