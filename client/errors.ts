/**
 * The one error class of the client: a code that names the violated rule and a typed payload.
 * A module declares its own codes as a union at the bottom of the file that raises them and
 * passes them as the type argument.
 */
export class ClientError<C extends string = string, D extends object = Record<string, unknown>> extends Error {
  override readonly name = 'ClientError';
  readonly code: C;
  readonly detail: D;

  /**
   * @param code names the rule that was violated, e.g. `logHeightOutOfRange`
   * @param message what was expected, what came, where
   * @param detail machine-readable payload; by convention `expected` and `actual` where both exist
   */
  constructor(code: C, message: string, detail?: D, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.detail = detail ?? ({} as D);
  }
}

/** The exit codes of the command line (`README.md`, "Command line"). */
export const ExitCode = { ok: 0, rejected: 1, usage: 2, unreadable: 3, internal: 4 } as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** Codes of the system that Node says in no words, or in worse ones. */
const SYSTEM_REASONS: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'no such file or folder'],
  ['ENOTDIR', 'a part of the path is not a folder'],
  ['EISDIR', 'it is a folder'],
  ['EPERM', 'permission denied'],
  ['ENOTFOUND', 'unknown host'],
  ['ECONNREFUSED', 'connection refused'],
]);

/**
 * Why the system refused, without its code and without the call and the place that the caller's own message names; an
 * error of anything else is its message.
 */
export function systemReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, message } = error as Error & { readonly code?: unknown };
  if (typeof code !== 'string') return message;
  // `EACCES: permission denied, open '/x'`, `listen EACCES: permission denied 0.0.0.0:80`
  const words = /^(?:\w+ )?E[A-Z0-9]+: ([a-z][a-z -]*)(?=,|$| \S*\d$)/.exec(message)?.[1];
  return SYSTEM_REASONS.get(code) ?? words ?? message;
}
