/** The program of the checker's process: runs the guest natively on what it is sent, in order. */
import { type CheckRequest, type CheckResult, createCheck } from './check.ts';
import { watchOver } from './watch.ts';

/** To the child; the answer has the same `id`. */
export type CheckMessage = { readonly id: number; readonly request: CheckRequest };
export type CheckAnswer = { readonly id: number; readonly result: CheckResult };

const compiled = createCheck();

process.on('message', async ({ id, request }: CheckMessage) => {
  const check = await compiled;
  const answer: CheckAnswer = { id, result: check(request) };
  process.send?.(answer);
});

watchOver({ maxBytes: Number(process.argv[2]) });
