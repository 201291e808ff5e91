/**
 * What a command prints and how it ends. With `--json` exactly one JSON object goes to standard output;
 * everything else (progress, logs, error lines) goes to standard error.
 */
import { ClientError, ExitCode, systemReason } from '../errors.ts';
import { exitCodeOf } from './exit-codes.ts';

/** A command's end: what to print for a reader, what for a program, and the exit code. */
export type Outcome = { readonly exitCode: ExitCode; readonly text: string; readonly json: object };

export type Streams = { readonly out: (line: string) => void; readonly err: (line: string) => void };

/** Prints an outcome in the asked form. */
export function printOutcome(outcome: Outcome, json: boolean, streams: Streams): void {
  if (json) streams.out(JSON.stringify(outcome.json, jsonValue));
  else if (outcome.text !== '') streams.out(outcome.text);
}

/** Prints one line that names the failure, or with `--json` an object `{ok: false, error}`; returns the exit code. */
export function printFailure(error: unknown, json: boolean, streams: Streams): ExitCode {
  const { code, message, detail } = describeError(error);
  if (json) streams.out(JSON.stringify({ ok: false, error: { code, message, ...detail } }, jsonValue));
  streams.err(`zkl1-node: ${message}`);
  const exitCode = exitCodeOf(code);
  if (exitCode === ExitCode.internal && error instanceof Error && error.stack !== undefined) streams.err(error.stack);
  return exitCode;
}

/** Bytes as hex and quantities as decimal strings beyond 2^53, so that no digit is lost in JSON. */
export function jsonValue(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') {
    return value <= BigInt(Number.MAX_SAFE_INTEGER) && value >= 0n ? Number(value) : value.toString();
  }
  return value instanceof Uint8Array ? `0x${Buffer.from(value).toString('hex')}` : value;
}

type Described = { readonly code: string; readonly message: string; readonly detail: object };

function describeError(error: unknown): Described {
  if (error instanceof ClientError) return { code: error.code, message: oneLine(error.message), detail: error.detail };
  const system = error as NodeJS.ErrnoException;
  if (error instanceof Error && typeof system.code === 'string' && system.syscall !== undefined) {
    const message = system.path === undefined ? error.message : `${system.path}: ${systemReason(error)}`;
    return { code: 'systemError', message: oneLine(message), detail: {} };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'internal', message: `internal error: ${oneLine(message)}`, detail: {} };
}

/** A message may quote what a file holds: no line break, and nothing that steers a terminal. */
function oneLine(text: string): string {
  return text
    .replace(/\s*\n\s*/g, ' ')
    .replace(/\p{Cc}/gu, '�')
    .trim();
}

/** Codes raised by the command line itself. */
export type CliErrorCode =
  | 'usage'
  | 'inputUnreadable'
  | 'inputInvalid'
  | 'outputUnwritable'
  | 'blockRejected'
  | 'blockTooLarge'
  | 'outOfMemory'
  | 'interrupted'
  | 'proverFailed';
/** What ends a command: its message is printed as one line, its code gives the exit code (`exit-codes.ts`). */
export class CliError extends ClientError<CliErrorCode> {}
