import { ClientError } from '../../errors.ts';
import { P } from '../field/fp.ts';

/**
 * Row filling as expressions: cells are stated once, symbolically, over the words of a row's record, and whoever fills
 * rows (interpreter, generated code) walks the resulting DAG. A word is an integer in [0, 2^32).
 */
export type WordId = number;

/** Operators on words; what each computes is written in `run-rows.ts`. */
export type WordOp =
  | 'const'
  | 'record'
  | 'fact'
  | 'check'
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'and'
  | 'or'
  | 'xor'
  | 'shl'
  | 'shr'
  | 'equal'
  | 'less'
  | 'select'
  | 'bit'
  | 'fieldSub'
  | 'fieldMul'
  | 'inverse'
  | 'divide64';

/** A node of the DAG of words; equal nodes have one number. */
export type WordNode = {
  readonly op: WordOp;
  /** Operands; always of smaller number than the node. */
  readonly args: readonly WordId[];
  /** The constant; index of a record's or fact's word; bit number; for `check` and inputs the bits that the value may have; part of `divide64`. */
  readonly value: number;
  /** Bits that an input may have: more is an error of whoever made the record. */
  readonly bits: number;
  /** No value is larger. */
  readonly max: number;
};

/** Numbers are constants in [0, 2^32). */
export type WordOperand = Word | number;

export const WORD_MAX = 2 ** 32 - 1;

/** Hash-conses nodes. */
export class WordBuilder {
  readonly nodes: WordNode[] = [];
  private readonly known = new Map<string, WordId>();

  /**
   * The word of this node, or of its equal that is there already.
   * @param max bound that the caller answers for
   */
  push(op: WordOp, args: readonly WordId[], max: number, value = 0, bits = 32): Word {
    const key = `${op}:${value}:${bits}:${args.join()}`;
    let id = this.known.get(key);
    if (id === undefined) {
      id = this.nodes.push({ op, args, value, bits, max }) - 1;
      this.known.set(key, id);
    }
    return new Word(this, id);
  }

  /** @throws ClientError `wordOutOfRange` unless an integer in [0, 2^32) */
  constant(value: number): Word {
    if (!Number.isInteger(value) || value < 0 || value > WORD_MAX)
      throw new ClientError('wordOutOfRange', `expected a constant in [0, 2^32), got ${value}`);
    return this.push('const', [], value, value);
  }

  /** Word `index` of the row's record, below 2^bits. */
  record(index: number, bits = 32): Word {
    return this.push('record', [], 2 ** bits - 1, index, bits);
  }

  /** Word `index` of the row of the facts that the record's first word numbers, below 2^bits. */
  fact(index: number, bits = 32): Word {
    return this.push('fact', [], 2 ** bits - 1, index, bits);
  }

  /**
   * The operand as a word.
   * @throws ClientError `wordOutOfRange` as `constant`
   */
  lift(x: WordOperand): Word {
    return typeof x === 'number' ? this.constant(x) : x;
  }
}

/** A word of a row's record, or computed from such. Sums and products that could pass 2^32 − 1 are refused. */
export class Word {
  private readonly builder: WordBuilder;
  readonly id: WordId;

  constructor(builder: WordBuilder, id: WordId) {
    this.builder = builder;
    this.id = id;
  }

  /** No value of the word is larger; known when rows are stated, not checked when they are filled. */
  get max(): number {
    return this.builder.nodes[this.id]!.max;
  }

  /**
   * The sum.
   * @throws ClientError `wordOverflow` if it could be 2^32 or more by the bounds of both
   */
  add(x: WordOperand): Word {
    return this.exact('add', x, (a, b) => a + b);
  }

  /**
   * The product.
   * @throws ClientError `wordOverflow` if it could be 2^32 or more by the bounds of both
   */
  mul(x: WordOperand): Word {
    return this.exact('mul', x, (a, b) => a * b);
  }

  /** The product modulo 2^32. */
  mulLow(x: WordOperand): Word {
    return this.binary('mul', x, WORD_MAX);
  }

  /** Modulo 2^32: where the difference may be negative, it becomes a cell only after `below`. */
  sub(x: WordOperand): Word {
    const b = this.builder.lift(x);
    const fits = this.node.op === 'const' && b.max <= this.max;
    return this.builder.push('sub', [this.id, b.id], fits ? this.max : WORD_MAX);
  }

  /** c − x for a constant that is at least x. */
  subFrom(c: number): Word {
    return this.builder.constant(c).sub(this);
  }

  /** The same, which is below 2^bits: an error when rows are filled if it is not. */
  below(bits: number): Word {
    return this.builder.push('check', [this.id], 2 ** bits - 1, bits);
  }

  /** The integer part of the quotient; 0 for a division by 0. */
  div(x: WordOperand): Word {
    return this.binary('div', x, this.max);
  }

  /** Bit by bit; at most the smaller bound. */
  and(x: WordOperand): Word {
    const b = this.builder.lift(x);
    return this.binary('and', b, Math.min(this.max, b.max));
  }

  /** Bit by bit; at most all bits that the larger bound has. */
  or(x: WordOperand): Word {
    const b = this.builder.lift(x);
    return this.binary('or', b, allBits(Math.max(this.max, b.max)));
  }

