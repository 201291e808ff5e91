import { add64, add128, ctz, ltS, ltU, mulHigh, mulWide, popcount, shl64, shrU64 } from './arithmetic64.ts';
import { type Executable, STRIDE, WORD } from './executable.ts';
import { HOST_CALLS } from './host-calls.ts';
import { FIRST_PC, HALT_PC, INSTRUCTIONS, OP_NAMES, type OpName, TRAP_PC } from './isa.ts';
import { keccakF } from './keccak-f.ts';
import type { ProgramInstruction } from './program.ts';
import { ROW_BYTES } from './records.ts';
import { resumableRows } from './resumable-rows.ts';

const {
  w0: W0,
  w1: W1,
  r0: R0,
  r1: R1,
  r2: R2,
  r3: R3,
  low: LO,
  high: HI,
  offset: OFFSET,
  target: TARGET,
  frame: FRAME,
  size: SIZE,
  type: TYPE,
} = WORD;

/** Why a run has no claim. */
export type TrapReason =
  | 'unreachable'
  | 'out of bounds memory access'
  | 'integer divide by zero'
  | 'integer overflow'
  | 'undefined element'
  | 'uninitialized element'
  | 'indirect call type mismatch'
  | 'call stack exhausted'
  | 'main returned without halt'
  | 'input exhausted'
  | 'unaligned pointer'
  | 'invalid host call'
  | 'invalid curve point'
  | 'instruction limit';

/** Counts of one run. `byPc[pc − FIRST_PC]` executions of each instruction; a resumable one counts each of its rows. */
export type Profile = { readonly instructions: number; readonly byPc: Float64Array };

/** What the run made public, or where and why it trapped; counts either way. */
export type RunResult =
  | { readonly ok: true; readonly publicValues: Uint8Array; readonly profile: Profile }
  | { readonly ok: false; readonly reason: TrapReason; readonly pc: number; readonly profile: Profile };

/** Bytes of public values that `halt` exposes. */
export const PUBLIC_BYTES = 144;
/** Slots of all frames together: absolute slots and fp + offset stay below this. */
export const MAX_SLOTS = 2 ** 22;
export const KECCAK_BYTES = 200;

/** Where an instruction stands, and the frame it works in. */
export type Place = { pc: number; fp: number };

class Trap extends Error {
  readonly reason: TrapReason;
  constructor(reason: TrapReason) {
    super(reason);
    this.reason = reason;
  }
}

const trap = (reason: TrapReason): never => {
  throw new Trap(reason);
};

/**
 * The reference executor: one instruction after the other, plain and exact. Slots of both widths are words; a 64-bit
 * slot is a low and a high word.
 */
export class Executor {
  readonly memory: Uint8Array;
  readonly slots32 = new Int32Array(MAX_SLOTS);
  readonly low64 = new Int32Array(MAX_SLOTS);
  readonly high64 = new Int32Array(MAX_SLOTS);
  readonly byPc: Float64Array;
  private readonly executable: Executable;
  private readonly view: DataView;
  private readonly input: Uint8Array;
  private inputAt = 0;
  private readonly returnPc: number[] = [];
  private readonly returnFp: number[] = [];
  publicValues: Uint8Array | undefined;

  constructor(executable: Executable, input: Uint8Array = new Uint8Array(0)) {
    const { program } = executable;
    this.executable = executable;
    this.input = input;
    this.memory = new Uint8Array(program.memoryBytes);
    this.view = new DataView(this.memory.buffer);
    this.byPc = new Float64Array(program.code.length);
    for (const { offset, bytes } of program.data) this.memory.set(bytes, offset);
    program.globals.forEach(({ width, value }, slot) => {
      if (width === 32) this.slots32[slot] = Number(BigInt.asIntN(32, value));
      else this.set64(slot, value);
    });
  }

  /** Writes a 64-bit slot by absolute number; the value is taken modulo 2^64. */
  set64(slot: number, value: bigint): void {
    this.low64[slot] = Number(BigInt.asIntN(32, value));
    this.high64[slot] = Number(BigInt.asIntN(32, value >> 32n));
  }

