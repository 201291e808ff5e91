import { ClientError } from '../../errors.ts';
import type { Expected, VerifyResult } from '../interface.ts';
import { NO_REVOKED_KEYS, type RevokedKeys } from '../verifier/revoked-keys.ts';
import { ChildProgram } from './child-program.ts';
import type { VerifierAnswer, VerifierRequest } from './verifier-child.ts';

/** Proofs that may wait; each is held in memory. */
const MAX_WAITING = 16;
/** The largest proof (256 MiB) takes seconds by segment: what takes longer hangs. */
const TIMEOUT_MS = 300_000;
const IDLE_MS = 60_000;
const MAX_BYTES = 3 * 2 ** 30;
const HEAP_MIB = 2048;

type Waiting = {
  readonly resolve: (answer: Verified) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
};
/** A verdict, and the ms that the verification took without waiting. */
export type Verified = { readonly result: VerifyResult; readonly ms: number };

/**
 * Verifies proofs in a process of its own, one after another: half a second of arithmetic would hold up execution and
 * RPC, and what a stranger's bytes may cost is bounded by the process. Started when first needed.
 */
export class VerifierProcess {
  readonly #revoked: RevokedKeys;
  #child: ChildProgram | undefined;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 0;
  #idle: NodeJS.Timeout | undefined;

  /** @param revoked keys whose proofs are rejected whatever they prove */
  constructor(revoked = NO_REVOKED_KEYS) {
    this.#revoked = revoked;
  }

  /** @throws VerifierError `verifierBusy` where too many proofs wait, `verifierFailed` where the process ended */
  async verify(proofType: number, proof: Uint8Array, expected: Expected): Promise<Verified> {
    const rejection = this.#revoked.rejection(proof);
    if (rejection !== undefined) return { result: rejection, ms: 0 };
    if (this.#waiting.size >= MAX_WAITING)
      throw new VerifierError('verifierBusy', `${MAX_WAITING} proofs are being verified already`);
    clearTimeout(this.#idle);
    const id = this.#nextId++;
    const child = this.#start();
    const answer = new Promise<Verified>((resolve, reject) => {
      const timer = setTimeout(() => void child.kill(), TIMEOUT_MS);
      this.#waiting.set(id, { resolve, reject, timer });
    });
    const request: VerifierRequest = { id, proofType, proof, expected };
    child.send(request);
    try {
      return await answer;
    } finally {
      if (this.#waiting.size === 0) this.#idle = setTimeout(() => void this.close(), IDLE_MS).unref();
    }
  }

  /** Ends the process; proofs that wait are rejected with `verifierFailed`. A later proof starts it anew. */
  async close(): Promise<void> {
    clearTimeout(this.#idle);
    await this.#child?.kill();
  }

  #start(): ChildProgram {
    if (this.#child !== undefined) return this.#child;
    const child = new ChildProgram(
      { program: new URL('./verifier-child', import.meta.url), arguments: [String(MAX_BYTES)], heapMiB: HEAP_MIB },
      (message) => {
        const { id, ...verified } = message as VerifierAnswer;
        this.#take(id)?.resolve(verified);
      },
    );
    this.#child = child;
    void child.ended.then(({ lastWords }) => {
      this.#child = undefined;
      const reason = `the verifier's process ended: ${lastWords.trim().split('\n').at(-1) ?? ''}`;
      for (const id of [...this.#waiting.keys()]) this.#take(id)?.reject(new VerifierError('verifierFailed', reason));
    });
    return child;
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    clearTimeout(waiting?.timer);
    return waiting;
  }
}

/** Why there is no verdict, which says nothing of the proof. */
export type VerifierErrorCode = 'verifierBusy' | 'verifierFailed';
/** Thrown by `verify`. */
export class VerifierError extends ClientError<VerifierErrorCode> {}
