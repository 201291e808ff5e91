import { ClientError } from '../../errors.ts';
import { Fp } from '../field/fp.ts';
import type { RowProgram, Store } from './row-program.ts';
import type { WordOp } from './word.ts';

/** Rows filled together: a node at a time over a chunk, so that the walk over the program is paid once per chunk. */
const CHUNK = 128;

/** Rows of `width` words each, of which record word 0 less `firstKey` is the number. */
export type Facts = { readonly words: Uint32Array; readonly width: number; readonly firstKey: number };

/** Records one behind the other, and the facts that they refer to. */
export type RecordSource = { readonly words: Uint32Array; readonly facts?: Facts | undefined };

/** Fills rows from records: the reference for generated code. */
export class RowFiller {
  private readonly program: RowProgram;
  private readonly buffer: Uint32Array;
  /** Where the operands of each node lie. */
  private readonly places: readonly (readonly number[])[];

  constructor(program: RowProgram) {
    this.program = program;
    this.places = program.nodes.map((node) => node.args.map((a) => a * CHUNK));
    this.buffer = new Uint32Array(program.nodes.length * CHUNK);
    program.nodes.forEach((node, id) => {
      if (node.op === 'const') this.buffer.fill(node.value, id * CHUNK, (id + 1) * CHUNK);
    });
  }

  /**
   * Writes the rows of records `from` … `to` − 1 to `rows`, from row 0 on; cells that the chip leaves zero are not touched.
   * @throws ClientError `recordOutOfRange` for a record whose word, or what is computed from it, is larger than it may be
   */
  fill({ words, facts }: RecordSource, from: number, to: number, rows: Uint32Array): void {
    const { nodes, stores, stride, chip } = this.program;
    const width = chip.columns.length;
    for (let start = from; start < to; start += CHUNK) {
      const count = Math.min(CHUNK, to - start);
      for (let id = 0; id < nodes.length; id++) {
        const node = nodes[id]!;
        if (node.op === 'record')
          loadRecord(this.buffer, id * CHUNK, words, start * stride + node.value, stride, count);
        else if (node.op === 'fact')
          loadFact(this.buffer, id * CHUNK, words, start * stride, stride, facts!, node.value, count);
        else if (node.op !== 'const') COMPUTE[node.op](this.buffer, id * CHUNK, this.places[id]!, count, node.value);
        if (node.op === 'record' || node.op === 'fact') this.check(id, node.bits, start, count);
        else if (node.op === 'check') this.check(id, node.value, start, count);
      }
      for (const store of stores) writeCells(this.buffer, store, rows, (start - from) * width, width, count);
    }
  }

  private check(id: number, bits: number, start: number, count: number): void {
    if (bits === 32) return;
    let all = 0;
    const at = id * CHUNK;
    for (let x = 0; x < count; x++) all |= this.buffer[at + x]!;
    if (all >>> bits === 0) return;
    const row = Array.from({ length: count }, (_, x) => x).find((x) => this.buffer[at + x]! >>> bits !== 0)!;
    const { chip, nodes } = this.program;
    throw new ClientError(
      'recordOutOfRange',
      `chip ${chip.id}, record ${start + row}: expected ${nodes[id]!.op} ${nodes[id]!.value} below 2^${bits}, got ${this.buffer[at + row]}`,
      { chip: chip.id, row: start + row },
    );
  }
}

function loadRecord(buffer: Uint32Array, out: number, words: Uint32Array, at: number, stride: number, n: number): void {
  for (let x = 0, from = at; x < n; x++, from += stride) buffer[out + x] = words[from]!;
}

function loadFact(
  buffer: Uint32Array,
  out: number,
  words: Uint32Array,
  at: number,
  stride: number,
  { words: table, width, firstKey }: Facts,
  index: number,
  n: number,
): void {
  for (let x = 0, from = at; x < n; x++, from += stride)
    buffer[out + x] = table[(words[from]! - firstKey) * width + index]!;
}

function writeCells(b: Uint32Array, store: Store, rows: Uint32Array, first: number, width: number, n: number): void {
  const from = store.word * CHUNK;
  let to = first + store.column;
  if (store.kind === 'word') {
    for (let x = 0; x < n; x++, to += width) rows[to] = b[from + x]!;
    return;
  }
  const { firstBit, count } = store;
  for (let x = 0; x < n; x++, to += width) {
    const word = b[from + x]! >>> firstBit;
    for (let k = 0; k < count; k++) rows[to + k] = (word >>> k) & 1;
  }
}

type Compute = (b: Uint32Array, out: number, args: readonly number[], n: number, value: number) => void;

