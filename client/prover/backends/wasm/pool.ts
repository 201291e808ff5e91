import { bytesFromBase64 } from '../../../base64.ts';
import { ClientError } from '../../../errors.ts';
import { KERNELS_BASE64 } from '../../kernels/generated/kernels.ts';
import {
  CONTROL_BYTES,
  COUNT,
  FAILED,
  FINISHED,
  INDEX_BITS,
  INDEX_MASK,
  MAX_TASKS,
  SCRATCH_BYTES,
  STATE,
  TASK_WORDS,
  TASKS,
} from './control.ts';
import { KernelMemory } from './memory.ts';
import { type Helper, type Spawn, spawnThread } from './spawn.ts';
import { type ControlLayout, createThread, type KernelThread } from './thread.ts';

/** One call of a kernel: name and arguments (addresses, counts, field elements in the kernel's form). */
export type Task = readonly [kernel: string, ...args: number[]];

/**
 * `threads`: the calling one included, at least 1; `maxBytes`: of shared memory, at most 2^32; `spawn`: how helpers
 * start.
 */
export type PoolOptions = { readonly threads: number; readonly maxBytes?: number; readonly spawn?: Spawn };

const LAYOUT: ControlLayout = {
  state: STATE,
  count: COUNT,
  finished: FINISHED,
  failed: FAILED,
  tasks: TASKS,
  taskWords: TASK_WORDS,
  indexMask: INDEX_MASK,
};

/**
 * Shared memory and the threads over it. The calling thread takes part in the work and blocks until it is done, so a
 * browser must own the pool in a worker; with one thread no helper is started.
 */
export class KernelPool {
  readonly memory: KernelMemory;
  readonly threads: number;
  private readonly thread: KernelThread;
  private readonly helpers: Helper[] = [];
  private readonly kernelIndex: ReadonlyMap<string, number>;
  private readonly control: Int32Array;
  private generation = 0;

  constructor({ threads, maxBytes, spawn = spawnThread }: PoolOptions) {
    this.threads = threads;
    this.memory = new KernelMemory(CONTROL_BYTES + threads * SCRATCH_BYTES, maxBytes);
    this.control = new Int32Array(this.memory.wasm.buffer);
    this.control[STATE] = INDEX_MASK;
    const kernels = bytesFromBase64(KERNELS_BASE64);
    const memory = this.memory.wasm;
    const scratchOf = (i: number): number => Math.ceil(CONTROL_BYTES / 64) * 64 + i * SCRATCH_BYTES;
    this.thread = createThread({ memory, kernels, scratch: scratchOf(0), layout: LAYOUT });
    this.kernelIndex = new Map(this.thread.kernels.names.map((name, i) => [name, i]));
    for (let i = 1; i < threads; i++)
      this.helpers.push(spawn({ memory, kernels, scratch: scratchOf(i), layout: LAYOUT }));
  }

  /** Calls one kernel on this thread. */
  call(...[kernel, ...args]: Task): void {
    this.thread.kernels.call[this.kernelOf(kernel)]!(...args);
  }

  /** Runs independent calls on all threads; returns when all are done. */
  run(tasks: readonly Task[]): void {
    for (let from = 0; from < tasks.length; from += MAX_TASKS) this.batch(tasks.slice(from, from + MAX_TASKS));
  }

  /** Stops the helpers. The pool must not be used afterwards. */
  close(): void {
    for (const helper of this.helpers) helper.terminate();
  }

  private kernelOf(name: string): number {
    const index = this.kernelIndex.get(name);
    if (index === undefined) throw new Error(`no kernel ${name}`);
    return index;
  }

  private batch(tasks: readonly Task[]): void {
    const c = this.control;
    this.generation = (this.generation + 1) % 2 ** (31 - INDEX_BITS);
    const opened = this.generation << INDEX_BITS;
    Atomics.store(c, STATE, opened | INDEX_MASK);
    tasks.forEach((task, i) => {
      const at = TASKS + TASK_WORDS * i;
      c[at] = this.kernelOf(task[0]);
      for (let k = 1; k < task.length; k++) c[at + k] = task[k] as number;
    });
    Atomics.store(c, FINISHED, 0);
    Atomics.store(c, FAILED, 0);
    Atomics.store(c, COUNT, tasks.length);
    Atomics.store(c, STATE, opened);
    if (tasks.length > 1) Atomics.notify(c, STATE);
    this.thread.work();
    for (;;) {
      const finished = Atomics.load(c, FINISHED);
      if (finished === tasks.length) break;
      Atomics.wait(c, FINISHED, finished, 100);
    }
    if (Atomics.load(c, FAILED) !== 0)
      throw new ClientError('kernelTrap', 'a kernel trapped: the prover has a defect or the memory is damaged', {});
  }
}
