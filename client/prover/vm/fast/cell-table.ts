import { BOUNDARY_WORDS, MEMORY_CELL_WORDS } from '../flat-records.ts';
import type { FastMachine } from './machine.ts';

/** Words kept of a cell: space, address, initial low, initial high. */
const KEPT = 4;
const EPOCH = 6;

/** The cells that a run touches, collected from the boundaries that see them first. */
export class CellTable {
  private kept = new Uint32Array(KEPT * 1024);
  private count = 0;

  /**
   * Takes the cells of epoch 0, which no earlier segment touched.
   * @param boundaries `BOUNDARY_WORDS` words each
   */
  add(boundaries: Uint32Array): void {
    for (let at = 0; at < boundaries.length; at += BOUNDARY_WORDS) {
      if (boundaries[at + EPOCH] !== 0) continue;
      if (KEPT * this.count === this.kept.length) {
        const larger = new Uint32Array(2 * this.kept.length);
        larger.set(this.kept);
        this.kept = larger;
      }
      const to = KEPT * this.count++;
      for (let k = 0; k < KEPT; k++) this.kept[to + k] = boundaries[at + k]!;
    }
  }

  /** The memory table's words, once the run has ended. */
  words(machine: FastMachine): Uint32Array {
    const words = new Uint32Array(MEMORY_CELL_WORDS * this.count);
    const sorted = machine.sortedCells(this.kept.subarray(0, KEPT * this.count));
    for (let k = 0; k < this.count; k++) {
      const from = BOUNDARY_WORDS * k;
      const to = MEMORY_CELL_WORDS * k;
      for (let word = 0; word < EPOCH; word++) words[to + word] = sorted[from + word]!;
      words[to + EPOCH] = machine.interpreter.epochOf(sorted[from]!, sorted[from + 1]!);
    }
    return words;
  }
}
