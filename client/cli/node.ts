import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { privateToAddress } from '@ethereumjs/util';
import { DEFAULT_PROVE, type NodeConfig, nodeConfig } from '../config.ts';
import { DEV_ACCOUNT_KEYS } from '../execution/sealing/dev-accounts.ts';
import { createLogger } from '../log.ts';
import type { Distrusted } from '../node/distrusted-blocks.ts';
import { type BlockReport, type RunningNode, startNode } from '../node.ts';
import { BACKENDS } from '../prover/backends/create.ts';
import type { ProfileId } from '../prover/interface.ts';
import type { Job } from '../prover/service/job.ts';
import type { ProofInfo } from '../prover/service/job-store.ts';
import { backgroundMemoryMiB, MIN_MEMORY_MIB } from '../prover/service/memory.ts';
import { defineCommand } from './command.ts';
import { httpOptions } from './http-options.ts';
import { networkOptions } from './network-options.ts';
import { blockOrHead, dataDirOption, MAX_MEMORY_MIB, MAX_THREADS, PROFILES, wholeNumber } from './options.ts';
import { CliError } from './output.ts';
import { progressBar } from './status-line.ts';

const PRIORITIES = ['low', 'normal'] as const;

/** `zkl1-node --dev`: runs until it is told to stop. */
export const nodeCommand = defineCommand({
  command: '$0',
  describe: 'run a node',
  examples: [
    ['$0 --dev --prove', 'a chain of its own on http://127.0.0.1:8545 whose blocks are proven'],
    ['$0 --dev --datadir ./data --http.port 0', 'the same without proofs, elsewhere, on a free port'],
    ['$0 --genesis net.json --sync proof', 'follows a network by its proofs; net.json names its sealers'],
  ],
  positionals: {},
  options: {
    dev: { type: 'boolean', default: false, describe: 'a development chain: seals a block when transactions arrive' },
    genesis: {
      type: 'string',
      describe: 'genesis file in geth’s format of a network whose sealers it names (config.zkl1)',
    },
    datadir: dataDirOption,
    ...httpOptions,
    ...networkOptions,
    prove: { type: 'boolean', default: false, describe: 'prove each block, in a process of its own' },
    'prove.from': {
      default: 'head',
      coerce: blockOrHead('prove.from'),
      describe: 'first block to prove; head: those that come from now on',
    },
    'prove.profile': { choices: PROFILES, default: 'P100' as ProfileId, describe: 'bits of provable security' },
    'prove.backend': { choices: BACKENDS, default: 'auto' as const, describe: 'what computes the proofs' },
    'prove.threads': {
      coerce: wholeNumber('prove.threads', 1, MAX_THREADS),
      default: String(availableParallelism()),
      defaultDescription: 'all cores',
      describe: 'threads of the wasm backend',
    },
    'prove.priority': {
      choices: PRIORITIES,
      default: 'low' as const,
      describe: 'low lets execution, RPC and other programs go first',
    },
    'prove.max-memory': {
      coerce: wholeNumber('prove.max-memory', MIN_MEMORY_MIB, MAX_MEMORY_MIB),
      default: String(backgroundMemoryMiB()),
      defaultDescription: 'half of this machine’s, at most 8192',
      describe: 'MiB that the prover may take',
    },
    'prove.deadline': {
      coerce: wholeNumber('prove.deadline', 1, 7 * 24 * 3600),
      default: String(DEFAULT_PROVE.deadlineSeconds),
      describe: 'seconds after which a proof is given up, to be tried again when nothing else waits',
    },
    'prove.max-backlog': {
      coerce: wholeNumber('prove.max-backlog', 1, 1_000_000),
      default: String(DEFAULT_PROVE.maxBacklog),
      describe: 'blocks that may wait; further ones are proven when nothing else waits',
    },
  },
  run: async (args, { signal, note, status, announce, version, flagGiven }) => {
    const { dev, genesis } = args;
    if (dev === (genesis !== undefined))
      throw new CliError('usage', 'choose a network: --dev, or --genesis FILE (zkl1-node --help)');
    if (dev && args.sync === 'proof')
      throw new CliError('usage', '--dev seals and executes blocks: --sync proof goes with --genesis');
    if (args.seal && args.sync === 'proof')
      throw new CliError('usage', 'a sealer executes the blocks that it makes: --seal goes with --sync full');
    for (const part of ['prove', 'seal'] as const) {
      const flag = flagGiven(`${part}.`);
      if (flag !== undefined && !args[part]) throw new CliError('usage', `${flag} says nothing without --${part}`);
    }
    const config = nodeConfig(args);
    const node = await startNode(config, version, {
      onBlock: (report) => note(blockLine(report)),
      onAlarm: ({ header }, reason) => note(`ALARM: block ${header.number}: execution and guest disagree: ${reason}`),
      onRefused: (hash, reason) => note(`transaction ${hash} refused: ${reason}`),
      onJob: (hash, job, info) => {
        if (job.state !== 'proving') status();
        const line = jobLine(hash, job, info);
        if (line !== undefined) note(line);
      },
      onProving: (number, { stage, done, total }) => status(progressBar(done, total, `block ${number}: ${stage}`)),
      onSealerFault: ({ sealer, number }) =>
        note(`EQUIVOCATION: 0x${Buffer.from(sealer).toString('hex')} sealed two blocks ${number} (zkl1_sealerFaults)`),
      onImported: ({ header }, { kind }) => {
        if (kind !== 'known' && args.sync === 'proof')
          note(
            `block ${header.number} ${short(header.hash())}  verified and applied${kind === 'side' ? ', beside the chain' : ''}`,
          );
      },
      onRevoked: ({ hashes, proofTypes, unknown }, trustedAgain) => {
        for (const hash of trustedAgain)
          note(
            `WARNING: verification key ${hash} was revoked when this node last ran and is trusted again: --proofs.revoke`,
          );
        if (hashes.length === 0) return;
        const types = proofTypes.length === 0 ? 'none of this build’s' : proofTypes.join(', ');
        note(`verification keys revoked: ${hashes.length}; proof types that are refused: ${types}`);
        for (const hash of unknown)
          note(
            `WARNING: --proofs.revoke ${hash} is no key of this build; proofs that name it are refused all the same`,
          );
      },
      onDistrusted: (blocks) => note(distrustedLine(blocks)),
      onSealingPaused: (unproven) =>
        note(unproven === undefined ? 'sealing goes on' : `WARNING: sealing waits: ${unproven} blocks are not proven`),
      log: createLogger('warn'),
      onError: (where, error) =>
        note(`error in ${where}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`),
    });
    try {
      announce({ text: banner(node, config), json: readyObject(node, config) });
      const stopped = signal.aborted ? undefined : once(signal, 'abort').then(() => undefined);
      const failure = await Promise.race([stopped, node.storeFailed]);
      note('stopping');
      if (failure !== undefined) throw failure;
    } finally {
      await node.close();
    }
    return undefined;
  },
});

