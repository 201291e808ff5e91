/** BLOCK.json: one block with its execution witness, as `export` writes it and `execute` and `prove` read it. */
import { Hardfork } from '@ethereumjs/common';
import { RLP } from '@ethereumjs/rlp';
import { readInput } from './files.ts';
import { CliError } from './output.ts';

export type BlockFile = {
  readonly chainId: bigint;
  /** hardfork name of @ethereumjs/common; must be the one the chain has at this block */
  readonly fork: string;
  readonly number: bigint;
  /** rlp([header, transactions, ommers, withdrawals?]) */
  readonly blockRlp: Uint8Array;
  readonly witness: {
    /** rlp of trie nodes */
    readonly state: readonly Uint8Array[];
    readonly codes: readonly Uint8Array[];
    /** rlp of headers, ascending; the last one is the parent's */
    readonly headers: readonly Uint8Array[];
  };
  readonly expected: {
    readonly blockHash: string;
    readonly stateRoot: string;
    readonly receiptsRoot: string;
    readonly gasUsed: bigint;
  };
  /** geth's genesis format; absent for the chains that are known by their id */
  readonly genesis?: Readonly<Record<string, unknown>>;
};

/** 50 Mgas blocks come to 20 MB; V8's longest string is 512 MiB. */
const CAP_BYTES = 400 * 1024 * 1024;
const FORKS: ReadonlySet<string> = new Set(Object.values(Hardfork));

/** @throws CliError `inputUnreadable` for the file, `inputInvalid` for its content */
export function readBlockFile(path: string): BlockFile {
  const text = readInput(path, CAP_BYTES).toString('utf8');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new CliError('inputInvalid', `${path} is not JSON: ${(cause as Error).message}`, { path }, { cause });
  }
  try {
    return parseBlockFile(json);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    throw new CliError('inputInvalid', `${path}: ${error.message}`, { path, ...error.detail }, { cause: error });
  }
}

/** @throws CliError `inputInvalid` naming the field, what was expected and what came */
export function parseBlockFile(json: unknown): BlockFile {
  const file = object(json, 'the file');
  const witness = object(file.witness, 'witness');
  const expected = object(file.expected, 'expected');
  const fork = file.fork;
  if (typeof fork !== 'string' || !FORKS.has(fork)) throw invalid('fork', 'the name of a known fork', fork);
  const blockRlp = bytes(file.blockRlp, 'blockRlp');
  const transactions = transactionsOf(blockRlp);
  if (file.txCount !== undefined && file.txCount !== transactions) {
    throw invalid('txCount', `${transactions}, as in blockRlp`, file.txCount);
  }
  return {
    chainId: quantity(file.chainId, 'chainId'),
    fork,
    number: quantity(file.number, 'number'),
    blockRlp,
    witness: {
      state: list(witness.state, 'witness.state'),
      codes: list(witness.codes, 'witness.codes'),
      headers: list(witness.headers, 'witness.headers'),
    },
    expected: {
      blockHash: hash(expected.blockHash, 'expected.blockHash'),
      stateRoot: hash(expected.stateRoot, 'expected.stateRoot'),
      receiptsRoot: hash(expected.receiptsRoot, 'expected.receiptsRoot'),
      gasUsed: quantity(expected.gasUsed, 'expected.gasUsed'),
    },
    ...(file.genesis === undefined ? {} : { genesis: object(file.genesis, 'genesis') }),
  };
}

/** The text of a block file: one line per part, so that `diff` is of use. */
export function formatBlockFile(file: BlockFile, source: string): string {
  const hex = (data: Uint8Array): string => `0x${Buffer.from(data).toString('hex')}`;
  const json = {
    chainId: Number(file.chainId),
    fork: file.fork,
    number: Number(file.number),
    txCount: transactionsOf(file.blockRlp),
    source,
    blockRlp: hex(file.blockRlp),
    witness: {
      state: file.witness.state.map(hex),
      codes: file.witness.codes.map(hex),
      headers: file.witness.headers.map(hex),
    },
    expected: { ...file.expected, gasUsed: Number(file.expected.gasUsed) },
    ...(file.genesis === undefined ? {} : { genesis: file.genesis }),
  };
  return `${JSON.stringify(json, null, 1)}\n`;
}

/** Number of transactions in the block; checks that the bytes are one block and nothing else. */
function transactionsOf(blockRlp: Uint8Array): number {
  let decoded: unknown;
  try {
    decoded = RLP.decode(blockRlp);
  } catch (cause) {
    throw new CliError(
      'inputInvalid',
      `blockRlp is not RLP: ${(cause as Error).message}`,
      { field: 'blockRlp' },
      { cause },
    );
  }
  const [header, transactions, ommers] = Array.isArray(decoded) ? decoded : [];
  if (!Array.isArray(header) || !Array.isArray(transactions) || !Array.isArray(ommers)) {
    throw invalid('blockRlp', 'rlp([header, transactions, ommers, withdrawals?])', 'another structure');
  }
  return transactions.length;
}

function object(value: unknown, field: string): Readonly<Record<string, unknown>> {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw invalid(field, 'an object', value);
  return value as Readonly<Record<string, unknown>>;
}

/** A JSON number, or a string as JSON-RPC and geth write quantities. */
function quantity(value: unknown, field: string): bigint {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  if (typeof value === 'string' && /^(0x[0-9a-f]{1,16}|[0-9]{1,19})$/i.test(value)) return BigInt(value);
  throw invalid(field, 'a number', value);
}

function hash(value: unknown, field: string): string {
  if (typeof value !== 'string' || !/^0x[0-9a-f]{64}$/i.test(value)) throw invalid(field, '32 bytes as 0x… hex', value);
  return value.toLowerCase();
}

function bytes(value: unknown, field: string): Uint8Array {
  if (typeof value !== 'string' || !/^0x(?:[0-9a-f]{2})*$/i.test(value))
    throw invalid(field, '0x… hex of whole bytes', value);
  return new Uint8Array(Buffer.from(value.slice(2), 'hex'));
}

function list(value: unknown, field: string): readonly Uint8Array[] {
  if (!Array.isArray(value)) throw invalid(field, 'a list', value);
  return value.map((item, i) => bytes(item, `${field}[${i}]`));
}

function invalid(field: string, expected: string, actual: unknown): CliError {
  const shown = actual === undefined ? 'nothing' : short(typeof actual === 'string' ? actual : JSON.stringify(actual));
  return new CliError('inputInvalid', `${field}: expected ${expected}, got ${shown}`, { field, expected });
}

function short(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 57)}…`;
}
