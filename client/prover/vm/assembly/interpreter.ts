/**
 * The interpreter: one loop, compiled twice. `R` is a constant of each copy: whether it writes records. Accesses of a row
 * happen at the clocks that `records.ts` gives; its words stand as `flat-records.ts` says.
 */
import { keccakF } from './keccak';
import {
  CODE, COUNTS, functionCount, functions, INSTRUCTION_BYTES, input, inputBytes, KECCAK, linear, linearBytes, REGION_LOG,
  RETURNS, TYPES, UNALIGNED,
} from './layout';
import { base, touch, touchLinear } from './ledger';

/** Why the loop stopped. Reasons to trap follow, in the order of the host's list. */
const ROWS_DONE: u32 = 0;
const HALTED: u32 = 1;
/** Keccak-f's input and output stand at KECCAK, where halt leaves the public values. */
const KECCAK_DONE: u32 = 2;
/** The host executes the instruction, and gives its cells to `hostCall`. */
const HOST_CALL: u32 = 3;
const UNREACHABLE: u32 = 4;
const OUT_OF_BOUNDS: u32 = 5;
const DIVIDE_BY_ZERO: u32 = 6;
const OVERFLOW: u32 = 7;
const UNDEFINED_ELEMENT: u32 = 8;
const UNINITIALIZED_ELEMENT: u32 = 9;
const TYPE_MISMATCH: u32 = 10;
const STACK_EXHAUSTED: u32 = 11;
const RETURNED: u32 = 12;
const INPUT_EXHAUSTED: u32 = 13;
const UNALIGNED_POINTER: u32 = 14;
const NO_MEANING: u32 = 15;

const HALT_PC: u32 = 1;
const HALT_BYTES: u32 = 144;
const KECCAK_BYTES: u32 = 200;
/** Cells that one row of COPY moves at most. */
const COPY_CELLS: u32 = 4;
const SLOT_LIMIT: u32 = 1 << REGION_LOG;
const HEADER: usize = 20;
const READ: usize = 12;
const CELL: usize = 24;
const WRITE: usize = 20;

// State between two calls; fp in bytes, clock counted through the run.
export let ip: usize = 0;
export let fp: usize = 0;
export let clock: u32 = 0;
export let left: u32 = 0;
let depth: u32 = 0;
let inputAt: u32 = 0;
/** Row types of loads and stores at unaligned addresses, and of copies of whole cells. */
let unalignedLoad: usize = 0;
let unalignedStore: usize = 0;
let copyOfCells: usize = 0;

export function setState(pc: u32, frame: u32, now: u32): void {
  ip = CODE + INSTRUCTION_BYTES * pc;
  fp = 16 * frame;
  clock = now;
}

export function setUnaligned(load: usize, store: usize, copy: usize): void {
  unalignedLoad = load;
  unalignedStore = store;
  copyOfCells = copy;
}

/** Forgets all calls in progress. */
export function unwind(): void {
  depth = 0;
}

/** Takes over calls that compiled code has in progress. */
export function addCalls(count: u32): void {
  depth += count;
}

function leave(at: usize, frame: usize, now: u32, rows: u32, status: u32): u32 {
  ip = at;
  fp = frame;
  clock = now;
  left = rows;
  return status;
}

// @ts-ignore: decorator
@inline function pcOf(at: usize): u32 {
  return <u32>((at - CODE) / INSTRUCTION_BYTES);
}

/** A new record of a row type, its header written. */
// @ts-ignore: decorator
@inline function begin(type: usize, at: usize, frame: usize, now: u32): usize {
  const record = load<u32>(type);
  store<u32>(type, record + load<u32>(type, 4));
  store<u32>(record, pcOf(at));
  store<u32>(record, <u32>(frame >> 4), 4);
  store<u32>(record, now - base, 8);
  store<u32>(record, pcOf(at) + 1, 12);
  return record;
}

// Reads: of the k-th operand word of the instruction at `at`.

// @ts-ignore: decorator
@inline function read32(R: bool, cell: usize, now: u32, to: usize): i32 {
  const prev = touch(cell, now);
  const value = load<i32>(cell);
  if (R) {
    store<u32>(to, prev - base);
    store<i32>(to, value, 4);
  }
  return value;
}

// @ts-ignore: decorator
@inline function read64(R: bool, cell: usize, now: u32, to: usize): i64 {
  const prev = touch(cell, now);
  const value = load<i64>(cell);
  if (R) {
    store<u32>(to, prev - base);
    store<i64>(to, value, 4);
  }
  return value;
}

// @ts-ignore: decorator
@inline function a32(R: bool, at: usize, frame: usize, now: u32, row: usize): i32 {
  return read32(R, frame + load<u32>(at, 8), now, row + HEADER);
}
// @ts-ignore: decorator
@inline function b32(R: bool, at: usize, frame: usize, now: u32, row: usize): i32 {
  return read32(R, frame + load<u32>(at, 12), now + 1, row + HEADER + READ);
}
// @ts-ignore: decorator
@inline function c32(R: bool, at: usize, frame: usize, now: u32, row: usize): i32 {
  return read32(R, frame + load<u32>(at, 16), now + 2, row + HEADER + 2 * READ);
}
// @ts-ignore: decorator
@inline function a64(R: bool, at: usize, frame: usize, now: u32, row: usize): i64 {
  return read64(R, frame + load<u32>(at, 8), now, row + HEADER);
}
// @ts-ignore: decorator
@inline function b64(R: bool, at: usize, frame: usize, now: u32, row: usize): i64 {
  return read64(R, frame + load<u32>(at, 12), now + 1, row + HEADER + READ);
}

// @ts-ignore: decorator
@inline function write32(R: bool, cell: usize, now: u32, to: usize, value: i32): void {
  const prev = touch(cell, now);
  if (R) {
    store<u32>(to, prev - base);
    store<i32>(to, load<i32>(cell), 4);
    store<i32>(to, value, 12);
  }
  store<i32>(cell, value);
}

// @ts-ignore: decorator
@inline function write64(R: bool, cell: usize, now: u32, to: usize, value: i64): void {
  const prev = touch(cell, now);
  if (R) {
    store<u32>(to, prev - base);
    store<i64>(to, load<i64>(cell), 4);
    store<i64>(to, value, 12);
  }
  store<i64>(cell, value);
}

/** Writes the instruction's result. */
// @ts-ignore: decorator
@inline function put32(R: bool, at: usize, frame: usize, now: u32, to: usize, value: i32): void {
  write32(R, frame + load<u32>(at, 4), now, to, value);
}
// @ts-ignore: decorator
@inline function put64(R: bool, at: usize, frame: usize, now: u32, to: usize, value: i64): void {
  write64(R, frame + load<u32>(at, 4), now, to, value);
}

/** Constants. */
// @ts-ignore: decorator
@inline function i32Of(at: usize): i32 {
  return load<i32>(at, 24);
}
// @ts-ignore: decorator
@inline function i64Of(at: usize): i64 {
  return load<i64>(at, 24);
}
// @ts-ignore: decorator
@inline function targetOf(at: usize): usize {
  return load<u32>(at, 16);
}

/** The address of a load or store, before anything is accessed. */
// @ts-ignore: decorator
@inline function addressOf(at: usize, frame: usize): u64 {
  return <u64>load<u32>(frame + load<u32>(at, 8)) + <u64>load<u32>(at, 16);
}

// Cells: a touched one's record has the words after it written by `cellAfter`.

// @ts-ignore: decorator
@inline function cellBefore(R: bool, address: u32, now: u32, to: usize): void {
  const prev = touchLinear(address, now);
  if (R) {
    store<u32>(to, address >> 3);
    store<u32>(to, prev - base, 4);
    const value = load<u64>(linear + (address & ~7));
    store<u64>(to, value, 8);
    store<u64>(to, value, 16);
  }
}
// @ts-ignore: decorator
@inline function cellAfter(R: bool, address: u32, to: usize): void {
  if (R) store<u64>(to, load<u64>(linear + (address & ~7)), 16);
}

