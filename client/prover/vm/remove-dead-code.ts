import { INSTRUCTIONS, type Instruction } from './isa.ts';
import type { Code } from './lowered-code.ts';
import { type Block, blocksOf, type Effects, effectsOf, type TypeOf } from './lowered-flow.ts';

/** Instructions that do nothing but give a result: those that cannot trap, and touch no memory, global or host. */
function onlyComputes(op: Code['op']): boolean {
  if (op === 'trap' || op === 'globalSet32' || op === 'globalSet64') return false;
  const { control, memoryBytes, writes }: Instruction = INSTRUCTIONS[op];
  return control === 'next' && memoryBytes === 0 && writes.length > 0 && !/^(div|rem)/.test(op);
}

/** A set of slots as bits. */
type Live = Uint32Array;
const has = (live: Live, key: number): boolean => ((live[key >> 5]! >> (key & 31)) & 1) === 1;
const add = (live: Live, key: number): void => {
  live[key >> 5]! |= 1 << (key & 31);
};
const remove = (live: Live, key: number): void => {
  live[key >> 5]! &= ~(1 << (key & 31));
};

/** Removes a key and all above it. */
const removeFrom = (live: Live, key: number): void => {
  const word = key >> 5;
  if (word >= live.length) return;
  live[word]! &= 2 ** (key & 31) - 1;
  live.fill(0, word + 1);
};

/**
 * Removes instructions that only give results which nobody reads.
 * @param size slots of the function's frame
 */
export function removeDeadCode(code: readonly Code[], typeOf: TypeOf, size: number): Code[] {
  const effects = code.map((c) => effectsOf(c, typeOf));
  const computes = code.map((c) => onlyComputes(c.op));
  const blocks = blocksOf(code);
  const words = ((2 * size) >> 5) + 1;
  const isDead = (k: number, live: Live): boolean => {
    if (!computes[k]!) return false;
    if (isIdle(code[k]!)) return true;
    for (const key of effects[k]!.writes) if (has(live, key)) return false;
    return true;
  };
  const live = new Uint32Array(words);
  const entries = liveSlots(blocks, effects, isDead, live);
  const kept = new Uint8Array(code.length).fill(1);
  blocks.forEach((block) => {
    walkBack(block, entries, effects, live, (k) => {
      const dead = isDead(k, live);
      if (dead) kept[k] = 0;
      return dead;
    });
  });
  return without(code, kept);
}

/** Whether a set has something that another one lacks. */
function exceeds(live: Live, other: Live): boolean {
  for (let w = 0; w < live.length; w++) if ((live[w]! & ~other[w]!) !== 0) return true;
  return false;
}

/** A move from a slot to itself. */
const isIdle = ({ op, reads, writes }: Code): boolean => (op === 'mov32' || op === 'mov64') && reads[0] === writes[0];

/** Slots that are read later, at the first instruction of every block. */
function liveSlots(
  blocks: readonly Block[],
  effects: readonly Effects[],
  isDead: (k: number, live: Live) => boolean,
  live: Live,
): Live[] {
  const entries = blocks.map(() => new Uint32Array(live.length));
  const before = blocks.map((): number[] => []);
  blocks.forEach(({ successors }, n) => {
    for (const next of successors) before[next]!.push(n);
  });
  const waiting = new Set(blocks.map((_, n) => blocks.length - 1 - n));
  for (const n of waiting) {
    waiting.delete(n);
    walkBack(blocks[n]!, entries, effects, live, isDead);
    const entry = entries[n]!;
    if (!exceeds(live, entry)) continue;
    entry.set(live);
    for (const previous of before[n]!) waiting.add(previous);
  }
  return entries;
}

/** Leaves in `live` the slots that are live in front of a block; `skips` says which of its instructions count for nothing. */
function walkBack(
  { first, end, successors }: Block,
  entries: readonly Live[],
  effects: readonly Effects[],
  live: Live,
  skips: (k: number, live: Live) => boolean,
): void {
  live.fill(0);
  for (const next of successors) {
    const entry = entries[next]!;
    for (let w = 0; w < live.length; w++) live[w]! |= entry[w]!;
  }
  for (let k = end - 1; k >= first; k--) {
    if (skips(k, live)) continue;
    const { reads, writes, clobbers } = effects[k]!;
    if (clobbers !== Number.POSITIVE_INFINITY) removeFrom(live, clobbers);
    for (const key of writes) remove(live, key);
    for (const key of reads) add(live, key);
  }
}

/** The code that is kept; labels go with the instruction that follows them. */
function without(code: readonly Code[], kept: Uint8Array): Code[] {
  const positions = new Uint32Array(code.length + 1);
  kept.forEach((keep, k) => {
    positions[k + 1] = positions[k]! + keep;
  });
  const moved = ({ position }: { position: number }): { position: number } => ({ position: positions[position]! });
  return code
    .filter((_, k) => kept[k] === 1)
    .map((c) => {
      if (c.target !== undefined) return { ...c, target: moved(c.target) };
      return c.targets === undefined ? c : { ...c, targets: c.targets.map(moved) };
    });
}
