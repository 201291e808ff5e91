import { type ChildProcess, fork } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What the last lines on standard error may hold: V8's and the system's last words. */
const TAIL_BYTES = 4096;
/** Options that belong to this process alone. */
const OWN_OPTIONS = /^--(inspect|debug|test|watch|max-old-space-size)/;

/** What a child process runs, and with how much. */
export type ChildOptions = {
  /** The program's module, without ending. */
  readonly program: URL;
  readonly arguments: readonly string[];
  /** MiB of JavaScript objects after which V8 gives up. */
  readonly heapMiB: number;
};

/** How a child process ended. */
export type ChildEnd = {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The end of what it wrote to standard error. */
  readonly lastWords: string;
};

/**
 * A process of this package's own code, spoken to by messages. It lives until it is killed, or ends by itself; `ended`
 * resolves in every case.
 */
export class ChildProgram {
  readonly ended: Promise<ChildEnd>;
  readonly #process: ChildProcess;
  #lastWords = '';

  constructor({ program, arguments: args, heapMiB }: ChildOptions, onMessage: (message: unknown) => void) {
    // The sources where this module itself runs from source, else what they were compiled to.
    const path = `${fileURLToPath(program)}${extname(import.meta.url)}`;
    this.#process = fork(path, args, {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [
        ...process.execArgv.filter((option) => !OWN_OPTIONS.test(option)),
        `--max-old-space-size=${Math.round(heapMiB)}`,
      ],
    });
    this.#process.stderr?.on('data', (chunk: Buffer) => {
      this.#lastWords = (this.#lastWords + chunk.toString()).slice(-TAIL_BYTES);
    });
    this.#process.on('message', onMessage);
    this.ended = new Promise((resolve) => {
      this.#process.on('error', (error) => resolve({ exitCode: null, signal: null, lastWords: error.message }));
      this.#process.on('close', (exitCode, signal) => resolve({ exitCode, signal, lastWords: this.#lastWords }));
    });
  }

  /** Does nothing where the process has ended: `ended` tells. */
  send(message: object): void {
    if (this.#process.connected) this.#process.send(message, () => {});
  }

  /** Ends the process at once, whatever it is doing. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.ended;
  }
}
