import { ClientError } from '../../errors.ts';
import { type ColumnSpecs, columnList, type MutableRow, type View, viewOf } from './columns.ts';
import type { Bus, Column, CompiledChip, Constraint, DagNode, Instance, Interaction, NodeId } from './dag.ts';
import { evaluateRow } from './evaluate.ts';
import { DagBuilder, Expr, type Operand } from './expr.ts';
import type { FixedColumn } from './fixed.ts';

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
};

export type ChipSpec<C extends ColumnSpecs, R> = {
  readonly id: string;
  /** Largest degree of a constraint, message field or multiplicity. */
  readonly maxDegree: number;
  readonly publics?: readonly string[];
  readonly columns: C;
  /** Contents of the columns in the `fixed` tree, by cell name: a closed form, or committed once per key. */
  readonly fixed?: Readonly<Record<string, FixedColumn>>;
  /** Fills the cells of one row that its record determines; all cells are zero before. */
  readonly fillRow: (record: R, row: MutableRow<C>) => void;
  /** Runs once, symbolically. */
  readonly constrain: (c: Constraints, row: View<C, Expr>) => void;
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
 * limit, wrong arity, a message field of a global bus that depends on a `main` column, an all-zero row that violates a
 * constraint or sends something, fixed columns without contents, free cells that do not exist.
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
    if (e.degree > spec.maxDegree)
      fail('degreeTooHigh', `${what}: expected degree ≤ ${spec.maxDegree}, got ${e.degree}`);
  };
  const assertZero = (label: string, e: Expr): void => {
    checkDegree(label, e);
    constraints.push({ label, node: e.id, degree: e.degree });
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
  const view = viewOf(spec.columns, (column) => new Expr(builder, builder.push({ op: 'column', column })));
  columns.forEach((column, i) => {
    const cell = new Expr(builder, builder.push({ op: 'column', column: i }));
    if (column.kind === 'bit' && column.tree !== 'fixed') assertZero(`${column.name} is a bit`, cell.mul(cell.sub(1)));
  });
  const publics = spec.publics ?? [];
  spec.constrain(
    {
      assertZero,
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
  const compiled: CompiledChip = {
    id: spec.id,
    maxDegree: spec.maxDegree,
    publics,
    columns,
    nodes: builder.nodes,
    constraints,
    interactions,
    freeCells: spec.freeCells ?? {},
  };
  checkGlobalMessages(compiled, fail);
  checkZeroRow(compiled, fail);
  checkNames(compiled, spec.fixed ?? {}, fail);
  return { spec, compiled, fixed: spec.fixed ?? {} };
}

type Fail = (code: string, message: string) => never;

/** A main column is chosen after the global challenge: a global message that depends on one could be forged. */
function checkGlobalMessages(chip: CompiledChip, fail: Fail): void {
  const usesMain = chip.nodes.map(() => false);
  chip.nodes.forEach((node: DagNode, id: NodeId) => {
    if (node.op === 'column') usesMain[id] = chip.columns[node.column]!.tree === 'main';
    else if (node.op === 'add' || node.op === 'sub' || node.op === 'mul')
      usesMain[id] = usesMain[node.a]! || usesMain[node.b]!;
  });
  for (const i of chip.interactions)
    if (i.bus.scope === 'global' && [i.count, ...i.fields].some((id) => usesMain[id]))
      fail('globalFromMain', `${i.label}: a global message depends on a main column`);
}

function checkZeroRow(chip: CompiledChip, fail: Fail): void {
  const values = evaluateRow(
    chip,
    () => 0,
    () => 0,
  );
  for (const c of chip.constraints)
    if (values[c.node] !== 0) fail('zeroRowViolates', `the all-zero row violates "${c.label}"`);
  for (const i of chip.interactions)
    if (values[i.count] !== 0) fail('zeroRowSends', `the all-zero row has a message: ${i.label}`);
}

function checkNames(chip: CompiledChip, fixed: Readonly<Record<string, FixedColumn>>, fail: Fail): void {
  const names = new Map(chip.columns.map((c: Column) => [c.name, c]));
  for (const name of Object.keys(chip.freeCells))
    if (!names.has(name)) fail('unknownFreeCell', `free cell ${name} is not a column`);
  for (const column of chip.columns)
    if ((column.tree === 'fixed') !== column.name in fixed)
      fail('fixedContents', `column ${column.name}: the fixed tree and the fixed contents must name the same columns`);
  if (Object.keys(fixed).some((name) => !names.has(name)))
    fail('fixedContents', 'contents of a column that is not there');
}

/** The smallest table: the zerocheck's first round takes 16 rows at once. */
export const MIN_LOG_HEIGHT = 4;

/**
 * Trace of a chip: one row per record, zero rows behind them, fixed columns by their contents.
 * @param logHeight at least log2 of the number of records; by default the smallest that fits
 */
export function fillTrace<C extends ColumnSpecs, R>(
  chip: Chip<C, R>,
  records: Iterable<R>,
  logHeight?: number,
): Instance {
  const list = Array.isArray(records) ? (records as readonly R[]) : [...records];
  const fits = Math.max(MIN_LOG_HEIGHT, Math.ceil(Math.log2(Math.max(1, list.length))));
  const log = logHeight ?? fits;
  if (log < fits)
    throw new ClientError(
      'tooManyRecords',
      `chip ${chip.spec.id}: expected at most 2^${log} records, got ${list.length}`,
    );
  const width = chip.compiled.columns.length;
  const rows = new Uint32Array(2 ** log * width);
  const names = Object.entries(chip.spec.columns);
  list.forEach((record, r) => {
    const row = Object.fromEntries(
      names.map(([name, { length }]) => [name, length === undefined ? 0 : new Array<number>(length).fill(0)]),
    ) as MutableRow<C>;
    chip.spec.fillRow(record, row);
    let at = r * width;
    for (const [name, { length }] of names) {
      const cell = row[name] as number | number[];
      if (length === undefined) rows[at++] = cell as number;
      else for (const x of cell as number[]) rows[at++] = x;
    }
  });
  chip.compiled.columns.forEach((column, c) => {
    const contents = chip.fixed[column.name];
    if (contents !== undefined) for (let r = 0; r < 2 ** log; r++) rows[r * width + c] = contents.value(r);
  });
  return { chip: chip.compiled, logHeight: log, rows };
}
