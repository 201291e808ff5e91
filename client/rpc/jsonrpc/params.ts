/** Parameter types of JSON-RPC methods: each reads one JSON value or says what it expected and where. */
import { RpcError } from './errors.ts';

export type Hex = `0x${string}`;
/** Reads one value; `where` names it in the error. */
export type Param<T> = { readonly expects: string; readonly read: (value: unknown, where: string) => T };

export type BlockTag = 'latest' | 'earliest' | 'pending' | 'safe' | 'finalized';
export type BlockId =
  | { readonly kind: 'tag'; readonly tag: BlockTag }
  | { readonly kind: 'number'; readonly number: bigint }
  | { readonly kind: 'hash'; readonly hash: Hex; readonly requireCanonical: boolean };

const TAGS: ReadonlySet<string> = new Set(['latest', 'earliest', 'pending', 'safe', 'finalized']);
const U64 = (1n << 64n) - 1n;
const U256 = (1n << 256n) - 1n;

function fail(where: string, expects: string, value: unknown): never {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  const shown = text.length <= 80 ? text : `${text.slice(0, 77)}…`;
  throw new RpcError('invalidParams', `invalid params: ${where}: expected ${expects}, got ${shown}`);
}

function matching(expects: string, pattern: RegExp): Param<Hex> {
  return {
    expects,
    read: (value, where) =>
      typeof value === 'string' && pattern.test(value) ? (value.toLowerCase() as Hex) : fail(where, expects, value),
  };
}

function bounded(expects: string, max: bigint): Param<bigint> {
  return {
    expects,
    read: (value, where) => {
      if (typeof value !== 'string' || !/^0x(0|[1-9a-f][0-9a-f]*)$/i.test(value) || value.length > 66) {
        return fail(where, expects, value);
      }
      const number = BigInt(value);
      return number <= max ? number : fail(where, expects, value);
    },
  };
}

export const address = matching('an address (20 bytes, 0x… hex)', /^0x[0-9a-f]{40}$/i);
export const hash32 = matching('a hash (32 bytes, 0x… hex)', /^0x[0-9a-f]{64}$/i);
export const data = matching('data (0x… hex of whole bytes)', /^0x([0-9a-f]{2})*$/i);
/** A storage key: a quantity or up to 32 bytes, as clients send both. */
export const storageKey = matching('a storage key (up to 32 bytes, 0x… hex)', /^0x[0-9a-f]{0,64}$/i);
export const uint64 = bounded('a quantity (0x… hex without leading zeros, 64 bits)', U64);
export const uint256 = bounded('a quantity (0x… hex without leading zeros, 256 bits)', U256);

export const subscriptionId = matching('the id of a subscription (0x… hex)', /^0x[0-9a-f]{1,64}$/i);

/** A small number, as quantity or as JSON number. */
export const uint8: Param<number> = {
  expects: 'a number from 0 to 255',
  read: (value, where) => {
    const number = typeof value === 'string' && /^0x[0-9a-f]{1,2}$/i.test(value) ? Number(value) : value;
    if (typeof number === 'number' && Number.isInteger(number) && number >= 0 && number <= 255) return number;
    return fail(where, uint8.expects, value);
  },
};

/** Bytes as 0x… hex or as base64. */
export const bytes: Param<Uint8Array> = {
  expects: '0x… hex of whole bytes, or base64',
  read: (value, where) => {
    if (typeof value !== 'string') return fail(where, bytes.expects, value);
    if (value.startsWith('0x')) return new Uint8Array(Buffer.from(data.read(value, where).slice(2), 'hex'));
    const isBase64 = value !== '' && value.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(value);
    return isBase64 ? new Uint8Array(Buffer.from(value, 'base64')) : fail(where, bytes.expects, value);
  },
};

/** JSON's own; no number or string stands for it. */
export const boolean: Param<boolean> = {
  expects: 'true or false',
  read: (value, where) => (typeof value === 'boolean' ? value : fail(where, 'true or false', value)),
};

