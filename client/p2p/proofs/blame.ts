/** What a failed exchange tells of the other side; a reset stream or a lost connection tells nothing. */
import { ClientError } from '../../errors.ts';
import type { StreamErrorCode } from '../host/byte-stream.ts';
import type { Fault } from '../peers/faults.ts';
import type { FrameErrorCode } from './framing.ts';
import type { MessageErrorCode } from './messages.ts';

const FAULTS: Readonly<Partial<Record<FrameErrorCode | MessageErrorCode | StreamErrorCode, Fault>>> = {
  messageMalformed: 'malformedMessage',
  frameUnknown: 'malformedMessage',
  frameTooLarge: 'oversizedMessage',
  frameAfterEnd: 'unrequestedData',
  frameTruncated: 'truncatedResponse',
  timedOut: 'slowResponse',
};

/** What a peer is charged with where an exchange with it ends in this error; undefined: with nothing. */
export function faultOf(error: unknown): Fault | undefined {
  return error instanceof ClientError ? (FAULTS as Readonly<Record<string, Fault>>)[error.code] : undefined;
}

/** What was thrown, for the log. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
