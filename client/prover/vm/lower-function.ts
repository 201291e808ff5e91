import { AssignedLocals } from './assigned-locals.ts';
import { BodyReader } from './body-reader.ts';
import { type FunctionDefinition, type FunctionType, type Module, ValueType } from './decode.ts';
import { OPPOSITE_COMPARISON, type OpName } from './isa.ts';
import {
  type Code,
  type Frame,
  fusedBranch,
  HOST,
  isStraight,
  type Label,
  type LoweredFunction,
  shiftLabels,
  widthOf,
} from './lowered-code.ts';
import { chooseForm, type Entry } from './operand-form.ts';
import { FLOAT_SHAPES, LOADS, OPERATORS, STORES } from './wasm-opcodes.ts';

/** How far back the producer of a value is looked for when it is stored to a local. */
const RETARGET_WINDOW = 12;
/** Offsets from here on cannot be added to an address without leaving the field's safe range: such accesses trap. */
const MAX_OFFSET = 2 ** 29;

/**
 * Lowers one function: operands fold into their users, results go to the local they are stored to, comparisons fuse
 * with branches, callee frames lie over the caller's operand stack so that calls copy nothing.
 *
 * Frame: parameters and results share the first slots, then the other locals, then the operand stack. A slot number
 * exists in both widths; validated code reads a slot in the width it was written in.
 */
export class FunctionLowering {
  private readonly module: Module;
  private readonly definition: FunctionDefinition;
  private readonly type: FunctionType;
  private readonly r: BodyReader;
  private readonly locals: readonly ValueType[];
  private readonly localBase: number;
  private readonly stackBase: number;
  private readonly memoryPages: number;
  private code: Code[] = [];
  private stack: Entry[] = [];
  private readonly control: Frame[] = [];
  private readonly assigned = new AssignedLocals();
  private readonly zeroed = new Set<number>();
  /** Code before this position may be jumped over: nothing behind it may change it. */
  private barrier = 0;
  private maxHeight = 0;
  private readonly floats: number[] = [];

  constructor(module: Module, index: number) {
    this.module = module;
    this.definition = module.functions[index]!;
    this.type = module.types[this.definition.type]!;
    this.r = new BodyReader(module, this.definition.start, this.definition.end);
    this.locals = [...this.type.params, ...this.definition.locals];
    this.localBase = Math.max(1, this.type.params.length, this.type.results.length);
    this.stackBase = this.localBase + this.definition.locals.length;
    this.memoryPages = module.memory?.minimum ?? 0;
    for (let i = 0; i < this.type.params.length; i++) this.assigned.add(i);
  }

  /** The function's code; called once. @throws ClientError for a body that is malformed or does not type-check */
  lower(): LoweredFunction {
    this.pushFrame('function', this.type, 0);
    while (this.control.length > 0) if (this.step(this.r.byte())) this.skipUnreachable();
    if (this.r.at !== this.r.end) this.r.fail('moduleTruncated', 'bytes behind the end of the function');
    const zeros: Code[] = [...this.zeroed].map((local) => ({
      op: widthOf(this.locals[local]!) === 64 ? 'const64' : 'const32',
      writes: [this.localSlot(local)],
      reads: [],
      constant: 0n,
    }));
    shiftLabels(this.code, zeros.length);
    this.code = [...zeros, ...this.code];
    return { code: this.code, size: this.stackBase + this.maxHeight, floats: this.floats };
  }

  private localSlot(local: number): number {
    return local < this.type.params.length ? local : this.localBase + local - this.type.params.length;
  }

  private stackSlot(height: number): number {
    this.maxHeight = Math.max(this.maxHeight, height + 1);
    return this.stackBase + height;
  }

  private emit(code: Code): Code {
    this.code.push(code);
    return code;
  }

  private bind(label: Label): void {
    label.position = this.code.length;
    this.barrier = this.code.length;
  }

