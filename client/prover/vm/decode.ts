import { ClientError } from '../../errors.ts';

/**
 * WebAssembly binary decoder (core specification 2.0, section 5) for the integer subset that the machine runs. Bodies
 * are left as byte ranges: lowering reads and type-checks them.
 */
export const ValueType = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c } as const;
/** Binary code of a number type; the machine runs no floating point, which lowering turns into traps. */
export type ValueType = (typeof ValueType)[keyof typeof ValueType];

export type FunctionType = { readonly params: readonly ValueType[]; readonly results: readonly ValueType[] };
/** Of a table in elements, of a memory in pages of 64 KiB. */
export type Limits = { readonly minimum: number; readonly maximum: number | undefined };

/** `type` is an index of the module's types; `locals` are those behind the parameters. */
export type FunctionDefinition = {
  readonly type: number;
  /** Set for imported functions, which have no body. */
  readonly imported: { readonly module: string; readonly name: string } | undefined;
  readonly locals: readonly ValueType[];
  /** First byte of the instructions, and the byte behind the last one. */
  readonly start: number;
  readonly end: number;
};
/** An initial value: a signed constant, 0 for a float; or that of a global. */
export type ConstExpr =
  | { readonly kind: 'value'; readonly value: bigint }
  | { readonly kind: 'global'; readonly index: number };
/** A global of the module; imported ones are refused. */
export type GlobalDefinition = { readonly type: ValueType; readonly mutable: boolean; readonly init: ConstExpr };
/** Function indices that the table holds from `offset` on. */
export type ElementSegment = { readonly offset: ConstExpr; readonly functions: readonly number[] };
/** Bytes that memory holds from `offset` on. */
export type DataSegment = { readonly offset: ConstExpr; readonly bytes: Uint8Array };
/** `kind`: 0 function, 1 table, 2 memory, 3 global. */
export type Export = { readonly kind: number; readonly index: number };

/** A decoded module. Imported functions come first in `functions`. */
export type Module = {
  readonly bytes: Uint8Array;
  readonly types: readonly FunctionType[];
  readonly functions: readonly FunctionDefinition[];
  readonly table: Limits | undefined;
  readonly memory: Limits | undefined;
  readonly globals: readonly GlobalDefinition[];
  readonly exports: ReadonlyMap<string, Export>;
  readonly start: number | undefined;
  readonly elements: readonly ElementSegment[];
  readonly data: readonly DataSegment[];
  /** Names of functions from the name section, for profiles only. */
  readonly names: ReadonlyMap<number, string>;
};

/** Locals of one function; more cannot be laid out in a frame. */
const MAX_LOCALS = 50_000;
/** Bits of a LEB128 number's bytes that together stay below 2^31. */
const SHORT_BITS = 28;
const MAGIC = 0x6d736100;

/** Reads LEB128 numbers and names; every error carries the byte offset. */
export class Reader {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  /** @throws ClientError always, its message and payload with the byte offset */
  fail(code: DecodeErrorCode, message: string): never {
    throw new ClientError<DecodeErrorCode>(code, `offset ${this.at}: ${message}`, { offset: this.at });
  }

  /**
   * The next byte.
   * @throws ClientError `moduleTruncated` at the end, as all that reads
   */
  byte(): number {
    if (this.at >= this.end) this.fail('moduleTruncated', 'expected another byte, the section ends here');
    return this.bytes[this.at++]!;
  }

  /** Unsigned LEB128 of at most 32 bits. */
  u32(): number {
    let result = 0;
    for (let shift = 0; ; shift += 7) {
      const b = this.byte();
      if (shift === 28 && b > 0x0f) this.fail('integerTooLong', 'expected an unsigned number of at most 32 bits');
      result += (b & 0x7f) * 2 ** shift;
      if (b < 0x80) return result;
    }
  }

  /** Signed LEB128 of at most `bits` bits. */
  signed(bits: number): bigint {
    // Almost all are short: their bits fit a number.
    let low = 0;
    let shift = 0;
    for (; shift < SHORT_BITS && shift + 7 < bits; shift += 7) {
      const b = this.byte();
      low |= (b & 0x7f) << shift;
      const unused = 25 - shift;
      if (b < 0x80) return BigInt((low << unused) >> unused);
    }
    let result = BigInt(low);
    for (; ; shift += 7) {
      const b = this.byte();
      result |= BigInt(b & 0x7f) << BigInt(shift);
      if (b < 0x80) {
        const value = (b & 0x40) !== 0 ? result - (1n << BigInt(shift + 7)) : result;
        if (BigInt.asIntN(bits, value) !== value)
          this.fail('integerTooLong', `expected a signed number of ${bits} bits`);
        return value;
      }
      if (shift + 7 >= bits) this.fail('integerTooLong', `expected a signed number of at most ${bits} bits`);
    }
  }

