/** Value types and opcodes of the WebAssembly binary format that generated evaluators need. */
export const I32 = 0x7f;
export const V128 = 0x7b;

const SECTION = { type: 1, import: 2, function: 3, export: 7, code: 10 } as const;
const FUNC_TYPE = 0x60;
const SIMD = 0xfd;

/** Bytes that are appended to; kept in one array that doubles. */
class ByteWriter {
  private data = new Uint8Array(256);
  length = 0;

  byte(b: number): void {
    if (this.length === this.data.length) this.grow(1);
    this.data[this.length++] = b;
  }

  append(other: ByteWriter): void {
    this.grow(other.length);
    this.data.set(other.data.subarray(0, other.length), this.length);
    this.length += other.length;
  }

  /** Unsigned LEB128. */
  unsigned(x: number): void {
    let rest = x;
    while (rest > 127) {
      this.byte((rest & 127) | 128);
      rest = Math.floor(rest / 128);
    }
    this.byte(rest);
  }

  /** Signed LEB128 of a 32-bit integer. */
  signed(x: number): void {
    let rest = x | 0;
    while (rest < -64 || rest > 63) {
      this.byte((rest & 127) | 128);
      rest >>= 7;
    }
    this.byte(rest & 127);
  }

  /** Four bytes, little-endian. */
  word(w: number): void {
    this.byte(w & 255);
    this.byte((w >>> 8) & 255);
    this.byte((w >>> 16) & 255);
    this.byte(w >>> 24);
  }

  text(s: string): void {
    this.unsigned(s.length);
    for (let i = 0; i < s.length; i++) this.byte(s.charCodeAt(i));
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return this.data.slice(0, this.length);
  }

  private grow(by: number): void {
    if (this.length + by <= this.data.length) return;
    const longer = new Uint8Array(Math.max(2 * this.data.length, this.length + by));
    longer.set(this.data.subarray(0, this.length));
    this.data = longer;
  }
}

/** What `write` appends, behind its length. */
function appendSized(out: ByteWriter, write: (part: ByteWriter) => void): void {
  const part = new ByteWriter();
  write(part);
  out.unsigned(part.length);
  out.append(part);
}

/** The body of one function: appends instructions, hands out locals. */
export class FunctionBody {
  private readonly code = new ByteWriter();
  private readonly locals: number[] = [];
  private readonly params: number;
  private readonly free: number[] = [];

  constructor(params: number) {
    this.params = params;
  }

  /** A new local; `release` gives a v128 local back for reuse. */
  local(type: typeof I32 | typeof V128): number {
    if (type === V128) {
      const reused = this.free.pop();
      if (reused !== undefined) return reused;
    }
    this.locals.push(type);
    return this.params + this.locals.length - 1;
  }

  release(local: number): void {
    this.free.push(local);
  }

  /** Instructions so far, in bytes. */
  size(): number {
    return this.code.length;
  }

  get(local: number): this {
    return this.withIndex(0x20, local);
  }
  set(local: number): this {
    return this.withIndex(0x21, local);
  }
  tee(local: number): this {
    return this.withIndex(0x22, local);
  }
  i32(x: number): this {
    this.code.byte(0x41);
    this.code.signed(x);
    return this;
  }
  i32Add(): this {
    return this.op(0x6a);
  }
  i32Mul(): this {
    return this.op(0x6c);
  }
  call(index: number): this {
    return this.withIndex(0x10, index);
  }
  /** do { body } while (local += step, local ≠ end) for i32 locals. */
  loop(counter: number, step: number, end: number, body: () => void): this {
    this.op(0x03).op(0x40);
    body();
    return this.get(counter).i32(step).i32Add().tee(counter).get(end).op(0x47).op(0x0d).op(0x00).op(0x0b);
  }
  load(offset: number): this {
    return this.access(0x00, 4, offset);
  }
  loadSplat(offset: number): this {
    return this.access(0x09, 2, offset);
  }
  store(offset: number): this {
    return this.access(0x0b, 4, offset);
  }
  /** The same 32-bit word in every lane. */
  splat(word: number): this {
    return this.splatPair(word, word);
  }
  /** Words a and b in the even and odd lanes. */
  splatPair(a: number, b: number): this {
    this.simd(0x0c);
    for (let i = 0; i < 2; i++) {
      this.code.word(a);
      this.code.word(b);
    }
    return this;
  }
  /** Four of the eight words of two vectors. */
  shuffleWords(...words: readonly [number, number, number, number]): this {
    this.simd(0x0d);
    for (const w of words) for (let i = 0; i < 4; i++) this.code.byte(4 * w + i);
    return this;
  }
  add(): this {
    return this.simd(0xae);
  }
  sub(): this {
    return this.simd(0xb1);
  }
  mulLow(): this {
    return this.simd(0xb5);
  }
  minU(): this {
    return this.simd(0xb7);
  }
  add64(): this {
    return this.simd(0xce);
  }
  sub64(): this {
    return this.simd(0xd1);
  }
  productsLow(): this {
    return this.simd(0xde);
  }
  productsHigh(): this {
    return this.simd(0xdf);
  }

