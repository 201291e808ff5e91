import type { InstructionChip } from '../chips/adapter/instruction-chip.ts';
import { add32i, add32r, add64i, add64r, sub32r, sub64r } from '../chips/add/chip.ts';
import { add128 } from '../chips/add128/chip.ts';
import { advice } from '../chips/advice/chip.ts';
import {
  branchEqual32i,
  branchLess32,
  branchLess32i,
  branchLess64,
  branchLess64i,
  branchOther32,
  branchOther32i,
  branchOther64,
  branchOther64i,
  branchZero32,
  branchZero64,
} from '../chips/branch/chip.ts';
import { compare32, compare32i, compare64, compare64i } from '../chips/compare/chip.ts';
import { branchTable, call, callIndirect, jump, returns } from '../chips/control/chip.ts';
import { copyCells } from '../chips/copy/cells.ts';
import { copy, fill } from '../chips/copy/chip.ts';
import { countBits32, countBits64 } from '../chips/count-zeros/chip.ts';
import { ecMsm } from '../chips/curve/host.ts';
import { divide32, divide64 } from '../chips/divide/chip.ts';
import { ext } from '../chips/extend/chip.ts';
import { halt } from '../chips/halt/chip.ts';
import { inputRead, inputSize } from '../chips/input/chip.ts';
import { keccakHost } from '../chips/keccak/host.ts';
import { load8, load16, load32, load32x, load64 } from '../chips/load/chip.ts';
import { andLow32, andLow64, logic32, logic32i, logic64, logic64i } from '../chips/logic/chip.ts';
import {
  const32,
  const64,
  globalGet32,
  globalGet64,
  globalSet32,
  globalSet64,
  mov32,
  mov64,
  select32,
  select64,
} from '../chips/move/chip.ts';
import { mulmod } from '../chips/mulmod/chip.ts';
import { multiply32, multiply64, multiplyWide } from '../chips/multiply/chip.ts';
import { rotate32i, rotate64i } from '../chips/rotate/chip.ts';
import { shift32i, shift64i } from '../chips/shift/chip.ts';
import { shiftVariable32, shiftVariable64 } from '../chips/shiftx/chip.ts';
import { store32, store32x, store64, storeSubWord } from '../chips/store/chip.ts';
import { loadUnaligned, storeUnaligned } from '../chips/unaligned/chip.ts';

/** The chips that execute instructions, in the order that numbers them. */
export const INSTRUCTION_CHIPS: readonly InstructionChip[] = [
  mov32,
  mov64,
  const32,
  const64,
  select32,
  select64,
  ext,
  globalGet32,
  globalGet64,
  globalSet32,
  globalSet64,
  add32r,
  add32i,
  sub32r,
  add64r,
  add64i,
  sub64r,
  logic32,
  logic32i,
  logic64,
  logic64i,
  andLow32,
  andLow64,
  shift32i,
  shift64i,
  rotate32i,
  rotate64i,
  shiftVariable32,
  shiftVariable64,
  multiply32,
  multiply64,
  multiplyWide,
  divide32,
  divide64,
  countBits32,
  countBits64,
  add128,
  compare32,
  compare32i,
  compare64,
  compare64i,
  load32,
  load32x,
  load64,
  load16,
  load8,
  store32,
  store32x,
  store64,
  storeSubWord,
  loadUnaligned,
  storeUnaligned,
  copy,
  copyCells,
  fill,
  jump,
  branchZero32,
  branchZero64,
  branchEqual32i,
  branchLess32,
  branchLess32i,
  branchLess64,
  branchLess64i,
  branchOther32,
  branchOther32i,
  branchOther64,
  branchOther64i,
  branchTable,
  call,
  callIndirect,
  returns,
  inputSize,
  inputRead,
  keccakHost,
  halt,
  mulmod,
  advice,
  ecMsm,
];
