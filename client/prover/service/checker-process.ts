import { ClientError } from '../../errors.ts';
import { type CheckedBlock, type CheckResult, checkRequestOf } from './check.ts';
import type { CheckAnswer, CheckMessage } from './checker-child.ts';
import { ChildProgram } from './child-program.ts';

/** Checks that may be under way while further blocks are imported; each holds its block's witness. */
const MAX_WAITING = 4;
const MAX_BYTES = 3 * 2 ** 30;
const HEAP_MIB = 1024;

type Waiting = {
  readonly resolve: (result: CheckResult) => void;
  readonly reject: (error: Error) => void;
};

/**
 * Runs the guest natively on blocks, one after another in a process of its own, so that importing and serving go on
 * meanwhile. Started with the first block, and again after one that ended it.
 */
export class CheckerProcess {
  readonly #waiting = new Map<number, Waiting>();
  readonly #maxBytes: number;
  #child: ChildProgram | undefined;
  #nextId = 0;
  #onSettled: (() => void)[] = [];

  /** @param maxBytes resident memory of the process */
  constructor({ maxBytes = MAX_BYTES }: { readonly maxBytes?: number } = {}) {
    this.#maxBytes = maxBytes;
  }

  /** @throws CheckerError `checkFailed` where the process ended without an answer: nothing is known of the block */
  async check(block: CheckedBlock): Promise<CheckResult> {
    const id = this.#nextId++;
    const message: CheckMessage = { id, request: checkRequestOf(block) };
    const child = this.#start();
    const answer = new Promise<CheckResult>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    child.send(message);
    return await answer;
  }

  /** Resolves when so few checks are under way that another block may be imported. */
  async room(): Promise<void> {
    await this.#until(MAX_WAITING - 1);
  }

  /** Waits for the checks that are under way, then ends the process. */
  async close(): Promise<void> {
    await this.#until(0);
    await this.#child?.kill();
  }

  async #until(atMost: number): Promise<void> {
    while (this.#waiting.size > atMost) await new Promise<void>((resolve) => this.#onSettled.push(resolve));
  }

  #start(): ChildProgram {
    if (this.#child !== undefined) return this.#child;
    const child = new ChildProgram(
      { program: new URL('./checker-child', import.meta.url), arguments: [String(this.#maxBytes)], heapMiB: HEAP_MIB },
      (message) => {
        const { id, result } = message as CheckAnswer;
        this.#take(id)?.resolve(result);
      },
    );
    this.#child = child;
    void child.ended.then(({ lastWords }) => {
      this.#child = undefined;
      const reason = `the process that runs the guest ended: ${lastWords.trim().split('\n').at(-1) ?? ''}`;
      for (const id of [...this.#waiting.keys()]) this.#take(id)?.reject(new CheckerError('checkFailed', reason));
    });
    return child;
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    for (const resolve of this.#onSettled.splice(0)) resolve();
    return waiting;
  }
}

/** The check has no result: nothing is known of the block. */
export class CheckerError extends ClientError<'checkFailed'> {}