  private pushFrame(kind: Frame['kind'], type: FunctionType, parameters: number, otherwise?: Label): Frame {
    const frame: Frame = {
      kind,
      type,
      height: this.stack.length - parameters,
      label: { position: -1 },
      otherwise,
      assigned: this.assigned.count,
    };
    this.control.push(frame);
    return frame;
  }

  private push(type: ValueType): number {
    this.stack.push({ kind: 'slot', type });
    return this.stackSlot(this.stack.length - 1);
  }

  private pop(type?: ValueType): Entry {
    const floor = this.control[this.control.length - 1]!.height;
    if (this.stack.length <= floor) this.r.fail('typeMismatch', 'expected a value on the operand stack, it is empty');
    const e = this.stack.pop()!;
    if (type !== undefined && e.type !== type) this.r.fail('typeMismatch', `expected type ${type}, got ${e.type}`);
    return e;
  }

  /** The top entries, of these types from the lowest to the highest. */
  private popAll(types: readonly ValueType[]): Entry[] {
    const entries = new Array<Entry>(types.length);
    for (let k = types.length - 1; k >= 0; k--) entries[k] = this.pop(types[k]);
    return entries;
  }

  /** Slot of an entry that was just popped from `height`; a constant is written to its stack slot first. */
  private slotOf(e: Entry, height: number): number {
    if (e.kind === 'local') return this.localSlot(e.local);
    const slot = this.stackSlot(height);
    if (e.kind === 'constant') this.emitConstant(slot, e);
    return slot;
  }

  private emitConstant(slot: number, e: Extract<Entry, { kind: 'constant' }>): void {
    this.emit({ op: widthOf(e.type) === 64 ? 'const64' : 'const32', writes: [slot], reads: [], constant: e.value });
  }

  private move(to: number, from: Entry, height: number): void {
    if (from.kind === 'constant') {
      this.emitConstant(to, from);
      return;
    }
    const source = from.kind === 'local' ? this.localSlot(from.local) : this.stackSlot(height);
    if (source !== to) this.emit({ op: widthOf(from.type) === 64 ? 'mov64' : 'mov32', writes: [to], reads: [source] });
  }

  /** Puts the entry at `height` into its own stack slot. */
  private materialise(height: number): void {
    const e = this.stack[height]!;
    if (e.kind === 'slot') return;
    this.move(this.stackSlot(height), e, height);
    this.stack[height] = { kind: 'slot', type: e.type };
  }

  /** Values that wait in locals must be read before the locals change on some path. */
  private flushLocals(): void {
    for (let h = 0; h < this.stack.length; h++) if (this.stack[h]!.kind === 'local') this.materialise(h);
  }

  private frameAt(depth: number): Frame {
    const frame = this.control[this.control.length - 1 - depth];
    if (frame === undefined) return this.r.fail('indexOutOfRange', `branch depth ${depth} does not exist`);
    return frame;
  }

  /** Types that a branch to the frame carries. */
  private carried(frame: Frame): readonly ValueType[] {
    return frame.kind === 'loop' ? frame.type.params : frame.type.results;
  }

  private checkTop(types: readonly ValueType[]): void {
    const floor = this.control[this.control.length - 1]!.height;
    const base = this.stack.length - types.length;
    if (base < floor) this.r.fail('typeMismatch', `expected ${types.length} values, got ${this.stack.length - floor}`);
    types.forEach((t, k) => {
      const e = this.stack[base + k]!;
      if (e.type !== t) this.r.fail('typeMismatch', `expected type ${t}, got ${e.type}`);
    });
  }

  /** Copies the top entries to where a block's results lie; sources lie at or above their targets. */
  private moveTop(count: number, height: number): void {
    const base = this.stack.length - count;
    for (let k = 0; k < count; k++) this.move(this.stackSlot(height + k), this.stack[base + k]!, base + k);
  }

  private needsMoves(count: number, height: number): boolean {
    const base = this.stack.length - count;
    return count > 0 && (base !== height || this.stack.slice(base).some((e) => e.kind !== 'slot'));
  }

