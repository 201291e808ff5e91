import { ClientError } from '../../../errors.ts';
import type { HostCallRecord } from '../../vm/records.ts';
import type { AdditionRecord } from './add.ts';
import type { ControlRecord } from './control.ts';
import { type AffinePoint, addPoints, type Register, registerOf, withInverses } from './field.ts';
import type { PointIoRecord } from './point-io.ts';
import {
  CONTROL_ROWS,
  doubledRegister,
  INFINITY_REGISTER,
  POINTS,
  SCALAR_BITS,
  STEPS_PER_ROW,
  SUBSET_ADDITIONS,
} from './registers.ts';

/** Records of the rows of one call of `ec_msm`. */
export type MsmRows = {
  readonly points: readonly PointIoRecord[];
  readonly control: readonly ControlRecord[];
  readonly additions: readonly AdditionRecord[];
};

const WORDS = 8;
const SCALAR_WORDS = 4;
const SCALARS_AT = 2 * WORDS * POINTS;

const valueAt = (words: Uint32Array, from: number): bigint =>
  words.subarray(from, from + WORDS).reduceRight((value, word) => (value << 32n) | BigInt(word), 0n);

function pointAt(words: Uint32Array, from: number): AffinePoint {
  const [x, y] = [valueAt(words, from), valueAt(words, from + WORDS)];
  return x === 0n && y === 0n ? undefined : { x, y };
}

/** The words of the scalars of a call, from the lowest. */
const scalarsOf = ({ inputs }: HostCallRecord): Uint32Array[] =>
  Array.from({ length: POINTS }, (_, k) =>
    inputs.subarray(SCALARS_AT + SCALAR_WORDS * k, SCALARS_AT + SCALAR_WORDS * (k + 1)),
  );

/** Where at least one scalar has a bit: the steps that add a subset, from the highest bit on. */
function addingSteps(call: HostCallRecord): boolean[] {
  const scalars = scalarsOf(call);
  return Array.from({ length: SCALAR_BITS }, (_, step) => {
    const at = SCALAR_BITS - 1 - step;
    return scalars.some((words) => ((words[at >> 5]! >>> (at & 31)) & 1) === 1);
  });
}

/** How many additions a call takes. */
export const additionsOf = (call: HostCallRecord): number =>
  SUBSET_ADDITIONS.length + SCALAR_BITS + addingSteps(call).filter((adds) => adds).length;

/** The rows of calls, computed from their inputs. */
export const msmRows = (calls: readonly HostCallRecord[]): MsmRows[] => withInverses(calls.map(rowsOfCall));

function* rowsOfCall(call: HostCallRecord): Generator<bigint, MsmRows, bigint> {
  const { clock, inputs } = call;
  const registers = new Map<number, Register>([[INFINITY_REGISTER, registerOf(undefined)]]);
  const uses = new Map<number, number>();
  const use = (register: number): Register => {
    const found = registers.get(register);
    if (found === undefined)
      throw new ClientError('registerMissing', `register ${register} is read before it is written`, { register });
    uses.set(register, (uses.get(register) ?? 0) + 1);
    return found;
  };
  const additions: Omit<AdditionRecord, 'uses'>[] = [];
  function* add(left: number, right: number, result: number): Generator<bigint, void, bigint> {
    const [p, q] = [use(left), use(right)];
    const { mode, slope, sum } = yield* addPoints(p.point, q.point);
    const r = registerOf(sum);
    registers.set(result, r);
    additions.push({ call: clock, left, right, result, p, q, r, mode, slope });
  }
  const loads = Array.from({ length: POINTS }, (_, k) => ({
    register: 2 ** k,
    point: registerOf(pointAt(inputs, 2 * WORDS * k)),
  }));
  for (const { register, point } of loads) registers.set(register, point);
  for (const [left, right, result] of SUBSET_ADDITIONS) yield* add(left, right, result);

  const scalars = scalarsOf(call);
  const adds = addingSteps(call);
  const control: Omit<ControlRecord, 'uses'>[] = [];
  let sum = INFINITY_REGISTER;
  for (let row = 0; row < CONTROL_ROWS; row++) {
    const limb = CONTROL_ROWS - 1 - row;
    const limbs = scalars.map((words) => (words[limb >> 1]! >>> (16 * (limb & 1))) & 0xffff);
    control.push({ call: clock, row, limbs, start: sum });
    for (let k = 0; k < STEPS_PER_ROW; k++) {
      const step = STEPS_PER_ROW * row + k;
      const doubled = doubledRegister(step);
      yield* add(sum, sum, doubled);
      sum = doubled;
      if (!adds[step]) continue;
      const subset = limbs.reduce((index, l, i) => index + ((l >> (STEPS_PER_ROW - 1 - k)) & 1) * 2 ** i, 0);
      yield* add(doubled, subset, doubled + 1);
      sum = doubled + 1;
    }
  }
  const result = use(sum);
  const usesOf = (register: number): number => uses.get(register) ?? 0;
  return {
    points: [
      ...loads.map((load) => ({ ...load, call: clock, isStore: false, uses: usesOf(load.register) })),
      { call: clock, register: sum, isStore: true, point: result, uses: 0 },
    ],
    control: control.map((row) => ({ ...row, uses: row.row === 0 ? usesOf(INFINITY_REGISTER) : 0 })),
    additions: additions.map((addition) => ({ ...addition, uses: usesOf(addition.result) })),
  };
}