  /** A 64-bit slot by absolute number, as a signed integer. */
  get64(slot: number): bigint {
    return (BigInt(this.high64[slot]!) << 32n) | BigInt(this.low64[slot]! >>> 0);
  }

  /** Forgets all calls in progress; memory, globals and counts stay. */
  unwind(): void {
    this.returnPc.length = 0;
    this.returnFp.length = 0;
  }

  /** Runs `main` to its end; never throws for what the program does. */
  run(maxInstructions = Number.MAX_SAFE_INTEGER): RunResult {
    const { entry } = this.executable.program;
    return this.runFrom(entry.pc, entry.fp, maxInstructions);
  }

  /**
   * Runs from (pc, fp) until `halt`, a trap or the return of the first frame, which counts as a trap:
   * `main returned without halt`.
   */
  runFrom(pc: number, fp: number, maxInstructions = Number.MAX_SAFE_INTEGER): RunResult {
    const at = { pc, fp };
    const reason = this.advance(at, maxInstructions);
    if (reason !== undefined) return { ok: false, reason, pc: at.pc, profile: this.profile() };
    return { ok: true, publicValues: this.publicValues!, profile: this.profile() };
  }

  /**
   * Runs up to `instructions` instructions and leaves in `at` where the next one stands: HALT_PC behind a `halt`.
   * @returns why the run ended; `instruction limit` if it can go on, undefined if it halted
   */
  advance(at: Place, instructions: number): TrapReason | undefined {
    try {
      return this.loop(at, instructions);
    } catch (error) {
      if (error instanceof Trap) return error.reason;
      throw error;
    }
  }

  /**
   * The next bytes of advice; they are used up.
   * @returns undefined where there are not as many
   */
  takeInput(bytes: number): Uint8Array | undefined {
    if (this.inputAt + bytes > this.input.length) return undefined;
    this.inputAt += bytes;
    return this.input.subarray(this.inputAt - bytes, this.inputAt);
  }

  private profile(): Profile {
    return { instructions: this.byPc.reduce((a, b) => a + b, 0), byPc: this.byPc };
  }

