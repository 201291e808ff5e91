import { Space } from '../chips/buses.ts';
import { ZoneKind } from '../chips/memory/memory-table.ts';
import type { Program } from '../vm/program.ts';

/** Cells [from, to) of one space that all start as zero, or all as the program's data says. */
export type Zone = { readonly space: number; readonly kind: number; readonly from: number; readonly to: number };

/** One initial cell: limbs at an address of a data zone. */
export type InitialCell = { readonly space: number; readonly address: number; readonly limbs: readonly number[] };

/** A cell of any space as one number. */
export const cellKey = (space: number, address: number): number => space * 2 ** 32 + address;

const CELL_BYTES = 8;
const LIMBS = 4;

const limbsOf = (value: bigint): number[] =>
  Array.from({ length: LIMBS }, (_, k) => Number((BigInt.asUintN(64, value) >> BigInt(16 * k)) & 0xffffn));

/**
 * The memory that a program starts with. Each zone has at least one cell, zones of a space do not overlap, and every cell
 * of a data zone has contents.
 * @param slots number of slots of each width, globals included
 */
export function initialMemory(
  program: Program,
  slots: number,
): { readonly zones: readonly Zone[]; readonly cells: readonly InitialCell[] } {
  const zones: Zone[] = [];
  const cells: InitialCell[] = [];
  const globals = program.globals.length;
  for (const [space, width] of [
    [Space.SLOT32, 32],
    [Space.SLOT64, 64],
  ] as const) {
    if (globals > 0) zones.push({ space, kind: ZoneKind.DATA, from: 0, to: globals });
    zones.push({ space, kind: ZoneKind.ZERO, from: globals, to: slots });
    program.globals.forEach((g, address) => {
      const value = g.width === width ? BigInt.asUintN(width, g.value) : 0n;
      cells.push({ space, address, limbs: limbsOf(value) });
    });
  }
  zones.push({ space: Space.CALL_STACK, kind: ZoneKind.ZERO, from: 0, to: slots });
  linearMemory(program, zones, cells);
  return { zones, cells };
}

function linearMemory(program: Program, zones: Zone[], cells: InitialCell[]): void {
  const size = program.memoryBytes / CELL_BYTES;
  const bytes = new Map<number, Uint8Array>();
  for (const { offset, bytes: data } of program.data)
    data.forEach((b, i) => {
      const at = offset + i;
      const cell = Math.floor(at / CELL_BYTES);
      const contents = bytes.get(cell) ?? new Uint8Array(CELL_BYTES);
      contents[at % CELL_BYTES] = b;
      bytes.set(cell, contents);
    });
  const addresses = [...bytes.keys()].sort((a, b) => a - b);
  let next = 0;
  const zone = (kind: number, from: number, to: number): void => {
    if (to > from) zones.push({ space: Space.LINEAR, kind, from, to });
  };
  for (let i = 0; i < addresses.length; ) {
    const from = addresses[i]!;
    let to = from;
    while (addresses[i] === to) {
      const limbs = new DataView(bytes.get(to)!.buffer);
      cells.push({
        space: Space.LINEAR,
        address: to,
        limbs: Array.from({ length: LIMBS }, (_, k) => limbs.getUint16(2 * k, true)),
      });
      to++;
      i++;
    }
    zone(ZoneKind.ZERO, next, from);
    zone(ZoneKind.DATA, from, to);
    next = to;
  }
  zone(ZoneKind.ZERO, next, size);
}