  private emitReturn(): void {
    const results = this.type.results;
    this.checkTop(results);
    const base = this.stack.length - results.length;
    const last = this.code[this.code.length - 1];
    if (results.length === 1) {
      const e = this.stack[base]!;
      if (e.kind === 'slot' && this.canRetarget(last, this.stackSlot(base))) last!.writes[0] = 0;
      else this.move(0, e, base);
    } else {
      for (let k = 0; k < results.length; k++) this.materialise(base + k);
      for (let k = 0; k < results.length; k++) this.move(k, this.stack[base + k]!, base + k);
    }
    this.emit({ op: 'return', writes: [], reads: [] });
    this.barrier = this.code.length;
  }

  private canRetarget(last: Code | undefined, slot: number): boolean {
    return (
      this.code.length > this.barrier &&
      last?.retargetable === true &&
      last.writes.length === 1 &&
      last.writes[0] === slot
    );
  }

  private jumpTo(frame: Frame): void {
    if (frame.kind === 'function') {
      this.emitReturn();
      return;
    }
    const types = this.carried(frame);
    this.checkTop(types);
    this.moveTop(types.length, frame.height);
    this.emit({ op: 'jump', writes: [], reads: [], target: frame.label });
    this.barrier = this.code.length;
  }

  /** Pops a condition and emits a branch to `target` that is taken where the condition is true (or false). */
  private branch(target: Label, when: boolean): void {
    const e = this.pop(ValueType.i32);
    const height = this.stack.length;
    const last = this.code[this.code.length - 1];
    if (e.kind === 'slot' && this.canRetarget(last, this.stackSlot(height))) {
      const fused = fusedBranch(last!, when, target);
      if (fused !== undefined) {
        this.code.pop();
        this.emit(fused);
        this.barrier = this.code.length;
        return;
      }
    }
    this.emit({ op: when ? 'brNonZero32' : 'brZero32', writes: [], reads: [this.slotOf(e, height)], target });
    this.barrier = this.code.length;
  }

