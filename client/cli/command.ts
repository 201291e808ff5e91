import type { InferredOptionTypes, Options, PositionalOptions } from 'yargs';
import type { Outcome } from './output.ts';

/** What a command may use besides its arguments. */
export type CommandContext = {
  /** Aborted by Ctrl-C or a termination signal: finish or undo what is half-done, then return. */
  readonly signal: AbortSignal;
  /** One line to standard error. */
  readonly note: (line: string) => void;
  /** What is going on right now, for a terminal's last line; nothing clears it. */
  readonly status: (text?: string) => void;
  /** For commands that run until they are stopped: prints their one result now. They return nothing then. */
  readonly announce: (result: { readonly text: string; readonly json: object }) => void;
  /** of this release */
  readonly version: string;
  /** The first flag given whose name begins so: what is parsed has the defaults of those that were not given too. */
  readonly flagGiven: (prefix: string) => string | undefined;
};

type PositionalSpec = PositionalOptions & { readonly type: 'string' | 'number' };

/** A command line that works as it stands, with `$0` for the program, and what it does. */
export type Example = readonly [line: string, describe: string];

/** One command of the command line; every command lives in its own file. */
export type Command = {
  /** Name and positionals in yargs' notation, e.g. `execute <block>`. */
  readonly command: string;
  readonly describe: string;
  /** Shown by `--help`. */
  readonly examples: readonly Example[];
  readonly positionals: Readonly<Record<string, PositionalSpec>>;
  readonly options: Readonly<Record<string, Options>>;
  readonly run: (args: Readonly<Record<string, unknown>>, context: CommandContext) => Promise<Outcome | undefined>;
};

/** Gives `run` the types that the options declare. */
export function defineCommand<
  P extends Readonly<Record<string, PositionalSpec>>,
  O extends Readonly<Record<string, Options>>,
>(spec: {
  readonly command: string;
  readonly describe: string;
  readonly examples: readonly Example[];
  readonly positionals: P;
  readonly options: O;
  readonly run: (
    args: InferredOptionTypes<P> & InferredOptionTypes<O>,
    context: CommandContext,
  ) => Promise<Outcome | undefined>;
}): Command {
  return spec as unknown as Command;
}
