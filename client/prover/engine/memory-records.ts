import { MEMORY_ROW_WORDS } from '../chips/memory/memory-table.ts';
import type { ZkVm } from '../machine/zkvm.ts';
import { cellKey } from '../machine/zones.ts';
import { MEMORY_CELL_WORDS } from '../vm/flat-records.ts';

const NO_WORDS = [0, 0] as const;

/**
 * Records of the memory table: one per cell of the block and for the first cell of every zone, ascending, each with its
 * successor. A first cell that the block does not touch keeps its initial value.
 * @param cells by space, ascending
 */
export function memoryRecords(vm: ZkVm<string>, cells: Uint32Array): Uint32Array {
  const places = new Map<number, number[]>();
  for (let at = 0; at < cells.length; at += MEMORY_CELL_WORDS) {
    const list = places.get(cells[at]!);
    if (list === undefined) places.set(cells[at]!, [at]);
    else list.push(at);
  }
  const records = new Uint32Array((cells.length / MEMORY_CELL_WORDS + vm.zones.length) * MEMORY_ROW_WORDS);
  let out = 0;
  for (const { space, kind, from, to } of vm.zones) {
    const all = places.get(space) ?? [];
    let k = firstFrom(all, cells, from);
    const add = (address: number, at: number | undefined): void => {
      const next = k < all.length ? cells[all[k]! + 1]! : to;
      const initial = vm.initial.get(cellKey(space, address)) ?? NO_WORDS;
      const last = at === undefined ? initial : cells.subarray(at + 4, at + 6);
      records.set([space, kind, address, Math.min(next, to)], out);
      records.set(initial, out + 4);
      records.set(last, out + 6);
      records[out + 8] = at === undefined ? 0 : cells[at + 6]!;
      out += MEMORY_ROW_WORDS;
    };
    const isFirst = k < all.length && cells[all[k]! + 1] === from;
    add(from, isFirst ? all[k++] : undefined);
    while (k < all.length && cells[all[k]! + 1]! < to) {
      const at = all[k++]!;
      add(cells[at + 1]!, at);
    }
  }
  return records.subarray(0, out);
}

/** Place in the list of the first cell from an address on. */
function firstFrom(list: readonly number[], cells: Uint32Array, address: number): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cells[list[middle]! + 1]! < address) low = middle + 1;
    else high = middle;
  }
  return low;
}
