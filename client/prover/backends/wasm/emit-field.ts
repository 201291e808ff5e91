import { P } from '../../field/fp.ts';
import { type FunctionBody, V128 } from './assembler.ts';

const P_INV = 0x81000001;

/** Emits field arithmetic on vectors; the functions of `kernels/wasm/assembly/field.ts`, instruction by instruction. */
export class FieldEmitter {
  readonly f: FunctionBody;
  private readonly p: number;
  private readonly pInv: number;
  private readonly pHigh: number;

  constructor(f: FunctionBody) {
    this.f = f;
    this.p = f.local(V128);
    this.pInv = f.local(V128);
    this.pHigh = f.local(V128);
    f.splat(P).set(this.p).splat(P_INV).set(this.pInv).splatPair(0, P).set(this.pHigh);
  }

  /** Local → local with the sum; operands are pushed by `a` and `b`. */
  add(a: Push, b: Push): number {
    const { f } = this;
    const s = f.local(V128);
    a(f);
    b(f);
    f.add().tee(s).get(s).get(this.p).sub().minU().set(s);
    return s;
  }

  sub(a: Push, b: Push): number {
    const { f } = this;
    const d = f.local(V128);
    a(f);
    b(f);
    f.sub().tee(d).get(d).get(this.p).add().minU().set(d);
    return d;
  }

  mul(a: Push, b: Push): number {
    const { f } = this;
    const lo = f.local(V128);
    const hi = f.local(V128);
    const q = f.local(V128);
    a(f);
    b(f);
    f.productsLow().set(lo);
    a(f);
    b(f);
    f.productsHigh().set(hi);
    f.get(lo).get(hi).shuffleWords(0, 2, 4, 6).get(this.pInv).mulLow().set(q);
    f.get(lo).get(q).get(this.p).productsLow().sub64();
    f.get(hi).get(q).get(this.p).productsHigh().sub64();
    f.shuffleWords(1, 3, 5, 7).tee(lo).get(lo).get(this.p).add().minU().set(lo);
    f.release(hi);
    f.release(q);
    return lo;
  }

  /** Brings the high words of a sum of products from below 2P to below P: two more products then fit. */
  relax(sum: number): void {
    this.f.get(sum).get(sum).get(this.pHigh).sub().minU().set(sum);
  }

  /** Montgomery reduction of two sums of products, high words below 2P; the result replaces `lo`. */
  reduce(lo: number, hi: number): void {
    const { f } = this;
    const q = f.local(V128);
    const h = f.local(V128);
    f.get(lo).get(hi).shuffleWords(0, 2, 4, 6).get(this.pInv).mulLow().set(q);
    f.get(lo).get(hi).shuffleWords(1, 3, 5, 7).set(h);
    f.get(h).get(h).get(this.p).sub().minU();
    f.get(q).get(this.p).productsLow().get(q).get(this.p).productsHigh().shuffleWords(1, 3, 5, 7);
    f.sub().tee(h).get(h).get(this.p).add().minU().set(lo);
    f.release(q);
    f.release(h);
  }
}

/** Pushes one vector. */
export type Push = (f: FunctionBody) => void;

/** A sum of products in the two 64-bit halves, kept in locals. */
export class ProductSum {
  readonly lo: number;
  readonly hi: number;
  private readonly e: FieldEmitter;
  /** Products added since the last `relax`, of which two fit. */
  private pending = 0;

  /** Starts from what the locals hold, which is relaxed. */
  constructor(e: FieldEmitter, lo: number, hi: number) {
    this.e = e;
    this.lo = lo;
    this.hi = hi;
  }

  addProduct(a: Push, b: Push): void {
    const { f } = this.e;
    if (this.pending === 2) this.relax();
    a(f);
    b(f);
    f.productsLow().get(this.lo).add64().set(this.lo);
    a(f);
    b(f);
    f.productsHigh().get(this.hi).add64().set(this.hi);
    this.pending++;
  }

  relax(): void {
    if (this.pending === 0) return;
    this.e.relax(this.lo);
    this.e.relax(this.hi);
    this.pending = 0;
  }
}