  /** Lowers one instruction; true when what follows cannot be reached. */
  private step(opcode: number): boolean {
    const operator = OPERATORS[opcode];
    if (operator !== undefined) {
      this.operator(operator.name, operator.params, operator.result);
      return false;
    }
    const load = LOADS[opcode];
    if (load !== undefined) {
      this.r.u32();
      const offset = this.r.u32();
      const e = this.pop(ValueType.i32);
      const address = this.slotOf(e, this.stack.length);
      if (offset >= MAX_OFFSET) return this.trapWith([load.type]);
      this.emit({ op: load.op, writes: [this.push(load.type)], reads: [address], offset, retargetable: true });
      return false;
    }
    const store = STORES[opcode];
    if (store !== undefined) {
      this.r.u32();
      const offset = this.r.u32();
      const value = this.pop(store.type);
      const address = this.pop(ValueType.i32);
      const height = this.stack.length;
      const reads = [this.slotOf(address, height), this.slotOf(value, height + 1)];
      if (offset >= MAX_OFFSET) return this.trapWith([]);
      this.emit({ op: store.op, writes: [], reads, offset });
      return false;
    }
    switch (opcode) {
      case 0x00:
        this.emit({ op: 'trap', writes: [], reads: [] });
        return true;
      case 0x01:
        return false;
      case 0x02:
      case 0x03: {
        const type = this.r.blockType();
        this.checkTop(type.params);
        this.flushLocals();
        for (let k = 0; k < type.params.length; k++) this.materialise(this.stack.length - type.params.length + k);
        const frame = this.pushFrame(opcode === 0x02 ? 'block' : 'loop', type, type.params.length);
        if (opcode === 0x03) this.bind(frame.label);
        return false;
      }
      case 0x04:
        this.beginIf();
        return false;
      case 0x05:
        this.beginElse(true);
        return false;
      case 0x0b:
        this.endBlock(true);
        return false;
      case 0x0c:
        this.jumpTo(this.frameAt(this.r.u32()));
        return true;
      case 0x0d:
        this.branchIf(this.frameAt(this.r.u32()));
        return false;
      case 0x0e:
        this.branchTable();
        return true;
      case 0x0f:
        this.emitReturn();
        return true;
      case 0x10:
        return this.call(this.r.u32());
      case 0x11:
        return this.callIndirect();
      case 0x1a:
        this.pop();
        return false;
      case 0x1b:
      case 0x1c:
        if (opcode === 0x1c) this.r.list(() => this.r.valueType());
        this.select();
        return false;
      case 0x20: {
        const local = this.localIndex();
        if (!this.assigned.has(local)) this.zeroed.add(local);
        this.stack.push({ kind: 'local', type: this.locals[local]!, local });
        return false;
      }
      case 0x21:
      case 0x22:
        this.setLocal(this.localIndex(), opcode === 0x22);
        return false;
      case 0x23: {
        const index = this.globalIndex();
        const { type } = this.module.globals[index]!;
        const op = widthOf(type) === 64 ? 'globalGet64' : 'globalGet32';
        this.emit({ op, writes: [this.push(type)], reads: [index], retargetable: true });
        return false;
      }
      case 0x24: {
        const index = this.globalIndex();
        const { type, mutable } = this.module.globals[index]!;
        if (!mutable) this.r.fail('globalImmutable', `global ${index} cannot be written`);
        const e = this.pop(type);
        const source = this.slotOf(e, this.stack.length);
        this.emit({ op: widthOf(type) === 64 ? 'globalSet64' : 'globalSet32', writes: [index], reads: [source] });
        return false;
      }
      case 0x3f:
        this.r.byte();
        this.stack.push({ kind: 'constant', type: ValueType.i32, value: BigInt(this.memoryPages) });
        return false;
      case 0x40:
        this.r.byte();
        this.memoryGrow();
        return false;
      case 0x41:
        this.stack.push({ kind: 'constant', type: ValueType.i32, value: this.r.signed(32) });
        return false;
      case 0x42:
        this.stack.push({ kind: 'constant', type: ValueType.i64, value: this.r.signed(64) });
        return false;
      case 0xfc:
        return this.prefixed(this.r.u32());
      default:
        return this.float(opcode);
    }
  }

  private localIndex(): number {
    const local = this.r.u32();
    if (local >= this.locals.length) this.r.fail('indexOutOfRange', `local ${local} does not exist`);
    return local;
  }

  private globalIndex(): number {
    const index = this.r.u32();
    if (index >= this.module.globals.length) this.r.fail('indexOutOfRange', `global ${index} does not exist`);
    return index;
  }

  /** A trap in place of an instruction with these results; what follows is lowered but never runs. */
  private trapWith(results: readonly ValueType[]): boolean {
    this.emit({ op: 'trap', writes: [], reads: [] });
    this.barrier = this.code.length;
    for (const t of results) this.stack.push({ kind: 'constant', type: t, value: 0n });
    return false;
  }

  private float(opcode: number): boolean {
    const shape = FLOAT_SHAPES[opcode];
    if (shape === undefined) return this.r.fail('opcodeUnsupported', `opcode 0x${opcode.toString(16)}`);
    if (shape.immediate === 'memory') {
      this.r.u32();
      this.r.u32();
    } else this.r.take(shape.immediate);
    this.floats.push(opcode);
    for (const t of [...shape.params].reverse()) this.pop(t);
    return this.trapWith(shape.results);
  }

