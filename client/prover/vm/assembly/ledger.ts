/**
 * Who accessed each cell last. Times are clocks counted through the whole run: a segment starts more than MAX_GAP behind
 * the one before, so that one comparison finds both a segment's first access and one that needs a refresh.
 */
import { DIGITS, epochs, linear, REGION_LOG, RETURNS, SLOT_BYTES, SLOTS32, SLOTS64, times } from './layout';

export const MAX_GAP: u32 = 1 << 16;
const SEGMENT_GAP: u32 = 1 << 17;
/** Behind this a segment's clocks might not fit. */
const LAST_BASE: u32 = <u32>((1 << 32) - (1 << 29) - (1 << 18));

/** 256 MiB. */
const GROWTH_PAGES: i32 = 1 << 12;

const LINEAR_SPACE: u32 = 3;
const STACK_SPACE: u32 = 4;
/** Marks a refresh among the list's entries. */
const REFRESH: u32 = 16;
/** Words of an entry are those of a boundary, or of a refresh. */
export const ENTRY_BYTES: usize = 36;
const REFRESH_BYTES: usize = 24;

/** Clock 0 of the present segment. */
export let base: u32 = SEGMENT_GAP;
export let epoch: u32 = 1;
export let list: usize = 0;
export let listEnd: usize = 0;
/** What `endSegment` made. */
export let boundaries: usize = 0;
export let boundaryCount: u32 = 0;
export let refreshes: usize = 0;
export let refreshCount: u32 = 0;

/** The list starts at `at`, empty. */
export function placeList(at: usize): void {
  list = at;
  listEnd = at;
}

/** Entries up to `end` are the host's. */
export function setListEnd(end: usize): void {
  listEnd = end;
}

/** Makes memory reach `end`. In large steps: a host collects its garbage when memory grows. */
export function reserve(end: u64): bool {
  const missing = <i32>((end + 0xffff) >> 16) - memory.size();
  return missing <= 0 || memory.grow(max(missing, GROWTH_PAGES)) >= 0 || memory.grow(missing) >= 0;
}

/** The segment's time starts at `clock`, or far enough behind it. */
export function nextSegment(clock: u32): u32 {
  epoch++;
  base = clock + SEGMENT_GAP;
  if (base > LAST_BASE) {
    forgetTimes();
    base = SEGMENT_GAP;
  }
  return base + 1;
}

/** Every cell was last accessed long ago. Pages without cells are only read. */
function forgetTimes(): void {
  for (let cell = SLOTS32; cell < RETURNS + (1 << REGION_LOG); cell += SLOT_BYTES)
    if (load<u32>(cell, 8) != 0) store<u32>(cell, 0, 8);
  for (let at = times; at < epochs; at += 4) if (load<u32>(at) != 0) store<u32>(at, 0);
}

/** Accesses a slot or return cell at `now`; its clock before that. */
// @ts-ignore: decorator
@inline export function touch(cell: usize, now: u32): u32 {
  let prev = load<u32>(cell, 8);
  if (now - prev > MAX_GAP) prev = renewSlot(cell, now);
  store<u32>(cell, now, 8);
  return prev;
}

/** Accesses a cell of linear memory by the address of one of its bytes. */
// @ts-ignore: decorator
@inline export function touchLinear(address: u32, now: u32): u32 {
  const at = times + ((address >> 1) & 0x7ffffffc);
  let prev = load<u32>(at);
  if (now - prev > MAX_GAP) prev = renewLinear(at, address >> 3, now);
  store<u32>(at, now);
  return prev;
}

/** The access at `now` is the segment's first of a slot or return cell, or needs a refresh. */
export function renewSlot(cell: usize, now: u32): u32 {
  const region = cell >> REGION_LOG;
  const address = (cell & ((1 << REGION_LOG) - 1)) / SLOT_BYTES;
  const space = region == RETURNS >> REGION_LOG ? STACK_SPACE : region;
  renew(space, address, load<u64>(cell), load<u32>(cell, 12), load<u32>(cell, 8), now);
  store<u32>(cell, epoch, 12);
  return now - 1;
}

/** Marks slots of globals in a list for `renewSlots`. */
const GLOBAL: u32 = 0x80000000;

/**
 * Renews those slots of a block of compiled code that need it. The list: `count` × (where the slot stands but for the frame,
 * clock of the block's first access behind `now`).
 */
export function renewSlots(slots: usize, count: u32, frame: usize, now: u32): void {
  for (let k: u32 = 0; k < count; k++) {
    const first = load<u32>(slots + 8 * k, 4);
    const cell = load<u32>(slots + 8 * k) + ((first & GLOBAL) != 0 ? 0 : frame);
    const time = now + (first & ~GLOBAL);
    if (time - load<u32>(cell, 8) > MAX_GAP) renewSlot(cell, time);
  }
}

/** The same of a cell of linear memory; `at`: where its time stands. */
export function renewLinear(at: usize, cell: u32, now: u32): u32 {
  const epochAt = at - times + epochs;
  renew(LINEAR_SPACE, cell, load<u64>(linear + 8 * cell), load<u32>(epochAt), load<u32>(at), now);
  store<u32>(epochAt, epoch);
  return now - 1;
}