  /** The next bytes, a view of the module. */
  take(length: number): Uint8Array {
    if (this.at + length > this.end)
      this.fail('moduleTruncated', `expected ${length} bytes, ${this.end - this.at} are left`);
    const slice = this.bytes.subarray(this.at, this.at + length);
    this.at += length;
    return slice;
  }

  /** A name: length, then UTF-8; malformed bytes become replacement characters. */
  name(): string {
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(this.take(this.u32()));
  }

  /** A count, then so many entries; refuses a count above the bytes left, as every entry takes one. */
  list<T>(read: () => T): T[] {
    const count = this.u32();
    if (count > this.end - this.at)
      this.fail('moduleTruncated', `expected ${count} entries, ${this.end - this.at} bytes are left`);
    return Array.from({ length: count }, read);
  }

  /**
   * A number type.
   * @throws ClientError `typeUnsupported` for vectors and references
   */
  valueType(): ValueType {
    const t = this.byte();
    if (t !== ValueType.i32 && t !== ValueType.i64 && t !== ValueType.f32 && t !== ValueType.f64)
      this.fail('typeUnsupported', `expected a number type, got 0x${t.toString(16)}`);
    return t;
  }
}

/**
 * Decodes a module.
 * @throws ClientError with the byte offset, for anything malformed or outside the subset
 */
export function decodeModule(bytes: Uint8Array): Module {
  const r = new Reader(bytes, 0, bytes.length);
  const word = (): number => [0, 8, 16, 24].reduce((acc, shift) => acc + r.byte() * 2 ** shift, 0);
  if (word() !== MAGIC) r.fail('notAModule', 'expected the magic number \\0asm');
  if (word() !== 1) r.fail('notAModule', 'expected version 1');
  let types: FunctionType[] = [];
  const functions: FunctionDefinition[] = [];
  let table: Limits | undefined;
  let memory: Limits | undefined;
  let globals: GlobalDefinition[] = [];
  const exports = new Map<string, Export>();
  let start: number | undefined;
  let elements: ElementSegment[] = [];
  let data: DataSegment[] = [];
  const names = new Map<number, string>();
  let bodies = 0;
  let lastSection = 0;

  while (r.at < bytes.length) {
    const id = r.byte();
    const size = r.u32();
    const from = r.at;
    if (from + size > bytes.length) r.fail('moduleTruncated', `section ${id} of ${size} bytes does not fit`);
    const s = new Reader(bytes, from, from + size);
    if (id !== 0) {
      const order = SECTION_ORDER.indexOf(id);
      if (order < 0) r.fail('sectionUnknown', `section ${id} is not part of the subset`);
      if (order <= lastSection - 1) r.fail('sectionOrder', `section ${id} is out of order`);
      lastSection = order + 1;
    }
    switch (id) {
      case 0:
        readNames(s, names);
        break;
      case 1:
        types = s.list(() => {
          if (s.byte() !== 0x60) s.fail('typeUnsupported', 'expected a function type');
          return { params: s.list(() => s.valueType()), results: s.list(() => s.valueType()) };
        });
        break;
      case 2:
        s.list(() => {
          const module = s.name();
          const name = s.name();
          if (s.byte() !== 0) s.fail('importUnsupported', `import ${module}.${name}: expected a function`);
          functions.push({ type: typeIndex(s, types), imported: { module, name }, locals: [], start: 0, end: 0 });
        });
        break;
      case 3:
        s.list(() => {
          functions.push({ type: typeIndex(s, types), imported: undefined, locals: [], start: 0, end: 0 });
        });
        break;
      case 4: {
        const tables = s.list(() => {
          if (s.byte() !== 0x70) s.fail('typeUnsupported', 'expected a table of function references');
          return limits(s);
        });
        if (tables.length > 1) s.fail('tableUnsupported', 'expected at most one table');
        table = tables[0];
        break;
      }
      case 5: {
        const memories = s.list(() => limits(s));
        if (memories.length > 1) s.fail('memoryUnsupported', 'expected at most one memory');
        memory = memories[0];
        break;
      }
      case 6:
        globals = s.list(() => {
          const type = s.valueType();
          const mutable = s.byte();
          if (mutable > 1) s.fail('globalMalformed', `expected 0 or 1 for mutability, got ${mutable}`);
          return { type, mutable: mutable === 1, init: constExpr(s) };
        });
        break;
      case 7:
        s.list(() => {
          const name = s.name();
          if (exports.has(name)) s.fail('exportDuplicate', `the name ${name} is exported twice`);
          exports.set(name, { kind: s.byte(), index: s.u32() });
        });
        break;
      case 8:
        start = s.u32();
        break;
      case 9:
        elements = s.list(() => {
          if (s.u32() !== 0) s.fail('elementUnsupported', 'expected an active segment of function indices');
          return { offset: constExpr(s), functions: s.list(() => s.u32()) };
        });
        break;
      case 10: {
        const first = functions.findIndex((f) => f.imported === undefined);
        s.list(() => {
          const length = s.u32();
          const end = s.at + length;
          if (end > s.end) s.fail('moduleTruncated', 'a function body does not fit its section');
          const body = new Reader(bytes, s.at, end);
          const locals: ValueType[] = [];
          for (let groups = body.u32(); groups > 0; groups--) {
            const count = body.u32();
            const type = body.valueType();
            if (locals.length + count > MAX_LOCALS) body.fail('tooManyLocals', `expected at most ${MAX_LOCALS} locals`);
            for (let i = 0; i < count; i++) locals.push(type);
          }
          const index = first + bodies++;
          const f = functions[index];
          if (first < 0 || f === undefined) return s.fail('bodyCount', 'more bodies than functions');
          functions[index] = { ...f, locals, start: body.at, end };
          s.at = end;
        });
        break;
      }
      case 11:
        data = s.list(() => {
          const flag = s.u32();
          if (flag !== 0) s.fail('dataUnsupported', 'expected an active data segment of memory 0');
          return { offset: constExpr(s), bytes: s.take(s.u32()).slice() };
        });
        break;
      case 12:
        s.u32();
        break;
    }
    if (id !== 0 && s.at !== s.end) s.fail('sectionLength', `section ${id} has ${s.end - s.at} bytes left over`);
    r.at = from + size;
  }
  const defined = functions.filter((f) => f.imported === undefined).length;
  if (bodies !== defined) r.fail('bodyCount', `expected ${defined} bodies, got ${bodies}`);
  return { bytes, types, functions, table, memory, globals, exports, start, elements, data, names };
}

