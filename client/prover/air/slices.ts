import type { CompiledChip, Constraint, Interaction, NodeId, Packing, SliceInput, Slices } from './dag.ts';
import { SLICES } from './dag.ts';
import { DagBuilder, Expr, type Operand, sum } from './expr.ts';

/** What `constrain` states about all 64 slices at once; its expressions are about any one of them. */
export type SliceConstraints = {
  /** Cell (z + rotation) mod 64 of lane number `lane` of an array of lanes. */
  cell(lanes: readonly Expr[], lane: number, rotation?: number): Expr;
  /** Entry z of a table that is computed from cells outside the lanes. */
  table(entry: (z: number) => Operand): Expr;
  /** `e` is zero in every slice. */
  assertZero(label: string, e: Expr): void;
  /** The limbs of a word whose parts are `e` in slice 0, 1, …: all of them, in order, are fields of one message. */
  pack(e: Expr, packing: Packing): Expr[];
};

type Fail = (code: string, message: string) => never;

/** What the expressions are written out in. */
export type WholeRow = {
  readonly lanes: readonly number[];
  readonly column: (column: number) => Expr;
  readonly constant: (value: number) => Expr;
  /** Adds a constraint of the chip and gives its number. */
  readonly assertZero: (label: string, e: Expr) => number;
  readonly fail: Fail;
};

type Input =
  | { readonly kind: 'cell'; readonly column: number; readonly rotation: number }
  | { readonly kind: 'table'; readonly entries: readonly Expr[] };

type PackedWord = { readonly node: NodeId; readonly packing: number; readonly limbs: readonly Expr[] };

/**
 * Builds the expressions of a chip's slices and writes each out over the whole row, so that both forms have one source: the
 * row's is what provers evaluate, the slices' what the verifier does.
 */
export class SliceBuilder implements SliceConstraints {
  private readonly row: WholeRow;
  private readonly builder = new DagBuilder();
  private readonly inputs: Input[] = [];
  private readonly written = new Map<string, Expr>();
  private readonly constraints: { readonly node: NodeId; readonly first: number }[] = [];
  private readonly packings: Packing[] = [];
  private readonly words: PackedWord[] = [];

  constructor(row: WholeRow) {
    this.row = row;
  }

  cell(lanes: readonly Expr[], lane: number, rotation = 0): Expr {
    const cell = lanes[SLICES * lane];
    const node = cell?.builder.nodes[cell.id];
    if (node?.op !== 'column') return this.row.fail('unknownLane', `expected a lane of the array, got ${lane}`);
    return this.cellOf(node.column, rotation);
  }

  /** The same by the lane's first column. */
  cellOf(column: number, rotation = 0): Expr {
    if (!this.row.lanes.includes(column)) this.row.fail('unknownLane', `no lane starts at column ${column}`);
    const turned = ((rotation % SLICES) + SLICES) % SLICES;
    const known = this.inputs.findIndex((i) => i.kind === 'cell' && i.column === column && i.rotation === turned);
    return this.input(known >= 0 ? known : this.inputs.push({ kind: 'cell', column, rotation: turned }) - 1);
  }

  table(entry: (z: number) => Operand): Expr {
    const entries = Array.from({ length: SLICES }, (_, z) => {
      const e = entry(z);
      return typeof e === 'number' ? this.row.constant(e) : e;
    });
    return this.input(this.inputs.push({ kind: 'table', entries }) - 1);
  }

  assertZero(label: string | ((z: number) => string), e: Expr): void {
    const labelOf = typeof label === 'string' ? (z: number) => `${label}, ${z}` : label;
    const numbers = Array.from({ length: SLICES }, (_, z) => this.row.assertZero(labelOf(z), this.inSlice(e, z)));
    this.constraints.push({ node: e.id, first: numbers[0]! });
  }

  pack(e: Expr, packing: Packing): Expr[] {
    const n = packing.coefficients.length;
    if (n === 0 || SLICES % n !== 0) this.row.fail('packingLength', `expected a divisor of ${SLICES}, got ${n}`);
    const limbs = Array.from({ length: SLICES / n }, (_, l) =>
      sum(packing.coefficients.map((k, j) => this.inSlice(e, n * l + j).mul(k))).add(packing.constant),
    );
    const known = this.packings.indexOf(packing);
    this.words.push({ node: e.id, packing: known >= 0 ? known : this.packings.push(packing) - 1, limbs });
    return limbs;
  }

  private input(index: number): Expr {
    return new Expr(this.builder, this.builder.push({ op: 'column', column: index }));
  }

  /** The expression in slice z, over the row's cells. */
  private inSlice(e: Expr, z: number): Expr {
    if (e.builder !== this.builder) this.row.fail('notSliced', 'expected an expression about a slice');
    return this.write(e.id, z);
  }

