import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { EXIT_CODES } from '../../../client/cli/exit-codes.ts';
import { printFailure } from '../../../client/cli/output.ts';
import { ClientError, ExitCode } from '../../../client/errors.ts';
import { repoRoot } from '../../support/data.ts';
import { errorCodes } from '../../support/error-codes.ts';

/** Folders whose every error is a defect of this build, which is what exit code 4 says. */
const DEFECTS: readonly (readonly [folder: RegExp, reason: string])[] = [
  [/^client\/prover\/(air|chips|machine|soundness)\//, 'the machine is built from this build’s own tables'],
  [
    /^client\/prover\/(engine|backends|transcript)\//,
    'the prover’s child answers with a code of its own: ProveErrorCode',
  ],
  [/^client\/prover\/(vm|guest)\//, 'the only module that is read, lowered and run is this build’s guest.wasm'],
];

/** Codes that end in this client before they reach the command line, by what takes them. */
const INSIDE: readonly (readonly [reason: string, codes: string])[] = [
  [
    'the node logs what its child processes could not do, and goes on',
    'checkFailed verifierBusy verifierFailed trimBusy trimFailed',
  ],
  ['a defect: a job may not take this step', 'illegalTransition'],
  [
    'JSON-RPC answers with them',
    `parseError invalidRequest methodNotFound invalidParams internalError serverError resourceNotFound
     resourceUnavailable limitExceeded executionReverted notProving`,
  ],
  [
    'the answer to whoever sent the transaction',
    `wrongChain unprotected unsigned invalid oversized blobsNotAccepted gasLimitExceeded nonceTooLow insufficientFunds
     replacementUnderpriced alreadyKnown poolFull`,
  ],
  [
    'the verdict on a block: `execute` reports it, and a node that meets it in a peer’s block drops the block',
    `parentHash number timestamp extraData gasUsedAboveLimit gasLimit baseFeePerGas difficulty nonce excessBlobGas
     transactionsRoot ommersHash withdrawalsRoot blobGasUsed tooManyBlobs ommerInvalid transactionInvalid
     systemContractMissing systemContractFailed depositLogMalformed gasUsed receiptsRoot logsBloom requestsHash stateRoot
     receiptsTooLarge receiptsMalformed receiptsBloom receiptsGasUsed duplicateInWitness unknownParent reorgTooDeep
     proofOfOtherBlock siblingRefused`,
  ],
  ['a peer’s seal: its block is dropped', 'sealMalformed sealUnexpected sealTooEarly timestampAhead timestampFarAhead'],
  [
    'a peer’s state diff: another peer is asked',
    `diffTooLarge diffMalformed diffUndefined diffUnsorted diffDuplicate diffUnchanged diffStorageOfDeleted
     diffStateRoot`,
  ],
  ['a stranger’s RLP: whoever was to decode it says what it is', 'rlpTooDeep rlpTooManyItems rlpMalformed'],
  ['a peer’s witness: another peer is asked', 'witnessMalformed headersUnlinked nodeForeign codeForeign itemTwice'],
  [
    'a peer’s connection or message: it is closed, and the peer counted down',
    `timedOut streamReset notConnected noSubscribers dialFailed protocolRefused streamFailed peerRecordInvalid
     messageMalformed frameTooLarge frameTruncated frameAfterEnd frameUnknown snappyTooLarge snappyMalformed`,
  ],
];
/** Of the command line itself, not of a `ClientError`. */
const OF_THE_SYSTEM = ['systemError'];

const isInside = new Set(INSIDE.flatMap(([, codes]) => codes.split(/\s+/)));
const isDefect = (path: string): boolean => DEFECTS.some(([folder]) => folder.test(path));

function sources(): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const name of readdirSync(join(repoRoot(), 'client'), { recursive: true, encoding: 'utf8' })) {
    const path = `client/${name.replaceAll('\\', '/')}`;
    if (path.endsWith('.ts') && !path.includes('/assembly/'))
      files.set(path, readFileSync(join(repoRoot(), path), 'utf8'));
  }
  return files;
}