// @ts-ignore: decorator
@inline function returnCell(R: bool, cell: usize, now: u32, to: usize, pc: u32, frame: u32): void {
  const prev = touch(cell, now);
  if (R) {
    store<u32>(to, <u32>((cell - RETURNS) >> 4));
    store<u32>(to, prev - base, 4);
    store<u64>(to, load<u64>(cell), 8);
    store<u32>(to, pc, 16);
    store<u32>(to, frame, 20);
  }
  store<u32>(cell, pc);
  store<u32>(cell, frame, 4);
}

/** Takes back a row of the instruction's usual type, for one whose addresses ask for another. */
function asUnaligned(R: bool, aligned: usize, type: usize, op: u32, at: usize, frame: usize, now: u32): usize {
  const count = COUNTS + 4 * op;
  store<u32>(count, load<u32>(count) - 1);
  store<u32>(count + 4 * UNALIGNED, load<u32>(count + 4 * UNALIGNED) + 1);
  if (!R) return 0;
  store<u32>(aligned, load<u32>(aligned) - load<u32>(aligned, 4));
  return begin(type, at, frame, now);
}

/** The cells of an unaligned access of `bytes` bytes. */
// @ts-ignore: decorator
@inline function unalignedCells(R: bool, address: u32, bytes: u32, now: u32, row: usize, cells: usize): void {
  const last = address + bytes - 1;
  const two = address >> 3 != last >> 3;
  if (R) store<u32>(row, two ? 2 : 1, 16);
  cellBefore(R, address, now, cells);
  if (two) cellBefore(R, last, now + 1, cells + CELL);
}

/** Bytes of a load or store, by opcode. */
function accessBytes(op: u32): u32 {
  switch (op) {
    case 121: case 122: case 126: case 127: case 133: case 136: return 1;
    case 123: case 124: case 128: case 129: case 134: case 137: return 2;
    case 125: case 135: return 8;
    default: return 4;
  }
}

function unalignedAccess(R: bool, aligned: usize, op: u32, at: usize, frame: usize, now: u32): void {
  const stores = op >= 132;
  const type = stores ? unalignedStore : unalignedLoad;
  const row = asUnaligned(R, aligned, type, op, at, frame, now);
  const cells = R ? row + load<u32>(type, 8) : 0;
  const out = R ? row + load<u32>(type, 12) : 0;
  const bytes = accessBytes(op);
  const address = <u32>addressOf(at, frame);
  const p = linear + address;
  a32(R, at, frame, now, row);
  if (!stores) {
    unalignedCells(R, address, bytes, now + 1, row, cells);
    switch (op) {
      case 120: put32(R, at, frame, now + 3, out, load<i32>(p)); break;
      case 123: put32(R, at, frame, now + 3, out, load<u16>(p)); break;
      case 124: put32(R, at, frame, now + 3, out, load<i16>(p)); break;
      case 125: put64(R, at, frame, now + 3, out, load<i64>(p)); break;
      case 128: put64(R, at, frame, now + 3, out, load<u16>(p)); break;
      case 129: put64(R, at, frame, now + 3, out, load<i16>(p)); break;
      case 130: put64(R, at, frame, now + 3, out, load<u32>(p)); break;
      case 131: put64(R, at, frame, now + 3, out, load<i32>(p)); break;
    }
    return;
  }
  const value = op <= 134 ? <i64>b32(R, at, frame, now, row) : b64(R, at, frame, now, row);
  unalignedCells(R, address, bytes, now + 2, row, cells);
  if (bytes == 2) store<u16>(p, <u16>value);
  else if (bytes == 4) store<u32>(p, <u32>value);
  else store<i64>(p, value);
  cellAfter(R, address, cells);
  if (address >> 3 != (address + bytes - 1) >> 3) cellAfter(R, address + bytes - 1, cells + CELL);
}

// 8 bytes or less: V8 calls out of WebAssembly for every bulk operation.

/** As `memory.copy`, also where the two overlap. */
function moveBytes(to: usize, from: usize, bytes: u32): void {
  if (bytes == 8) {
    store<u64>(to, load<u64>(from));
    return;
  }
  let value: u64 = 0;
  for (let k: u32 = 0; k < bytes; k++) value |= <u64>load<u8>(from + k) << (8 * k);
  for (let k: u32 = 0; k < bytes; k++) store<u8>(to + k, <u8>(value >> (8 * k)));
}

function fillBytes(to: usize, value: u32, bytes: u32): void {
  if (bytes == 8) store<u64>(to, <u64>(value & 255) * 0x0101010101010101);
  else for (let k: u32 = 0; k < bytes; k++) store<u8>(to + k, <u8>value);
}

/** One row of COPY: 8 bytes or less into one cell; whether it was the last one. */
function copyRow(R: bool, at: usize, frame: usize, now: u32, row: usize, cells: usize, out: usize): bool {
  let to = <u32>a32(R, at, frame, now, row);
  let from = <u32>b32(R, at, frame, now, row);
  let length = <u32>c32(R, at, frame, now, row);
  if (length != 0) {
    const backward = to > from;
    const tail = ((to + length - 1) & 7) + 1;
    const bytes = min(length, backward ? tail : 8 - (to & 7));
    const target = backward ? to + length - bytes : to;
    const source = backward ? from + length - bytes : from;
    const two = source >> 3 != (source + bytes - 1) >> 3;
    const into = cells + (two ? 2 * CELL : CELL);
    cellBefore(R, source, now + 3, cells);
    if (two) cellBefore(R, source + bytes - 1, now + 4, cells + CELL);
    cellBefore(R, target, now + 5, into);
    moveBytes(linear + target, linear + source, bytes);
    cellAfter(R, target, into);
    if (R) store<u32>(row, two ? 3 : 2, 16);
    if (!backward) {
      to += bytes;
      from += bytes;
    }
    length -= bytes;
  }
  write32(R, frame + load<u32>(at, 8), now + 6, out, to);
  write32(R, frame + load<u32>(at, 12), now + 7, out + WRITE, from);
  write32(R, frame + load<u32>(at, 16), now + 8, out + 2 * WRITE, length);
  return length == 0;
}

/** One row of COPY that moves `count` whole cells in their order; whether it was the last one. */
function copyCells(R: bool, usual: usize, op: u32, at: usize, frame: usize, now: u32, backward: bool, count: u32): bool {
  const row = asUnaligned(R, usual, copyOfCells, op, at, frame, now);
  const cells = R ? row + load<u32>(copyOfCells, 8) : 0;
  const out = R ? row + load<u32>(copyOfCells, 12) : 0;
  let to = <u32>a32(R, at, frame, now, row);
  let from = <u32>b32(R, at, frame, now, row);
  let length = <u32>c32(R, at, frame, now, row);
  let source = backward ? from + length - 8 : from;
  let target = backward ? to + length - 8 : to;
  const step: u32 = backward ? -8 : 8;
  for (let k: u32 = 0; k < count; k++) {
    const place = cells + 2 * CELL * k;
    cellBefore(R, source, now + 3 + 2 * k, place);
    cellBefore(R, target, now + 4 + 2 * k, place + CELL);
    store<u64>(linear + target, load<u64>(linear + source));
    cellAfter(R, target, place + CELL);
    source += step;
    target += step;
  }
  if (R) store<u32>(row, 2 * count, 16);
  if (!backward) {
    to += 8 * count;
    from += 8 * count;
  }
  length -= 8 * count;
  const then = now + 3 + 2 * COPY_CELLS;
  write32(R, frame + load<u32>(at, 8), then, out, to);
  write32(R, frame + load<u32>(at, 12), then + 1, out + WRITE, from);
  write32(R, frame + load<u32>(at, 16), then + 2, out + 2 * WRITE, length);
  if (R && length != 0) store<u32>(row, pcOf(at), 12);
  return length == 0;
}

