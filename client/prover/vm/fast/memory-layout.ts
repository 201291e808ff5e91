import { BLOCK_BYTES, LIST_BYTES } from './compiled/layout.ts';
import type { FastProgram } from './program.ts';

const PAGE_BYTES = 65_536;

/** The least multiple of `to` that is at least n. */
export const alignUp = (n: number, to: number): number => Math.ceil(n / to) * to;

/** Where the regions behind a program's image stand, in bytes: see `assembly/layout.ts`. */
export type MemoryLayout = {
  readonly linear: number;
  /** Times and epochs of linear memory's cells, 4 bytes each. */
  readonly times: number;
  readonly epochs: number;
  /** What compiled code knows of each block, and the lists of their slots (`compiled/layout.ts`). */
  readonly blocks: number;
  readonly lists: number;
  readonly input: number;
};

/** The regions behind each other; linear memory begins on a page. Whether all fits 4 GiB is not checked here. */
export function memoryLayout({ program, image }: Pick<FastProgram, 'program' | 'image'>): MemoryLayout {
  const { memoryBytes, code } = program;
  const linear = alignUp(image.code + image.bytes.length, PAGE_BYTES);
  const times = linear + memoryBytes;
  const epochs = times + memoryBytes / 2;
  const blocks = epochs + memoryBytes / 2;
  const lists = blocks + BLOCK_BYTES * code.length;
  return { linear, times, epochs, blocks, lists, input: lists + LIST_BYTES * code.length };
}
