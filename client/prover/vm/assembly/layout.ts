/**
 * Memory of the fast executor, in bytes. Pages that a run never touches cost nothing, so regions have their largest size.
 *
 *     0           this module's constants, then tables that the host fills
 *     64 MiB      32-bit slots    ┐ 16 bytes each: value (8), time (4), epoch (4)
 *     128 MiB     64-bit slots    │
 *     192 MiB     return cells    ┘ value = return pc (4), caller's fp (4)
 *     256 MiB     instructions, 32 bytes each, by pc
 *     …           branch tables, function table, linear memory, times and epochs of its cells, input: placed by the host
 *     …           records of the present segment, then the list of its cells and refreshes, which grows
 */

export const COUNTS: usize = 0x10000;
/** Row types, 16 bytes each: where the next record goes, a record's bytes, where in it cells and writes start. */
export const TYPES: usize = 0x12000;
export const KECCAK: usize = 0x14000;
export const DIGITS: usize = 0x16000;

export const SLOT_BYTES: u32 = 16;
export const REGION_LOG: u32 = 26;
export const SLOTS32: usize = 1 << 26;
export const SLOTS64: usize = 2 << 26;
export const RETURNS: usize = 3 << 26;
export const CODE: usize = 4 << 26;

/** Where counts of instructions at unaligned addresses start, behind those of all others: both by opcode. */
export const UNALIGNED: usize = 256;

// The placed regions.
export let linear: usize = 0;
export let linearBytes: u64 = 0;
export let times: usize = 0;
export let epochs: usize = 0;
export let functions: usize = 0;
export let functionCount: u32 = 0;
export let input: usize = 0;
export let inputBytes: u32 = 0;

export function place(
  functionsAt: usize,
  functionsCount: u32,
  linearAt: usize,
  linearSize: u32,
  timesAt: usize,
  epochsAt: usize,
  inputAt: usize,
  inputSize: u32,
): void {
  functions = functionsAt;
  functionCount = functionsCount;
  linear = linearAt;
  linearBytes = linearSize;
  times = timesAt;
  epochs = epochsAt;
  input = inputAt;
  inputBytes = inputSize;
}

/**
 * One instruction:
 *
 *     0   1        2     4   8   12  16                          20                      24
 *     op  advance  type  w0  r0  r1  r2 | offset | target | …    r3 | w1 | frame | …     constant, or (type or size)
 *
 * Slot operands are byte addresses in their region, to be added to fp in bytes; type: place of the row type's entry
 * behind TYPES; targets: addresses of instructions.
 */
export const INSTRUCTION_BYTES: u32 = 32;
