import { type Column, SLICES, type Tree } from './dag.ts';
import type { WordOperand } from './word.ts';

/** A column or an array of columns as declared in a chip. */
export type ColumnSpec<N extends number | undefined = number | undefined> = {
  readonly kind: Column['kind'];
  readonly doc: string;
  readonly tree: Tree;
  /** undefined for a single column. */
  readonly length: N;
  readonly sliced?: true;
};
/** Columns by name; a nested record is a group, whose cells are named `group.name`. */
export type ColumnSpecs = { readonly [name: string]: ColumnSpec | ColumnSpecs };

/** A column's `kind` is a string; a group may have a member of that name, which is an object. */
export const isColumn = (spec: ColumnSpec | ColumnSpecs): spec is ColumnSpec => typeof spec.kind === 'string';

const spec = (kind: Column['kind'], doc: string): ColumnSpec<undefined> => ({
  kind,
  doc,
  tree: 'main',
  length: undefined,
});

/** 0 or 1; the constraint x·(x − 1) = 0 comes with the kind. */
export const bit = (doc: string): ColumnSpec<undefined> => spec('bit', doc);
/** Meant to lie in [0, 2^8); the chip says who checks it. */
export const u8 = (doc: string): ColumnSpec<undefined> => spec('u8', doc);
/** Meant to lie in [0, 2^16); the chip says who checks it. */
export const u16 = (doc: string): ColumnSpec<undefined> => spec('u16', doc);
/** Any field element. */
export const field = (doc: string): ColumnSpec<undefined> => spec('field', doc);

/** `length` columns of one kind; limbs are little-endian. */
export const array = <N extends number>(item: ColumnSpec<undefined>, length: N): ColumnSpec<N> => ({ ...item, length });

/** `count` lanes of 64 columns, one behind the other: cell z of each belongs to slice z (`slices.ts`). */
export const lanes = (item: ColumnSpec<undefined>, count: number): ColumnSpec<number> => ({
  ...item,
  length: SLICES * count,
  sliced: true,
});

type InTree<S> = S extends ColumnSpec<infer N> ? ColumnSpec<N> : { readonly [K in keyof S]: InTree<S[K]> };

function moveTo(item: ColumnSpec | ColumnSpecs, tree: Tree): ColumnSpec | ColumnSpecs {
  if (isColumn(item)) return { ...item, tree };
  return Object.fromEntries(Object.entries(item).map(([name, inner]) => [name, moveTo(inner, tree)]));
}

/** The same column or group, committed before the global challenge. */
export const inInterface = <S extends ColumnSpec | ColumnSpecs>(item: S): InTree<S> =>
  moveTo(item, 'interface') as InTree<S>;

/** The same column or group as part of the verification key. */
export const fixed = <S extends ColumnSpec | ColumnSpecs>(item: S): InTree<S> => moveTo(item, 'fixed') as InTree<S>;

/**
 * A row of a chip by name: a `T` per column, an array of them per column array, a view per group. A column that only some
 * chips of a family have is optional.
 */
export type View<C extends ColumnSpecs, T> = {
  readonly [K in keyof C]: C[K] extends ColumnSpec<infer N> | undefined
    ? N extends number
      ? readonly T[]
      : T
    : C[K] extends ColumnSpecs
      ? View<C[K], T>
      : never;
};

/** A row to be filled, all cells zero at first. */
export type MutableRow<C extends ColumnSpecs> = {
  -readonly [K in keyof C]: C[K] extends ColumnSpec<infer N> | undefined
    ? N extends number
      ? number[]
      : number
    : C[K] extends ColumnSpecs
      ? MutableRow<C[K]>
      : never;
};

/** A row's cells to be stated as words; those left out are zero. An array is set as a whole. */
export type CellTargets<C extends ColumnSpecs> = {
  -readonly [K in keyof C]: C[K] extends ColumnSpec<infer N> | undefined
    ? N extends number
      ? readonly WordOperand[]
      : WordOperand
    : C[K] extends ColumnSpecs
      ? CellTargets<C[K]>
      : never;
};

/** Column list in declaration order, arrays spread as `name[i]`, groups as `group.name`. */
export function columnList(specs: ColumnSpecs, prefix = ''): Column[] {
  return Object.entries(specs).flatMap(([key, item]) => {
    const name = prefix + key;
    if (!isColumn(item)) return columnList(item, `${name}.`);
    const { length, ...column } = item;
    return length === undefined
      ? [{ name, ...column }]
      : Array.from({ length }, (_, i) => ({ name: `${name}[${i}]`, ...column }));
  });
}

/** A view whose cells come from `cell(index of the column)`. */
export function viewOf<C extends ColumnSpecs, T>(specs: C, cell: (column: number) => T): View<C, T> {
  let at = 0;
  const build = (items: ColumnSpecs): unknown =>
    Object.fromEntries(
      Object.entries(items).map(([name, item]) => {
        if (!isColumn(item)) return [name, build(item)];
        if (item.length === undefined) return [name, cell(at++)];
        return [name, Array.from({ length: item.length }, () => cell(at++))];
      }),
    );
  return build(specs) as View<C, T>;
}
