import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RLP } from '@ethereumjs/rlp';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { encodeGuestInput } from '../../../client/prover/guest/input.ts';
import { loadGuest } from '../../../client/prover/guest/load.ts';
import { type BrokenRule, createValidator } from '../../../client/prover/guest/validate.ts';
import { hexOf } from '../../support/bytes.ts';
import { needsData } from '../../support/data.ts';
import { type DecodedBlock, decodeBlockRlp, guestInputOf, realBlock } from '../../support/real-blocks.ts';

const validator = createValidator(loadGuest());

const FIELDS = [
  ...['parentHash', 'ommersHash', 'beneficiary', 'stateRoot', 'transactionsRoot', 'receiptsRoot', 'logsBloom'],
  ...['difficulty', 'number', 'gasLimit', 'gasUsed', 'timestamp', 'extraData', 'mixHash', 'nonce', 'baseFeePerGas'],
  ...['withdrawalsRoot', 'blobGasUsed', 'excessBlobGas', 'parentBeaconBlockRoot', 'requestsHash'],
] as const;
type Field = (typeof FIELDS)[number];

const NUMBERS: ReadonlySet<Field> = new Set([
  ...(['difficulty', 'number', 'gasLimit', 'gasUsed', 'timestamp'] as const),
  ...(['baseFeePerGas', 'blobGasUsed', 'excessBlobGas'] as const),
]);

/** Another value of a field: a number one higher, a minute later, one bit flipped, extra data that is too long. */
function altered(field: Field, value: Uint8Array): Uint8Array {
  if (field === 'extraData') return new Uint8Array(33).fill(0x61);
  if (!NUMBERS.has(field)) return Uint8Array.from(value, (byte, i) => (i === 0 ? byte ^ 1 : byte));
  const number = BigInt(`0x0${Buffer.from(value).toString('hex')}`) + (field === 'timestamp' ? 64n : 1n);
  const hex = number.toString(16);
  return new Uint8Array(Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex'));
}

/** Rules that may find a field wrong: `header` and `body` by themselves, the others by what execution gives. */
const RULES: ReadonlySet<BrokenRule> = new Set([
  'header',
  'body',
  'witness',
  'transaction',
  'outcome',
  'systemContract',
]);
const BY_HEADER: ReadonlySet<Field> = new Set([
  ...(['parentHash', 'difficulty', 'number', 'extraData', 'baseFeePerGas', 'excessBlobGas'] as const),
]);

/** Fields that no rule binds at this block: what comes out is then a claim about another block. */
const FREE: Readonly<Record<string, readonly Field[]>> = {
  // Seals are not checked: `scope: "pre-merge"`.
  'mainnet-1': ['mixHash', 'nonce', 'gasLimit', 'timestamp'],
  'mainnet-2675001': ['mixHash', 'nonce', 'gasLimit'],
  'mainnet-1920000': ['mixHash', 'nonce'],
  'mainnet-15537394': ['gasLimit'],
  'mainnet-22615247': ['mixHash', 'gasLimit'],
};

describe('guest on one altered header field', needsData(), () => {
  for (const [name, free] of Object.entries(FREE)) {
    test(`rejects ${name} with any field altered but the ${free.length} that nothing binds`, async () => {
      const validate = await validator;
      const block = realBlock(name);
      const [header, ...body] = decodeBlockRlp(block.blockRlp);
      for (const [i, field] of FIELDS.slice(0, header.length).entries()) {
        const fields = header.map((value, at) => (at === i ? altered(field, value) : value));
        const blockRlp = RLP.encode([fields, ...body] as DecodedBlock as never);
        const result = validate(encodeGuestInput({ ...guestInputOf(block), blockRlp }));
        if (free.includes(field)) {
          assert.ok(result.ok, `${field}: ${result.ok ? '' : result.reason}`);
          assert.equal(result.claim.blockHash, hexOf(keccak_256(RLP.encode(fields))), field);
          assert.notEqual(result.claim.blockHash, block.expected.blockHash, field);
          continue;
        }
        assert.ok(!result.ok, `${field} altered and accepted`);
        assert.ok(RULES.has(result.rule) && result.reason !== '', `${field}: ${result.rule}: ${result.reason}`);
        const byHeader = BY_HEADER.has(field) && result.rule !== 'body';
        if (byHeader) assert.equal(result.rule, 'header', `${field}: ${result.reason}`);
      }
    });
  }

  const OSAKA = 'mainnet-24628607';
  const rules: readonly (readonly [string, string, (header: Uint8Array[]) => Uint8Array[], RegExp])[] = [
    ['rejects a gas limit a 1024th above the parent’s', 'mainnet-22615247', set(9, 1.0015), /gasLimit/],
    ['rejects a gas limit below 5000', 'mainnet-22615247', set(9, 0), /gasLimit/],
    ['rejects more gas used than the limit', 'mainnet-22615247', set(10, 1e9), /gasUsed/],
    ['rejects a header of a fork before', OSAKA, (header) => header.slice(0, 20), /requestsHash is missing/],
    ['rejects a header without blob gas', OSAKA, (header) => header.slice(0, 17), /blobGasUsed is missing/],
    ['rejects a header without withdrawals root', OSAKA, (header) => header.slice(0, 16), /withdrawalsRoot is missing/],
    [
      'rejects a header with fields of a later fork',
      OSAKA,
      (h) => [...h, new Uint8Array(32)],
      /present before its fork/,
    ],
    ['rejects a nonce from Paris on', OSAKA, replace(14, new Uint8Array(8).fill(1)), /nonce/],
    ['rejects a difficulty from Paris on', OSAKA, replace(7, Uint8Array.of(1)), /difficulty/],
    ['rejects other extra data at the DAO fork', 'mainnet-1920000', replace(12, Uint8Array.of(1)), /dao-hard-fork/],
  ];
  for (const [name, source, change, reason] of rules) {
    test(name, async () => {
      const block = realBlock(source);
      const [header, ...body] = decodeBlockRlp(block.blockRlp);
      const blockRlp = RLP.encode([change(header), ...body] as never);
      const result = (await validator)(encodeGuestInput({ ...guestInputOf(block), blockRlp }));
      assert.ok(!result.ok);
      assert.equal(result.rule, 'header');
      assert.match(result.reason, reason);
    });
  }
});

function replace(at: number, value: Uint8Array) {
  return (header: Uint8Array[]): Uint8Array[] => header.map((field, i) => (i === at ? value : field));
}

/** Multiplies a number field. */
function set(at: number, factor: number) {
  return (header: Uint8Array[]): Uint8Array[] => {
    const number = Math.floor(Number(`0x0${Buffer.from(header[at] ?? []).toString('hex')}`) * factor);
    const hex = number === 0 ? '' : BigInt(number).toString(16);
    return replace(at, new Uint8Array(Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')))(header);
  };
}