function readyObject(
  { chainId, url, webSocketUrl, lightPageUrl, dataDir, head, addresses }: RunningNode,
  { prove, genesisFile }: NodeConfig,
): object {
  const accounts = genesisFile === undefined ? ACCOUNTS.map((a) => a.address) : [];
  const proving = prove === undefined ? null : { profile: prove.profile, backend: prove.backend };
  return {
    ...{ ok: true, http: url, ws: webSocketUrl ?? null, light: lightPageUrl ?? null, libp2p: addresses },
    ...{ chainId, dataDir, head: head.header.number, proving, accounts },
  };
}

function banner(node: RunningNode, config: NodeConfig): string {
  const { number } = node.head.header;
  return [
    '',
    config.genesisFile === undefined ? '  zkl1-node, development chain' : `  zkl1-node, chain of ${config.genesisFile}`,
    '',
    `  JSON-RPC   ${node.url}   (chain id ${node.chainId})`,
    ...(node.webSocketUrl === undefined ? [] : [`  WebSocket  ${node.webSocketUrl}`]),
    ...(node.lightPageUrl === undefined
      ? []
      : [`  light      ${node.lightPageUrl}   (verifies proofs in the browser)`]),
    `  data       ${node.dataDir}`,
    `  head       block ${number}${number === 0n ? ' (genesis)' : ''}`,
    `  proving    ${provingLine(config)}`,
    ...peersLines(node, config),
    '',
    ...(config.genesisFile === undefined ? accountLines() : []),
    '  Ctrl-C stops.',
    '',
  ].join('\n');
}

