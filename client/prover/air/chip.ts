import { ClientError } from '../../errors.ts';
import { Fp, P } from '../field/fp.ts';
import {
  type CellTargets,
  type ColumnSpecs,
  columnList,
  isColumn,
  type MutableRow,
  type View,
  viewOf,
} from './columns.ts';
import {
  type Bus,
  type Column,
  type CompiledChip,
  type Constraint,
  type Instance,
  type Interaction,
  SLICES,
} from './dag.ts';
import { DagBuilder, Expr, type Operand } from './expr.ts';
import type { FixedColumn } from './fixed.ts';
import { checkRules } from './rules.ts';
import { SliceBuilder, type SliceConstraints } from './slices.ts';

/** What `constrain` states about one row. */
export type Constraints = {
  /** `e` is zero on every row, padding included. */
  assertZero(label: string, e: Expr): void;
  /** +count messages; `maxPerRow` bounds count on every row of every accepted trace. */
  send(bus: Bus, message: readonly Operand[], count: Operand, o: { readonly maxPerRow: number }): void;
  /** −count messages; on a lookup bus only the one provider receives. */
  receive(bus: Bus, message: readonly Operand[], count: Operand, o: { readonly maxPerRow: number }): void;
  /** A public value of the segment. */
  public(name: string): Expr;
  constant(value: number): Expr;
  /** Of a chip with lanes. */
  readonly slices: SliceConstraints;
};

/** A chip as it is written down: `C` names its cells, `R` is the record of a row. */
export type ChipSpec<C extends ColumnSpecs, R> = {
  readonly id: string;
  /** Largest degree of a constraint, message field or multiplicity. */
  readonly maxDegree: number;
  readonly publics?: readonly string[];
  readonly columns: C;
  /** Contents of the columns in the `fixed` tree, by cell name: a closed form, or committed once per key. */
  readonly fixed?: Readonly<Record<string, FixedColumn>>;
  /**
   * States the cells of a row as words of its record; the others are zero. Runs once, symbolically. A lookup table has
   * none: its cells are multiplicities.
   */
  fill?(record: R, row: CellTargets<C>): void;
  /** In place of `fill`, row by row: fills the cells of one row that its record determines; all cells are zero before. */
  fillRow?(record: R, row: MutableRow<C>): void;
  /** Runs once, symbolically. */
  constrain(c: Constraints, row: View<C, Expr>): void;
  /** Cells that nothing binds on some rows, with the reason why that is harmless. */
  readonly freeCells?: Readonly<Record<string, string>>;
};

/** A chip and everything derived from its declaration. */
export type Chip<C extends ColumnSpecs = ColumnSpecs, R = never> = {
  readonly spec: ChipSpec<C, R>;
  readonly compiled: CompiledChip;
  readonly fixed: Readonly<Record<string, FixedColumn>>;
};

const MAX_COUNT = 2 ** 31;

/**
 * Declares a chip once and compiles it. Throws `ClientError` for a rule that the declaration breaks: degree over the
 * limit, wrong arity, and the rules of `rules.ts`.
 */
export function defineChip<const C extends ColumnSpecs, R>(spec: ChipSpec<C, R>): Chip<C, R> {
  const builder = new DagBuilder();
  const columns = columnList(spec.columns);
  const constraints: Constraint[] = [];
  const interactions: Interaction[] = [];
  const fail = (code: string, message: string): never => {
    throw new ClientError(code, `chip ${spec.id}: ${message}`, { chip: spec.id });
  };
  const lift = (x: Operand): Expr => (typeof x === 'number' ? constant(x) : x);
  const constant = (value: number): Expr => new Expr(builder, builder.push({ op: 'const', value: 0 })).add(value);
  const checkDegree = (what: string, e: Expr): void => {
    if (e.builder !== builder) fail('notOfRow', `${what}: expected an expression over the row's cells`);
    if (e.degree > spec.maxDegree)
      fail('degreeTooHigh', `${what}: expected degree ≤ ${spec.maxDegree}, got ${e.degree}`);
  };
  const assertZero = (label: string, e: Expr): number => {
    checkDegree(label, e);
    return constraints.push({ label, node: e.id, degree: e.degree }) - 1;
  };
  const interact =
    (direction: Interaction['direction']) =>
    (bus: Bus, message: readonly Operand[], count: Operand, o: { readonly maxPerRow: number }): void => {
      const label = `${direction} ${bus.id} ${interactions.filter((i) => i.bus.id === bus.id).length}`;
      if (message.length !== bus.fields.length)
        fail('busArity', `${label}: expected ${bus.fields.length} fields, got ${message.length}`);
      if (!Number.isInteger(o.maxPerRow) || o.maxPerRow < 1 || o.maxPerRow > MAX_COUNT)
        fail('maxPerRowOutOfRange', `${label}: expected an integer in [1, 2^31], got ${o.maxPerRow}`);
      const fields = message.map(lift);
      const counted = lift(count);
      for (const e of [...fields, counted]) checkDegree(label, e);
      interactions.push({
        label,
        bus,
        direction,
        fields: fields.map((e) => e.id),
        count: counted.id,
        maxPerRow: o.maxPerRow,
        degree: Math.max(counted.degree, ...fields.map((e) => e.degree)),
      });
    };
  const cellAt = (column: number): Expr => new Expr(builder, builder.push({ op: 'column', column }));
  const view = viewOf(spec.columns, cellAt);
  const lanes = laneStarts(columns);
  const slices = new SliceBuilder({ lanes, column: cellAt, constant, assertZero, fail });
  columns.forEach((column, i) => {
    if (column.kind !== 'bit' || column.tree === 'fixed') return;
    const isBit = (cell: Expr): Expr => cell.mul(cell.sub(1));
    if (!column.sliced) assertZero(`${column.name} is a bit`, isBit(cellAt(i)));
    else if (lanes.includes(i)) slices.assertZero((z) => `${columns[i + z]!.name} is a bit`, isBit(slices.cellOf(i)));
  });
  const publics = spec.publics ?? [];
  spec.constrain(
    {
      assertZero: (label, e) => void assertZero(label, e),
      slices,
      send: interact('send'),
      receive: interact('receive'),
      constant,
      public: (name) => {
        const index = publics.indexOf(name);
        if (index < 0) fail('unknownPublic', `public value ${name} is not declared`);
        return new Expr(builder, builder.push({ op: 'public', index }));
      },
    },
    view,
  );
  const whole: CompiledChip = {
    id: spec.id,
    maxDegree: spec.maxDegree,
    publics,
    columns,
    nodes: builder.nodes,
    constraints,
    interactions,
    freeCells: spec.freeCells ?? {},
  };
  const compiled = lanes.length === 0 ? whole : { ...whole, slices: slices.finish(whole) };
  checkRules(compiled, spec.fixed ?? {});
  return { spec, compiled, fixed: spec.fixed ?? {} };
}

