/**
 * Layout of the first bytes of the shared memory, and the protocol between the threads:
 * the owner closes the state word, writes tasks, opens the state word and wakes the others; every thread takes tasks
 * by advancing the index in the state word, and counts those it has finished.
 *
 * Word 0: state = generation · 2^12 + index of the next task, index 4095 = closed · 1: number of tasks · 2: finished ·
 * 3: failed · from 64 on: tasks of 24 words (module, kernel, arguments).
 */
export const STATE = 0;
export const COUNT = 1;
export const FINISHED = 2;
export const FAILED = 3;
export const TASKS = 64;
export const TASK_WORDS = 24;
export const MAX_TASKS = 4000;
export const MAX_MODULES = 4096;

export const INDEX_BITS = 12;
export const INDEX_MASK = 2 ** INDEX_BITS - 1;

/** Bytes of control block and module table (address and length of each module's code). */
export const MODULE_TABLE_BYTES = 4 * (TASKS + TASK_WORDS * MAX_TASKS);
export const CONTROL_BYTES = MODULE_TABLE_BYTES + 8 * MAX_MODULES;

/** Working memory of one thread. */
export const SCRATCH_BYTES = 1 << 19;
