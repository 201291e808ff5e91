/**
 * A deadline that moves with progress: a fixed grace, then a least rate. Whoever drips runs out of time. Time in which
 * this process itself stood still is not held against the peer.
 */
import type { Timing } from './protocols.ts';

/** A timer that fires later than this says that the event loop was blocked. */
const STALL_MS = 200;

/** `signal` aborts what one exchange waits for: behind the least rate, or when the caller gives it up. */
export class Pace {
  readonly #timing: Timing;
  readonly #expired = new AbortController();
  readonly #startedAt = performance.now();
  #bytes = 0;
  #stalledMs = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly signal: AbortSignal;

  /** @param caller ends it too */
  constructor(timing: Timing, caller?: AbortSignal) {
    this.#timing = timing;
    this.signal = caller === undefined ? this.#expired.signal : AbortSignal.any([caller, this.#expired.signal]);
    this.#arm();
  }

  /** To be called for every piece that was sent or received. */
  progressed(bytes: number): void {
    this.#bytes += bytes;
    this.#arm();
  }

  /** To be called at the end. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const owedMs = this.#timing.answerMs + (this.#bytes / this.#timing.leastRate) * 1000;
    const due = this.#startedAt + this.#stalledMs + owedMs;
    this.#timer = setTimeout(() => this.#onDue(due), Math.max(0, due - performance.now()));
    this.#timer.unref();
  }

  #onDue(due: number): void {
    const lateMs = performance.now() - due;
    if (lateMs <= STALL_MS) {
      this.#expired.abort();
    } else {
      this.#stalledMs += lateMs;
      this.#arm();
    }
  }
}