function fillRow(R: bool, at: usize, frame: usize, now: u32, row: usize, cells: usize, out: usize): bool {
  let to = <u32>a32(R, at, frame, now, row);
  const value = b32(R, at, frame, now, row);
  let length = <u32>c32(R, at, frame, now, row);
  if (length != 0) {
    const bytes = min(length, 8 - (to & 7));
    cellBefore(R, to, now + 3, cells);
    fillBytes(linear + to, value, bytes);
    cellAfter(R, to, cells);
    if (R) store<u32>(row, 1, 16);
    to += bytes;
    length -= bytes;
  }
  write32(R, frame + load<u32>(at, 8), now + 4, out, to);
  write32(R, frame + load<u32>(at, 16), now + 5, out + WRITE, length);
  return length == 0;
}

/** One row of INPUT, with advice enough for it. */
function inputRow(R: bool, at: usize, frame: usize, now: u32, row: usize, cells: usize, out: usize): bool {
  let to = <u32>a32(R, at, frame, now, row);
  let length = <u32>b32(R, at, frame, now, row);
  if (length != 0) {
    cellBefore(R, to, now + 2, cells);
    store<u64>(linear + to, load<u64>(input + inputAt));
    cellAfter(R, to, cells);
    if (R) store<u32>(row, 1, 16);
    inputAt += 8;
    to += 8;
    length -= 8;
  }
  write32(R, frame + load<u32>(at, 8), now + 3, out, to);
  write32(R, frame + load<u32>(at, 12), now + 4, out + WRITE, length);
  return length == 0;
}

function keccakCells(R: bool, pointer: u32, now: u32, row: usize, cells: usize): void {
  const p = linear + pointer;
  for (let k: u32 = 0; k < 25; k++) cellBefore(R, pointer + 8 * k, now + 1 + k, cells + CELL * k);
  memory.copy(KECCAK, p, KECCAK_BYTES);
  keccakF(p);
  memory.copy(KECCAK + KECCAK_BYTES, p, KECCAK_BYTES);
  if (!R) return;
  store<u32>(row, 25, 16);
  for (let k: u32 = 0; k < 25; k++) cellAfter(R, pointer + 8 * k, cells + CELL * k);
}

function haltCells(R: bool, pointer: u32, now: u32, row: usize, cells: usize): void {
  for (let k: u32 = 0; k < HALT_BYTES / 8; k++) cellBefore(R, pointer + 8 * k, now + 1 + k, cells + CELL * k);
  memory.copy(KECCAK, linear + pointer, HALT_BYTES);
  if (!R) return;
  store<u32>(row, HALT_BYTES / 8, 16);
  store<u32>(row, HALT_PC, 12);
}

/**
 * The host call where the loop stopped: `inputs` and then `outputs` addresses of cells stand at `cells`, then the output
 * cells' words. Reads are 32-bit slots.
 */
// @ts-ignore: decorator
@inline function finishHostCall(R: bool, reads: u32, addresses: usize, inputs: u32, outputs: u32, advance: u32): void {
  const at = ip;
  const type = TYPES + <usize>load<u16>(at, 2);
  const row = R ? begin(type, at, fp, clock) : 0;
  const cells = R ? row + load<u32>(type, 8) : 0;
  const total = inputs + outputs;
  let now = clock;
  for (let k: u32 = 0; k < reads; k++) read32(R, hostOperand(k), now++, row + HEADER + READ * k);
  for (let k: u32 = 0; k < total; k++) {
    const address = 8 * load<u32>(addresses + 4 * k);
    const to = cells + CELL * k;
    cellBefore(R, address, now++, to);
    if (k < inputs) continue;
    store<u64>(linear + address, load<u64>(addresses + 4 * (total + (total & 1)) + 8 * (k - inputs)));
    cellAfter(R, address, to);
  }
  if (R) store<u32>(row, total, 16);
  ip = at + INSTRUCTION_BYTES;
  clock += advance;
}

export function hostCallFirst(reads: u32, addresses: usize, inputs: u32, outputs: u32, advance: u32): void {
  finishHostCall(false, reads, addresses, inputs, outputs, advance);
}
export function hostCallRecording(reads: u32, addresses: usize, inputs: u32, outputs: u32, advance: u32): void {
  finishHostCall(true, reads, addresses, inputs, outputs, advance);
}

/** Operand slots of the host call where the loop stopped: up to five, in the words behind op and type. */
export function hostOperand(k: u32): usize {
  return fp + load<u32>(ip + 8 + 4 * k);
}

/** Upper half of the unsigned product. */
function mulHigh(x: u64, y: u64): u64 {
  const xl = x & 0xffffffff;
  const xh = x >> 32;
  const yl = y & 0xffffffff;
  const yh = y >> 32;
  const middle = xl * yh + ((xl * yl) >> 32);
  const cross = xh * yl + (middle & 0xffffffff);
  return xh * yh + (middle >> 32) + (cross >> 32);
}