  /** Appends the body with its local declarations, behind its length. */
  appendTo(out: ByteWriter): void {
    appendSized(out, (part) => {
      part.unsigned(this.locals.length);
      for (const type of this.locals) {
        part.byte(1);
        part.byte(type);
      }
      part.append(this.code);
      part.byte(0x0b);
    });
  }

  private op(byte: number): this {
    this.code.byte(byte);
    return this;
  }

  private withIndex(opcode: number, index: number): this {
    this.code.byte(opcode);
    this.code.unsigned(index);
    return this;
  }

  private simd(opcode: number): this {
    this.code.byte(SIMD);
    this.code.unsigned(opcode);
    return this;
  }

  private access(opcode: number, logAlignment: number, offset: number): this {
    this.simd(opcode);
    this.code.byte(logAlignment);
    this.code.unsigned(offset);
    return this;
  }
}

/** A module of functions over i32 parameters without results, with one imported memory. */
export class ModuleWriter {
  /** Parameter counts of the function types. */
  private readonly types: number[] = [];
  private readonly imports: { readonly name: string; readonly type: number }[] = [];
  private readonly functions: { readonly type: number; readonly body: FunctionBody }[] = [];
  private readonly exports: { readonly name: string; readonly index: number }[] = [];

  /** Imports `kernels.name`; all imports come before all functions. */
  importKernel(name: string, params: number): number {
    this.imports.push({ name, type: this.typeOf(params) });
    return this.imports.length - 1;
  }

  /** Declares a function, whose body is filled in afterwards. */
  addFunction(params: number): { readonly index: number; readonly body: FunctionBody } {
    const body = new FunctionBody(params);
    this.functions.push({ type: this.typeOf(params), body });
    return { index: this.imports.length + this.functions.length - 1, body };
  }

  exportFunction(name: string, index: number): void {
    this.exports.push({ name, index });
  }

  bytes(): Uint8Array<ArrayBuffer> {
    const out = new ByteWriter();
    for (const b of [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]) out.byte(b);
    const section = <T>(id: number, items: readonly T[], write: (part: ByteWriter, item: T) => void): void => {
      out.byte(id);
      appendSized(out, (part) => {
        part.unsigned(items.length);
        for (const item of items) write(part, item);
      });
    };
    section(SECTION.type, this.types, (part, params) => {
      part.byte(FUNC_TYPE);
      part.unsigned(params);
      for (let i = 0; i < params; i++) part.byte(I32);
      part.byte(0);
    });
    section(SECTION.import, [...this.imports, undefined], (part, item) => {
      part.text(item === undefined ? 'env' : 'kernels');
      part.text(item === undefined ? 'memory' : item.name);
      if (item !== undefined) {
        part.byte(0);
        part.unsigned(item.type);
        return;
      }
      // A shared memory of 1 to 65536 pages.
      part.byte(2);
      part.byte(3);
      part.unsigned(1);
      part.unsigned(65536);
    });
    section(SECTION.function, this.functions, (part, f) => part.unsigned(f.type));
    section(SECTION.export, this.exports, (part, { name, index }) => {
      part.text(name);
      part.byte(0);
      part.unsigned(index);
    });
    section(SECTION.code, this.functions, (part, f) => f.body.appendTo(part));
    return out.bytes();
  }

  private typeOf(params: number): number {
    const known = this.types.indexOf(params);
    if (known >= 0) return known;
    this.types.push(params);
    return this.types.length - 1;
  }
}
