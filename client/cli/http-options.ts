import type { Options } from 'yargs';
import { DEFAULT_HTTP } from '../config.ts';
import { wholeNumber } from './options.ts';

/** Flags of the node that are about its JSON-RPC; geth's names. */
export const httpOptions = {
  'http.addr': { type: 'string', default: DEFAULT_HTTP.host, describe: 'address that JSON-RPC listens on' },
  'http.port': {
    default: String(DEFAULT_HTTP.port),
    coerce: wholeNumber('http.port', 0, 65535),
    describe: 'port that JSON-RPC listens on; 0 takes a free one',
  },
  'http.corsdomain': {
    type: 'string',
    array: true,
    default: [] as string[],
    describe: 'origins (https://…, or *) whose web pages may call from a browser',
  },
  'http.light-page': {
    type: 'boolean',
    default: false,
    describe: 'serve a page at /light/ that verifies proofs in the browser',
  },
  ws: {
    type: 'boolean',
    default: true,
    describe: 'WebSocket too, on the same port, with subscriptions; --no-ws: none',
  },
  'ws.origins': {
    type: 'string',
    array: true,
    default: [] as string[],
    describe: 'origins (https://…, or *) whose web pages may open a WebSocket',
  },
} as const satisfies Readonly<Record<string, Options>>;
