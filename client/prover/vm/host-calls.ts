import { advice, ecMsm, mulmod256 } from './accelerators.ts';
import type { TrapReason } from './execute.ts';
import type { OpName } from './isa.ts';

/** Number of an operand that is a pointer, and the cells that lie there. */
export type Region = readonly [operand: number, cells: number];

/**
 * A host call that reads memory and then writes memory, in whole cells of 8 bytes (`mulmod256`, `advice`, `ec_msm`). All
 * executors run it by this description, so that its accesses are the same everywhere: operand slots, then the input cells,
 * then the output cells, each at the next clock. A cell that is both is accessed twice. `cells` comes first, then the check
 * that all of them lie in memory, then `compute`: the first reason to trap is the one that counts.
 */
export type HostCall = {
  /** How many cells it accesses, whatever the operands. */
  readonly inputCells: number;
  readonly outputCells: number;
  /** Where they lie: one after another from the pointers that are operands. */
  readonly inputs: readonly Region[];
  readonly output: Region;
  /** Cells of linear memory (address / 8) for its operands, unsigned words in the order of the instruction set's reads. */
  readonly cells: (
    operands: readonly number[],
  ) => { readonly inputs: readonly number[]; readonly outputs: readonly number[] } | TrapReason;
  /** The output cells' words from the input cells', two per cell, low word first. */
  readonly compute: (operands: readonly number[], inputs: Uint32Array) => Uint32Array | TrapReason;
};

const CELL_BYTES = 8;

function hostCall(inputs: readonly Region[], output: Region, compute: HostCall['compute']): HostCall {
  return {
    inputCells: inputs.reduce((sum, [, cells]) => sum + cells, 0),
    outputCells: output[1],
    inputs,
    output,
    compute,
    cells: (operands) => {
      const regions = [...inputs, output];
      if (regions.some(([operand]) => operands[operand]! % CELL_BYTES !== 0)) return 'unaligned pointer';
      const at = ([operand, cells]: Region): number[] =>
        Array.from({ length: cells }, (_, k) => operands[operand]! / CELL_BYTES + k);
      return { inputs: inputs.flatMap(at), outputs: at(output) };
    },
  };
}

/**
 * The instructions that are host calls of this kind, by the guest ABI:
 * - `mulmod256(out, a, b, c, m)`: out = (a · b + c) mod m, 32 bytes each.
 * - `advice(kind, out, in)`: 64 bytes in, 48 bytes out.
 * - `ec_msm(curve, out, points, scalars, bits)`: points 4 × 64 bytes, scalars 4 × 16 bytes, out 64 bytes.
 */
export const HOST_CALLS: Partial<Readonly<Record<OpName, HostCall>>> = {
  mulmod256: hostCall(
    [
      [1, 4],
      [2, 4],
      [3, 4],
      [4, 4],
    ],
    [0, 4],
    (_, inputs) => mulmod256(inputs),
  ),
  advice: hostCall([[2, 8]], [1, 6], ([kind], inputs) => advice(kind!, inputs)),
  ecMsm: hostCall(
    [
      [2, 32],
      [3, 8],
    ],
    [1, 8],
    ([curve, , , , bits], inputs) => ecMsm(curve!, bits!, inputs),
  ),
};