function renew(space: u32, address: u32, value: u64, epochBefore: u32, prev: u32, now: u32): void {
  const entry = listEnd;
  const first = epochBefore != epoch;
  store<u32>(entry, first ? space : space | REFRESH);
  store<u32>(entry, address, 4);
  store<u64>(entry, value, 8);
  if (first) {
    store<u32>(entry, epochBefore, 24);
    store<u32>(entry, now - 1 - base, 28);
  } else {
    store<u32>(entry, prev - base, 16);
    store<u32>(entry, now - 1 - base, 20);
  }
  listEnd = entry + ENTRY_BYTES;
}

/** Turns the list into boundaries, by space and address, and refreshes in order. */
export function endSegment(): bool {
  const entries = <u32>((listEnd - list) / ENTRY_BYTES);
  if (!reserve(<u64>listEnd + <u64>entries * (ENTRY_BYTES + REFRESH_BYTES + 16) + 64)) return false;
  const keys = (listEnd + 7) & ~7;
  const other = keys + 8 * entries;
  boundaries = other + 8 * entries;
  let count: u32 = 0;
  refreshCount = 0;
  for (let k: u32 = 0; k < entries; k++) {
    const entry = list + ENTRY_BYTES * k;
    const space = load<u32>(entry);
    if ((space & REFRESH) != 0) {
      refreshCount++;
      continue;
    }
    store<u64>(keys + 8 * count, (<u64>((space - 1) << 30 | load<u32>(entry, 4)) << 32) | k);
    count++;
  }
  const sorted = sortKeys(keys, other, count);
  for (let k: u32 = 0; k < count; k++) {
    const entry = list + ENTRY_BYTES * load<u32>(sorted + 8 * k);
    const to = boundaries + ENTRY_BYTES * k;
    copyEntry(to, entry);
    const space = load<u32>(entry);
    const address = load<u32>(entry, 4);
    if (space == LINEAR_SPACE) {
      store<u64>(to, load<u64>(linear + 8 * address), 16);
      store<u32>(to, load<u32>(times + 4 * address) - base, 32);
    } else {
      const cell = slotCell(space, address);
      store<u64>(to, load<u64>(cell), 16);
      store<u32>(to, load<u32>(cell, 8) - base, 32);
    }
  }
  boundaryCount = count;
  refreshes = boundaries + ENTRY_BYTES * count;
  let to = refreshes;
  for (let entry = list; entry < listEnd; entry += ENTRY_BYTES) {
    const space = load<u32>(entry);
    if ((space & REFRESH) == 0) continue;
    // In order of time, though compiled code looks at a block's slots before its other cells.
    const time = load<u32>(entry, 20);
    let at = to;
    while (at > refreshes && load<u32>(at - REFRESH_BYTES, 20) > time) {
      copyRefresh(at, at - REFRESH_BYTES);
      at -= REFRESH_BYTES;
    }
    copyRefresh(at, entry);
    store<u32>(at, space ^ REFRESH);
    to += REFRESH_BYTES;
  }
  return true;
}

// Word by word: V8 calls out of WebAssembly for `memory.copy`.

// @ts-ignore: decorator
@inline function copyEntry(to: usize, from: usize): void {
  store<u64>(to, load<u64>(from));
  store<u64>(to, load<u64>(from, 8), 8);
  store<u64>(to, load<u64>(from, 16), 16);
  store<u64>(to, load<u64>(from, 24), 24);
  store<u32>(to, load<u32>(from, 32), 32);
}
// @ts-ignore: decorator
@inline function copyRefresh(to: usize, from: usize): void {
  store<u64>(to, load<u64>(from));
  store<u64>(to, load<u64>(from, 8), 8);
  store<u64>(to, load<u64>(from, 16), 16);
}

function slotCell(space: u32, address: u32): usize {
  const region = space == STACK_SPACE ? RETURNS : space == 1 ? SLOTS32 : SLOTS64;
  return region + SLOT_BYTES * address;
}

/** Last epoch of a cell: for the block's memory table. */
export function epochOf(space: u32, address: u32): u32 {
  return space == LINEAR_SPACE ? load<u32>(epochs + 4 * address) : load<u32>(slotCell(space, address), 12);
}

/** Sorts by the upper 32 bits, 11 at a time; where the result lies. */
function sortKeys(keys: usize, other: usize, count: u32): usize {
  for (let shift: u64 = 32; shift < 64; shift += 11) {
    memory.fill(DIGITS, 0, 2048 * 4);
    for (let k: u32 = 0; k < count; k++) {
      const digit = DIGITS + 4 * (<usize>(load<u64>(keys + 8 * k) >> shift) & 2047);
      store<u32>(digit, load<u32>(digit) + 1);
    }
    let sum: u32 = 0;
    for (let d: usize = DIGITS; d < DIGITS + 2048 * 4; d += 4) {
      const n = load<u32>(d);
      store<u32>(d, sum);
      sum += n;
    }
    for (let k: u32 = 0; k < count; k++) {
      const key = load<u64>(keys + 8 * k);
      const digit = DIGITS + 4 * (<usize>(key >> shift) & 2047);
      const at = load<u32>(digit);
      store<u32>(digit, at + 1);
      store<u64>(other + 8 * at, key);
    }
    const swap = keys;
    keys = other;
    other = swap;
  }
  return keys;
}