function peersLines({ addresses }: RunningNode, { peers, seal }: NodeConfig): string[] {
  if (peers === undefined) return [];
  const { mode } = peers.sync;
  const how = mode === 'proof' ? 'by proof: nothing is executed' : 'by execution';
  return [
    ...addresses.map((address) => `  peers      ${address}`),
    `  sync       ${seal === undefined ? `follows the sealed chain ${how}` : 'seals, and follows other sealers'}`,
  ];
}

function accountLines(): string[] {
  return [
    '  Funded accounts (10000 ETH each at genesis; their keys are public, use them nowhere else):',
    ...ACCOUNTS.map(({ address, key }) => `    ${address}  ${key}`),
    '',
    '  A block is sealed when transactions arrive.',
  ];
}

function provingLine({ prove, peers }: NodeConfig): string {
  if (prove === undefined && peers?.sync.mode === 'proof') return 'nothing (--prove does)';
  if (prove === undefined)
    return 'nothing (--prove does): every block is checked by the validator that proofs are made of';
  const { profile, backend, from, maxMemoryMiB } = prove;
  const blocks = from === undefined ? 'every new block' : `every block from ${from} on`;
  return `${blocks}, profile ${profile}, backend ${backend}, at most ${maxMemoryMiB} MiB; eth_getBlockProof gives the proofs`;
}

function blockLine({ block, executionMs, check }: BlockReport): string {
  const { header, transactions } = block;
  const count = `${transactions.length} transaction${transactions.length === 1 ? '' : 's'}`;
  const guest = check.ok ? `guest agrees in ${check.ms.toFixed(0)} ms` : `GUEST DISAGREES: ${check.reason}`;
  return `block ${header.number} ${short(block.hash())}  ${count}, ${header.gasUsed} gas, executed in ${executionMs.toFixed(0)} ms, ${guest}`;
}

function jobLine(hash: Uint8Array, job: Job, info: ProofInfo | undefined): string | undefined {
  const block = `block ${job.number} ${short(hash)}`;
  if (job.state === 'failed') return `${block}  not proven: ${job.code}: ${job.reason}`;
  if (job.state === 'proving') return `${block}  proving${job.attempts > 1 ? ` (attempt ${job.attempts})` : ''}`;
  if (info === undefined) return undefined;
  const seconds = (info.provingTimeMs / 1000).toFixed(1);
  const size = `${(info.proofSize / 1000).toFixed(0)} kB`;
  return `${block}  proven in ${seconds} s, ${size}, verified in ${info.verifyingTimeMs} ms (${info.backend})`;
}

function distrustedLine({ blocks, first, last }: Distrusted): string {
  const which = blocks === 1 ? `block ${first} was` : `${blocks} blocks from ${first} to ${last} were`;
  return `WARNING: ${which} imported by proofs that count no more: rely on no state of this node until zkl1_syncStatus shows distrusted: null`;
}

function short(hash: Uint8Array): string {
  return `${Buffer.from(hash).toString('hex').slice(0, 8)}…`;
}

const ACCOUNTS: readonly { readonly address: string; readonly key: string }[] = DEV_ACCOUNT_KEYS.map((key) => {
  const address = privateToAddress(new Uint8Array(Buffer.from(key.slice(2), 'hex')));
  return { address: `0x${Buffer.from(address).toString('hex')}`, key };
});
