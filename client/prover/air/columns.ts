import type { Column, Tree } from './dag.ts';

/** A column or an array of columns as declared in a chip. */
export type ColumnSpec<N extends number | undefined = number | undefined> = {
  readonly kind: Column['kind'];
  readonly doc: string;
  readonly tree: Tree;
  /** undefined for a single column. */
  readonly length: N;
};
export type ColumnSpecs = { readonly [name: string]: ColumnSpec };

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

/** The same column, committed before the global challenge. */
export const inInterface = <N extends number | undefined>(item: ColumnSpec<N>): ColumnSpec<N> => ({
  ...item,
  tree: 'interface',
});

/** The same column as part of the verification key. */
export const fixed = <N extends number | undefined>(item: ColumnSpec<N>): ColumnSpec<N> => ({ ...item, tree: 'fixed' });

/** A row of a chip by name: a `T` per column, an array of them per column array. */
export type View<C extends ColumnSpecs, T> = {
  readonly [K in keyof C]: C[K]['length'] extends number ? readonly T[] : T;
};

/** A row to be filled, all cells zero at first. */
export type MutableRow<C extends ColumnSpecs> = {
  -readonly [K in keyof C]: C[K]['length'] extends number ? number[] : number;
};

/** Column list in declaration order, arrays spread as `name[i]`. */
export function columnList(specs: ColumnSpecs): Column[] {
  return Object.entries(specs).flatMap(([name, { kind, tree, doc, length }]) =>
    length === undefined
      ? [{ name, kind, tree, doc }]
      : Array.from({ length }, (_, i) => ({ name: `${name}[${i}]`, kind, tree, doc })),
  );
}

/** A view whose cells come from `cell(index of the column)`. */
export function viewOf<C extends ColumnSpecs, T>(specs: C, cell: (column: number) => T): View<C, T> {
  let at = 0;
  const entries = Object.entries(specs).map(([name, { length }]) => {
    if (length === undefined) return [name, cell(at++)];
    return [name, Array.from({ length }, () => cell(at++))];
  });
  return Object.fromEntries(entries) as View<C, T>;
}
