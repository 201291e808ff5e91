/**
 * What a child process does about itself: it computes for seconds without looking at messages, so a thread of its own
 * watches for what must end it.
 */
import { readdirSync, writeFileSync, writeSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { Worker } from 'node:worker_threads';

const EVERY_MS = 250;
/** Written to standard error before the process ends itself for its memory. */
export const OVER_MEMORY = 'the memory limit is reached';
/** Linux ends a process with a higher value first when memory runs out: the prover, not the node. */
const OOM_SCORE_ADJUSTMENT = '500';

/** The thread's program: plain JavaScript, since it is started from its text. */
const WATCHER = `
const { workerData } = require('node:worker_threads');
const { writeSync } = require('node:fs');
const isAlive = (pid) => { try { process.kill(pid, 0); return true; } catch { return false; } };
setInterval(() => {
  const rss = process.memoryUsage.rss();
  if (rss > workerData.maxBytes) writeSync(2, \`\${workerData.overMemory}: \${rss} bytes of \${workerData.maxBytes}\\n\`);
  else if (process.ppid === workerData.parent && isAlive(workerData.parent)) return;
  process.kill(process.pid, 'SIGKILL');
}, workerData.everyMs);
`;

/** Ends this process when its parent is gone, however that ended, or when it holds more than `maxBytes` of memory. */
export function watchOver({ maxBytes }: { readonly maxBytes: number }): void {
  // A limit below what the process holds from the start must not depend on who is first, the thread or an answer.
  const rss = process.memoryUsage.rss();
  if (rss > maxBytes) {
    writeSync(2, `${OVER_MEMORY}: ${rss} bytes of ${maxBytes}\n`);
    process.kill(process.pid, 'SIGKILL');
  }
  const workerData = { parent: process.ppid, maxBytes, overMemory: OVER_MEMORY, everyMs: EVERY_MS };
  new Worker(WATCHER, { eval: true, workerData }).unref();
  process.on('disconnect', () => process.exit(0));
  // Terminals and service managers send these to the whole group: the parent decides what becomes of this process.
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM'] as const) process.on(signal, () => {});
}

/**
 * Lets other processes go first. Linux keeps the priority by thread and new threads inherit it: call this before
 * threads are started.
 */
export function yieldToOthers(): void {
  const attempt = (step: () => void): void => {
    try {
      step();
    } catch {
      // Not allowed, or not this system's way: the work is done all the same, only less politely.
    }
  };
  const lower = (id: number): void => attempt(() => setPriority(id, constants.priority.PRIORITY_BELOW_NORMAL));
  lower(process.pid);
  attempt(() => {
    for (const thread of readdirSync('/proc/self/task')) lower(Number(thread));
  });
  attempt(() => writeFileSync('/proc/self/oom_score_adj', OOM_SCORE_ADJUSTMENT));
}
