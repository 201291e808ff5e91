/** The program of the prover's process: proves what it is sent, one job at a time. */
import { ClientError } from '../../errors.ts';
import type { Progress, ProveJob, ProveResult } from '../interface.ts';
import { type BackendLimits, createProving } from './prove-in-process.ts';
import { watchOver, yieldToOthers } from './watch.ts';

/** Argument of the prover's process, as JSON. */
export type ProverChildOptions = BackendLimits & {
  /** Whether everything else on the machine goes first. */
  readonly isBackground: boolean;
};
/** From the child: progress as often as steps end, then one result. */
export type FromProverChild =
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'result'; readonly result: ProveResult };

const { isBackground, ...options } = JSON.parse(process.argv[2] ?? '') as ProverChildOptions;
if (isBackground) yieldToOthers();
watchOver(options.memory);

const tell = (message: FromProverChild): void => {
  process.send?.(message);
};
let prove: ReturnType<typeof createProving> | undefined;

process.on('message', (job: ProveJob) => {
  void answer(job).then((result) => tell({ kind: 'result', result }));
});

async function answer(job: ProveJob): Promise<ProveResult> {
  try {
    prove ??= createProving(options);
    return await prove(job, (progress) => tell({ kind: 'progress', progress }));
  } catch (error) {
    return { ok: false, ...reasonOf(error) };
  }
}

function reasonOf(error: unknown): {
  readonly code: 'outOfMemory' | 'tooLarge' | 'internal';
  readonly detail: string;
} {
  const detail = error instanceof Error ? error.message : String(error);
  const code = error instanceof ClientError ? error.code : '';
  // The executor's memory holds what a run touches and the records of one segment: only a huge run fills it.
  if (code === 'fastExecutorMemory') return { code: 'tooLarge', detail };
  const isMemory =
    code === 'outOfMemory' || (error instanceof RangeError && /memory|allocation|array length/i.test(detail));
  return { code: isMemory ? 'outOfMemory' : 'internal', detail };
}
