/** Working memory of this instance (each thread has its own): SCRATCH_BYTES, aligned to 64. Set once, before any kernel. */
export let scratch: usize = 0;

export function setScratch(at: usize): void {
  scratch = at;
}