  private operator(name: string, params: readonly ValueType[], result: ValueType): void {
    const entries = this.popAll(params);
    const height = this.stack.length;
    const last = this.code[this.code.length - 1];
    if (name === 'eqz32' && this.canRetarget(last, this.stackSlot(height)) && entries[0]!.kind === 'slot') {
      const opposite = OPPOSITE_COMPARISON[last!.op as OpName];
      if (opposite !== undefined) {
        last!.op = opposite;
        this.push(ValueType.i32);
        return;
      }
    }
    const { op, operands, constant } = chooseForm(name, entries);
    const reads = operands.map((k) => this.slotOf(entries[k]!, height + k));
    const code: Code = { op, writes: [this.push(result)], reads, retargetable: true };
    if (constant !== undefined) code.constant = constant;
    this.emit(code);
  }

  private select(): void {
    const condition = this.pop(ValueType.i32);
    const b = this.pop();
    const a = this.pop(b.type);
    const height = this.stack.length;
    const reads = [this.slotOf(a, height), this.slotOf(b, height + 1), this.slotOf(condition, height + 2)];
    const op = widthOf(a.type) === 64 ? 'select64' : 'select32';
    this.emit({ op, writes: [this.push(a.type)], reads, retargetable: true });
  }

  /** Memory never grows: growing by zero gives its size, anything else −1. */
  private memoryGrow(): void {
    const e = this.pop(ValueType.i32);
    const height = this.stack.length;
    const amount = this.slotOf(e, height);
    const [failed, pages] = [this.stackSlot(height + 1), this.stackSlot(height + 2)];
    this.emit({ op: 'const32', writes: [failed], reads: [], constant: -1n });
    this.emit({ op: 'const32', writes: [pages], reads: [], constant: BigInt(this.memoryPages) });
    this.emit({
      op: 'select32',
      writes: [this.push(ValueType.i32)],
      reads: [failed, pages, amount],
      retargetable: true,
    });
  }

  private prefixed(sub: number): boolean {
    switch (sub) {
      case 10:
      case 11: {
        this.r.take(sub === 10 ? 2 : 1);
        const entries = [this.pop(ValueType.i32), this.pop(ValueType.i32), this.pop(ValueType.i32)].reverse();
        const height = this.stack.length;
        // The instruction counts its operands down in place, so it works on copies in its own stack slots.
        entries.forEach((e, k) => {
          this.move(this.stackSlot(height + k), e, height + k);
        });
        const slots = [0, 1, 2].map((k) => this.stackSlot(height + k));
        if (sub === 10) this.emit({ op: 'copy', writes: slots, reads: slots });
        else this.emit({ op: 'fill', writes: [slots[0]!, slots[2]!], reads: slots });
        return false;
      }
      case 19:
      case 20:
      case 21:
      case 22: {
        const count = sub <= 20 ? 4 : 2;
        const entries = Array.from({ length: count }, () => this.pop(ValueType.i64)).reverse();
        const height = this.stack.length;
        const reads = entries.map((e, k) => this.slotOf(e, height + k));
        const op = (['add128', 'sub128', 'mulWideS', 'mulWideU'] as const)[sub - 19]!;
        this.emit({ op, writes: [this.push(ValueType.i64), this.push(ValueType.i64)], reads, retargetable: true });
        return false;
      }
      default:
        if (sub <= 7) return this.floatTruncation(sub);
        return this.r.fail('opcodeUnsupported', `opcode 0xfc ${sub}`);
    }
  }

  private floatTruncation(sub: number): boolean {
    this.floats.push(0xfc00 + sub);
    this.pop(sub % 4 < 2 ? ValueType.f32 : ValueType.f64);
    return this.trapWith([sub < 4 ? ValueType.i32 : ValueType.i64]);
  }

