/** HTTP to a node that nobody vouches for: capped, timed, abortable; nothing of an answer is believed here. */
import { systemReason } from '../errors.ts';
import { LightError } from './errors.ts';

export type Endpoint = {
  /** http: or https: URL of JSON-RPC; ws: and wss: stand for the same port */
  readonly url: string;
  /** ms for a whole answer, its body included; 30 000 by default */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** in place of the platform's */
  readonly fetch?: typeof fetch;
};

export type RpcFailure = { readonly code: number; readonly message: string; readonly data?: unknown };

const DEFAULT_TIMEOUT_MS = 30_000;
const MAX_MESSAGE = 200;

/**
 * One JSON-RPC call.
 * @param maxBytes of the answer; not one byte more is kept
 * @throws LightError; the node's own refusal is `rpcError` with its code, message and data
 */
export async function call(
  endpoint: Endpoint,
  method: string,
  params: readonly unknown[],
  maxBytes: number,
): Promise<unknown> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  const bytes = await request(endpoint, httpUrl(endpoint.url), { body, maxBytes });
  let answer: unknown;
  try {
    answer = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new LightError('responseNotJson', `${method}: expected JSON of ${endpoint.url}`, {}, { cause });
  }
  const { error, result, id } = (isObject(answer) ? answer : {}) as Readonly<Record<string, unknown>>;
  if (isObject(error) && typeof error.code === 'number' && typeof error.message === 'string') {
    const failure = { code: error.code, message: error.message.slice(0, MAX_MESSAGE), data: error.data };
    throw new LightError('rpcError', `${method}: the node answers ${failure.code}: ${failure.message}`, failure);
  }
  if (result === undefined || id !== 1)
    throw new LightError('responseMalformed', `${method}: expected a JSON-RPC response to call 1`);
  return result;
}

/** The bytes that stand at a path of the node's own host. @throws LightError */
export async function download(endpoint: Endpoint, path: string, maxBytes: number): Promise<Uint8Array> {
  const url = httpUrl(endpoint.url);
  // Set, not resolved: a path that begins with // would be another host.
  url.pathname = path;
  url.search = '';
  return await request(endpoint, url, { maxBytes });
}

/** The URL that calls go to: a node takes them on the port of its WebSocket. @throws LightError `endpointInvalid` */
export function httpUrl(url: string): URL {
  const http = url.replace(/^ws(s?):/i, 'http$1:');
  const parsed = URL.canParse(http) ? new URL(http) : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol))
    throw new LightError('endpointInvalid', `expected an http:, https:, ws: or wss: URL, got ${url}`, { url });
  return parsed;
}

async function request(
  { timeoutMs = DEFAULT_TIMEOUT_MS, signal, fetch: send = globalThis.fetch }: Endpoint,
  url: URL,
  { body, maxBytes }: { readonly body?: string; readonly maxBytes: number },
): Promise<Uint8Array> {
  const timer = new AbortController();
  const timeout = setTimeout(() => timer.abort(), timeoutMs);
  const stop = AbortSignal.any([timer.signal, ...(signal === undefined ? [] : [signal])]);
  try {
    const response = await send(url, {
      ...(body === undefined ? {} : { method: 'POST', body, headers: { 'content-type': 'application/json' } }),
      signal: stop,
      redirect: 'error',
      credentials: 'omit',
    });
    const bytes = await capped(response, maxBytes);
    // Some servers give JSON-RPC's errors with a status of their own.
    if (!response.ok && !(body !== undefined && response.status === 400))
      throw new LightError('httpStatus', `${url.href}: expected status 200, got ${response.status}`, {
        actual: response.status,
      });
    return bytes;
  } catch (cause) {
    if (cause instanceof LightError) throw cause;
    if (signal?.aborted === true) throw new LightError('aborted', `${url.href}: stopped by the caller`, {}, { cause });
    if (timer.signal.aborted)
      throw new LightError('timeout', `${url.href}: no whole answer within ${timeoutMs} ms`, { timeoutMs }, { cause });
    throw new LightError('unreachable', `${url.href}: cannot be reached: ${reasonOf(cause)}`, {}, { cause });
  } finally {
    clearTimeout(timeout);
    // Ends what a refused answer still sends.
    timer.abort();
  }
}

async function capped(response: Response, maxBytes: number): Promise<Uint8Array> {
  const tooLarge = (): LightError =>
    new LightError('responseTooLarge', `${response.url}: more than ${maxBytes} bytes`, { expected: maxBytes });
  if (Number(response.headers.get('content-length') ?? 0) > maxBytes) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  const reader = response.body?.getReader();
  for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
    sizeBytes += part.value.length;
    if (sizeBytes > maxBytes) throw tooLarge();
    chunks.push(part.value);
  }
  const bytes = new Uint8Array(sizeBytes);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  return systemReason(cause instanceof Error ? cause : error);
}

/** Whether a JSON value is an object, which JavaScript's `typeof` says of null and lists too. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
