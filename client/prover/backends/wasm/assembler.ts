/** Value types and opcodes of the WebAssembly binary format that generated evaluators need. */
export const I32 = 0x7f;
export const V128 = 0x7b;

const SECTION = { type: 1, import: 2, function: 3, export: 7, code: 10 } as const;
const FUNC_TYPE = 0x60;
const SIMD = 0xfd;

/** Unsigned LEB128. */
export function unsigned(x: number): number[] {
  const bytes: number[] = [];
  for (let rest = x; ; ) {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    if (rest === 0) {
      bytes.push(low);
      return bytes;
    }
    bytes.push(low | 0x80);
  }
}

/** Signed LEB128 of a 32-bit integer. */
function signed(x: number): number[] {
  const bytes: number[] = [];
  for (let rest = x | 0; ; ) {
    const low = rest & 0x7f;
    rest >>= 7;
    if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) {
      bytes.push(low);
      return bytes;
    }
    bytes.push(low | 0x80);
  }
}

const vector = (items: readonly (readonly number[])[]): number[] => [...unsigned(items.length), ...items.flat()];
const text = (s: string): number[] => [...unsigned(s.length), ...Array.from(s, (c) => c.charCodeAt(0))];

/** The body of one function: appends instructions, hands out locals. */
export class FunctionBody {
  private readonly code: number[] = [];
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
    return this.op(0x20, ...unsigned(local));
  }
  set(local: number): this {
    return this.op(0x21, ...unsigned(local));
  }
  tee(local: number): this {
    return this.op(0x22, ...unsigned(local));
  }
  i32(x: number): this {
    return this.op(0x41, ...signed(x));
  }
  i32Add(): this {
    return this.op(0x6a);
  }
  i32Mul(): this {
    return this.op(0x6c);
  }
  call(index: number): this {
    return this.op(0x10, ...unsigned(index));
  }
  /** do { body } while (local += step, local ≠ end) for i32 locals. */
  loop(counter: number, step: number, end: number, body: () => void): this {
    this.op(0x03, 0x40);
    body();
    return this.get(counter).i32(step).i32Add().tee(counter).get(end).op(0x47, 0x0d, 0x00, 0x0b);
  }
  load(offset: number): this {
    return this.simd(0x00, 4, ...unsigned(offset));
  }
  loadSplat(offset: number): this {
    return this.simd(0x09, 2, ...unsigned(offset));
  }
  store(offset: number): this {
    return this.simd(0x0b, 4, ...unsigned(offset));
  }
  /** The same 32-bit word in every lane. */
  splat(word: number): this {
    const bytes = [word & 255, (word >>> 8) & 255, (word >>> 16) & 255, word >>> 24];
    return this.simd(0x0c, ...bytes, ...bytes, ...bytes, ...bytes);
  }
  /** Words a and b in the even and odd lanes. */
  splatPair(a: number, b: number): this {
    const bytes = [a, b].flatMap((w) => [w & 255, (w >>> 8) & 255, (w >>> 16) & 255, w >>> 24]);
    return this.simd(0x0c, ...bytes, ...bytes);
  }
  /** Four of the eight words of two vectors. */
  shuffleWords(...words: readonly [number, number, number, number]): this {
    return this.simd(0x0d, ...words.flatMap((w) => [4 * w, 4 * w + 1, 4 * w + 2, 4 * w + 3]));
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

  bytes(): number[] {
    const declarations = this.locals.map((type) => [1, type]);
    const body = [...vector(declarations), ...this.code, 0x0b];
    return [...unsigned(body.length), ...body];
  }

  private op(...bytes: readonly number[]): this {
    for (const b of bytes) this.code.push(b);
    return this;
  }

  private simd(opcode: number, ...rest: readonly number[]): this {
    return this.op(SIMD, ...unsigned(opcode), ...rest);
  }
}

/** A module of functions over i32 parameters without results, with one imported memory. */
export class ModuleWriter {
  private readonly types: number[][] = [];
  private readonly typeIndex = new Map<number, number>();
  private readonly imports: number[][] = [];
  private readonly functions: { readonly type: number; readonly body: FunctionBody }[] = [];
  private readonly exports: number[][] = [];
  private imported = 0;

  /** Imports `kernels.name`; all imports come before all functions. */
  importKernel(name: string, params: number): number {
    this.imports.push([...text('kernels'), ...text(name), 0, ...unsigned(this.typeOf(params))]);
    return this.imported++;
  }

  /** Declares a function, whose body is filled in afterwards. */
  addFunction(params: number): { readonly index: number; readonly body: FunctionBody } {
    const body = new FunctionBody(params);
    this.functions.push({ type: this.typeOf(params), body });
    return { index: this.imported + this.functions.length - 1, body };
  }

  exportFunction(name: string, index: number): void {
    this.exports.push([...text(name), 0, ...unsigned(index)]);
  }

  bytes(): Uint8Array<ArrayBuffer> {
    const memory = [...text('env'), ...text('memory'), 2, 3, ...unsigned(1), ...unsigned(65536)];
    const chunks: (readonly number[])[] = [[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]];
    const section = (id: number, items: readonly (readonly number[])[]): void => {
      const size = items.reduce((n, item) => n + item.length, unsigned(items.length).length);
      chunks.push([id, ...unsigned(size), ...unsigned(items.length)], ...items);
    };
    section(SECTION.type, this.types);
    section(SECTION.import, [...this.imports, memory]);
    section(
      SECTION.function,
      this.functions.map((f) => unsigned(f.type)),
    );
    section(SECTION.export, this.exports);
    section(
      SECTION.code,
      this.functions.map((f) => f.body.bytes()),
    );
    const out = new Uint8Array(chunks.reduce((n, c) => n + c.length, 0));
    let at = 0;
    for (const chunk of chunks) {
      out.set(chunk, at);
      at += chunk.length;
    }
    return out;
  }

  private typeOf(params: number): number {
    const known = this.typeIndex.get(params);
    if (known !== undefined) return known;
    this.types.push([FUNC_TYPE, ...unsigned(params), ...new Array<number>(params).fill(I32), 0]);
    this.typeIndex.set(params, this.types.length - 1);
    return this.types.length - 1;
  }
}
