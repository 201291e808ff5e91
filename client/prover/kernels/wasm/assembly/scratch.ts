/** Working memory of this instance (each thread has its own): SCRATCH_BYTES, aligned to 64. Set once, before any kernel. */
export let scratch: usize = 0;

export function setScratch(at: usize): void {
  scratch = at;
}

/** Where blocks for intermediate values start; transforms use what is before. */
const TEMPORARIES: usize = 0x60000;

/** The k-th block for an intermediate value. Block 0 belongs to the functions of `ext.ts`. */
// @ts-ignore: decorator
@inline export function temporary(k: usize): usize {
  return scratch + TEMPORARIES + 80 * k;
}