/** First columns of the lanes. */
function laneStarts(columns: readonly Column[]): number[] {
  const sliced = columns.flatMap((column, i) => (column.sliced ? [i] : []));
  return sliced.filter((_, k) => k % SLICES === 0);
}

/** The smallest table: the zerocheck's first round takes 16 rows at once. */
export const MIN_LOG_HEIGHT = 4;

/** log2 of the smallest height that holds `rows` rows. */
export const logHeightFor = (rows: number): number => Math.max(MIN_LOG_HEIGHT, Math.ceil(Math.log2(Math.max(1, rows))));

/** Writes the cells of a filled row to `out` and zeroes them for the next one. */
function takeRow(specs: ColumnSpecs, row: Record<string, unknown>, out: Uint32Array, at: number): number {
  let next = at;
  for (const name in specs) {
    const item = specs[name]!;
    const cell = row[name];
    if (!isColumn(item)) {
      next = takeRow(item, cell as Record<string, unknown>, out, next);
    } else if (item.length === undefined) {
      out[next++] = canonical(cell as number, name);
      row[name] = 0;
    } else {
      const cells = cell as number[];
      if (cells.length !== item.length)
        throw new ClientError('cellCount', `column array ${name}: expected ${item.length} cells, got ${cells.length}`);
      for (let i = 0; i < cells.length; i++) {
        out[next++] = canonical(cells[i]!, name);
        cells[i] = 0;
      }
    }
  }
  return next;
}

function canonical(x: number, name: string): number {
  if (x >= 0 && x < P) return x;
  if (!Number.isSafeInteger(x))
    throw new ClientError('cellNotAnInteger', `column ${name}: expected an integer, got ${x}`);
  return Fp.fromInt(x);
}

/**
 * Trace of a chip: one row per record, zero rows behind them, fixed columns by their contents. `fillRow` may write any
 * safe integer; cells are its residues.
 * @param logHeight at least log2 of the number of records; by default the smallest that fits
 */
export function fillTrace<C extends ColumnSpecs, R>(
  chip: Chip<C, R>,
  records: Iterable<R>,
  logHeight?: number,
): Instance {
  const list = Array.isArray(records) ? (records as readonly R[]) : [...records];
  const fits = logHeightFor(list.length);
  const log = logHeight ?? fits;
  if (log < fits)
    throw new ClientError(
      'tooManyRecords',
      `chip ${chip.spec.id}: expected at most 2^${log} records, got ${list.length}`,
    );
  const { spec } = chip;
  if (spec.fillRow === undefined) throw new ClientError('fillMissing', `chip ${spec.id} fills no rows one by one`);
  const width = chip.compiled.columns.length;
  const rows = new Uint32Array(2 ** log * width);
  const row = viewOf(spec.columns, () => 0) as MutableRow<C>;
  list.forEach((record, r) => {
    spec.fillRow!(record, row);
    takeRow(spec.columns, row, rows, r * width);
  });
  fillFixed(chip, rows);
  return { chip: chip.compiled, logHeight: log, rows };
}

/** Fills the fixed columns of a table. */
export function fillFixed({ compiled, fixed }: Pick<Chip, 'compiled' | 'fixed'>, rows: Uint32Array): void {
  const width = compiled.columns.length;
  compiled.columns.forEach((column, c) => {
    const contents = fixed[column.name];
    if (contents === undefined) return;
    for (let r = 0, at = c; at < rows.length; r++, at += width) rows[at] = contents.value(r);
  });
}
