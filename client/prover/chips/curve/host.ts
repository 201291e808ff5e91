import { defineChip } from '../../air/chip.ts';
import { array, field, u16 } from '../../air/columns.ts';
import type { Expr } from '../../air/expr.ts';
import { INSTRUCTIONS } from '../../vm/isa.ts';
import type { InstructionRecord } from '../../vm/records.ts';
import { plain } from '../adapter/encoding.ts';
import { fillInstruction, fillRead } from '../adapter/fill.ts';
import { executes, instructionColumns, readColumns } from '../adapter/instruction.ts';
import { type InstructionChip, instructionChip } from '../adapter/instruction-chip.ts';
import { MSM_CHAIN, POINT_IO, SCALARS, Space } from '../buses.ts';
import { CELL_LIMBS, cellOfPointer } from '../load/address.ts';
import { CONTROL_ROWS, doubledRegister, INFINITY_REGISTER, POINTS, SCALAR_BITS } from './registers.ts';

const POINT_CELLS = 8;
const SCALAR_CELLS = 2;
const SCALAR_LIMBS = CELL_LIMBS * SCALAR_CELLS;
const POINT_LIMBS = CELL_LIMBS * POINT_CELLS;
const INPUT_CELLS = POINTS * (POINT_CELLS + SCALAR_CELLS);
const SECP256K1 = 1;

/** An operand of a fixed value: what its slot must hold. */
const fixedOperand = {
  slot: field('slot relative to fp, from the program'),
  prev: field('clock of the slot’s previous access'),
};

/**
 * out = Σ scalarᵢ · pointᵢ on secp256k1, in memory: four points, four scalars of 128 bits. Reads both, hands the points to
 * registers and the scalars to the control rows, and writes the point that comes back, whose limbs are range-checked where
 * they leave their register. A call's rows know it by its clock.
 */
export const ecMsm: InstructionChip = instructionChip(
  defineChip({
    id: INSTRUCTIONS.ecMsm.chip,
    maxDegree: 2,
    columns: {
      ...instructionColumns,
      curve: fixedOperand,
      out: readColumns(2),
      pointsAt: readColumns(2),
      scalarsAt: readColumns(2),
      bits: fixedOperand,
      points: array(u16('x and y of each point'), POINTS * POINT_LIMBS),
      scalars: array(u16('limbs of the scalars'), POINTS * SCALAR_LIMBS),
      result: array(u16('x and y of the sum'), POINT_LIMBS),
      lastRegister: field('register of the sum'),
      prev: array(field('clock of an input cell’s previous access'), INPUT_CELLS),
      old: array(u16('limbs that the result replaces'), POINT_LIMBS),
      oldPrev: array(field('clock of a result cell’s previous access'), POINT_CELLS),
    },
    fillRow: (r: InstructionRecord, row) => {
      fillInstruction(row, r);
      [row.out, row.pointsAt, row.scalarsAt].forEach((operand, k) => {
        fillRead(operand, r, k + 1);
      });
      for (const [operand, k] of [[row.curve, 0] as const, [row.bits, 4] as const]) {
        operand.slot = r.instruction.reads[k]!;
        operand.prev = r.reads[k]!.prev;
      }
      const inputs = r.cells.slice(0, INPUT_CELLS);
      const outputs = r.cells.slice(INPUT_CELLS);
      row.points = inputs.slice(0, POINTS * POINT_CELLS).flatMap((cell) => cell.before);
      row.scalars = inputs.slice(POINTS * POINT_CELLS).flatMap((cell) => cell.before);
      row.result = outputs.flatMap((cell) => cell.after);
      row.prev = inputs.map((cell) => cell.prev);
      row.old = outputs.flatMap((cell) => cell.before);
      row.oldPrev = outputs.map((cell) => cell.prev);
      const lowBit = [0, 1, 2, 3].some((k) => (row.scalars[SCALAR_LIMBS * k]! & 1) === 1);
      row.lastRegister = doubledRegister(SCALAR_BITS - 1) + (lowBit ? 1 : 0);
    },
    constrain: (c, row) => {
      const { curve, out, pointsAt, scalarsAt, bits, points, scalars, result, lastRegister, isReal, clock } = row;
      const { op, advance } = INSTRUCTIONS.ecMsm;
      const once = { maxPerRow: 1 };
      const holds = (value: number): Expr[] => [c.constant(value), c.constant(0)];
      const operands = [
        { ...curve, limbs: holds(SECP256K1) },
        out,
        pointsAt,
        scalarsAt,
        { ...bits, limbs: holds(SCALAR_BITS) },
      ];
      const accesses = executes(c, row, { op, fields: operands.map((o) => o.slot), advance });
      for (const operand of operands) accesses.read(operand);
      const cellOf = (limbs: readonly Expr[], k: number): readonly Expr[] =>
        limbs.slice(CELL_LIMBS * k, CELL_LIMBS * (k + 1));
      const inputs = [...points, ...scalars];
      const firstPoint = cellOfPointer(c, pointsAt.limbs, isReal);
      const firstScalar = cellOfPointer(c, scalarsAt.limbs, isReal);
      row.prev.forEach((prev, k) => {
        const pointCells = POINTS * POINT_CELLS;
        const address = k < pointCells ? firstPoint.add(k) : firstScalar.add(k - pointCells);
        accesses.cell(Space.LINEAR, address, cellOf(inputs, k), cellOf(inputs, k), prev);
      });
      const to = cellOfPointer(c, out.limbs, isReal);
      row.oldPrev.forEach((prev, k) => {
        accesses.cell(Space.LINEAR, to.add(k), cellOf(row.old, k), cellOf(result, k), prev);
      });
      for (let k = 0; k < POINTS; k++)
        c.send(POINT_IO, [clock, 2 ** k, 0, ...points.slice(POINT_LIMBS * k, POINT_LIMBS * (k + 1))], isReal, once);
      c.send(POINT_IO, [clock, lastRegister, 1, ...result], isReal, once);
      for (let k = 0; k < CONTROL_ROWS; k++) {
        const limb = (scalar: number): Expr => scalars[SCALAR_LIMBS * (scalar + 1) - 1 - k]!;
        c.send(SCALARS, [clock, k, limb(0), limb(1), limb(2), limb(3)], isReal, once);
      }
      c.send(MSM_CHAIN, [clock, 0, INFINITY_REGISTER], isReal, once);
      c.receive(MSM_CHAIN, [clock, CONTROL_ROWS, lastRegister], isReal, once);
    },
  }),
  { ecMsm: plain },
);
