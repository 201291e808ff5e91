/** One line at the end of a terminal's output that is drawn over and over, below lines that stay. */

export type Screen = {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly write: (text: string) => unknown;
};

/** Without a terminal, a status is written as a line of its own at most this often. */
const PLAIN_EVERY_MS = 15_000;
const CLEAR = '\r\u001b[2K';

/** Draws on a terminal; elsewhere a status becomes a line of its own, at most one each `PLAIN_EVERY_MS`. */
export class StatusLine {
  readonly #screen: Screen;
  readonly #now: () => number;
  #shown = '';
  #lastPlain: number;

  constructor(screen: Screen, now: () => number = Date.now) {
    this.#screen = screen;
    this.#now = now;
    this.#lastPlain = now();
  }

  /** Writes a line that stays. */
  note(line: string): void {
    const status = this.#shown;
    this.clear();
    this.#screen.write(`${line}\n`);
    if (status !== '') this.show(status);
  }

  /** Replaces the status. */
  show(status: string): void {
    if (this.#screen.isTTY === true) {
      const width = (this.#screen.columns ?? 80) - 1;
      this.#screen.write(`${CLEAR}${status.slice(0, width)}`);
      this.#shown = status;
    } else if (this.#now() - this.#lastPlain >= PLAIN_EVERY_MS) {
      this.#lastPlain = this.#now();
      this.#screen.write(`${status}\n`);
    }
  }

  clear(): void {
    if (this.#shown !== '') this.#screen.write(CLEAR);
    this.#shown = '';
  }
}

const BAR_CELLS = 24;

/** `[#####...................]  21 %  what` */
export function progressBar(done: number, total: number, what: string): string {
  const share = total > 0 ? Math.min(1, done / total) : 0;
  const filled = Math.round(share * BAR_CELLS);
  const bar = '#'.repeat(filled) + '.'.repeat(BAR_CELLS - filled);
  return `[${bar}] ${String(Math.floor(share * 100)).padStart(3)} %  ${what}`;
}