describe('exit codes', () => {
  const { codes, unknown } = errorCodes(sources());

  test('every code that is raised outside the machine → an exit code, or a reason why it ends inside', () => {
    assert.deepEqual(
      unknown.filter((place) => !isDefect(place)),
      [],
      'errors whose code the walk cannot tell',
    );
    const open = codes.filter(
      ({ code, path }) => !isDefect(path) && !isInside.has(code) && !Object.hasOwn(EXIT_CODES, code),
    );
    assert.deepEqual(open, [], 'codes without exit code');
  });

  test('no code stands in both lists, or in one of them for an error that nobody raises', () => {
    const raised = new Set([...codes.map(({ code }) => code), ...OF_THE_SYSTEM]);
    assert.deepEqual(
      [...isInside].filter((code) => Object.hasOwn(EXIT_CODES, code) || !raised.has(code)),
      [],
    );
    assert.deepEqual(
      Object.keys(EXIT_CODES).filter((code) => !raised.has(code)),
      [],
    );
  });

  test('an error → one line on standard error, one JSON object on standard output, its exit code', () => {
    for (const [code, exitCode] of Object.entries({ ...EXIT_CODES, illegalTransition: ExitCode.internal })) {
      const out: string[] = [];
      const err: string[] = [];
      const error = new ClientError(code, 'two\nlines, \u001b[31mred', { path: 'x' });
      const streams = { out: (line: string) => out.push(line), err: (line: string) => err.push(line) };
      assert.equal(printFailure(error, true, streams), exitCode);
      assert.deepEqual(
        out.map((line) => JSON.parse(line)),
        [{ ok: false, error: { code, message: 'two lines, �[31mred', path: 'x' } }],
      );
      assert.equal(err[0], 'zkl1-node: two lines, �[31mred');
    }
  });

  test('names of Object’s own → exit code 4, as every unknown code', () => {
    const streams = { out: () => {}, err: () => {} };
    for (const code of ['constructor', 'toString', 'nobodysCode'])
      assert.equal(printFailure(new ClientError(code, ''), false, streams), ExitCode.internal);
  });
});

describe('walk over the sources for error codes', () => {
  const of = (text: string): readonly string[] =>
    errorCodes(new Map([['client/a.ts', text]])).codes.map(({ code }) => code);

  test('literals, unions, keys and values of constants, and classes of classes → their codes', () => {
    assert.deepEqual(of("throw new ClientError('one', 'x')"), ['one']);
    assert.deepEqual(of("throw new ClientError(\n  'one',\n  'x')"), ['one']);
    assert.deepEqual(of("type Code =\n  /** why */\n  | 'one'\n  | 'two';\nclass A extends ClientError<Code> {}"), [
      'one',
      'two',
    ]);
    assert.deepEqual(of("class A extends ClientError<'one' | 'two', { readonly x: string }> {}"), ['one', 'two']);
    assert.deepEqual(
      of('const C = { a: 1, b: 2 } as const;\ntype N = keyof typeof C;\nclass A extends ClientError<N> {}'),
      ['a', 'b'],
    );
    assert.deepEqual(of("const C = { a: 'one' } as const;\nclass A extends ClientError<(typeof C)[K], {}> {}"), [
      'one',
    ]);
    assert.deepEqual(of("type C = 'one';\nconst f = (c: C) => new ClientError<C>(c, 'x')"), ['one']);
    assert.deepEqual(of("class A extends ClientError<'one'> {}\nclass B extends A {}\nnew B('two', 'x')"), [
      'one',
      'two',
    ]);
  });

  test('a code that is a variable without a type → named as unknown', () => {
    const { codes, unknown } = errorCodes(new Map([['client/a.ts', 'throw new ClientError(code, text)']]));
    assert.deepEqual(codes, []);
    assert.match(unknown.join(), /^client\/a\.ts: new ClientError\(code/);
  });
});