// @ts-ignore: decorator
@inline function loop(R: bool, rows: u32): u32 {
  const mem = linear;
  const limit = linearBytes;
  let next = ip;
  let frame = fp;
  let after = clock;
  let remaining = rows;
  for (;;) {
    const at = next;
    const now = after;
    if (remaining == 0) return leave(at, frame, now, 0, ROWS_DONE);
    remaining--;
    const op = <u32>load<u8>(at);
    const count = COUNTS + 4 * op;
    store<u32>(count, load<u32>(count) + 1);
    next = at + INSTRUCTION_BYTES;
    after = now + load<u8>(at, 1);
    let type: usize = 0;
    let row: usize = 0;
    let cells: usize = 0;
    let out: usize = 0;
    if (R) {
      type = TYPES + <usize>load<u16>(at, 2);
      row = begin(type, at, frame, now);
      cells = row + load<u32>(type, 8);
      out = row + load<u32>(type, 12);
    }
    switch (op) {
      case 1: // mov32
        put32(R, at, frame, now + 1, out, a32(R, at, frame, now, row));
        continue;
      case 2: // mov64
        put64(R, at, frame, now + 1, out, a64(R, at, frame, now, row));
        continue;
      case 3: // const32
        put32(R, at, frame, now + 0, out, i32Of(at));
        continue;
      case 4: // const64
        put64(R, at, frame, now + 0, out, i64Of(at));
        continue;
      case 5: { // select32
        const a = a32(R, at, frame, now, row);
        const b = b32(R, at, frame, now, row);
        put32(R, at, frame, now + 3, out, c32(R, at, frame, now, row) != 0 ? a : b);
        continue;
      }
      case 6: { // select64
        const a = a64(R, at, frame, now, row);
        const b = b64(R, at, frame, now, row);
        put64(R, at, frame, now + 3, out, c32(R, at, frame, now, row) != 0 ? a : b);
        continue;
      }
      case 7: // wrap
        put32(R, at, frame, now + 1, out, <i32>a64(R, at, frame, now, row));
        continue;
      case 8: // extendU
        put64(R, at, frame, now + 1, out, <i64>a32(R, at, frame, now, row) & 0xffffffff);
        continue;
      case 9: // extendS
        put64(R, at, frame, now + 1, out, <i64>a32(R, at, frame, now, row));
        continue;
      case 10: // extend8S32
        put32(R, at, frame, now + 1, out, <i32><i8>a32(R, at, frame, now, row));
        continue;
      case 11: // extend16S32
        put32(R, at, frame, now + 1, out, <i32><i16>a32(R, at, frame, now, row));
        continue;
      case 12: // extend8S64
        put64(R, at, frame, now + 1, out, <i64><i8>a64(R, at, frame, now, row));
        continue;
      case 13: // extend16S64
        put64(R, at, frame, now + 1, out, <i64><i16>a64(R, at, frame, now, row));
        continue;
      case 14: // extend32S64
        put64(R, at, frame, now + 1, out, <i64><i32>a64(R, at, frame, now, row));
        continue;
      case 15: // globalGet32
        put32(R, at, frame, now + 1, out, a32(R, at, 0, now, row));
        continue;
      case 16: // globalGet64
        put64(R, at, frame, now + 1, out, a64(R, at, 0, now, row));
        continue;
      case 17: // globalSet32
        put32(R, at, 0, now + 1, out, a32(R, at, frame, now, row));
        continue;
      case 18: // globalSet64
        put64(R, at, 0, now + 1, out, a64(R, at, frame, now, row));
        continue;
      case 20: // add32r
        put32(R, at, frame, now + 2, out, a32(R, at, frame, now, row) + b32(R, at, frame, now, row));
        continue;
      case 21: // add32i
        put32(R, at, frame, now + 1, out, a32(R, at, frame, now, row) + i32Of(at));
        continue;
      case 22: // sub32r
        put32(R, at, frame, now + 2, out, a32(R, at, frame, now, row) - b32(R, at, frame, now, row));
        continue;
      case 23: // add64r
        put64(R, at, frame, now + 2, out, a64(R, at, frame, now, row) + b64(R, at, frame, now, row));
        continue;
      case 24: // add64i
        put64(R, at, frame, now + 1, out, a64(R, at, frame, now, row) + i64Of(at));
        continue;
      case 25: // sub64r
        put64(R, at, frame, now + 2, out, a64(R, at, frame, now, row) - b64(R, at, frame, now, row));
        continue;
      case 26: // and32r
        put32(R, at, frame, now + 2, out, a32(R, at, frame, now, row) & b32(R, at, frame, now, row));
        continue;
      case 27: // or32r
        put32(R, at, frame, now + 2, out, a32(R, at, frame, now, row) | b32(R, at, frame, now, row));
        continue;
      case 28: // xor32r
        put32(R, at, frame, now + 2, out, a32(R, at, frame, now, row) ^ b32(R, at, frame, now, row));
        continue;
      case 29: // and32i
        put32(R, at, frame, now + 1, out, a32(R, at, frame, now, row) & i32Of(at));
        continue;
      case 30: // or32i
        put32(R, at, frame, now + 1, out, a32(R, at, frame, now, row) | i32Of(at));
        continue;
      case 31: // xor32i
        put32(R, at, frame, now + 1, out, a32(R, at, frame, now, row) ^ i32Of(at));
        continue;
      case 32: // and64r
        put64(R, at, frame, now + 2, out, a64(R, at, frame, now, row) & b64(R, at, frame, now, row));
        continue;
      case 33: // or64r
        put64(R, at, frame, now + 2, out, a64(R, at, frame, now, row) | b64(R, at, frame, now, row));
        continue;
      case 34: // xor64r
        put64(R, at, frame, now + 2, out, a64(R, at, frame, now, row) ^ b64(R, at, frame, now, row));
        continue;
      case 35: // and64i
        put64(R, at, frame, now + 1, out, a64(R, at, frame, now, row) & i64Of(at));
        continue;
      case 36: // or64i
        put64(R, at, frame, now + 1, out, a64(R, at, frame, now, row) | i64Of(at));
        continue;
      case 37: // xor64i
        put64(R, at, frame, now + 1, out, a64(R, at, frame, now, row) ^ i64Of(at));
        continue;
      case 38: // andLow32
        put32(R, at, frame, now + 1, out, a32(R, at, frame, now, row) & i32Of(at));
        continue;
      case 39: // andLow64
        put64(R, at, frame, now + 1, out, a64(R, at, frame, now, row) & i64Of(at));
        continue;
      case 40: // shl32i
        put32(R, at, frame, now + 1, out, a32(R, at, frame, now, row) << i32Of(at));
        continue;
      case 41: // shrU32i
        put32(R, at, frame, now + 1, out, a32(R, at, frame, now, row) >>> i32Of(at));
        continue;
      case 42: // shl64i
        put64(R, at, frame, now + 1, out, a64(R, at, frame, now, row) << i64Of(at));
        continue;
      case 43: // shrU64i
        put64(R, at, frame, now + 1, out, a64(R, at, frame, now, row) >>> i64Of(at));
        continue;
      case 44: // shl32
        put32(R, at, frame, now + 2, out, a32(R, at, frame, now, row) << b32(R, at, frame, now, row));
        continue;
      case 45: // shrS32
        put32(R, at, frame, now + 2, out, a32(R, at, frame, now, row) >> b32(R, at, frame, now, row));
        continue;
      case 46: // shrU32
        put32(R, at, frame, now + 2, out, a32(R, at, frame, now, row) >>> b32(R, at, frame, now, row));
        continue;
      case 47: // rotl32
        put32(R, at, frame, now + 2, out, rotl(a32(R, at, frame, now, row), b32(R, at, frame, now, row)));
        continue;
      case 48: // rotr32
        put32(R, at, frame, now + 2, out, rotr(a32(R, at, frame, now, row), b32(R, at, frame, now, row)));
        continue;
      case 49: // shl64
        put64(R, at, frame, now + 2, out, a64(R, at, frame, now, row) << b64(R, at, frame, now, row));
        continue;
      case 50: // shrS64
        put64(R, at, frame, now + 2, out, a64(R, at, frame, now, row) >> b64(R, at, frame, now, row));
        continue;
      case 51: // shrU64
        put64(R, at, frame, now + 2, out, a64(R, at, frame, now, row) >>> b64(R, at, frame, now, row));
        continue;
      case 52: // rotl64
        put64(R, at, frame, now + 2, out, rotl(a64(R, at, frame, now, row), b64(R, at, frame, now, row)));
        continue;
      case 53: // rotr64
        put64(R, at, frame, now + 2, out, rotr(a64(R, at, frame, now, row), b64(R, at, frame, now, row)));
        continue;
      case 54: // rotl32i
        put32(R, at, frame, now + 1, out, rotl(a32(R, at, frame, now, row), i32Of(at)));
        continue;
      case 55: // rotl64i
        put64(R, at, frame, now + 1, out, rotl(a64(R, at, frame, now, row), i64Of(at)));
        continue;
      case 60: // eq32r
        put32(R, at, frame, now + 2, out, <i32>(a32(R, at, frame, now, row) == b32(R, at, frame, now, row)));
        continue;
      case 61: // ne32r
        put32(R, at, frame, now + 2, out, <i32>(a32(R, at, frame, now, row) != b32(R, at, frame, now, row)));
        continue;
      case 62: // ltU32r
        put32(R, at, frame, now + 2, out, <i32>(<u32>a32(R, at, frame, now, row) < <u32>b32(R, at, frame, now, row)));
        continue;
      case 63: // geU32r
        put32(R, at, frame, now + 2, out, <i32>(<u32>a32(R, at, frame, now, row) >= <u32>b32(R, at, frame, now, row)));
        continue;
      case 64: // ltS32r
        put32(R, at, frame, now + 2, out, <i32>(a32(R, at, frame, now, row) < b32(R, at, frame, now, row)));
        continue;
      case 65: // geS32r
        put32(R, at, frame, now + 2, out, <i32>(a32(R, at, frame, now, row) >= b32(R, at, frame, now, row)));
        continue;
      case 66: // eq32i
        put32(R, at, frame, now + 1, out, <i32>(a32(R, at, frame, now, row) == i32Of(at)));
        continue;
      case 67: // ne32i
        put32(R, at, frame, now + 1, out, <i32>(a32(R, at, frame, now, row) != i32Of(at)));
        continue;
      case 68: // ltU32i
        put32(R, at, frame, now + 1, out, <i32>(<u32>a32(R, at, frame, now, row) < <u32>i32Of(at)));
        continue;
      case 69: // geU32i
        put32(R, at, frame, now + 1, out, <i32>(<u32>a32(R, at, frame, now, row) >= <u32>i32Of(at)));
        continue;
      case 70: // ltS32i
        put32(R, at, frame, now + 1, out, <i32>(a32(R, at, frame, now, row) < i32Of(at)));
        continue;
      case 71: // geS32i
        put32(R, at, frame, now + 1, out, <i32>(a32(R, at, frame, now, row) >= i32Of(at)));
        continue;
      case 72: // eq64r
        put32(R, at, frame, now + 2, out, <i32>(a64(R, at, frame, now, row) == b64(R, at, frame, now, row)));
        continue;
      case 73: // ne64r
        put32(R, at, frame, now + 2, out, <i32>(a64(R, at, frame, now, row) != b64(R, at, frame, now, row)));
        continue;
      case 74: // ltU64r
        put32(R, at, frame, now + 2, out, <i32>(<u64>a64(R, at, frame, now, row) < <u64>b64(R, at, frame, now, row)));
        continue;
      case 75: // geU64r
        put32(R, at, frame, now + 2, out, <i32>(<u64>a64(R, at, frame, now, row) >= <u64>b64(R, at, frame, now, row)));
        continue;
      case 76: // ltS64r
        put32(R, at, frame, now + 2, out, <i32>(a64(R, at, frame, now, row) < b64(R, at, frame, now, row)));
        continue;
      case 77: // geS64r
        put32(R, at, frame, now + 2, out, <i32>(a64(R, at, frame, now, row) >= b64(R, at, frame, now, row)));
        continue;
      case 78: // eq64i
        put32(R, at, frame, now + 1, out, <i32>(a64(R, at, frame, now, row) == i64Of(at)));
        continue;
      case 79: // ne64i
        put32(R, at, frame, now + 1, out, <i32>(a64(R, at, frame, now, row) != i64Of(at)));
        continue;
      case 80: // ltU64i
        put32(R, at, frame, now + 1, out, <i32>(<u64>a64(R, at, frame, now, row) < <u64>i64Of(at)));
        continue;
      case 81: // geU64i
        put32(R, at, frame, now + 1, out, <i32>(<u64>a64(R, at, frame, now, row) >= <u64>i64Of(at)));
        continue;
      case 82: // ltS64i
        put32(R, at, frame, now + 1, out, <i32>(a64(R, at, frame, now, row) < i64Of(at)));
        continue;
      case 83: // geS64i
        put32(R, at, frame, now + 1, out, <i32>(a64(R, at, frame, now, row) >= i64Of(at)));
        continue;
      case 90: // mul32
        put32(R, at, frame, now + 2, out, a32(R, at, frame, now, row) * b32(R, at, frame, now, row));
        continue;
      case 91: // mul64
        put64(R, at, frame, now + 2, out, a64(R, at, frame, now, row) * b64(R, at, frame, now, row));
        continue;
      case 92: { // divS32
        const a = a32(R, at, frame, now, row);
        const b = b32(R, at, frame, now, row);
        if (b == 0) return leave(at, frame, now, remaining, DIVIDE_BY_ZERO);
        if (a == i32.MIN_VALUE && b == -1) return leave(at, frame, now, remaining, OVERFLOW);
        put32(R, at, frame, now + 2, out, a / b);
        continue;
      }
      case 93: { // divU32
        const a = a32(R, at, frame, now, row);
        const b = b32(R, at, frame, now, row);
        if (b == 0) return leave(at, frame, now, remaining, DIVIDE_BY_ZERO);
        put32(R, at, frame, now + 2, out, <u32>a / <u32>b);
        continue;
      }
      case 94: { // remS32
        const a = a32(R, at, frame, now, row);
        const b = b32(R, at, frame, now, row);
        if (b == 0) return leave(at, frame, now, remaining, DIVIDE_BY_ZERO);
        put32(R, at, frame, now + 2, out, a % b);
        continue;
      }
      case 95: { // remU32
        const a = a32(R, at, frame, now, row);
        const b = b32(R, at, frame, now, row);
        if (b == 0) return leave(at, frame, now, remaining, DIVIDE_BY_ZERO);
        put32(R, at, frame, now + 2, out, <u32>a % <u32>b);
        continue;
      }
      case 96: { // divS64
        const a = a64(R, at, frame, now, row);
        const b = b64(R, at, frame, now, row);
        if (b == 0) return leave(at, frame, now, remaining, DIVIDE_BY_ZERO);
        if (a == i64.MIN_VALUE && b == -1) return leave(at, frame, now, remaining, OVERFLOW);
        put64(R, at, frame, now + 2, out, a / b);
        continue;
      }
      case 97: { // divU64
        const a = a64(R, at, frame, now, row);
        const b = b64(R, at, frame, now, row);
        if (b == 0) return leave(at, frame, now, remaining, DIVIDE_BY_ZERO);
        put64(R, at, frame, now + 2, out, <u64>a / <u64>b);
        continue;
      }
      case 98: { // remS64
        const a = a64(R, at, frame, now, row);
        const b = b64(R, at, frame, now, row);
        if (b == 0) return leave(at, frame, now, remaining, DIVIDE_BY_ZERO);
        put64(R, at, frame, now + 2, out, a % b);
        continue;
      }
      case 99: { // remU64
        const a = a64(R, at, frame, now, row);
        const b = b64(R, at, frame, now, row);
        if (b == 0) return leave(at, frame, now, remaining, DIVIDE_BY_ZERO);
        put64(R, at, frame, now + 2, out, <u64>a % <u64>b);
        continue;
      }
      case 100: // clz32
        put32(R, at, frame, now + 1, out, clz(a32(R, at, frame, now, row)));
        continue;
      case 103: // clz64
        put64(R, at, frame, now + 1, out, clz(a64(R, at, frame, now, row)));
        continue;
      case 101: // ctz32
        put32(R, at, frame, now + 1, out, ctz(a32(R, at, frame, now, row)));
        continue;
      case 104: // ctz64
        put64(R, at, frame, now + 1, out, ctz(a64(R, at, frame, now, row)));
        continue;
      case 102: // popcnt32
        put32(R, at, frame, now + 1, out, popcnt(a32(R, at, frame, now, row)));
        continue;
      case 105: // popcnt64
        put64(R, at, frame, now + 1, out, popcnt(a64(R, at, frame, now, row)));
        continue;
      case 106: { // add128
        const a = a64(R, at, frame, now, row);
        const b = b64(R, at, frame, now, row);
        const c = read64(R, frame + load<u32>(at, 16), now + 2, row + HEADER + 2 * READ);
        const d = read64(R, frame + load<u32>(at, 24), now + 3, row + HEADER + 3 * READ);
        const low = a + c;
        const carry = <i64>(<u64>low < <u64>a);
        put64(R, at, frame, now + 4, out, low);
        write64(R, frame + load<u32>(at, 20), now + 5, out + WRITE, b + d + carry);
        continue;
      }
      case 107: { // sub128
        const a = a64(R, at, frame, now, row);
        const b = b64(R, at, frame, now, row);
        const c = read64(R, frame + load<u32>(at, 16), now + 2, row + HEADER + 2 * READ);
        const d = read64(R, frame + load<u32>(at, 24), now + 3, row + HEADER + 3 * READ);
        const low = a - c;
        const carry = <i64>(<u64>a < <u64>c);
        put64(R, at, frame, now + 4, out, low);
        write64(R, frame + load<u32>(at, 20), now + 5, out + WRITE, b - d - carry);
        continue;
      }
      case 108: { // mulWideU
        const a = a64(R, at, frame, now, row);
        const b = b64(R, at, frame, now, row);
        put64(R, at, frame, now + 2, out, a * b);
        write64(R, frame + load<u32>(at, 20), now + 3, out + WRITE, mulHigh(a, b));
        continue;
      }
      case 109: { // mulWideS
        const a = a64(R, at, frame, now, row);
        const b = b64(R, at, frame, now, row);
        const excess = (a < 0 ? b : 0) + (b < 0 ? a : 0);
        put64(R, at, frame, now + 2, out, a * b);
        write64(R, frame + load<u32>(at, 20), now + 3, out + WRITE, <i64>mulHigh(a, b) - excess);
        continue;
      }
      case 120: { // load32
        const address = addressOf(at, frame);
        if (address + 4 > limit) return leave(at, frame, now, remaining, OUT_OF_BOUNDS);
        if ((address & 3) != 0) {
          unalignedAccess(R, type, op, at, frame, now);
          continue;
        }
        a32(R, at, frame, now, row);
        cellBefore(R, <u32>address, now + 1, cells);
        if (R) store<u32>(row, 1, 16);
        put32(R, at, frame, now + 2, out, load<i32>(mem + <u32>address));
        continue;
      }
      case 121: { // load8U32
        const address = addressOf(at, frame);
        if (address + 1 > limit) return leave(at, frame, now, remaining, OUT_OF_BOUNDS);
        a32(R, at, frame, now, row);
        cellBefore(R, <u32>address, now + 1, cells);
        if (R) store<u32>(row, 1, 16);
        put32(R, at, frame, now + 2, out, load<u8>(mem + <u32>address));
        continue;
      }
      case 122: { // load8S32
        const address = addressOf(at, frame);
        if (address + 1 > limit) return leave(at, frame, now, remaining, OUT_OF_BOUNDS);
        a32(R, at, frame, now, row);
        cellBefore(R, <u32>address, now + 1, cells);
        if (R) store<u32>(row, 1, 16);
        put32(R, at, frame, now + 2, out, load<i8>(mem + <u32>address));
        continue;
      }
      case 123: { // load16U32
        const address = addressOf(at, frame);
        if (address + 2 > limit) return leave(at, frame, now, remaining, OUT_OF_BOUNDS);
        if ((address & 1) != 0) {
          unalignedAccess(R, type, op, at, frame, now);
          continue;
        }
        a32(R, at, frame, now, row);
        cellBefore(R, <u32>address, now + 1, cells);
        if (R) store<u32>(row, 1, 16);
        put32(R, at, frame, now + 2, out, load<u16>(mem + <u32>address));
        continue;
      }
      case 124: { // load16S32
        const address = addressOf(at, frame);
        if (address + 2 > limit) return leave(at, frame, now, remaining, OUT_OF_BOUNDS);
        if ((address & 1) != 0) {
          unalignedAccess(R, type, op, at, frame, now);
          continue;
        }
        a32(R, at, frame, now, row);
        cellBefore(R, <u32>address, now + 1, cells);
        if (R) store<u32>(row, 1, 16);
        put32(R, at, frame, now + 2, out, load<i16>(mem + <u32>address));
        continue;
      }
      case 125: { // load64
        const address = addressOf(at, frame);
        if (address + 8 > limit) return leave(at, frame, now, remaining, OUT_OF_BOUNDS);
        if ((address & 7) != 0) {
          unalignedAccess(R, type, op, at, frame, now);
          continue;
        }
        a32(R, at, frame, now, row);
        cellBefore(R, <u32>address, now + 1, cells);
        if (R) store<u32>(row, 1, 16);
        put64(R, at, frame, now + 2, out, load<i64>(mem + <u32>address));
        continue;
      }
      case 126: { // load8U64
        const address = addressOf(at, frame);
        if (address + 1 > limit) return leave(at, frame, now, remaining, OUT_OF_BOUNDS);
        a32(R, at, frame, now, row);
        cellBefore(R, <u32>address, now + 1, cells);
        if (R) store<u32>(row, 1, 16);
        put64(R, at, frame, now + 2, out, load<u8>(mem + <u32>address));
        continue;
      }
      case 127: { // load8S64
        const address = addressOf(at, frame);
        if (address + 1 > limit) return leave(at, frame, now, remaining, OUT_OF_BOUNDS);
        a32(R, at, frame, now, row);
        cellBefore(R, <u32>address, now + 1, cells);
        if (R) store<u32>(row, 1, 16);
        put64(R, at, frame, now + 2, out, load<i8>(mem + <u32>address));
        continue;
      }
      case 128: { // load16U64
        const address = addressOf(at, frame);
        if (address + 2 > limit) return leave(at, frame, now, remaining, OUT_OF_BOUNDS);
        if ((address & 1) != 0) {
          unalignedAccess(R, type, op, at, frame, now);
          continue;
        }
        a32(R, at, frame, now, row);
        cellBefore(R, <u32>address, now + 1, cells);
        if (R) store<u32>(row, 1, 16);
        put64(R, at, frame, now + 2, out, load<u16>(mem + <u32>address));
        continue;
      }
      case 129: { // load16S64
        const address = addressOf(at, frame);
        if (address + 2 > limit) return leave(at, frame, now, remaining, OUT_OF_BOUNDS);
        if ((address & 1) != 0) {
          unalignedAccess(R, type, op, at, frame, now);
          continue;
        }
        a32(R, at, frame, now, row);
        cellBefore(R, <u32>address, now + 1, cells);
        if (R) store<u32>(row, 1, 16);
        put64(R, at, frame, now + 2, out, load<i16>(mem + <u32>address));
        continue;
      }
      case 130: { // load32U64
        const address = addressOf(at, frame);
        if (address + 4 > limit) return leave(at, frame, now, remaining, OUT_OF_BOUNDS);
        if ((address & 3) != 0) {
          unalignedAccess(R, type, op, at, frame, now);
          continue;
        }
        a32(R, at, frame, now, row);
        cellBefore(R, <u32>address, now + 1, cells);
        if (R) store<u32>(row, 1, 16);
        put64(R, at, frame, now + 2, out, load<u32>(mem + <u32>address));
        continue;
      }
      case 131: { // load32S64
        const address = addressOf(at, frame);
        if (address + 4 > limit) return leave(at, frame, now, remaining, OUT_OF_BOUNDS);
        if ((address & 3) != 0) {
          unalignedAccess(R, type, op, at, frame, now);
          continue;
        }
        a32(R, at, frame, now, row);
        cellBefore(R, <u32>address, now + 1, cells);
        if (R) store<u32>(row, 1, 16);
        put64(R, at, frame, now + 2, out, load<i32>(mem + <u32>address));
        continue;
      }
      case 132: { // store32
        const address = addressOf(at, frame);
        if (address + 4 > limit) return leave(at, frame, now, remaining, OUT_OF_BOUNDS);
        if ((address & 3) != 0) {
          unalignedAccess(R, type, op, at, frame, now);
          continue;
        }
        a32(R, at, frame, now, row);
        const value = b32(R, at, frame, now, row);
        cellBefore(R, <u32>address, now + 2, cells);
        if (R) store<u32>(row, 1, 16);
        store<i32>(mem + <u32>address, <i32>value);
        cellAfter(R, <u32>address, cells);
        continue;
      }
      case 133: { // store8From32
        const address = addressOf(at, frame);
        if (address + 1 > limit) return leave(at, frame, now, remaining, OUT_OF_BOUNDS);
        a32(R, at, frame, now, row);
        const value = b32(R, at, frame, now, row);
        cellBefore(R, <u32>address, now + 2, cells);
        if (R) store<u32>(row, 1, 16);
        store<u8>(mem + <u32>address, <u8>value);
        cellAfter(R, <u32>address, cells);
        continue;
      }
      case 134: { // store16From32
        const address = addressOf(at, frame);
        if (address + 2 > limit) return leave(at, frame, now, remaining, OUT_OF_BOUNDS);
        if ((address & 1) != 0) {
          unalignedAccess(R, type, op, at, frame, now);
          continue;
        }
        a32(R, at, frame, now, row);
        const value = b32(R, at, frame, now, row);
        cellBefore(R, <u32>address, now + 2, cells);
        if (R) store<u32>(row, 1, 16);
        store<u16>(mem + <u32>address, <u16>value);
        cellAfter(R, <u32>address, cells);
        continue;
      }
      case 135: { // store64
        const address = addressOf(at, frame);
        if (address + 8 > limit) return leave(at, frame, now, remaining, OUT_OF_BOUNDS);
        if ((address & 7) != 0) {
          unalignedAccess(R, type, op, at, frame, now);
          continue;
        }
        a32(R, at, frame, now, row);
        const value = b64(R, at, frame, now, row);
        cellBefore(R, <u32>address, now + 2, cells);
        if (R) store<u32>(row, 1, 16);
        store<i64>(mem + <u32>address, <i64>value);
        cellAfter(R, <u32>address, cells);
        continue;
      }
      case 136: { // store8From64
        const address = addressOf(at, frame);
        if (address + 1 > limit) return leave(at, frame, now, remaining, OUT_OF_BOUNDS);
        a32(R, at, frame, now, row);
        const value = b64(R, at, frame, now, row);
        cellBefore(R, <u32>address, now + 2, cells);
        if (R) store<u32>(row, 1, 16);
        store<u8>(mem + <u32>address, <u8>value);
        cellAfter(R, <u32>address, cells);
        continue;
      }
      case 137: { // store16From64
        const address = addressOf(at, frame);
        if (address + 2 > limit) return leave(at, frame, now, remaining, OUT_OF_BOUNDS);
        if ((address & 1) != 0) {
          unalignedAccess(R, type, op, at, frame, now);
          continue;
        }
        a32(R, at, frame, now, row);
        const value = b64(R, at, frame, now, row);
        cellBefore(R, <u32>address, now + 2, cells);
        if (R) store<u32>(row, 1, 16);
        store<u16>(mem + <u32>address, <u16>value);
        cellAfter(R, <u32>address, cells);
        continue;
      }
      case 138: { // store32From64
        const address = addressOf(at, frame);
        if (address + 4 > limit) return leave(at, frame, now, remaining, OUT_OF_BOUNDS);
        if ((address & 3) != 0) {
          unalignedAccess(R, type, op, at, frame, now);
          continue;
        }
        a32(R, at, frame, now, row);
        const value = b64(R, at, frame, now, row);
        cellBefore(R, <u32>address, now + 2, cells);
        if (R) store<u32>(row, 1, 16);
        store<u32>(mem + <u32>address, <u32>value);
        cellAfter(R, <u32>address, cells);
        continue;
      }
      case 139: { // copy
        const length = <u64>load<u32>(frame + load<u32>(at, 16));
        const to = <u64>load<u32>(frame + load<u32>(at, 8));
        const from = <u64>load<u32>(frame + load<u32>(at, 12));
        if (to + length > limit) return leave(at, frame, now, remaining, OUT_OF_BOUNDS);
        if (from + length > limit) return leave(at, frame, now, remaining, OUT_OF_BOUNDS);
        const backward = to > from;
        if (length >= 8 && (((backward ? to + length : to) | (to ^ from)) & 7) == 0) {
          if (!copyCells(R, type, op, at, frame, now, backward, min(COPY_CELLS, <u32>(length >> 3)))) next = at;
          continue;
        }
        if (!copyRow(R, at, frame, now, row, cells, out)) {
          next = at;
          if (R) store<u32>(row, pcOf(at), 12);
        }
        continue;
      }
      case 140: { // fill
        if (<u64>load<u32>(frame + load<u32>(at, 8)) + <u64>load<u32>(frame + load<u32>(at, 16)) > limit) return leave(at, frame, now, remaining, OUT_OF_BOUNDS);
        if (!fillRow(R, at, frame, now, row, cells, out)) {
          next = at;
          if (R) store<u32>(row, pcOf(at), 12);
        }
        continue;
      }
      case 150: { // jump
        next = targetOf(at);
        if (R) store<u32>(row, pcOf(next), 12);
        continue;
      }
      case 151: { // brNonZero32
        if (a32(R, at, frame, now, row) != 0) {
          next = targetOf(at);
          if (R) store<u32>(row, pcOf(next), 12);
        }
        continue;
      }
      case 152: { // brZero32
        if (a32(R, at, frame, now, row) == 0) {
          next = targetOf(at);
          if (R) store<u32>(row, pcOf(next), 12);
        }
        continue;
      }
      case 153: { // brNonZero64
        if (a64(R, at, frame, now, row) != 0) {
          next = targetOf(at);
          if (R) store<u32>(row, pcOf(next), 12);
        }
        continue;
      }
      case 154: { // brZero64
        if (a64(R, at, frame, now, row) == 0) {
          next = targetOf(at);
          if (R) store<u32>(row, pcOf(next), 12);
        }
        continue;
      }
      case 155: { // brEq32r
        if (a32(R, at, frame, now, row) == b32(R, at, frame, now, row)) {
          next = targetOf(at);
          if (R) store<u32>(row, pcOf(next), 12);
        }
        continue;
      }
      case 156: { // brNe32r
        if (a32(R, at, frame, now, row) != b32(R, at, frame, now, row)) {
          next = targetOf(at);
          if (R) store<u32>(row, pcOf(next), 12);
        }
        continue;
      }
      case 157: { // brLtU32r
        if (<u32>a32(R, at, frame, now, row) < <u32>b32(R, at, frame, now, row)) {
          next = targetOf(at);
          if (R) store<u32>(row, pcOf(next), 12);
        }
        continue;
      }
      case 158: { // brGeU32r
        if (<u32>a32(R, at, frame, now, row) >= <u32>b32(R, at, frame, now, row)) {
          next = targetOf(at);
          if (R) store<u32>(row, pcOf(next), 12);
        }
        continue;
      }
      case 159: { // brLtS32r
        if (a32(R, at, frame, now, row) < b32(R, at, frame, now, row)) {
          next = targetOf(at);
          if (R) store<u32>(row, pcOf(next), 12);
        }
        continue;
      }
      case 160: { // brGeS32r
        if (a32(R, at, frame, now, row) >= b32(R, at, frame, now, row)) {
          next = targetOf(at);
          if (R) store<u32>(row, pcOf(next), 12);
        }
        continue;
      }
      case 161: { // brEq32i
        if (a32(R, at, frame, now, row) == i32Of(at)) {
          next = targetOf(at);
          if (R) store<u32>(row, pcOf(next), 12);
        }
        continue;
      }
      case 162: { // brNe32i
        if (a32(R, at, frame, now, row) != i32Of(at)) {
          next = targetOf(at);
          if (R) store<u32>(row, pcOf(next), 12);
        }
        continue;
      }
      case 163: { // brLtU32i
        if (<u32>a32(R, at, frame, now, row) < <u32>i32Of(at)) {
          next = targetOf(at);
          if (R) store<u32>(row, pcOf(next), 12);
        }
        continue;
      }
      case 164: { // brGeU32i
        if (<u32>a32(R, at, frame, now, row) >= <u32>i32Of(at)) {
          next = targetOf(at);
          if (R) store<u32>(row, pcOf(next), 12);
        }
        continue;
      }
      case 165: { // brLtS32i
        if (a32(R, at, frame, now, row) < i32Of(at)) {
          next = targetOf(at);
          if (R) store<u32>(row, pcOf(next), 12);
        }
        continue;
      }
      case 166: { // brGeS32i
        if (a32(R, at, frame, now, row) >= i32Of(at)) {
          next = targetOf(at);
          if (R) store<u32>(row, pcOf(next), 12);
        }
        continue;
      }
      case 167: { // brEq64r
        if (a64(R, at, frame, now, row) == b64(R, at, frame, now, row)) {
          next = targetOf(at);
          if (R) store<u32>(row, pcOf(next), 12);
        }
        continue;
      }
      case 168: { // brNe64r
        if (a64(R, at, frame, now, row) != b64(R, at, frame, now, row)) {
          next = targetOf(at);
          if (R) store<u32>(row, pcOf(next), 12);
        }
        continue;
      }
      case 169: { // brLtU64r
        if (<u64>a64(R, at, frame, now, row) < <u64>b64(R, at, frame, now, row)) {
          next = targetOf(at);
          if (R) store<u32>(row, pcOf(next), 12);
        }
        continue;
      }
      case 170: { // brGeU64r
        if (<u64>a64(R, at, frame, now, row) >= <u64>b64(R, at, frame, now, row)) {
          next = targetOf(at);
          if (R) store<u32>(row, pcOf(next), 12);
        }
        continue;
      }
      case 171: { // brLtS64r
        if (a64(R, at, frame, now, row) < b64(R, at, frame, now, row)) {
          next = targetOf(at);
          if (R) store<u32>(row, pcOf(next), 12);
        }
        continue;
      }
      case 172: { // brGeS64r
        if (a64(R, at, frame, now, row) >= b64(R, at, frame, now, row)) {
          next = targetOf(at);
          if (R) store<u32>(row, pcOf(next), 12);
        }
        continue;
      }
      case 173: { // brEq64i
        if (a64(R, at, frame, now, row) == i64Of(at)) {
          next = targetOf(at);
          if (R) store<u32>(row, pcOf(next), 12);
        }
        continue;
      }
      case 174: { // brNe64i
        if (a64(R, at, frame, now, row) != i64Of(at)) {
          next = targetOf(at);
          if (R) store<u32>(row, pcOf(next), 12);
        }
        continue;
      }
      case 175: { // brLtU64i
        if (<u64>a64(R, at, frame, now, row) < <u64>i64Of(at)) {
          next = targetOf(at);
          if (R) store<u32>(row, pcOf(next), 12);
        }
        continue;
      }
      case 176: { // brGeU64i
        if (<u64>a64(R, at, frame, now, row) >= <u64>i64Of(at)) {
          next = targetOf(at);
          if (R) store<u32>(row, pcOf(next), 12);
        }
        continue;
      }
      case 177: { // brLtS64i
        if (a64(R, at, frame, now, row) < i64Of(at)) {
          next = targetOf(at);
          if (R) store<u32>(row, pcOf(next), 12);
        }
        continue;
      }
      case 178: { // brGeS64i
        if (a64(R, at, frame, now, row) >= i64Of(at)) {
          next = targetOf(at);
          if (R) store<u32>(row, pcOf(next), 12);
        }
        continue;
      }
      case 179: { // brTable
        const index = min(<u32>a32(R, at, frame, now, row), load<u32>(at, 20));
        next = load<u32>(targetOf(at) + 4 * index);
        if (R) store<u32>(row, pcOf(next), 12);
        continue;
      }
      case 180: { // call
        const callee = frame + load<u32>(at, 20);
        if (callee + load<u32>(at, 24) > SLOT_LIMIT) return leave(at, frame, now, remaining, STACK_EXHAUSTED);
        if (R) store<u32>(row, 1, 16);
        returnCell(R, RETURNS + callee, now, cells, pcOf(next), <u32>(frame >> 4));
        depth++;
        frame = callee;
        next = targetOf(at);
        if (R) store<u32>(row, pcOf(next), 12);
        continue;
      }
      case 181: { // callIndirect
        const index = <u32>a32(R, at, frame, now, row);
        if (index >= functionCount) return leave(at, frame, now, remaining, UNDEFINED_ELEMENT);
        const element = functions + 16 * index;
        if (load<u32>(element) == 0) return leave(at, frame, now, remaining, UNINITIALIZED_ELEMENT);
        if (load<i32>(element, 4) != load<i32>(at, 24)) return leave(at, frame, now, remaining, TYPE_MISMATCH);
        const callee = frame + load<u32>(at, 20);
        if (callee + load<u32>(element, 8) > SLOT_LIMIT) return leave(at, frame, now, remaining, STACK_EXHAUSTED);
        if (R) store<u32>(row, 1, 16);
        returnCell(R, RETURNS + callee, now + 1, cells, pcOf(next), <u32>(frame >> 4));
        depth++;
        frame = callee;
        next = load<u32>(element);
        if (R) store<u32>(row, pcOf(next), 12);
        continue;
      }
      case 182: { // return
        if (depth == 0) return leave(at, frame, now, remaining, RETURNED);
        depth--;
        const cell = RETURNS + frame;
        const pc = load<u32>(cell);
        const caller = load<u32>(cell, 4);
        if (R) store<u32>(row, 1, 16);
        returnCell(R, cell, now, cells, pc, caller);
        frame = 16 * caller;
        next = CODE + INSTRUCTION_BYTES * pc;
        if (R) store<u32>(row, pc, 12);
        continue;
      }
      case 190: // inputSize
        put32(R, at, frame, now + 0, out, inputBytes);
        continue;
      case 191: { // inputRead
        const to = <u64>load<u32>(frame + load<u32>(at, 8));
        const length = <u64>load<u32>(frame + load<u32>(at, 12));
        if (to + length > limit) return leave(at, frame, now, remaining, OUT_OF_BOUNDS);
        if ((to & 7) != 0) return leave(at, frame, now, remaining, UNALIGNED_POINTER);
        if ((length & 7) != 0 || (length != 0 && inputAt + 8 > inputBytes)) return leave(at, frame, now, remaining, INPUT_EXHAUSTED);
        if (!inputRow(R, at, frame, now, row, cells, out)) {
          next = at;
          if (R) store<u32>(row, pcOf(at), 12);
        }
        continue;
      }
      case 192: { // keccakF
        const pointer = <u64>load<u32>(frame + load<u32>(at, 8));
        if (pointer + KECCAK_BYTES > limit) return leave(at, frame, now, remaining, OUT_OF_BOUNDS);
        if ((pointer & 7) != 0) return leave(at, frame, now, remaining, UNALIGNED_POINTER);
        a32(R, at, frame, now, row);
        keccakCells(R, <u32>pointer, now, row, cells);
        return leave(next, frame, after, remaining, KECCAK_DONE);
      }
      case 193: { // halt
        const pointer = <u64>load<u32>(frame + load<u32>(at, 8));
        if (pointer + HALT_BYTES > limit) return leave(at, frame, now, remaining, OUT_OF_BOUNDS);
        if ((pointer & 7) != 0) return leave(at, frame, now, remaining, UNALIGNED_POINTER);
        a32(R, at, frame, now, row);
        haltCells(R, <u32>pointer, now, row, cells);
        return leave(CODE + INSTRUCTION_BYTES * HALT_PC, frame, after, remaining, HALTED);
      }
      case 252: // host call: its row is written when the host has the outputs
        if (R) store<u32>(type, load<u32>(type) - load<u32>(type, 4));
        return leave(at, frame, now, remaining, HOST_CALL);
      case 253:
        return leave(at, frame, now, remaining, HALTED);
      case 254:
        return leave(at, frame, now, remaining, UNREACHABLE);
      default:
        return leave(at, frame, now, remaining, NO_MEANING);
    }
  }
}

