import { WebSocket } from 'ws';
import { ExitCode } from '../errors.ts';
import type { VerifiedBlock } from '../light/block-proof.ts';
import { type TrustedChain, trustedChain } from '../light/chain.ts';
import { followProofs } from '../light/follow.ts';
import { KNOWN_CHAINS, type KnownChain } from '../light/known-chains.ts';
import { proofSignals, type SignalSocket } from '../light/proof-signals.ts';
import { httpUrl } from '../light/transport.ts';
import { privateGenesis } from '../node/private-genesis.ts';
import { defineCommand } from './command.ts';
import { optional, revokeOption, wholeNumber } from './options.ts';
import { CliError } from './output.ts';

const NAMES = Object.keys(KNOWN_CHAINS) as KnownChain[];

/** What a node tells is only a reason to look: an answer of its own is capped where it is read. */
const SOCKET_LIMITS = {
  maxPayload: 1 << 20,
  handshakeTimeout: 10_000,
  perMessageDeflate: false,
  followRedirects: false,
};

const fromFlag = optional(wholeNumber('from', 1, Number.MAX_SAFE_INTEGER));
const blocksFlag = optional(wholeNumber('blocks', 1, Number.MAX_SAFE_INTEGER));

/** `zkl1-node light`: follows a chain by verifying its blocks' proofs, without executing or storing anything. */
export const lightCommand = defineCommand({
  command: 'light',
  describe: 'follow a chain over any node’s RPC by verifying its proofs; trusts nothing that the node says',
  examples: [
    ['$0 light --rpc http://127.0.0.1:8545 --network dev', 'a development chain on this machine, until Ctrl-C'],
    [
      '$0 light --rpc ws://127.0.0.1:8545 --network dev',
      'the same: http:// subscribes too, where the node has WebSocket',
    ],
    ['$0 light --rpc http://127.0.0.1:8545 --network dev --from 1 --blocks 1', 'its first block only'],
  ],
  positionals: {},
  options: {
    rpc: {
      type: 'string',
      demandOption: true,
      describe: 'URL of a node’s JSON-RPC, http:// or ws://; told of each proof by WebSocket, or asks',
    },
    network: { choices: NAMES, describe: 'the chain, one that this build knows' },
    genesis: { type: 'string', describe: 'the chain’s genesis file, as geth writes it' },
    from: {
      coerce: fromFlag,
      defaultDescription: 'the newest',
      describe: 'first block',
    },
    blocks: {
      coerce: blocksFlag,
      defaultDescription: 'until Ctrl-C',
      describe: 'ends after so many blocks',
    },
    'min-bits': { choices: [100, 128] as const, default: 100 as const, describe: 'least bits of provable security' },
    revoke: revokeOption('revoke'),
  },
  run: async (args, { signal, note, status }) => {
    if ((args.network === undefined) === (args.genesis === undefined))
      throw new CliError('usage', 'say which chain to trust: --network NAME or --genesis FILE');
    httpUrl(args.rpc);
    const chain: TrustedChain =
      args.genesis === undefined
        ? trustedChain(args.network as KnownChain)
        : (await privateGenesis(args.genesis)).network;
    const end = new AbortController();
    const stop = AbortSignal.any([signal, end.signal]);
    let verified = 0;
    let last: VerifiedBlock | undefined;
    const { rest } = proofSignals(args.rpc, {
      signal: stop,
      connect: (url) => new SignalLine(url, SOCKET_LIMITS) as unknown as SignalSocket,
      onSubscribed: (isSubscribed, url) =>
        note(isSubscribed ? `told of proofs by ${url}` : `${url} is gone: asking once a second until it is back`),
    });
    const blocks = followProofs({
      ...{ url: args.rpc, chain, minBits: args['min-bits'], revoked: args.revoke, signal: stop, rest },
      ...(args.from === undefined ? {} : { from: BigInt(args.from) }),
      onWait: (number, { code, message }) => {
        const text = `waiting for block ${number}: ${message}`;
        // A proof comes with time; an address that is wrong does not get better.
        if (code === 'notProven' || code === 'blockUnknown') status(text);
        else note(text);
      },
      onReorg: (number, expected, actual) =>
        note(`REORG: block ${number} has parent ${actual}, not ${expected}: following its branch`),
    });
    try {
      for await (const block of blocks) {
        verified++;
        last = block;
        status();
        note(line(block));
        if (verified === args.blocks) end.abort();
      }
    } finally {
      end.abort();
    }
    const head = last === undefined ? null : { number: last.header.number, hash: last.header.hash };
    const text = `${verified} block${verified === 1 ? '' : 's'} verified${head === null ? '' : `, the last one ${head.number} ${head.hash}`}`;
    return { exitCode: ExitCode.ok, text, json: { ok: true, verified, head } };
  },
});

/** A connection that its end does not keep the process waiting for. */
class SignalLine extends WebSocket {
  override close(): void {
    this.terminate();
  }
}

function line({ header, backing, securityBits, sizeBytes, fetchMs, verifyMs }: VerifiedBlock): string {
  const by =
    backing.kind === 'sealed'
      ? `sealed by ${backing.sealer}${backing.isInTurn ? '' : ' out of turn'}`
      : 'not known to be canonical';
  const size = `${(sizeBytes / 1000).toFixed(0)} kB in ${fetchMs.toFixed(0)} ms`;
  return `block ${header.number} ${header.hash}  verified in ${verifyMs.toFixed(0)} ms, ${securityBits} bits, ${size}, ${by}`;
}
