import { ClientError } from '../errors.ts';
import type { Network } from '../execution/chain/network.ts';
import { ChildProgram } from '../prover/service/child-program.ts';
import { OVER_MEMORY } from '../prover/service/watch.ts';
import type { FromTrimChild, ToTrimChild } from './trim-child.ts';
import type { TrimRequest, TrimResult } from './trim-witness.ts';

/** What one witness may cost; a process that goes beyond is ended. */
export type TrimLimits = {
  /** resident memory of the process */
  readonly maxBytes: number;
  /** for the items of a witness: 64 MiB take 2 s in ordinary nodes, 13 s in the most and smallest */
  readonly checkMs: number;
  /** for the run of its block */
  readonly runMs: number;
  /** without work the process is ended, which gives its memory back */
  readonly idleMs: number;
};
export const TRIM_LIMITS: TrimLimits = { maxBytes: 3 * 2 ** 30, checkMs: 60_000, runMs: 120_000, idleMs: 60_000 };
const HEAP_MIB = 2048;
/** Witnesses that may wait; a prover asks for one after the other. */
const MAX_WAITING = 4;

/** What a witness is when the process ends over it. */
type Phase = 'waiting' | 'checking' | 'running';
type Waiting = {
  readonly resolve: (result: TrimResult) => void;
  readonly reject: (error: Error) => void;
  phase: Phase;
  timer: NodeJS.Timeout | undefined;
  /** the limit that it was ended for */
  overtime: string | undefined;
};

/**
 * Looks at strangers' witnesses in a process of its own, one after another: hashing 64 MiB of nodes and running a block
 * takes many seconds in which the node would neither import nor answer, and a process bounds what it may take. Started
 * when first needed.
 */
export class TrimProcess {
  readonly #chain: Omit<Network, 'common'>;
  readonly #limits: TrimLimits;
  readonly #waiting = new Map<number, Waiting>();
  #child: ChildProgram | undefined;
  #nextId = 0;
  #idle: NodeJS.Timeout | undefined;

  constructor({ name, config, genesisHash }: Network, limits: Partial<TrimLimits> = {}) {
    this.#chain = { name, config, genesisHash };
    this.#limits = { ...TRIM_LIMITS, ...limits };
  }

  /**
   * What a block reads of a witness. Too long or too much memory for the items alone makes a witness false, since no
   * other block's state or size is in it; for the run it is nobody's fault.
   * @throws TrimError `trimBusy` where too many wait; `trimFailed` where nothing is known of the witness
   */
  async trim(request: TrimRequest): Promise<TrimResult> {
    if (this.#waiting.size >= MAX_WAITING)
      throw new TrimError('trimBusy', `${MAX_WAITING} witnesses are being looked at already`);
    clearTimeout(this.#idle);
    const id = this.#nextId++;
    const child = this.#start();
    const answer = new Promise<TrimResult>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, phase: 'waiting', timer: undefined, overtime: undefined });
    });
    child.send({ kind: 'trim', id, request } satisfies ToTrimChild);
    try {
      return await answer;
    } finally {
      if (this.#waiting.size === 0) this.#idle = setTimeout(() => void this.close(), this.#limits.idleMs).unref();
    }
  }

  /** Ends the process; what waits is rejected with `trimFailed`. A later witness starts it anew. */
  async close(): Promise<void> {
    clearTimeout(this.#idle);
    await this.#child?.kill();
  }

  #start(): ChildProgram {
    if (this.#child !== undefined) return this.#child;
    const child = new ChildProgram(
      {
        program: new URL('./trim-child', import.meta.url),
        arguments: [String(this.#limits.maxBytes)],
        heapMiB: HEAP_MIB,
      },
      (message) => this.#take(message as FromTrimChild, child),
    );
    this.#child = child;
    child.send({ kind: 'chain', chain: this.#chain } satisfies ToTrimChild);
    void child.ended.then(({ lastWords }) => {
      this.#child = undefined;
      const memory = lastWords
        .split('\n')
        .find((line) => line.includes(OVER_MEMORY) || /heap out of memory/i.test(line));
      const reason = memory ?? lastWords.trim().split('\n').at(-1) ?? '';
      for (const [id, waiting] of this.#waiting) this.#settleEnded(id, waiting, memory !== undefined, reason);
    });
    return child;
  }

  #take(message: FromTrimChild, child: ChildProgram): void {
    const waiting = this.#waiting.get(message.id);
    if (waiting === undefined) return;
    clearTimeout(waiting.timer);
    if (message.kind === 'begun') this.#limit(waiting, 'checking', this.#limits.checkMs, child);
    else if (message.kind === 'checked') this.#limit(waiting, 'running', this.#limits.runMs, child);
    else {
      this.#waiting.delete(message.id);
      if (message.kind === 'result') waiting.resolve(message.result);
      if (message.kind === 'failed') waiting.reject(new TrimError('trimFailed', message.reason));
    }
  }

  #limit(waiting: Waiting, phase: Phase, ms: number, child: ChildProgram): void {
    waiting.phase = phase;
    waiting.timer = setTimeout(() => {
      waiting.overtime = `${phase} took more than ${ms} ms`;
      void child.kill();
    }, ms);
  }

  /** The process has ended before it answered. */
  #settleEnded(
    id: number,
    { phase, timer, overtime, resolve, reject }: Waiting,
    isMemory: boolean,
    words: string,
  ): void {
    clearTimeout(timer);
    this.#waiting.delete(id);
    const reason = `the process that looks at witnesses ended: ${overtime ?? words}`;
    if (phase === 'checking' && (overtime !== undefined || isMemory))
      resolve({ ok: false, code: 'witnessTooCostly', reason });
    else reject(new TrimError('trimFailed', reason));
  }
}

/** Nothing is known of the witness. */
export class TrimError extends ClientError<'trimBusy' | 'trimFailed'> {}
