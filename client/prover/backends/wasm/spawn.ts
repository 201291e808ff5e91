import { Worker } from 'node:worker_threads';
import { createThread, type ThreadData } from './thread.ts';

/** A helper thread. */
export type Helper = { terminate(): void };
/** Starts a helper on shared memory; must not throw where threads are refused. */
export type Spawn = (data: ThreadData) => Helper;

/** The helpers' program; a browser starts a Web Worker from it and posts the data. */
export const threadProgram = (data: string): string => `(${createThread.toString()})(${data}).serve();`;

/**
 * Starts a thread that does not keep the process alive. Where it cannot start, the pool's owner does all the work
 * itself, hence no error.
 */
export const spawnThread: Spawn = (data) => {
  const program = threadProgram("require('node:worker_threads').workerData");
  const worker = new Worker(program, { eval: true, workerData: data });
  worker.unref();
  worker.on('error', () => {});
  return {
    terminate: () => {
      void worker.terminate();
    },
  };
};
