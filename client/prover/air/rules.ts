import { ClientError } from '../../errors.ts';
import { P } from '../field/fp.ts';
import type { Column, CompiledChip, Interaction, NodeId } from './dag.ts';
import { evaluateRow } from './evaluate.ts';
import type { FixedColumn } from './fixed.ts';

/** Counts are checked over all values of their bits; more bits than this are a design to reconsider. */
const MAX_COUNT_BITS = 12;

/** Throws `ClientError` for the first rule that a compiled chip breaks; each code names the rule. */
export function checkRules(chip: CompiledChip, fixed: Readonly<Record<string, FixedColumn>>): void {
  const fail: Fail = (code, message) => {
    throw new ClientError(code, `chip ${chip.id}: ${message}`, { chip: chip.id });
  };
  const columns = columnsOfNodes(chip);
  checkGlobalMessages(chip, columns, fail);
  checkCounts(chip, columns, fail);
  checkZeroRow(chip, fail);
  checkNames(chip, fixed, fail);
}

type Fail = (code: string, message: string) => never;

/** By node: the columns it depends on. */
type ColumnsOf = (id: NodeId) => ReadonlySet<number>;

function columnsOfNodes(chip: CompiledChip): ColumnsOf {
  const known = new Map<NodeId, ReadonlySet<number>>();
  const columns = (id: NodeId): ReadonlySet<number> => {
    const before = known.get(id);
    if (before !== undefined) return before;
    const node = chip.nodes[id]!;
    const found = new Set<number>();
    if (node.op === 'column') found.add(node.column);
    else if (node.op === 'add' || node.op === 'sub' || node.op === 'mul')
      for (const operand of [node.a, node.b]) for (const c of columns(operand)) found.add(c);
    known.set(id, found);
    return found;
  };
  return columns;
}

/** A main column is chosen after the global challenge: a global message that depends on one could be forged. */
function checkGlobalMessages(chip: CompiledChip, columns: ColumnsOf, fail: Fail): void {
  for (const i of chip.interactions)
    if (i.bus.scope === 'global')
      for (const id of [i.count, ...i.fields])
        for (const c of columns(id))
          if (chip.columns[c]!.tree === 'main')
            fail('globalFromMain', `${i.label}: a global message depends on the main column ${chip.columns[c]!.name}`);
}

/** The one provider of a lookup bus answers with a multiplicity; everybody else's count is made of bits. */
export const isProvider = (i: Interaction): boolean => i.bus.kind === 'lookup' && i.direction === 'receive';

/**
 * On every row of every accepted trace a count that is not a provider's is an integer in [0, maxPerRow]: a negative one
 * would cancel another row's lookup, a larger one escape the overflow inequality. Shown by trying all values of the
 * bits in it, and of bits that constraints tie to them, that those constraints allow.
 */
function checkCounts(chip: CompiledChip, columns: ColumnsOf, fail: Fail): void {
  const seen = new Set<string>();
  for (const i of chip.interactions) {
    if (isProvider(i)) continue;
    const key = `${i.count}:${i.maxPerRow}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const bits = [...columns(i.count)];
    for (const c of bits)
      if (chip.columns[c]!.kind !== 'bit' || chip.columns[c]!.tree === 'fixed')
        fail('countNotBits', `${i.label}: its count depends on ${chip.columns[c]!.name}, which is not a bit`);
    if (bits.length > MAX_COUNT_BITS)
      fail('countNotBits', `${i.label}: expected a count of at most ${MAX_COUNT_BITS} bits, got ${bits.length}`);
    const own = constraintsOn(chip, columns, bits);
    const evaluate = evaluatorOf(chip, [i.count, ...own.map((k) => k.node)]);
    for (let assignment = 0; assignment < 2 ** bits.length; assignment++) {
      const value = (c: number): number => (assignment >> bits.indexOf(c)) & 1;
      const values = evaluate(value);
      if (own.some((k) => values(k.node) !== 0)) continue;
      const count = values(i.count);
      if (count > i.maxPerRow)
        fail('countOutOfRange', `${i.label}: expected a count in [0, ${i.maxPerRow}], its bits allow ${signed(count)}`);
    }
  }
}

/** Constraints among bits that touch `bits`; the bits they bring in are appended, up to the limit. */
function constraintsOn(chip: CompiledChip, columns: ColumnsOf, bits: number[]): CompiledChip['constraints'] {
  const touching = chip.constraints
    .map((k) => ({ k, of: [...columns(k.node)] }))
    .filter(({ of }) => of.some((c) => bits.includes(c)) && of.every((c) => chip.columns[c]!.kind === 'bit'))
    .sort((x, y) => x.of.length - y.of.length);
  return touching.flatMap(({ k, of }) => {
    const added = of.filter((c) => !bits.includes(c));
    if (bits.length + added.length > MAX_COUNT_BITS) return [];
    bits.push(...added);
    return [k];
  });
}

const signed = (x: number): number => (x > P / 2 ? x - P : x);

/** Values, on a row of cells, of the named nodes and of what they depend on only. */
function evaluatorOf(
  chip: CompiledChip,
  ids: readonly NodeId[],
): (cell: (column: number) => number) => (id: NodeId) => number {
  const needed = new Set<NodeId>();
  const visit = (id: NodeId): void => {
    if (needed.has(id)) return;
    needed.add(id);
    const node = chip.nodes[id]!;
    if (node.op === 'add' || node.op === 'sub' || node.op === 'mul') {
      visit(node.a);
      visit(node.b);
    }
  };
  for (const id of ids) visit(id);
  const order = [...needed].sort((a, b) => a - b);
  const place = new Map(order.map((id, k) => [id, k]));
  const nodes = order.map((id) => {
    const node = chip.nodes[id]!;
    if (node.op === 'const' || node.op === 'column' || node.op === 'public') return node;
    return { ...node, a: place.get(node.a)!, b: place.get(node.b)! };
  });
  const part = { ...chip, nodes };
  return (cell) => {
    const values = evaluateRow(part, cell, () => 0);
    return (id) => values[place.get(id)!]!;
  };
}

/**
 * Padding must be inert in every segment and at every place of a fixed table, so public values and fixed cells are
 * taken at arbitrary points: a polynomial that vanishes there vanishes.
 */
function checkZeroRow(chip: CompiledChip, fail: Fail): void {
  const values = evaluateRow(
    chip,
    (c) => (chip.columns[c]!.tree === 'fixed' ? 1_234_567_891 + 7_919 * c : 0),
    (i) => 1_876_543_211 + 104_729 * i,
  );
  for (const c of chip.constraints)
    if (values[c.node] !== 0) fail('zeroRowViolates', `the all-zero row violates "${c.label}"`);
  for (const i of chip.interactions)
    if (values[i.count] !== 0) fail('zeroRowSends', `the all-zero row has a message: ${i.label}`);
}

function checkNames(chip: CompiledChip, fixed: Readonly<Record<string, FixedColumn>>, fail: Fail): void {
  const names = new Map(chip.columns.map((c: Column) => [c.name, c]));
  if (names.size !== chip.columns.length) fail('columnTwice', 'two columns have one name');
  for (const name of Object.keys(chip.freeCells))
    if (!names.has(name)) fail('unknownFreeCell', `free cell ${name} is not a column`);
  for (const column of chip.columns)
    if ((column.tree === 'fixed') !== column.name in fixed)
      fail('fixedContents', `column ${column.name}: the fixed tree and the fixed contents must name the same columns`);
  if (Object.keys(fixed).some((name) => !names.has(name)))
    fail('fixedContents', 'contents of a column that is not there');
}
