/** What all callers together may make the server hold, however many they are and however slowly they read. */
import type { ServerResponse } from 'node:http';

export type LoadLimits = {
  /** bytes of requests that are being received and of responses that are being sent */
  readonly heldBytes: number;
  /** requests that are being answered; others wait their turn */
  readonly answering: number;
  /** a response must be read at this rate, in bytes per second, after the grace in ms */
  readonly leastRate: number;
  readonly graceMs: number;
};
export const DEFAULT_LOAD_LIMITS: LoadLimits = {
  heldBytes: 256 * 1024 * 1024,
  answering: 16,
  leastRate: 64 * 1024,
  graceMs: 30_000,
};

/** One for each server. Where it is full no further request is answered; those that run may make it fuller. */
export class Load {
  readonly #limits: LoadLimits;
  readonly #waiting: (() => void)[] = [];
  #heldBytes = 0;
  #answering = 0;

  constructor(limits: LoadLimits) {
    this.#limits = limits;
  }

  get isFull(): boolean {
    return this.#heldBytes >= this.#limits.heldBytes;
  }

  /** @returns what gives the bytes back, once */
  hold(bytes: number): () => void {
    this.#heldBytes += bytes;
    let isHeld = true;
    return () => {
      if (isHeld) this.#heldBytes -= bytes;
      isHeld = false;
    };
  }

  /** Holds what is about to be sent until it is, and cuts the connection of whoever reads it too slowly. */
  sending(response: ServerResponse, bytes: number): void {
    const release = this.hold(bytes);
    const { graceMs, leastRate } = this.#limits;
    const timer = setTimeout(() => response.destroy(), graceMs + (bytes / leastRate) * 1000).unref();
    response.once('close', () => {
      clearTimeout(timer);
      release();
    });
  }

  /** Runs `answer` when it is its turn. */
  async inTurn<T>(answer: () => Promise<T>): Promise<T> {
    if (this.#answering >= this.#limits.answering) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#answering++;
    try {
      return await answer();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#answering--;
      else next();
    }
  }
}