  /** Bit by bit; at most all bits that the larger bound has. */
  xor(x: WordOperand): Word {
    const b = this.builder.lift(x);
    return this.binary('xor', b, allBits(Math.max(this.max, b.max)));
  }

  /** By less than 32; bits that leave the word are lost. */
  shl(x: WordOperand): Word {
    const b = this.builder.lift(x);
    return this.binary('shl', b, Math.min(this.max * 2 ** b.max, WORD_MAX));
  }

  /** 2^x for x < 32. */
  powerOfTwo(): Word {
    return this.builder.constant(1).shl(this);
  }

  /** By less than 32, unsigned. */
  shr(x: WordOperand): Word {
    const by = typeof x === 'number' ? x : 0;
    return this.binary('shr', x, Math.floor(this.max / 2 ** by));
  }

  /** Rotated left by a constant number of bits. */
  rotl(by: number): Word {
    return by % 32 === 0 ? this : this.shl(by % 32).or(this.shr(32 - (by % 32)));
  }

  /** 1 if both are equal, else 0. */
  equal(x: WordOperand): Word {
    return this.binary('equal', x, 1);
  }

  /** 1 if this is smaller, unsigned, else 0. */
  less(x: WordOperand): Word {
    return this.binary('less', x, 1);
  }

  /** 1 if this is 0, else 0. */
  isZero(): Word {
    return this.equal(0);
  }

  /** 1 if this is not 0, else 0. */
  isNonZero(): Word {
    return this.equal(0).not();
  }

  /** 1 − x of a bit. */
  not(): Word {
    if (this.max > 1) throw new ClientError('wordOutOfRange', `expected a bit, got a word up to ${this.max}`);
    return this.xor(1);
  }

  /** `a` where this is not zero, else `b`. */
  select(a: WordOperand, b: WordOperand): Word {
    const [x, y] = [this.builder.lift(a), this.builder.lift(b)];
    return this.builder.push('select', [this.id, x.id, y.id], Math.max(x.max, y.max));
  }

  /** Bit k as a word. */
  bit(k: number): Word {
    return this.builder.push('bit', [this.id], 1, k);
  }

  /** The lowest `count` bits, least significant first. */
  bits(count: number): Word[] {
    return Array.from({ length: count }, (_, k) => this.bit(k));
  }

  /** Low and high 16 bits. */
  limbs(): [Word, Word] {
    return [this.and(0xffff), this.shr(16)];
  }

  /** Difference in the field, of two elements. */
  fieldSub(x: WordOperand): Word {
    return this.ofField('fieldSub', [this, this.builder.lift(x)]);
  }

  /** Product in the field, of two elements. */
  fieldMul(x: WordOperand): Word {
    return this.ofField('fieldMul', [this, this.builder.lift(x)]);
  }

  /** Inverse in the field; 0 of 0. */
  inverse(): Word {
    return this.ofField('inverse', [this]);
  }

  /** Quotient and remainder of a 64-bit division of (low, high) pairs; zeros for a division by 0. */
  static divide64(
    a: readonly [Word, Word],
    b: readonly [Word, Word],
  ): { quotient: [Word, Word]; remainder: [Word, Word] } {
    const args = [...a, ...b].map((w) => w.id);
    const part = (k: number): Word => a[0].builder.push('divide64', args, WORD_MAX, k);
    return { quotient: [part(0), part(1)], remainder: [part(2), part(3)] };
  }

  private get node(): WordNode {
    return this.builder.nodes[this.id]!;
  }

  private binary(op: WordOp, x: WordOperand, max: number): Word {
    return this.builder.push(op, [this.id, this.builder.lift(x).id], max);
  }

  private exact(op: 'add' | 'mul', x: WordOperand, of: (a: number, b: number) => number): Word {
    const b = this.builder.lift(x);
    const max = of(this.max, b.max);
    if (max > WORD_MAX)
      throw new ClientError('wordOverflow', `${op}: expected a result below 2^32, got up to ${max}`, { op, max });
    return this.builder.push(op, [this.id, b.id], max);
  }

  private ofField(op: 'fieldSub' | 'fieldMul' | 'inverse', args: readonly Word[]): Word {
    for (const { max } of args)
      if (max >= P) throw new ClientError('wordOutOfRange', `${op}: expected field elements, got a word up to ${max}`);
    return this.builder.push(
      op,
      args.map((w) => w.id),
      P - 1,
    );
  }
}

/** The smallest 2^n − 1 that is at least x. */
const allBits = (x: number): number => 2 ** Math.ceil(Math.log2(x + 1)) - 1;

/**
 * Sum of at least one word.
 * @throws ClientError `wordOverflow` if it could be 2^32 or more
 */
export const sumOf = (words: readonly Word[]): Word => words.reduce((a, b) => a.add(b));
/** The same for bits of which at most one is 1: the sum's bound stays that of a bit. */
export const anyOf = (words: readonly Word[]): Word => words.reduce((a, b) => a.or(b));
/** Bit k is 1 where the word is `first` + k. */
export const oneHot = (word: Word, length: number, first = 0): Word[] =>
  Array.from({ length }, (_, k) => word.equal(first + k));
