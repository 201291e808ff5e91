import type { Word } from '../../air/word.ts';
import { Space } from '../buses.ts';

/** Values of the call stack's cells: a pc and a frame pointer. */
const NUMBER_BITS = 30;

/** The limbs of a cell's value: four of 16 bits, but those of the call stack are two whole numbers. */
export function cellLimbs(space: Word, low: Word, high: Word): Word[] {
  const isStack = space.equal(Space.CALL_STACK);
  const [l0, l1] = low.limbs();
  const [l2, l3] = high.limbs();
  return [
    isStack.select(low, l0).below(NUMBER_BITS),
    isStack.select(high, l1).below(NUMBER_BITS),
    isStack.select(0, l2),
    isStack.select(0, l3),
  ];
}
