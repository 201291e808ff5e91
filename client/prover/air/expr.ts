import { Fp } from '../field/fp.ts';
import type { DagNode, NodeId } from './dag.ts';

/** Builds the hash-consed DAG; constants are folded, so equal expressions have one node. */
export class DagBuilder {
  readonly nodes: DagNode[] = [];
  readonly degrees: number[] = [];
  private readonly seen = new Map<string, NodeId>();

  /**
   * Number of the node, or of its equal that is there already; a commutative operator's operands may be in either order.
   */
  push(node: DagNode): NodeId {
    const key = keyOf(node);
    const known = this.seen.get(key);
    if (known !== undefined) return known;
    const id = this.nodes.length;
    this.nodes.push(node);
    this.degrees.push(this.degreeOf(node));
    this.seen.set(key, id);
    return id;
  }

  private degreeOf(node: DagNode): number {
    switch (node.op) {
      case 'const':
      case 'public':
        return 0;
      case 'column':
        return 1;
      case 'mul':
        return this.degrees[node.a]! + this.degrees[node.b]!;
      default:
        return Math.max(this.degrees[node.a]!, this.degrees[node.b]!);
    }
  }
}

function keyOf(node: DagNode): string {
  switch (node.op) {
    case 'const':
      return `k${node.value}`;
    case 'column':
      return `c${node.column}`;
    case 'public':
      return `p${node.index}`;
    default: {
      const swap = node.op !== 'sub' && node.a > node.b;
      return `${node.op}${swap ? node.b : node.a},${swap ? node.a : node.b}`;
    }
  }
}

/** Numbers are safe integers, taken modulo P. */
export type Operand = Expr | number;

/** An expression over one row: what `constrain` computes with. Numbers are taken modulo P. */
export class Expr {
  readonly builder: DagBuilder;
  readonly id: NodeId;

  constructor(builder: DagBuilder, id: NodeId) {
    this.builder = builder;
    this.id = id;
  }

  /** Total degree in the columns; constants and publics have degree 0. */
  get degree(): number {
    return this.builder.degrees[this.id]!;
  }

  /**
   * The sum.
   * @throws RangeError for a number that is not a safe integer, or an expression of another chip; as all operators
   */
  add(other: Operand): Expr {
    const y = this.lift(other);
    const a = this.constant();
    const b = y.constant();
    if (a !== undefined && b !== undefined) return this.make({ op: 'const', value: Fp.add(a, b) });
    if (a === 0) return y;
    if (b === 0) return this;
    return this.make({ op: 'add', a: this.id, b: y.id });
  }

  /** The difference, of the larger degree of both. */
  sub(other: Operand): Expr {
    const y = this.lift(other);
    const a = this.constant();
    const b = y.constant();
    if (a !== undefined && b !== undefined) return this.make({ op: 'const', value: Fp.sub(a, b) });
    if (b === 0) return this;
    return this.make({ op: 'sub', a: this.id, b: y.id });
  }

  /** The product; degrees add up. */
  mul(other: Operand): Expr {
    const y = this.lift(other);
    const a = this.constant();
    const b = y.constant();
    if (a !== undefined && b !== undefined) return this.make({ op: 'const', value: Fp.mul(a, b) });
    if (a === 0 || b === 1) return this;
    if (b === 0 || a === 1) return y;
    return this.make({ op: 'mul', a: this.id, b: y.id });
  }

  neg(): Expr {
    return this.lift(0).sub(this);
  }

  /** 1 − x: the other value of a bit. */
  not(): Expr {
    return this.lift(1).sub(this);
  }

  /** x^2. */
  sqr(): Expr {
    return this.mul(this);
  }

  private constant(): number | undefined {
    const node = this.builder.nodes[this.id]!;
    return node.op === 'const' ? node.value : undefined;
  }

  private lift(x: Operand): Expr {
    if (typeof x === 'number' && !Number.isSafeInteger(x)) throw new RangeError(`expected an integer, got ${x}`);
    if (typeof x === 'number') return this.make({ op: 'const', value: Fp.fromInt(x) });
    if (x.builder !== this.builder) throw new RangeError('expected two expressions over the same cells');
    return x;
  }

  private make(node: DagNode): Expr {
    return new Expr(this.builder, this.builder.push(node));
  }
}

/** Σ of expressions; at least one. */
export const sum = (terms: readonly Expr[]): Expr => terms.reduce((acc, t) => acc.add(t));

/** Σ terms[i] · 2^(bits·i): little-endian limbs as one value. */
export const pack = (limbs: readonly Expr[], bits: number): Expr =>
  sum(limbs.map((limb, i) => limb.mul(2 ** (bits * i))));
