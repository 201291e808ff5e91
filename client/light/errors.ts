import { ClientError } from '../errors.ts';

/** Everything that checking a block's proof over somebody else's node can end with. */
export class LightError extends ClientError<LightErrorCode> {}

export type LightErrorCode =
  /** the caller's own configuration */
  | 'chainInvalid'
  | 'endpointInvalid'
  // the way to the node
  | 'unreachable'
  | 'timeout'
  | 'aborted'
  | 'httpStatus'
  // what it sent is no answer
  | 'responseTooLarge'
  | 'responseNotJson'
  | 'responseMalformed'
  // what it says that it does not have
  | 'rpcError'
  | 'blockUnknown'
  | 'notProven'
  | 'pruned'
  // what it sent is a lie, or of no use to this build
  | 'proofTypeNotAccepted'
  | 'keyRevoked'
  | 'proofTooLarge'
  | 'proofHashMismatch'
  | 'proofRejected'
  | 'blockMismatch'
  | 'sealMissing'
  | 'sealInvalid';
