import { RPC_CODES, RpcError } from './errors.ts';
import type { CallContext, Method } from './method.ts';

export type Limits = {
  /** bytes of one HTTP request body */
  readonly maxRequestBytes: number;
  /** calls in one batch */
  readonly maxBatch: number;
  /** bytes of one response, a whole batch counted */
  readonly maxResponseBytes: number;
};
export const DEFAULT_LIMITS: Limits = {
  maxRequestBytes: 5 * 1024 * 1024,
  maxBatch: 100,
  maxResponseBytes: 25 * 1024 * 1024,
};

export type Dispatch = (body: string, context: CallContext) => Promise<string | undefined>;

/**
 * Answers JSON-RPC 2.0 request texts.
 * @param onInternal told of errors that are not the caller's: the caller only learns that there was one
 * @returns the response text, or undefined where nothing but notifications came
 */
export function dispatcher(
  methods: readonly Method[],
  limits: Limits,
  onInternal: (method: string, error: unknown) => void,
): Dispatch {
  const table = new Map(methods.map((m) => [m.name, m]));

  const answer = async (request: unknown, context: CallContext): Promise<string | undefined> => {
    if (!isRequest(request)) return failure(null, new RpcError('invalidRequest', 'not a JSON-RPC 2.0 request'));
    const isNotification = request.id === undefined;
    const id = request.id ?? null;
    try {
      const found = table.get(request.method);
      if (found === undefined) {
        throw new RpcError('methodNotFound', `the method ${request.method.slice(0, 100)} does not exist`);
      }
      const params = request.params ?? [];
      if (!Array.isArray(params)) throw new RpcError('invalidParams', 'invalid params: expected a list');
      const result = await found.call(params, context);
      return isNotification ? undefined : JSON.stringify({ jsonrpc: '2.0', id, result: result ?? null });
    } catch (error) {
      if (!(error instanceof RpcError)) onInternal(request.method, error);
      const known = error instanceof RpcError ? error : new RpcError('internalError', 'internal error');
      return isNotification ? undefined : failure(id, known);
    }
  };

  return async (body, context) => {
    let json: unknown;
    try {
      json = JSON.parse(body);
    } catch {
      return failure(null, new RpcError('parseError', 'the request is not JSON'));
    }
    if (!Array.isArray(json)) {
      const response = await answer(json, context);
      if (response === undefined || response.length <= limits.maxResponseBytes) return response;
      return failure(idOf(json), tooLarge(limits));
    }
    if (json.length === 0) return failure(null, new RpcError('invalidRequest', 'an empty batch'));
    if (json.length > limits.maxBatch) {
      const message = `a batch of ${json.length} calls, at most ${limits.maxBatch} are answered`;
      return failure(null, new RpcError('limitExceeded', message));
    }
    const responses: string[] = [];
    let sizeBytes = 0;
    for (const request of json) {
      const isFull = sizeBytes > limits.maxResponseBytes;
      let response = isFull ? failure(idOf(request), tooLarge(limits)) : await answer(request, context);
      if (response === undefined) continue;
      if (!isFull && sizeBytes + response.length > limits.maxResponseBytes) {
        sizeBytes = limits.maxResponseBytes + 1;
        response = failure(idOf(request), tooLarge(limits));
      } else {
        sizeBytes += response.length;
      }
      responses.push(response);
    }
    return responses.length === 0 ? undefined : `[${responses.join(',')}]`;
  };
}

/** The answer where no more can be held: who reads what has been asked for makes room. */
export const BUSY = failure(null, new RpcError('limitExceeded', 'too much is being received and sent'));

type Request = {
  readonly method: string;
  readonly id?: string | number | null;
  readonly params?: unknown;
};

function isRequest(value: unknown): value is Request {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return false;
  const { jsonrpc, method, id } = value as Record<string, unknown>;
  const isId = id === undefined || id === null || typeof id === 'string' || typeof id === 'number';
  return jsonrpc === '2.0' && typeof method === 'string' && isId;
}

function idOf(value: unknown): string | number | null {
  return isRequest(value) ? (value.id ?? null) : null;
}

function tooLarge(limits: Limits): RpcError {
  return new RpcError('limitExceeded', `the response is larger than ${limits.maxResponseBytes} bytes`);
}

function failure(id: string | number | null, error: RpcError): string {
  const { message, data } = error;
  return JSON.stringify({ jsonrpc: '2.0', id, error: { code: RPC_CODES[error.code], message, data } });
}