/** What the operators compute: `n` words at `out` from those at `args`. */
const COMPUTE: Readonly<Record<Exclude<WordOp, 'const' | 'record' | 'fact'>, Compute>> = {
  check: (b, out, [p], n) => void b.copyWithin(out, p!, p! + n),
  add: (b, out, [p, q], n) => add(b, out, p!, q!, n),
  sub: (b, out, [p, q], n) => sub(b, out, p!, q!, n),
  mul: (b, out, [p, q], n) => mul(b, out, p!, q!, n),
  div: (b, out, [p, q], n) => div(b, out, p!, q!, n),
  and: (b, out, [p, q], n) => and(b, out, p!, q!, n),
  or: (b, out, [p, q], n) => or(b, out, p!, q!, n),
  xor: (b, out, [p, q], n) => xor(b, out, p!, q!, n),
  shl: (b, out, [p, q], n) => shl(b, out, p!, q!, n),
  shr: (b, out, [p, q], n) => shr(b, out, p!, q!, n),
  equal: (b, out, [p, q], n) => equal(b, out, p!, q!, n),
  less: (b, out, [p, q], n) => less(b, out, p!, q!, n),
  select: (b, out, [p, q, r], n) => select(b, out, p!, q!, r!, n),
  bit: (b, out, [p], n, k) => bit(b, out, p!, k, n),
  fieldSub: (b, out, [p, q], n) => fieldSub(b, out, p!, q!, n),
  fieldMul: (b, out, [p, q], n) => fieldMul(b, out, p!, q!, n),
  inverse: (b, out, [p], n) => inverse(b, out, p!, n),
  divide64,
};

function add(b: Uint32Array, out: number, p: number, q: number, n: number): void {
  for (let x = 0; x < n; x++) b[out + x] = b[p + x]! + b[q + x]!;
}

function sub(b: Uint32Array, out: number, p: number, q: number, n: number): void {
  for (let x = 0; x < n; x++) b[out + x] = b[p + x]! - b[q + x]!;
}

function mul(b: Uint32Array, out: number, p: number, q: number, n: number): void {
  for (let x = 0; x < n; x++) b[out + x] = Math.imul(b[p + x]!, b[q + x]!);
}

function div(b: Uint32Array, out: number, p: number, q: number, n: number): void {
  for (let x = 0; x < n; x++) b[out + x] = b[q + x] === 0 ? 0 : Math.floor(b[p + x]! / b[q + x]!);
}

function and(b: Uint32Array, out: number, p: number, q: number, n: number): void {
  for (let x = 0; x < n; x++) b[out + x] = b[p + x]! & b[q + x]!;
}

function or(b: Uint32Array, out: number, p: number, q: number, n: number): void {
  for (let x = 0; x < n; x++) b[out + x] = b[p + x]! | b[q + x]!;
}

function xor(b: Uint32Array, out: number, p: number, q: number, n: number): void {
  for (let x = 0; x < n; x++) b[out + x] = b[p + x]! ^ b[q + x]!;
}

function shl(b: Uint32Array, out: number, p: number, q: number, n: number): void {
  for (let x = 0; x < n; x++) b[out + x] = b[p + x]! << b[q + x]!;
}

function shr(b: Uint32Array, out: number, p: number, q: number, n: number): void {
  for (let x = 0; x < n; x++) b[out + x] = b[p + x]! >>> b[q + x]!;
}

function equal(b: Uint32Array, out: number, p: number, q: number, n: number): void {
  for (let x = 0; x < n; x++) b[out + x] = b[p + x] === b[q + x] ? 1 : 0;
}

function less(b: Uint32Array, out: number, p: number, q: number, n: number): void {
  for (let x = 0; x < n; x++) b[out + x] = b[p + x]! < b[q + x]! ? 1 : 0;
}

function select(b: Uint32Array, out: number, p: number, q: number, r: number, n: number): void {
  for (let x = 0; x < n; x++) b[out + x] = b[p + x] !== 0 ? b[q + x]! : b[r + x]!;
}

function bit(b: Uint32Array, out: number, p: number, k: number, n: number): void {
  for (let x = 0; x < n; x++) b[out + x] = (b[p + x]! >>> k) & 1;
}

function fieldSub(b: Uint32Array, out: number, p: number, q: number, n: number): void {
  for (let x = 0; x < n; x++) b[out + x] = Fp.sub(b[p + x]!, b[q + x]!);
}

function fieldMul(b: Uint32Array, out: number, p: number, q: number, n: number): void {
  for (let x = 0; x < n; x++) b[out + x] = Fp.mul(b[p + x]!, b[q + x]!);
}

/** One inversion for all of a chunk (Montgomery's trick); zeros stay zero. */
function inverse(b: Uint32Array, out: number, p: number, n: number): void {
  let product = 1;
  for (let x = 0; x < n; x++) {
    b[out + x] = product;
    const v = b[p + x]!;
    if (v !== 0) product = Fp.mul(product, v);
  }
  let rest = Fp.inv(product);
  for (let x = n - 1; x >= 0; x--) {
    const v = b[p + x]!;
    if (v === 0) b[out + x] = 0;
    else {
      b[out + x] = Fp.mul(rest, b[out + x]!);
      rest = Fp.mul(rest, v);
    }
  }
}

/** Parts 0 and 1: low and high word of the quotient; 2 and 3 of the remainder. */
function divide64(b: Uint32Array, out: number, args: readonly number[], n: number, part: number): void {
  const [p, q, r, s] = args as [number, number, number, number];
  for (let x = 0; x < n; x++) {
    const numerator = (BigInt(b[q + x]!) << 32n) | BigInt(b[p + x]!);
    const divisor = (BigInt(b[s + x]!) << 32n) | BigInt(b[r + x]!);
    const whole = divisor === 0n ? 0n : part < 2 ? numerator / divisor : numerator % divisor;
    b[out + x] = Number((part & 1) === 1 ? whole >> 32n : whole & 0xffffffffn);
  }
}
