import type { Progress } from '../interface.ts';

/** Relative durations of the steps, as `onStep` names them: measured on mainnet's block 1, WASM backend. */
const BEFORE = { key: 40, record: 15, interface: 10 } as const;
const PER_SEGMENT = { trace: 33, commit: 13, logup: 62, zerocheck: 32, open: 15 } as const;
const AFTER = { closing: 13 } as const;
/** A block that is one segment: nothing is committed or opened twice. */
const WHOLE = { key: 40, record: 15, trace: 33, commit: 20, logup: 62, zerocheck: 32, closing: 25 } as const;

type Step = { readonly name: string; readonly weight: number };
const steps = (weights: Readonly<Record<string, number>>): Step[] =>
  Object.entries(weights).map(([name, weight]) => ({ name, weight }));

/** Turns the engine's finished steps into a progress: what runs now, and the share of the work that is done. */
export class ProgressMeter {
  readonly #report: (progress: Progress) => void;
  readonly #stages: Record<string, number> = {};
  #plan: Step[] = planOf(1);
  #next = 0;
  #last = performance.now();

  constructor(report: (progress: Progress) => void) {
    this.#report = report;
  }

  /** Milliseconds by step so far. */
  get stages(): Readonly<Record<string, number>> {
    return this.#stages;
  }

  /** Reports that the first step begins. */
  begin(): void {
    this.#emit();
  }

  /** The number of segments is known now: the plan and its total become those of so many. */
  segments(count: number): void {
    this.#plan = planOf(count);
    this.#emit();
  }

  /** A step is done. One that is not in the plan is only timed. */
  readonly step = (name: string): void => {
    const now = performance.now();
    this.#stages[name] = Math.round((this.#stages[name] ?? 0) + now - this.#last);
    this.#last = now;
    const at = this.#plan.findIndex((step, i) => i >= this.#next && step.name === name);
    if (at < 0) return;
    this.#next = at + 1;
    this.#emit();
  };

  #emit(): void {
    const sum = (list: readonly Step[]): number => list.reduce((n, { weight }) => n + weight, 0);
    const stage = this.#plan[this.#next]?.name ?? 'done';
    this.#report({ stage, done: sum(this.#plan.slice(0, this.#next)), total: sum(this.#plan) });
  }
}

function planOf(segments: number): Step[] {
  if (segments === 1) return steps(WHOLE);
  const bySegment = Array.from({ length: segments }, () => steps(PER_SEGMENT)).flat();
  return [...steps(BEFORE), ...bySegment, ...steps(AFTER)];
}