  private loop(state: Place, maxInstructions: number): TrapReason | undefined {
    const { code, tables, program } = this.executable;
    const { slots32: s32, low64: lo, high64: hi, view, byPc } = this;
    const memoryBytes = this.memory.length;
    const address = (base: number, offset: number, bytes: number): number => {
      const a = (base >>> 0) + offset;
      return a + bytes > memoryBytes ? trap('out of bounds memory access') : a;
    };
    const check = (fp: number, size: number): void => {
      if (fp + size > MAX_SLOTS) trap('call stack exhausted');
    };
    let fp = state.fp;
    let pc = state.pc;
    let left = maxInstructions;
    for (;;) {
      state.pc = pc;
      if (pc === TRAP_PC) trap('unreachable');
      if (pc === HALT_PC) return undefined;
      if (left-- <= 0) {
        state.fp = fp;
        return 'instruction limit';
      }
      const at = (pc - FIRST_PC) * STRIDE;
      byPc[pc - FIRST_PC]! += 1;
      const w = fp + code[at + W0]!;
      const a = fp + code[at + R0]!;
      const b = fp + code[at + R1]!;
      pc++;
      // Literal cases, so that V8 makes a jump table; a test compares them with `isa.ts`.
      switch (code[at]!) {
        case 1: // mov32
          s32[w] = s32[a]!;
          break;
        case 2: // mov64
          lo[w] = lo[a]!;
          hi[w] = hi[a]!;
          break;
        case 3: // const32
          s32[w] = code[at + LO]!;
          break;
        case 4: // const64
          lo[w] = code[at + LO]!;
          hi[w] = code[at + HI]!;
          break;
        case 5: // select32
          s32[w] = s32[fp + code[at + R2]!] !== 0 ? s32[a]! : s32[b]!;
          break;
        case 6: {
          // select64
          const source = s32[fp + code[at + R2]!] !== 0 ? a : b;
          lo[w] = lo[source]!;
          hi[w] = hi[source]!;
          break;
        }
        case 7: // wrap
          s32[w] = lo[a]!;
          break;
        case 8: // extendU
          lo[w] = s32[a]!;
          hi[w] = 0;
          break;
        case 9: // extendS
          lo[w] = s32[a]!;
          hi[w] = s32[a]! >> 31;
          break;
        case 10: // extend8S32
          s32[w] = (s32[a]! << 24) >> 24;
          break;
        case 11: // extend16S32
          s32[w] = (s32[a]! << 16) >> 16;
          break;
        case 12: // extend8S64
          lo[w] = (lo[a]! << 24) >> 24;
          hi[w] = lo[w]! >> 31;
          break;
        case 13: // extend16S64
          lo[w] = (lo[a]! << 16) >> 16;
          hi[w] = lo[w]! >> 31;
          break;
        case 14: // extend32S64
          lo[w] = lo[a]!;
          hi[w] = lo[w]! >> 31;
          break;
        case 15: // globalGet32
          s32[w] = s32[code[at + R0]!]!;
          break;
        case 16: // globalGet64
          lo[w] = lo[code[at + R0]!]!;
          hi[w] = hi[code[at + R0]!]!;
          break;
        case 17: // globalSet32
          s32[code[at + W0]!] = s32[a]!;
          break;
        case 18: // globalSet64
          lo[code[at + W0]!] = lo[a]!;
          hi[code[at + W0]!] = hi[a]!;
          break;
        case 20: // add32r
          s32[w] = s32[a]! + s32[b]!;
          break;
        case 21: // add32i
          s32[w] = s32[a]! + code[at + LO]!;
          break;
        case 22: // sub32r
          s32[w] = s32[a]! - s32[b]!;
          break;
        case 23: // add64r
          add64(lo, hi, w, lo[a]!, hi[a]!, lo[b]!, hi[b]!);
          break;
        case 24: // add64i
          add64(lo, hi, w, lo[a]!, hi[a]!, code[at + LO]!, code[at + HI]!);
          break;
        case 25: {
          // sub64r
          const borrow = lo[a]! >>> 0 < lo[b]! >>> 0 ? 1 : 0;
          const high = hi[a]! - hi[b]! - borrow;
          lo[w] = lo[a]! - lo[b]!;
          hi[w] = high;
          break;
        }
        case 26: // and32r
          s32[w] = s32[a]! & s32[b]!;
          break;
        case 27: // or32r
          s32[w] = s32[a]! | s32[b]!;
          break;
        case 28: // xor32r
          s32[w] = s32[a]! ^ s32[b]!;
          break;
        case 29: // and32i
        case 38: // andLow32
          s32[w] = s32[a]! & code[at + LO]!;
          break;
        case 30: // or32i
          s32[w] = s32[a]! | code[at + LO]!;
          break;
        case 31: // xor32i
          s32[w] = s32[a]! ^ code[at + LO]!;
          break;
        case 32: // and64r
          hi[w] = hi[a]! & hi[b]!;
          lo[w] = lo[a]! & lo[b]!;
          break;
        case 33: // or64r
          hi[w] = hi[a]! | hi[b]!;
          lo[w] = lo[a]! | lo[b]!;
          break;
        case 34: // xor64r
          hi[w] = hi[a]! ^ hi[b]!;
          lo[w] = lo[a]! ^ lo[b]!;
          break;
        case 35: // and64i
        case 39: // andLow64
          hi[w] = hi[a]! & code[at + HI]!;
          lo[w] = lo[a]! & code[at + LO]!;
          break;
        case 36: // or64i
          hi[w] = hi[a]! | code[at + HI]!;
          lo[w] = lo[a]! | code[at + LO]!;
          break;
        case 37: // xor64i
          hi[w] = hi[a]! ^ code[at + HI]!;
          lo[w] = lo[a]! ^ code[at + LO]!;
          break;
        case 40: // shl32i
          s32[w] = s32[a]! << code[at + LO]!;
          break;
        case 41: // shrU32i
          s32[w] = s32[a]! >>> code[at + LO]!;
          break;
        case 42: // shl64i
          shl64(lo, hi, w, lo[a]!, hi[a]!, code[at + LO]!);
          break;
        case 43: // shrU64i
          shrU64(lo, hi, w, lo[a]!, hi[a]!, code[at + LO]!);
          break;
        case 44: // shl32
          s32[w] = s32[a]! << (s32[b]! & 31);
          break;
        case 45: // shrS32
          s32[w] = s32[a]! >> (s32[b]! & 31);
          break;
        case 46: // shrU32
          s32[w] = s32[a]! >>> (s32[b]! & 31);
          break;
        case 47: // rotl32
        case 48: {
          // rotr32
          const n = (code[at] === O.rotl32 ? s32[b]! : -s32[b]!) & 31;
          s32[w] = n === 0 ? s32[a]! : (s32[a]! << n) | (s32[a]! >>> (32 - n));
          break;
        }
        case 54: {
          // rotl32i
          const n = code[at + LO]!;
          s32[w] = n === 0 ? s32[a]! : (s32[a]! << n) | (s32[a]! >>> (32 - n));
          break;
        }
        case 49: // shl64
          shl64(lo, hi, w, lo[a]!, hi[a]!, lo[b]! & 63);
          break;
        case 51: // shrU64
          shrU64(lo, hi, w, lo[a]!, hi[a]!, lo[b]! & 63);
          break;
        case 50: {
          // shrS64
          const n = lo[b]! & 63;
          const low = lo[a]!;
          const high = hi[a]!;
          if (n >= 32) {
            lo[w] = high >> (n - 32);
            hi[w] = high >> 31;
          } else {
            lo[w] = n === 0 ? low : (low >>> n) | (high << (32 - n));
            hi[w] = high >> n;
          }
          break;
        }
        case 52: // rotl64
        case 53: // rotr64
        case 55: {
          // rotl64i
          const by = code[at] === O.rotl64i ? code[at + LO]! : lo[b]!;
          const n = (code[at] === O.rotr64 ? -by : by) & 63;
          const swap = n >= 32;
          const low = swap ? hi[a]! : lo[a]!;
          const high = swap ? lo[a]! : hi[a]!;
          const k = n & 31;
          lo[w] = k === 0 ? low : (low << k) | (high >>> (32 - k));
          hi[w] = k === 0 ? high : (high << k) | (low >>> (32 - k));
          break;
        }
        case 60: // eq32r
          s32[w] = s32[a] === s32[b] ? 1 : 0;
          break;
        case 61: // ne32r
          s32[w] = s32[a] !== s32[b] ? 1 : 0;
          break;
        case 62: // ltU32r
          s32[w] = s32[a]! >>> 0 < s32[b]! >>> 0 ? 1 : 0;
          break;
        case 63: // geU32r
          s32[w] = s32[a]! >>> 0 >= s32[b]! >>> 0 ? 1 : 0;
          break;
        case 64: // ltS32r
          s32[w] = s32[a]! < s32[b]! ? 1 : 0;
          break;
        case 65: // geS32r
          s32[w] = s32[a]! >= s32[b]! ? 1 : 0;
          break;
        case 66: // eq32i
          s32[w] = s32[a] === code[at + LO] ? 1 : 0;
          break;
        case 67: // ne32i
          s32[w] = s32[a] !== code[at + LO] ? 1 : 0;
          break;
        case 68: // ltU32i
          s32[w] = s32[a]! >>> 0 < code[at + LO]! >>> 0 ? 1 : 0;
          break;
        case 69: // geU32i
          s32[w] = s32[a]! >>> 0 >= code[at + LO]! >>> 0 ? 1 : 0;
          break;
        case 70: // ltS32i
          s32[w] = s32[a]! < code[at + LO]! ? 1 : 0;
          break;
        case 71: // geS32i
          s32[w] = s32[a]! >= code[at + LO]! ? 1 : 0;
          break;
        case 72: // eq64r
          s32[w] = lo[a] === lo[b] && hi[a] === hi[b] ? 1 : 0;
          break;
        case 73: // ne64r
          s32[w] = lo[a] !== lo[b] || hi[a] !== hi[b] ? 1 : 0;
          break;
        case 74: // ltU64r
          s32[w] = ltU(lo[a]!, hi[a]!, lo[b]!, hi[b]!) ? 1 : 0;
          break;
        case 75: // geU64r
          s32[w] = ltU(lo[a]!, hi[a]!, lo[b]!, hi[b]!) ? 0 : 1;
          break;
        case 76: // ltS64r
          s32[w] = ltS(lo[a]!, hi[a]!, lo[b]!, hi[b]!) ? 1 : 0;
          break;
        case 77: // geS64r
          s32[w] = ltS(lo[a]!, hi[a]!, lo[b]!, hi[b]!) ? 0 : 1;
          break;
        case 78: // eq64i
          s32[w] = lo[a] === code[at + LO] && hi[a] === code[at + HI] ? 1 : 0;
          break;
        case 79: // ne64i
          s32[w] = lo[a] !== code[at + LO] || hi[a] !== code[at + HI] ? 1 : 0;
          break;
        case 80: // ltU64i
          s32[w] = ltU(lo[a]!, hi[a]!, code[at + LO]!, code[at + HI]!) ? 1 : 0;
          break;
        case 81: // geU64i
          s32[w] = ltU(lo[a]!, hi[a]!, code[at + LO]!, code[at + HI]!) ? 0 : 1;
          break;
        case 82: // ltS64i
          s32[w] = ltS(lo[a]!, hi[a]!, code[at + LO]!, code[at + HI]!) ? 1 : 0;
          break;
        case 83: // geS64i
          s32[w] = ltS(lo[a]!, hi[a]!, code[at + LO]!, code[at + HI]!) ? 0 : 1;
          break;
        case 90: // mul32
          s32[w] = Math.imul(s32[a]!, s32[b]!);
          break;
        case 91: {
          // mul64
          const high = mulHigh(lo[a]!, lo[b]!) + Math.imul(lo[a]!, hi[b]!) + Math.imul(hi[a]!, lo[b]!);
          lo[w] = Math.imul(lo[a]!, lo[b]!);
          hi[w] = high;
          break;
        }
        case 92: // divS32
          if (s32[b] === 0) trap('integer divide by zero');
          if (s32[a] === -(2 ** 31) && s32[b] === -1) trap('integer overflow');
          s32[w] = s32[a]! / s32[b]!;
          break;
        case 93: // divU32
          if (s32[b] === 0) trap('integer divide by zero');
          s32[w] = (s32[a]! >>> 0) / (s32[b]! >>> 0);
          break;
        case 94: // remS32
          if (s32[b] === 0) trap('integer divide by zero');
          s32[w] = s32[a]! % s32[b]!;
          break;
        case 95: // remU32
          if (s32[b] === 0) trap('integer divide by zero');
          s32[w] = (s32[a]! >>> 0) % (s32[b]! >>> 0);
          break;
        case 96: // divS64
        case 97: // divU64
        case 98: // remS64
        case 99: // remU64
          this.set64(w, divide64(code[at]!, this.get64(a), this.get64(b)));
          break;
        case 100: // clz32
          s32[w] = Math.clz32(s32[a]!);
          break;
        case 101: // ctz32
          s32[w] = ctz(s32[a]!);
          break;
        case 102: // popcnt32
          s32[w] = popcount(s32[a]!);
          break;
        case 103: // clz64
          lo[w] = hi[a] !== 0 ? Math.clz32(hi[a]!) : 32 + Math.clz32(lo[a]!);
          hi[w] = 0;
          break;
        case 104: // ctz64
          lo[w] = lo[a] !== 0 ? ctz(lo[a]!) : 32 + ctz(hi[a]!);
          hi[w] = 0;
          break;
        case 105: // popcnt64
          lo[w] = popcount(lo[a]!) + popcount(hi[a]!);
          hi[w] = 0;
          break;
        case 106: // add128
        case 107: // sub128
          add128(
            lo,
            hi,
            [w, fp + code[at + W1]!],
            [a, b],
            [fp + code[at + R2]!, fp + code[at + R3]!],
            code[at] === O.sub128,
          );
          break;
        case 108: // mulWideU
        case 109: // mulWideS
          mulWide(lo, hi, [w, fp + code[at + W1]!], a, b, code[at] === O.mulWideS);
          break;
        case 120: // load32
          s32[w] = view.getInt32(address(s32[a]!, code[at + OFFSET]!, 4), true);
          break;
        case 121: // load8U32
          s32[w] = view.getUint8(address(s32[a]!, code[at + OFFSET]!, 1));
          break;
        case 122: // load8S32
          s32[w] = view.getInt8(address(s32[a]!, code[at + OFFSET]!, 1));
          break;
        case 123: // load16U32
          s32[w] = view.getUint16(address(s32[a]!, code[at + OFFSET]!, 2), true);
          break;
        case 124: // load16S32
          s32[w] = view.getInt16(address(s32[a]!, code[at + OFFSET]!, 2), true);
          break;
        case 125: {
          // load64
          const p = address(s32[a]!, code[at + OFFSET]!, 8);
          lo[w] = view.getInt32(p, true);
          hi[w] = view.getInt32(p + 4, true);
          break;
        }
        case 126: // load8U64
          lo[w] = view.getUint8(address(s32[a]!, code[at + OFFSET]!, 1));
          hi[w] = 0;
          break;
        case 127: // load8S64
          lo[w] = view.getInt8(address(s32[a]!, code[at + OFFSET]!, 1));
          hi[w] = lo[w]! >> 31;
          break;
        case 128: // load16U64
          lo[w] = view.getUint16(address(s32[a]!, code[at + OFFSET]!, 2), true);
          hi[w] = 0;
          break;
        case 129: // load16S64
          lo[w] = view.getInt16(address(s32[a]!, code[at + OFFSET]!, 2), true);
          hi[w] = lo[w]! >> 31;
          break;
        case 130: // load32U64
          lo[w] = view.getInt32(address(s32[a]!, code[at + OFFSET]!, 4), true);
          hi[w] = 0;
          break;
        case 131: // load32S64
          lo[w] = view.getInt32(address(s32[a]!, code[at + OFFSET]!, 4), true);
          hi[w] = lo[w]! >> 31;
          break;
        case 132: // store32
          view.setInt32(address(s32[a]!, code[at + OFFSET]!, 4), s32[b]!, true);
          break;
        case 133: // store8From32
          view.setInt8(address(s32[a]!, code[at + OFFSET]!, 1), s32[b]!);
          break;
        case 134: // store16From32
          view.setInt16(address(s32[a]!, code[at + OFFSET]!, 2), s32[b]!, true);
          break;
        case 135: {
          // store64
          const p = address(s32[a]!, code[at + OFFSET]!, 8);
          view.setInt32(p, lo[b]!, true);
          view.setInt32(p + 4, hi[b]!, true);
          break;
        }
        case 136: // store8From64
          view.setInt8(address(s32[a]!, code[at + OFFSET]!, 1), lo[b]!);
          break;
        case 137: // store16From64
          view.setInt16(address(s32[a]!, code[at + OFFSET]!, 2), lo[b]!, true);
          break;
        case 138: // store32From64
          view.setInt32(address(s32[a]!, code[at + OFFSET]!, 4), lo[b]!, true);
          break;
        case 139: {
          // copy
          const length = s32[fp + code[at + R2]!]! >>> 0;
          const to = address(s32[a]!, 0, length);
          const from = address(s32[b]!, 0, length);
          this.memory.copyWithin(to, from, from + length);
          byPc[pc - 1 - FIRST_PC]! += resumableRows('copy', [to, from, length]) - 1;
          break;
        }
        case 140: {
          // fill
          const length = s32[fp + code[at + R2]!]! >>> 0;
          const to = address(s32[a]!, 0, length);
          this.memory.fill(s32[b]!, to, to + length);
          byPc[pc - 1 - FIRST_PC]! += resumableRows('fill', [to, 0, length]) - 1;
          break;
        }
        case 150: // jump
          pc = code[at + TARGET]!;
          break;
        case 151: // brNonZero32
          if (s32[a] !== 0) pc = code[at + TARGET]!;
          break;
        case 152: // brZero32
          if (s32[a] === 0) pc = code[at + TARGET]!;
          break;
        case 153: // brNonZero64
          if (lo[a] !== 0 || hi[a] !== 0) pc = code[at + TARGET]!;
          break;
        case 154: // brZero64
          if (lo[a] === 0 && hi[a] === 0) pc = code[at + TARGET]!;
          break;
        case 155: // brEq32r
          if (s32[a] === s32[b]) pc = code[at + TARGET]!;
          break;
        case 156: // brNe32r
          if (s32[a] !== s32[b]) pc = code[at + TARGET]!;
          break;
        case 157: // brLtU32r
          if (s32[a]! >>> 0 < s32[b]! >>> 0) pc = code[at + TARGET]!;
          break;
        case 158: // brGeU32r
          if (s32[a]! >>> 0 >= s32[b]! >>> 0) pc = code[at + TARGET]!;
          break;
        case 159: // brLtS32r
          if (s32[a]! < s32[b]!) pc = code[at + TARGET]!;
          break;
        case 160: // brGeS32r
          if (s32[a]! >= s32[b]!) pc = code[at + TARGET]!;
          break;
        case 161: // brEq32i
          if (s32[a] === code[at + LO]) pc = code[at + TARGET]!;
          break;
        case 162: // brNe32i
          if (s32[a] !== code[at + LO]) pc = code[at + TARGET]!;
          break;
        case 163: // brLtU32i
          if (s32[a]! >>> 0 < code[at + LO]! >>> 0) pc = code[at + TARGET]!;
          break;
        case 164: // brGeU32i
          if (s32[a]! >>> 0 >= code[at + LO]! >>> 0) pc = code[at + TARGET]!;
          break;
        case 165: // brLtS32i
          if (s32[a]! < code[at + LO]!) pc = code[at + TARGET]!;
          break;
        case 166: // brGeS32i
          if (s32[a]! >= code[at + LO]!) pc = code[at + TARGET]!;
          break;
        case 167: // brEq64r
          if (lo[a] === lo[b] && hi[a] === hi[b]) pc = code[at + TARGET]!;
          break;
        case 168: // brNe64r
          if (lo[a] !== lo[b] || hi[a] !== hi[b]) pc = code[at + TARGET]!;
          break;
        case 169: // brLtU64r
          if (ltU(lo[a]!, hi[a]!, lo[b]!, hi[b]!)) pc = code[at + TARGET]!;
          break;
        case 170: // brGeU64r
          if (!ltU(lo[a]!, hi[a]!, lo[b]!, hi[b]!)) pc = code[at + TARGET]!;
          break;
        case 171: // brLtS64r
          if (ltS(lo[a]!, hi[a]!, lo[b]!, hi[b]!)) pc = code[at + TARGET]!;
          break;
        case 172: // brGeS64r
          if (!ltS(lo[a]!, hi[a]!, lo[b]!, hi[b]!)) pc = code[at + TARGET]!;
          break;
        case 173: // brEq64i
          if (lo[a] === code[at + LO] && hi[a] === code[at + HI]) pc = code[at + TARGET]!;
          break;
        case 174: // brNe64i
          if (lo[a] !== code[at + LO] || hi[a] !== code[at + HI]) pc = code[at + TARGET]!;
          break;
        case 175: // brLtU64i
          if (ltU(lo[a]!, hi[a]!, code[at + LO]!, code[at + HI]!)) pc = code[at + TARGET]!;
          break;
        case 176: // brGeU64i
          if (!ltU(lo[a]!, hi[a]!, code[at + LO]!, code[at + HI]!)) pc = code[at + TARGET]!;
          break;
        case 177: // brLtS64i
          if (ltS(lo[a]!, hi[a]!, code[at + LO]!, code[at + HI]!)) pc = code[at + TARGET]!;
          break;
        case 178: // brGeS64i
          if (!ltS(lo[a]!, hi[a]!, code[at + LO]!, code[at + HI]!)) pc = code[at + TARGET]!;
          break;
        case 179: {
          // brTable
          const targets = tables[code[at + TARGET]!]!;
          pc = targets[Math.min(s32[a]! >>> 0, targets.length - 1)]!;
          break;
        }
        case 180: // call
          check(fp + code[at + FRAME]!, code[at + SIZE]!);
          this.returnPc.push(pc);
          this.returnFp.push(fp);
          fp += code[at + FRAME]!;
          pc = code[at + TARGET]!;
          break;
        case 181: {
          // callIndirect
          const index = s32[a]! >>> 0;
          if (index >= program.table.length) trap('undefined element');
          const element = program.table[index];
          if (element === undefined) throw new Trap('uninitialized element');
          if (element.type !== code[at + TYPE]) trap('indirect call type mismatch');
          check(fp + code[at + FRAME]!, program.frameSizes.get(element.entry) ?? 0);
          this.returnPc.push(pc);
          this.returnFp.push(fp);
          fp += code[at + FRAME]!;
          pc = element.entry;
          break;
        }
        case 182: // return
          if (this.returnPc.length === 0) trap('main returned without halt');
          pc = this.returnPc.pop()!;
          fp = this.returnFp.pop()!;
          break;
        case 190: // inputSize
          s32[w] = this.input.length;
          break;
        case 191: {
          // inputRead
          const length = s32[b]! >>> 0;
          const to = this.aligned(address(s32[a]!, 0, length));
          const advice = length % ROW_BYTES === 0 ? this.takeInput(length) : undefined;
          this.memory.set(advice ?? trap('input exhausted'), to);
          byPc[pc - 1 - FIRST_PC]! += resumableRows('inputRead', [to, length]) - 1;
          break;
        }
        case 192: {
          // keccakF
          const p = this.aligned(address(s32[a]!, 0, KECCAK_BYTES));
          keccakF(this.memory.subarray(p, p + KECCAK_BYTES));
          break;
        }
        case 193: {
          // halt
          const p = this.aligned(address(s32[a]!, 0, PUBLIC_BYTES));
          this.publicValues = this.memory.slice(p, p + PUBLIC_BYTES);
          pc = HALT_PC;
          break;
        }
        case 194: // mulmod256
        case 195: // advice
        case 196: // ecMsm
          this.hostCall(program.code[pc - 1 - FIRST_PC]!, fp);
          break;
        default:
          throw new Error(`instruction ${code[at]} has no meaning`);
      }
    }
  }

