import {
  type AccessRecord,
  type BoundaryRecord,
  type Limbs,
  MAX_GAP,
  type MemoryCell,
  MemorySpace,
  type RefreshRecord,
} from './records.ts';

type Cell = {
  readonly address: number;
  readonly initial: Limbs;
  /** The present value, as words and as the limbs that records share. */
  low: number;
  high: number;
  limbs: Limbs;
  /** Epoch of the last segment that touched the cell, and the one before that; 0 for none. */
  epoch: number;
  epochBefore: number;
  before: Limbs;
  start: number;
  /** Clock of the last access in segment `epoch`. */
  time: number;
};

const SPACES = Object.values(MemorySpace);

/** Who accessed each cell last, and what the boundary and memory-table rows say of it. */
export class MemoryLedger {
  private readonly cells = new Map(SPACES.map((space) => [space, new Map<number, Cell>()]));
  private touched = new Map(SPACES.map((space) => [space, [] as Cell[]]));
  private refreshes: RefreshRecord[] = [];
  private epoch = 1;

  /**
   * One access at `clock`, which is above all clocks given before in this segment. Values are two 32-bit words (one for
   * 32-bit slots, pc and fp for the call stack): what the executor had there before, and has afterwards.
   */
  access(
    space: MemorySpace,
    address: number,
    clock: number,
    before: readonly [number, number],
    after: readonly [number, number],
  ): AccessRecord {
    const ofSpace = this.cells.get(space)!;
    let cell = ofSpace.get(address);
    if (cell === undefined) {
      const limbs = limbsOf(space, before[0], before[1]);
      const value = { low: before[0], high: before[1], limbs, before: limbs };
      cell = { address, initial: limbs, ...value, epoch: 0, epochBefore: 0, start: 0, time: 0 };
      ofSpace.set(address, cell);
    }
    if (cell.epoch !== this.epoch) {
      cell.epochBefore = cell.epoch;
      cell.epoch = this.epoch;
      cell.before = cell.limbs;
      cell.start = clock - 1;
      cell.time = clock - 1;
      this.touched.get(space)!.push(cell);
    }
    let prev = cell.time;
    if (clock - prev - 1 >= MAX_GAP) {
      this.refreshes.push({ space, address, value: padded(cell.limbs), from: prev, to: clock - 1 });
      prev = clock - 1;
    }
    // The value comes from the executor, not from the access before: a write that escaped the records must show.
    const old = cell.low === before[0] && cell.high === before[1] ? cell.limbs : limbsOf(space, before[0], before[1]);
    const now = before[0] === after[0] && before[1] === after[1] ? old : limbsOf(space, after[0], after[1]);
    cell.low = after[0];
    cell.high = after[1];
    cell.limbs = now;
    cell.time = clock;
    return { before: old, after: now, prev };
  }

  /** Rows of the memory argument of the segment that ends here; the next one begins. */
  endSegment(): { readonly refreshes: readonly RefreshRecord[]; readonly boundaries: readonly BoundaryRecord[] } {
    const boundaries = [...this.touched].flatMap(([space, cells]) =>
      cells
        .sort((a, b) => a.address - b.address)
        .map((c) => ({
          space,
          address: c.address,
          before: padded(c.before),
          after: padded(c.limbs),
          epoch: c.epochBefore,
          ownEpoch: this.epoch,
          start: c.start,
          end: c.time,
        })),
    );
    const ended = { refreshes: this.refreshes, boundaries };
    this.touched = new Map(SPACES.map((space) => [space, []]));
    this.refreshes = [];
    this.epoch++;
    return ended;
  }

  /** All cells of the block by space, ascending. */
  memoryCells(): MemoryCell[] {
    return [...this.cells].flatMap(([space, cells]) =>
      [...cells.values()]
        .sort((a, b) => a.address - b.address)
        .map((c) => ({
          space,
          address: c.address,
          initial: padded(c.initial),
          last: padded(c.limbs),
          epoch: c.epoch,
        })),
    );
  }
}

function limbsOf(space: MemorySpace, low: number, high: number): Limbs {
  if (space === MemorySpace.CALL_STACK) return [low, high, 0, 0];
  if (space === MemorySpace.SLOT32) return [low & 0xffff, low >>> 16];
  return [low & 0xffff, low >>> 16, high & 0xffff, high >>> 16];
}

const padded = (limbs: Limbs): Limbs => (limbs.length === 4 ? limbs : [...limbs, 0, 0]);
