/**
 * Layout of the first bytes of the shared memory, and the protocol between the threads:
 * the owner closes the state word, writes tasks, opens the state word and wakes the others; every thread takes tasks
 * by advancing the index in the state word, and counts those it has finished.
 *
 * Word 0: state = generation · 2^12 + index of the next task, index 4095 = closed · 1: number of tasks · 2: finished ·
 * 3: failed · from 64 on: tasks of 24 words (kernel, arguments).
 */
export const STATE = 0;
export const COUNT = 1;
export const FINISHED = 2;
export const FAILED = 3;
export const TASKS = 64;
export const TASK_WORDS = 24;
export const MAX_TASKS = 4000;

export const INDEX_BITS = 12;
export const INDEX_MASK = 2 ** INDEX_BITS - 1;

/** Bytes of the control block. */
export const CONTROL_BYTES = 4 * (TASKS + TASK_WORDS * MAX_TASKS);

/** Working memory of one thread. */
export const SCRATCH_BYTES = 1 << 19;