  private hostCall({ op, reads }: ProgramInstruction, fp: number): void {
    const { cells, compute } = HOST_CALLS[op]!;
    const operands = reads.map((r) => this.slots32[fp + r]! >>> 0);
    const accessed = cells(operands);
    if (typeof accessed === 'string') throw new Trap(accessed);
    const { inputs, outputs } = accessed;
    const beyond = Math.floor(this.memory.length / ROW_BYTES);
    if (inputs.some((c) => c >= beyond) || outputs.some((c) => c >= beyond)) trap('out of bounds memory access');
    const word = (cell: number, half: number): number => this.view.getUint32(ROW_BYTES * cell + 4 * half, true);
    const result = compute(operands, Uint32Array.from(inputs.flatMap((c) => [word(c, 0), word(c, 1)])));
    if (typeof result === 'string') throw new Trap(result);
    outputs.forEach((cell, k) => {
      this.view.setUint32(ROW_BYTES * cell, result[2 * k]!, true);
      this.view.setUint32(ROW_BYTES * cell + 4, result[2 * k + 1]!, true);
    });
  }

  private aligned(pointer: number): number {
    return pointer % ROW_BYTES === 0 ? pointer : trap('unaligned pointer');
  }
}

/** Opcodes by name, as literals of the table in `isa.ts`. */
const O = Object.fromEntries(OP_NAMES.map((name) => [name, INSTRUCTIONS[name].op])) as Readonly<Record<OpName, number>>;

function divide64(op: number, x: bigint, y: bigint): bigint {
  if (y === 0n) trap('integer divide by zero');
  if (op === O.divS64) {
    if (x === -(2n ** 63n) && y === -1n) trap('integer overflow');
    return x / y;
  }
  if (op === O.remS64) return x % y;
  const [a, b] = [BigInt.asUintN(64, x), BigInt.asUintN(64, y)];
  return op === O.divU64 ? a / b : a % b;
}
