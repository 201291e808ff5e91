import type { ProveJob, ProveResult, Prover } from '../interface.ts';
import { type ChildEnd, ChildProgram } from './child-program.ts';
import type { FromProverChild, ProverChildOptions } from './prover-child.ts';
import { OVER_MEMORY } from './watch.ts';

/** An idle prover gives its memory back after this time; the next job derives the key again, some seconds. */
const IDLE_MS = 120_000;

type Running = { readonly onMessage: (message: FromProverChild) => void };

/**
 * A prover in a process of its own (`RATIONALE.md`), started with the first job, one job at a time. A job that fails
 * ends the process too, so that no job runs in what an error left behind.
 */
export class ProverProcess implements Prover {
  readonly #options: ProverChildOptions;
  #child: ChildProgram | undefined;
  #running: Running | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(options: ProverChildOptions) {
    this.#options = options;
  }

  async prove(job: ProveJob, { signal, onProgress }: Parameters<Prover['prove']>[1]): Promise<ProveResult> {
    if (this.#running !== undefined) throw new Error('a prover proves one job at a time');
    if (signal.aborted) return ABORTED;
    clearTimeout(this.#idle);
    let settle: (result: ProveResult) => void = () => {};
    const answer = new Promise<ProveResult>((resolve) => {
      settle = resolve;
    });
    this.#running = {
      onMessage: (message) => {
        if (message.kind === 'result') settle(message.result);
        else onProgress?.(message.progress);
      },
    };
    const child = this.#start();
    const onAbort = (): void => settle(ABORTED);
    signal.addEventListener('abort', onAbort);
    void child.ended.then((end) => settle(failureOf(end)));
    child.send(job);
    try {
      const result = await answer;
      if (!result.ok) await this.close();
      return result;
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#running = undefined;
      this.#idle = setTimeout(() => void this.close(), IDLE_MS).unref();
    }
  }

  /** Ends the process, and with it a job that runs. */
  async close(): Promise<void> {
    clearTimeout(this.#idle);
    const child = this.#child;
    this.#child = undefined;
    await child?.kill();
  }

  #start(): ChildProgram {
    if (this.#child !== undefined) return this.#child;
    const { heapMiB } = this.#options.memory;
    const child = new ChildProgram(
      { program: new URL('./prover-child', import.meta.url), arguments: [JSON.stringify(this.#options)], heapMiB },
      (message) => this.#running?.onMessage(message as FromProverChild),
    );
    this.#child = child;
    void child.ended.then(() => {
      if (this.#child === child) this.#child = undefined;
    });
    return child;
  }
}

const ABORTED: ProveResult = { ok: false, code: 'aborted', detail: 'stopped before it was done' };

/** Why a prover that was not told to end has ended. */
function failureOf({ exitCode, signal, lastWords }: ChildEnd): ProveResult {
  const line = (pattern: RegExp): string | undefined => lastWords.split('\n').find((text) => pattern.test(text));
  const memory = line(new RegExp(OVER_MEMORY)) ?? line(/heap out of memory|allocation failed/i);
  if (memory !== undefined) return { ok: false, code: 'outOfMemory', detail: memory.trim() };
  if (signal === 'SIGKILL')
    return {
      ok: false,
      code: 'outOfMemory',
      detail: 'the system ended the prover, which it does when memory runs out',
    };
  const how = signal === null ? `exit code ${exitCode}` : signal;
  const words = line(/Error|error|fatal/) ?? lastWords.trim().split('\n').at(-1) ?? '';
  return {
    ok: false,
    code: 'crashed',
    detail: `the prover’s process ended (${how})${words === '' ? '' : `: ${words}`}`,
  };
}
