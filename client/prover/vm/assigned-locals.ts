/**
 * The locals of a function that are assigned on every path to a place. Inside a block they only become more, and at its end
 * those of its beginning are left: a number says which these were.
 */
export class AssignedLocals {
  readonly #locals = new Set<number>();
  /** In the order in which they were assigned. */
  readonly #order: number[] = [];

  /** How many there are: what `keep` takes back to here. */
  get count(): number {
    return this.#order.length;
  }

  /** Whether the local is assigned on every path to here. */
  has(local: number): boolean {
    return this.#locals.has(local);
  }

  /** Marks a local as assigned from here on; no effect where it is. */
  add(local: number): void {
    if (this.#locals.has(local)) return;
    this.#locals.add(local);
    this.#order.push(local);
  }

  /** Forgets all but the first `count`. */
  keep(count: number): void {
    while (this.#order.length > count) this.#locals.delete(this.#order.pop()!);
  }
}
