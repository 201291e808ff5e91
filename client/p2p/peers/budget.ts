/** A token bucket: bursts up to a capacity, on average a rate. */
export type Rate = { readonly capacity: number; readonly perSecond: number };

/** A bucket that is full at first. */
export class Budget {
  readonly #rate: Rate;
  readonly #now: () => number;
  #tokens: number;
  #filledAt: number;

  /** @param now Unix milliseconds */
  constructor(rate: Rate, now: () => number) {
    this.#rate = rate;
    this.#now = now;
    this.#tokens = rate.capacity;
    this.#filledAt = now();
  }

  /** Takes tokens, or takes none and returns false. */
  take(amount: number): boolean {
    this.#fill();
    if (this.#tokens < amount) return false;
    this.#tokens -= amount;
    return true;
  }

  /** Gives tokens, up to the capacity. */
  add(amount: number): void {
    this.#tokens = Math.min(this.#rate.capacity, this.#tokens + amount);
  }

  #fill(): void {
    const now = this.#now();
    const elapsed = Math.max(0, now - this.#filledAt) / 1000;
    this.#filledAt = now;
    this.#tokens = Math.min(this.#rate.capacity, this.#tokens + elapsed * this.#rate.perSecond);
  }
}
