/** A budget that is shared: whoever wants a part of it waits its turn. */
export class Semaphore {
  readonly #capacity: number;
  #used = 0;
  readonly #waiting: { readonly amount: number; readonly start: () => void }[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get used(): number {
    return this.#used;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Waits for a part of the budget; more than all of it counts as all of it.
   * @returns what gives it back; undefined when the signal came first
   */
  async acquire(wanted: number, signal: AbortSignal): Promise<(() => void) | undefined> {
    const amount = Math.min(wanted, this.#capacity);
    if (signal.aborted) return undefined;
    if (this.#waiting.length > 0 || this.#used + amount > this.#capacity) {
      const granted = await new Promise<boolean>((resolve) => {
        const entry = {
          amount,
          start: (): void => {
            signal.removeEventListener('abort', onAbort);
            resolve(true);
          },
        };
        const onAbort = (): void => {
          this.#waiting.splice(this.#waiting.indexOf(entry), 1);
          resolve(false);
          this.#startNext();
        };
        this.#waiting.push(entry);
        signal.addEventListener('abort', onAbort, { once: true });
      });
      if (!granted) return undefined;
    } else {
      this.#used += amount;
    }
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#used -= amount;
      this.#startNext();
    };
  }

  #startNext(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (this.#used + next.amount > this.#capacity) return;
      this.#waiting.shift();
      this.#used += next.amount;
      next.start();
    }
  }
}
