import { ClientError } from '../../errors.ts';

/** A block breaks a rule of its chain. */
export class BlockError extends ClientError<
  BlockErrorCode,
  { readonly expected?: string; readonly actual?: string; readonly index?: number }
> {}

/** @throws BlockError `code` where what the header states is not what it must be */
export function requireEqual(code: BlockErrorCode, expected: string | bigint, actual: string | bigint): void {
  if (expected !== actual) throw headerViolation(code, String(expected), actual);
}

/** The error of a header that states something else than the rule `code` demands. */
export function headerViolation(code: BlockErrorCode, expected: string, actual: string | bigint): BlockError {
  return new BlockError(code, `header: ${code}: expected ${expected}, got ${actual}`, {
    expected,
    actual: String(actual),
  });
}

/**
 * The message of an @ethereumjs error as one line, without the state of all objects around it, which it appends in
 * parentheses, and without the source of a getter that one message prints in place of its value.
 */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message
    .replace(/ \((?:vm hf|tx type|block number|header|number)=?.*$/s, '')
    .replace(/ \w+\(\) \{.*?\} /s, ' ')
    .replace(/\s+/g, ' ');
}

/** 0x… hex in lower case, two digits a byte. */
export function hex(bytes: Uint8Array): `0x${string}` {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}`;
}

export type BlockErrorCode =
  | 'blockMalformed'
  | 'blockTooLarge'
  // the header against its parent
  | 'parentHash'
  | 'number'
  | 'timestamp'
  | 'extraData'
  | 'gasUsedAboveLimit'
  | 'gasLimit'
  | 'baseFeePerGas'
  | 'difficulty'
  | 'nonce'
  | 'excessBlobGas'
  // the body against the header
  | 'transactionsRoot'
  | 'ommersHash'
  | 'withdrawalsRoot'
  | 'blobGasUsed'
  | 'tooManyBlobs'
  | 'ommerInvalid'
  // execution
  | 'transactionInvalid'
  | 'systemContractMissing'
  | 'systemContractFailed'
  | 'depositLogMalformed'
  // its outcome against the header
  | 'gasUsed'
  | 'receiptsRoot'
  | 'logsBloom'
  | 'requestsHash'
  | 'stateRoot';