  private setLocal(local: number, keep: boolean): void {
    const e = this.pop(this.locals[local]);
    const height = this.stack.length;
    const target = this.localSlot(local);
    const producer = e.kind === 'slot' ? this.producerOf(this.stackSlot(height), target) : undefined;
    const waiting = this.stack.flatMap((w, h) => (w.kind === 'local' && w.local === local ? [h] : []));
    if (producer !== undefined && waiting.length === 0) producer.code.writes[producer.result] = target;
    else {
      const last = this.code[this.code.length - 1];
      if (e.kind === 'slot' && this.canRetarget(last, this.stackSlot(height))) {
        this.code.pop();
        for (const h of waiting) this.materialise(h);
        last!.writes[0] = target;
        this.code.push(last!);
      } else {
        for (const h of waiting) this.materialise(h);
        if (!(e.kind === 'local' && e.local === local)) this.move(target, e, height);
      }
    }
    this.assigned.add(local);
    if (keep) this.stack.push(e.kind === 'constant' ? e : { kind: 'local', type: e.type, local });
  }

  /** The instruction that wrote `slot`, when its result may go to `target` instead: neither is touched since. */
  private producerOf(slot: number, target: number): { readonly code: Code; readonly result: number } | undefined {
    for (let k = this.code.length - 1; k >= Math.max(this.barrier, this.code.length - RETARGET_WINDOW); k--) {
      const code = this.code[k]!;
      const result = code.writes.indexOf(slot);
      if (result >= 0)
        return code.retargetable === true && !code.writes.includes(target) ? { code, result } : undefined;
      const { writes, reads } = code;
      if (reads.includes(slot) || writes.includes(target) || reads.includes(target) || !isStraight(code))
        return undefined;
    }
    return undefined;
  }

  private beginIf(): void {
    const type = this.r.blockType();
    const condition = this.pop(ValueType.i32);
    this.checkTop(type.params);
    const height = this.stack.length;
    const last = this.code[this.code.length - 1];
    const held =
      condition.kind === 'slot' && this.canRetarget(last, this.stackSlot(height)) ? this.code.pop() : undefined;
    this.flushLocals();
    for (let k = 0; k < type.params.length; k++) this.materialise(height - type.params.length + k);
    if (held !== undefined) this.code.push(held);
    this.stack.push(condition);
    const otherwise: Label = { position: -1 };
    this.branch(otherwise, false);
    this.pushFrame('if', type, type.params.length, otherwise);
  }

  /** `reached`: whether the first arm runs to its end. */
  private beginElse(reached: boolean): void {
    const frame = this.control[this.control.length - 1]!;
    if (frame.kind !== 'if' || frame.otherwise === undefined) this.r.fail('typeMismatch', 'else without if');
    if (reached) {
      this.checkEnd(frame);
      this.moveTop(frame.type.results.length, frame.height);
      this.emit({ op: 'jump', writes: [], reads: [], target: frame.label });
    }
    this.stack.length = frame.height;
    for (const t of frame.type.params) this.push(t);
    this.bind(frame.otherwise!);
    frame.otherwise = undefined;
    this.assigned.keep(frame.assigned);
  }

  private checkEnd(frame: Frame): void {
    this.checkTop(frame.type.results);
    const extra = this.stack.length - frame.height - frame.type.results.length;
    if (extra !== 0) this.r.fail('typeMismatch', `${extra} values too many at the end of a block`);
  }

  private endBlock(reached: boolean): void {
    const frame = this.control[this.control.length - 1]!;
    if (reached) {
      this.checkEnd(frame);
      if (frame.kind === 'function') this.emitReturn();
      else this.moveTop(frame.type.results.length, frame.height);
    }
    if (frame.otherwise !== undefined) {
      if (frame.type.params.join() !== frame.type.results.join())
        this.r.fail('typeMismatch', 'an if without else must leave what it takes');
      this.bind(frame.otherwise);
    }
    this.control.pop();
    if (frame.kind !== 'loop') this.bind(frame.label);
    else this.barrier = this.code.length;
    this.assigned.keep(frame.assigned);
    this.stack.length = frame.height;
    if (frame.kind !== 'function') for (const t of frame.type.results) this.push(t);
  }

