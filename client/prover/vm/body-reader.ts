import { type FunctionType, type Module, Reader } from './decode.ts';

/** Reads what stands behind the opcodes of a function body. */
export class BodyReader extends Reader {
  private readonly module: Module;

  constructor(module: Module, start: number, end: number) {
    super(module.bytes, start, end);
    this.module = module;
  }

  /** The type of a block, loop or if. */
  blockType(): FunctionType {
    const b = this.bytes[this.at];
    if (b === 0x40) {
      this.byte();
      return { params: [], results: [] };
    }
    if (b !== undefined && b >= 0x7c && b <= 0x7f) return { params: [], results: [this.valueType()] };
    const index = Number(this.signed(33));
    const type = this.module.types[index];
    if (type === undefined) return this.fail('indexOutOfRange', `block type ${index} does not exist`);
    return type;
  }

  /** Skips the immediates of an instruction that is not lowered. */
  skipImmediates(opcode: number): void {
    if (opcode === 0x0e) {
      this.list(() => this.u32());
      this.u32();
    } else if (opcode === 0x11 || (opcode >= 0x28 && opcode <= 0x3e)) {
      this.u32();
      this.u32();
    } else if (opcode === 0x0c || opcode === 0x0d || opcode === 0x10 || (opcode >= 0x20 && opcode <= 0x24)) this.u32();
    else if (opcode === 0x1c) this.list(() => this.valueType());
    else if (opcode === 0x3f || opcode === 0x40) this.byte();
    else if (opcode === 0x41) this.signed(32);
    else if (opcode === 0x42) this.signed(64);
    else if (opcode === 0x43) this.take(4);
    else if (opcode === 0x44) this.take(8);
    else if (opcode === 0xfc) {
      const sub = this.u32();
      if (sub === 10) this.take(2);
      else if (sub === 11) this.take(1);
      else if (sub > 7 && !(sub >= 19 && sub <= 22)) this.fail('opcodeUnsupported', `opcode 0xfc ${sub}`);
    } else if (opcode > 0xc4) this.fail('opcodeUnsupported', `opcode 0x${opcode.toString(16)}`);
  }

  /** Reads past everything up to the innermost block's `else` or `end`, that opcode included. */
  skipBlock(): 'else' | 'end' {
    for (let depth = 0; ; ) {
      const opcode = this.byte();
      if (opcode === 0x02 || opcode === 0x03 || opcode === 0x04) {
        this.blockType();
        depth++;
      } else if (opcode === 0x05 && depth === 0) return 'else';
      else if (opcode === 0x0b && depth === 0) return 'end';
      else if (opcode === 0x0b) depth--;
      else this.skipImmediates(opcode);
    }
  }
}
