import { ExitCode } from '../errors.ts';

/**
 * Codes of `ClientError` by the way they end the process. A code that is not listed ends it as a defect of this client;
 * `test/unit/cli/exit-codes.test.ts` walks the sources and says why each such code cannot get here.
 */
export const EXIT_CODES: Readonly<Record<string, ExitCode>> = {
  usage: ExitCode.usage,
  inputUnreadable: ExitCode.unreadable,
  inputInvalid: ExitCode.unreadable,
  outputUnwritable: ExitCode.unreadable,
  blockRejected: ExitCode.rejected,
  blockTooLarge: ExitCode.rejected,
  fastExecutorMemory: ExitCode.rejected,
  outOfMemory: ExitCode.unreadable,
  interrupted: ExitCode.unreadable,
  proverFailed: ExitCode.internal,
  systemError: ExitCode.unreadable,
  pageNotBuilt: ExitCode.unreadable,
  portInUse: ExitCode.unreadable,
  portUnusable: ExitCode.unreadable,
  unknownChain: ExitCode.unreadable,
  genesisInvalid: ExitCode.unreadable,
  genesisUnreadable: ExitCode.unreadable,
  addressInvalid: ExitCode.usage,
  sealerUnknown: ExitCode.usage,
  proofsUnmet: ExitCode.usage,
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
  // Of what a store holds: it was checked before it was stored, so that the files are not what was written.
  blockMalformed: ExitCode.unreadable,
  malformedNode: ExitCode.unreadable,
  missingNode: ExitCode.unreadable,
  missingCode: ExitCode.unreadable,
  missingHeader: ExitCode.unreadable,
  chainInvalid: ExitCode.unreadable,
  endpointInvalid: ExitCode.usage,
  unreachable: ExitCode.unreadable,
  timeout: ExitCode.unreadable,
  aborted: ExitCode.unreadable,
  httpStatus: ExitCode.unreadable,
  responseTooLarge: ExitCode.unreadable,
  responseNotJson: ExitCode.unreadable,
  responseMalformed: ExitCode.unreadable,
  rpcError: ExitCode.unreadable,
  blockUnknown: ExitCode.unreadable,
  notProven: ExitCode.unreadable,
  pruned: ExitCode.unreadable,
  proofTypeNotAccepted: ExitCode.rejected,
  proofTooLarge: ExitCode.rejected,
  proofHashMismatch: ExitCode.rejected,
  proofRejected: ExitCode.rejected,
  blockMismatch: ExitCode.rejected,
  sealMissing: ExitCode.rejected,
  sealInvalid: ExitCode.rejected,
};

/** How an error with this code ends the process: `internal` for a code that is not listed. */
export function exitCodeOf(code: string): ExitCode {
  return Object.hasOwn(EXIT_CODES, code) ? (EXIT_CODES[code] ?? ExitCode.internal) : ExitCode.internal;
}