  private branchIf(frame: Frame): void {
    const types = this.carried(frame);
    const condition = this.pop(ValueType.i32);
    this.checkTop(types);
    const moves = frame.kind === 'function' || this.needsMoves(types.length, frame.height);
    this.stack.push(condition);
    if (!moves) {
      this.branch(frame.label, true);
      return;
    }
    const skip: Label = { position: -1 };
    this.branch(skip, false);
    const saved = [...this.stack];
    this.jumpTo(frame);
    this.stack = saved;
    this.bind(skip);
  }

  private branchTable(): void {
    const depths = [...this.r.list(() => this.r.u32()), this.r.u32()];
    const e = this.pop(ValueType.i32);
    const index = this.slotOf(e, this.stack.length);
    const stubs: [Label, Frame][] = [];
    const targets = depths.map((depth) => {
      const frame = this.frameAt(depth);
      const types = this.carried(frame);
      this.checkTop(types);
      if (frame.kind !== 'function' && !this.needsMoves(types.length, frame.height)) return frame.label;
      const label: Label = { position: -1 };
      stubs.push([label, frame]);
      return label;
    });
    this.emit({ op: 'brTable', writes: [], reads: [index], targets });
    this.barrier = this.code.length;
    for (const [label, frame] of stubs) {
      this.bind(label);
      const saved = [...this.stack];
      this.jumpTo(frame);
      this.stack = saved;
    }
  }

  private call(index: number): boolean {
    const callee = this.module.functions[index];
    if (callee === undefined) return this.r.fail('indexOutOfRange', `function ${index} does not exist`);
    const type = this.module.types[callee.type]!;
    if (callee.imported !== undefined) return this.hostCall(callee.imported.name, type);
    const height = this.beginCall(type);
    this.emit({ op: 'call', writes: [], reads: [], callee: index, frame: this.stackSlot(height) });
    this.endCall(type);
    return false;
  }

  private callIndirect(): boolean {
    const typeIndex = this.r.u32();
    const type = this.module.types[typeIndex];
    if (type === undefined) return this.r.fail('indexOutOfRange', `type ${typeIndex} does not exist`);
    if (this.r.u32() !== 0 || this.module.table === undefined) this.r.fail('indexOutOfRange', 'expected table 0');
    const e = this.pop(ValueType.i32);
    const above = this.stack.length;
    const height = this.beginCall(type, () => this.slotOf(e, above));
    const frame = this.stackSlot(height);
    this.emit({ op: 'callIndirect', writes: [], reads: [this.indexSlot], callee: typeIndex, frame });
    this.endCall(type);
    return false;
  }

  private indexSlot = 0;

  /** Puts the arguments into the stack slots that are the callee's first ones. */
  private beginCall(type: FunctionType, index?: () => number): number {
    this.checkTop(type.params);
    const height = this.stack.length - type.params.length;
    for (let k = height; k < this.stack.length; k++) this.materialise(k);
    if (index !== undefined) this.indexSlot = index();
    this.stack.length = height;
    return height;
  }

  private endCall(type: FunctionType): void {
    for (const t of type.results) this.push(t);
    this.barrier = this.code.length;
  }

  private hostCall(name: string, type: FunctionType): boolean {
    const op = HOST[name]!;
    const entries = this.popAll(type.params);
    const height = this.stack.length;
    if (op === 'trap') return this.trapWith(type.results);
    if (op === 'inputRead') {
      entries.forEach((e, k) => {
        this.move(this.stackSlot(height + k), e, height + k);
      });
      const slots = entries.map((_, k) => this.stackSlot(height + k));
      this.emit({ op, writes: slots, reads: slots });
      return false;
    }
    const reads = entries.map((e, k) => this.slotOf(e, height + k));
    this.emit({ op, writes: type.results.map((t) => this.push(t)), reads, retargetable: type.results.length > 0 });
    this.barrier = op === 'halt' ? this.code.length : this.barrier;
    return false;
  }

  /** Skips to the end or else of the innermost block, which nothing falls into. */
  private skipUnreachable(): void {
    if (this.r.skipBlock() === 'else') this.beginElse(false);
    else this.endBlock(false);
  }
}
