import { ClientError } from '../../errors.ts';

/** JSON-RPC 2.0's codes, EIP-1474's and execution-apis' codes, and those of `eth_getBlockProof`. */
export const RPC_CODES = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internalError: -32603,
  serverError: -32000,
  resourceNotFound: -32001,
  resourceUnavailable: -32002,
  limitExceeded: -32005,
  /** execution-apis: the call reverted; `data` is what it returned */
  executionReverted: 3,
  /** execution-apis: the history is pruned */
  pruned: 4444,
} as const;
export type RpcErrorName = keyof typeof RPC_CODES;

/** An error that reaches the caller as it is; every other error becomes `internalError` without its text. */
export class RpcError extends ClientError<RpcErrorName> {
  /** @param data the `data` member of the JSON-RPC error object */
  readonly data: unknown;
  constructor(code: RpcErrorName, message: string, data?: unknown) {
    super(code, message);
    this.data = data;
  }
}