/** A tag, a number, a hash, or EIP-1898's `{blockNumber}` and `{blockHash, requireCanonical}`. */
export const blockId: Param<BlockId> = {
  expects: 'a block (tag, number, hash or EIP-1898 object)',
  read: (value, where) => {
    if (typeof value === 'string') {
      if (TAGS.has(value)) return { kind: 'tag', tag: value as BlockTag };
      if (/^0x[0-9a-f]{64}$/i.test(value))
        return { kind: 'hash', hash: hash32.read(value, where), requireCanonical: false };
      return { kind: 'number', number: uint64.read(value, where) };
    }
    if (isObject(value) && value.blockHash !== undefined && value.blockNumber === undefined) {
      const requireCanonical =
        value.requireCanonical === undefined ? false : boolean.read(value.requireCanonical, where);
      return { kind: 'hash', hash: hash32.read(value.blockHash, where), requireCanonical };
    }
    if (isObject(value) && value.blockNumber !== undefined && value.blockHash === undefined) {
      return { kind: 'number', number: uint64.read(value.blockNumber, where) };
    }
    return fail(where, blockId.expects, value);
  },
};

/** A tag or a number: a place in the canonical chain. */
export const numberedBlock: Param<Exclude<BlockId, { kind: 'hash' }>> = {
  expects: 'a block (tag or number)',
  read: (value, where) => {
    const id = blockId.read(value, where);
    return id.kind === 'hash' ? fail(where, numberedBlock.expects, value) : id;
  },
};

/** One of these strings, in the same case. */
export function oneOf<const T extends readonly string[]>(...values: T): Param<T[number]> {
  const expects = `one of ${values.join(', ')}`;
  return {
    expects,
    read: (value, where) => (typeof value === 'string' && values.includes(value) ? value : fail(where, expects, value)),
  };
}

/** Absent, undefined and null are all "not given". */
export function optional<T>(inner: Param<T>): Param<T | undefined> {
  return {
    expects: `${inner.expects} or nothing`,
    read: (value, where) => (value === undefined || value === null ? undefined : inner.read(value, where)),
  };
}

/** As `optional`, with a value for what is not given. */
export function withDefault<T>(inner: Param<T>, fallback: T): Param<T> {
  return {
    expects: `${inner.expects} or nothing`,
    read: (value, where) => (value === undefined || value === null ? fallback : inner.read(value, where)),
  };
}

/** @param maxLength a longer list is refused whole, before any item is read */
export function listOf<T>(inner: Param<T>, maxLength: number): Param<readonly T[]> {
  const expects = `a list of at most ${maxLength}`;
  return {
    expects,
    read: (value, where) => {
      if (!Array.isArray(value) || value.length > maxLength) return fail(where, expects, value);
      return value.map((item, i) => inner.read(item, `${where}[${i}]`));
    },
  };
}

/** A single value stands for a list of it. */
export function oneOrMore<T>(inner: Param<T>, maxLength: number): Param<readonly T[]> {
  const list = listOf(inner, maxLength);
  return {
    expects: `${inner.expects} or ${list.expects}`,
    read: (value, where) => (Array.isArray(value) ? list.read(value, where) : [inner.read(value, where)]),
  };
}

type Fields = Readonly<Record<string, Param<unknown>>>;
type ObjectOf<F extends Fields> = { readonly [K in keyof F]: F[K] extends Param<infer T> ? T : never };

/** An object with these fields; unknown ones are refused, since a misspelt field would be ignored silently. */
export function object<F extends Fields>(fields: F): Param<ObjectOf<F>> {
  const expects = `an object with ${Object.keys(fields).join(', ')}`;
  return {
    expects,
    read: (value, where) => {
      if (!isObject(value)) return fail(where, expects, value);
      for (const key of Object.keys(value)) if (!(key in fields)) fail(`${where}.${key}`, expects, value[key]);
      const entries = Object.entries(fields).map(([key, field]) => [key, field.read(value[key], `${where}.${key}`)]);
      return Object.fromEntries(entries) as ObjectOf<F>;
    },
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