  private write(id: NodeId, z: number): Expr {
    const key = `${id},${z}`;
    const known = this.written.get(key);
    if (known !== undefined) return known;
    const node = this.builder.nodes[id]!;
    let made: Expr;
    if (node.op === 'const') made = this.row.constant(node.value);
    else if (node.op === 'column') made = this.writeInput(this.inputs[node.column]!, z);
    else if (node.op === 'public') made = this.row.fail('notSliced', 'a public value is no input of a slice');
    else made = this.write(node.a, z)[node.op](this.write(node.b, z));
    this.written.set(key, made);
    return made;
  }

  private writeInput(input: Input, z: number): Expr {
    if (input.kind === 'table') return input.entries[z]!;
    return this.row.column(input.column + ((z + input.rotation) % SLICES));
  }

  /**
   * The slices of a compiled chip. Fails where cells of a lane are used elsewhere than in an expression about slices: what
   * is used there the verifier would not see.
   */
  finish(chip: CompiledChip): Slices {
    const { fail, lanes } = this.row;
    for (const lane of lanes) {
      const { name, tree } = chip.columns[lane]!;
      if (tree !== 'main') fail('laneNotMain', `${name}: expected a lane of the main tree`);
      if (!this.inputs.some((i) => i.kind === 'cell' && i.column === lane)) fail('laneUnused', `${name} is not used`);
    }
    const packed = this.placeWords(chip.interactions);
    const nodes = [...this.constraints, ...packed].map((k) => k.node);
    const rest = new RestBuilder(chip, fail);
    const sliced = new Set(
      this.constraints.flatMap(({ first }) => Array.from({ length: SLICES }, (_, z) => first + z)),
    );
    const constants = new Map(
      packed.flatMap(({ packing, interaction, field }) => {
        const { coefficients, constant } = this.packings[packing]!;
        return Array.from(
          { length: SLICES / coefficients.length },
          (_, l) => [`${interaction},${field + l}`, constant] as const,
        );
      }),
    );
    return {
      lanes,
      inputs: this.inputs.map((input): SliceInput => {
        if (input.kind === 'cell') return input;
        return { kind: 'table', nodes: input.entries.map((e) => rest.copy(e.id, 'a table of slices')) };
      }),
      nodes: this.builder.nodes,
      degree: Math.max(0, ...nodes.map((id) => this.builder.degrees[id]!)),
      constraints: this.constraints,
      packings: this.packings,
      packed,
      rest: rest.build(
        (c) => sliced.has(c),
        (i, k) => constants.get(`${i},${k}`),
      ),
    };
  }

  /** Where packed words stand in messages: no field is part of two. */
  private placeWords(interactions: readonly Interaction[]): Slices['packed'] {
    const firsts = new Map(this.words.map((word) => [word.limbs[0]!.id, word]));
    const packed: Slices['packed'][number][] = [];
    interactions.forEach(({ fields }, interaction) => {
      for (let field = 0; field < fields.length; field++) {
        const word = firsts.get(fields[field]!);
        if (word === undefined || word.limbs.some((limb, l) => fields[field + l] !== limb.id)) continue;
        packed.push({ node: word.node, packing: word.packing, interaction, field });
        field += word.limbs.length - 1;
      }
    });
    return packed;
  }
}

/** Copies what of a chip does not depend on its lanes. */
class RestBuilder {
  private readonly chip: CompiledChip;
  private readonly fail: Fail;
  private readonly builder = new DagBuilder();
  private readonly copies = new Map<NodeId, NodeId>();

  constructor(chip: CompiledChip, fail: Fail) {
    this.chip = chip;
    this.fail = fail;
  }

  copy(id: NodeId, what: string): NodeId {
    const known = this.copies.get(id);
    if (known !== undefined) return known;
    const node = this.chip.nodes[id]!;
    if (node.op === 'column' && this.chip.columns[node.column]!.sliced)
      return this.fail('sliceLeak', `${what} uses ${this.chip.columns[node.column]!.name} outside of its slice`);
    const inner =
      node.op === 'const' || node.op === 'column' || node.op === 'public'
        ? node
        : { op: node.op, a: this.copy(node.a, what), b: this.copy(node.b, what) };
    const made = this.builder.push(inner);
    this.copies.set(id, made);
    return made;
  }

  build(
    isSliced: (constraint: number) => boolean,
    constantOf: (interaction: number, field: number) => number | undefined,
  ): CompiledChip {
    const { chip, builder } = this;
    const constant = (value: number): NodeId => builder.push({ op: 'const', value });
    const constraints = chip.constraints.map(
      (k, c): Constraint => ({
        ...k,
        node: isSliced(c) ? constant(0) : this.copy(k.node, k.label),
      }),
    );
    const interactions = chip.interactions.map(
      (t, i): Interaction => ({
        ...t,
        count: this.copy(t.count, t.label),
        fields: t.fields.map((id, k) => {
          const value = constantOf(i, k);
          return value === undefined ? this.copy(id, t.label) : constant(value);
        }),
      }),
    );
    return { ...chip, nodes: builder.nodes, constraints, interactions };
  }
}