export function runFirst(rows: u32): u32 {
  return loop(false, rows);
}
export function runRecording(rows: u32): u32 {
  return loop(true, rows);
}

// What compiled code leaves to the interpreter in the midst of its run.

/**
 * Runs the resumable instruction at `pc` for up to `rows` rows; `ip` stays there if it is not done.
 * @returns how many rows ran: fewer than asked, and not done, before one that traps, which is not counted
 */
export function resumeFirst(pc: u32, frame: usize, now: u32, rows: u32): u32 {
  const at = CODE + INSTRUCTION_BYTES * pc;
  ip = at;
  fp = frame;
  clock = now;
  for (let k: u32 = 0; k < rows; k++) {
    if (runFirst(1) != ROWS_DONE) {
      const count = COUNTS + 4 * <u32>load<u8>(at);
      store<u32>(count, load<u32>(count) - 1);
      return k;
    }
    if (ip != at) return k + 1;
  }
  return rows;
}

/** The cells, first at `now`, and the count of a load or store at `pc` that was counted as an aligned one. */
export function unalignedFirst(pc: u32, address: u32, bytes: u32, now: u32): void {
  asUnaligned(false, 0, 0, <u32>load<u8>(CODE + INSTRUCTION_BYTES * pc), 0, 0, 0);
  unalignedCells(false, address, bytes, now, 0, 0);
}
