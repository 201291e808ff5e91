import type { Sponge } from '../../hash/sponge.ts';
import { WORD_BYTES } from './layout.ts';
import type { KernelPool, Task } from './pool.ts';

/** Nonces of one task. */
const TASK_NONCES = 4096;
const NONCES = 2 ** 32;

/** The smallest nonce whose absorption under `label` ends in `bits` ≤ 32 zero bits. */
export function grind(pool: KernelPool, sponge: Sponge, label: number, bits: number): number {
  if (bits === 0) return 0;
  const mask = 2 ** bits - 1;
  const tasksPerRun = bits < 12 ? 1 : 4 * pool.threads;
  const key = pool.memory.alloc(sponge.state.length);
  new Uint8Array(pool.memory.wasm.buffer).set(sponge.state, key);
  const out = pool.memory.alloc(2 * WORD_BYTES * tasksPerRun);
  try {
    for (let first = 0; first < NONCES; first += tasksPerRun * TASK_NONCES) {
      const tasks = Array.from({ length: tasksPerRun }, (_, i): Task => {
        return ['grind', key, label, mask, first + i * TASK_NONCES, TASK_NONCES, out + 2 * WORD_BYTES * i];
      });
      if (tasks.length === 1) pool.call(...tasks[0]!);
      else pool.run(tasks);
      const found = pool.memory.view(out, 2 * tasksPerRun);
      for (let i = 0; i < tasksPerRun; i++) if (found[2 * i + 1] === 0) return found[2 * i]!;
    }
  } finally {
    pool.memory.free(key);
    pool.memory.free(out);
  }
  throw new Error(`no 32-bit nonce shows ${bits} zero bits`);
}
