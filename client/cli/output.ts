/**
 * What a command prints and how it ends. With `--json` exactly one JSON object goes to standard output;
 * everything else (progress, logs, error lines) goes to standard error.
 */
import { ClientError, ExitCode } from '../errors.ts';

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
    return { code: 'systemError', message: oneLine(error.message), detail: {} };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'internal', message: `internal error: ${oneLine(message)}`, detail: {} };
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').trim();
}

/** Codes of the command line by the way they end the process; a code that is not listed is a defect of the client. */
const EXIT_CODES: Readonly<Record<string, ExitCode>> = {
  usage: ExitCode.usage,
  inputUnreadable: ExitCode.unreadable,
  inputInvalid: ExitCode.unreadable,
  outputUnwritable: ExitCode.unreadable,
  blockRejected: ExitCode.rejected,
  blockTooLarge: ExitCode.rejected,
  outOfMemory: ExitCode.unreadable,
  interrupted: ExitCode.unreadable,
  proverFailed: ExitCode.internal,
  systemError: ExitCode.unreadable,
  portInUse: ExitCode.unreadable,
  portUnusable: ExitCode.unreadable,
  unknownChain: ExitCode.unreadable,
  genesisInvalid: ExitCode.unreadable,
  genesisUnreadable: ExitCode.unreadable,
  addressInvalid: ExitCode.usage,
  sealerUnknown: ExitCode.usage,
  sealKeyUnreadable: ExitCode.unreadable,
  sealKeyInvalid: ExitCode.unreadable,
  sealKeyExposed: ExitCode.unreadable,
  keyFileUnreadable: ExitCode.unreadable,
  keyFileMalformed: ExitCode.unreadable,
  keyFileExposed: ExitCode.unreadable,
  listenFailed: ExitCode.unreadable,
  storeLocked: ExitCode.unreadable,
  storeDamaged: ExitCode.unreadable,
  storeForeign: ExitCode.unreadable,
  storeVersion: ExitCode.unreadable,
  storeOtherChain: ExitCode.unreadable,
  storeUnopenable: ExitCode.unreadable,
  storeFull: ExitCode.unreadable,
  storeUnwritable: ExitCode.unreadable,
  chainInvalid: ExitCode.unreadable,
  endpointInvalid: ExitCode.usage,
  responseTooLarge: ExitCode.unreadable,
  responseNotJson: ExitCode.unreadable,
  responseMalformed: ExitCode.unreadable,
  rpcError: ExitCode.unreadable,
  pruned: ExitCode.unreadable,
  proofTypeNotAccepted: ExitCode.rejected,
  proofTooLarge: ExitCode.rejected,
  proofHashMismatch: ExitCode.rejected,
  proofRejected: ExitCode.rejected,
  blockMismatch: ExitCode.rejected,
  sealMissing: ExitCode.rejected,
  sealInvalid: ExitCode.rejected,
};

function exitCodeOf(code: string): ExitCode {
  return EXIT_CODES[code] ?? ExitCode.internal;
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
export class CliError extends ClientError<CliErrorCode> {}