/** Order in which sections may occur; data count (12) stands before code. */
const SECTION_ORDER: readonly number[] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 10, 11];

function typeIndex(s: Reader, types: readonly FunctionType[]): number {
  const index = s.u32();
  if (index >= types.length) s.fail('indexOutOfRange', `type ${index} does not exist`);
  return index;
}

function limits(s: Reader): Limits {
  const flag = s.byte();
  if (flag > 1) s.fail('limitsUnsupported', `expected flag 0 or 1 for limits, got ${flag}`);
  const minimum = s.u32();
  return { minimum, maximum: flag === 1 ? s.u32() : undefined };
}

function constExpr(s: Reader): ConstExpr {
  const op = s.byte();
  let expr: ConstExpr;
  if (op === 0x41) expr = { kind: 'value', value: s.signed(32) };
  else if (op === 0x42) expr = { kind: 'value', value: s.signed(64) };
  else if (op === 0x23) expr = { kind: 'global', index: s.u32() };
  else if (op === 0x43 || op === 0x44) {
    s.take(op === 0x43 ? 4 : 8);
    expr = { kind: 'value', value: 0n };
  } else return s.fail('constExprUnsupported', `opcode 0x${op.toString(16)} in a constant expression`);
  if (s.byte() !== 0x0b) s.fail('constExprUnsupported', 'expected a constant expression of one instruction');
  return expr;
}

/** The name section is advice: what cannot be read of it is left out. */
function readNames(s: Reader, names: Map<number, string>): void {
  try {
    if (s.name() !== 'name') return;
    while (s.at < s.end) {
      const id = s.byte();
      const sub = new Reader(s.bytes, s.at, s.end);
      const size = sub.u32();
      const end = sub.at + size;
      if (id === 1)
        sub.list(() => {
          const index = sub.u32();
          names.set(index, sub.name());
        });
      s.at = end;
    }
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
  }
}

/** What is malformed, or valid and not supported. */
export type DecodeErrorCode =
  | 'notAModule'
  | 'moduleTruncated'
  | 'integerTooLong'
  | 'typeUnsupported'
  | 'importUnsupported'
  | 'tableUnsupported'
  | 'memoryUnsupported'
  | 'globalMalformed'
  | 'exportDuplicate'
  | 'elementUnsupported'
  | 'bodyCount'
  | 'tooManyLocals'
  | 'dataUnsupported'
  | 'sectionUnknown'
  | 'sectionOrder'
  | 'sectionLength'
  | 'indexOutOfRange'
  | 'limitsUnsupported'
  | 'constExprUnsupported'
  | 'typeMismatch'
  | 'globalImmutable'
  | 'opcodeUnsupported';
