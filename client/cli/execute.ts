import type { Block } from '@ethereumjs/block';
import { ClientError, ExitCode } from '../errors.ts';
import { hex } from '../execution/chain/block-error.ts';
import type { Network } from '../execution/chain/network.ts';
import { ContentMap } from '../execution/state/content-map.ts';
import { createChainExecutor } from '../execution/state/executor.ts';
import { encodeClaim } from '../prover/guest/claim.ts';
import { loadGuest } from '../prover/guest/load.ts';
import type { BlockClaim } from '../prover/interface.ts';
import { type CheckResult, createBlockCheck, guestInputOf } from '../prover/service/check.ts';
import { createLoweredRunner, type RunSize } from '../prover/service/lowered-run.ts';
import type { BlockFile } from './block-file.ts';
import { defineCommand } from './command.ts';
import { checkedBlock, openBlockFile } from './input-block.ts';

type EvmReport =
  | { readonly ok: true; readonly stateRoot: string; readonly ms: number }
  | { readonly ok: false; readonly code: string; readonly reason: string; readonly ms: number };
type GuestReport =
  | { readonly ok: true; readonly claim: BlockClaim; readonly ms: number }
  | { readonly ok: false; readonly reason: string; readonly claim?: BlockClaim; readonly ms: number };
type VmReport = GuestReport & {
  readonly instructions: number;
  readonly instructionsByOperation: Readonly<Record<string, number>>;
} & Partial<RunSize>;

/** `zkl1-node execute`: a block from its file alone, in `@ethereumjs/vm` and in the guest. */
export const executeCommand = defineCommand({
  command: 'execute <block>',
  describe: 'run a block file in @ethereumjs/vm and in the guest, and compare',
  examples: [
    ['$0 execute block.json', 'whether both engines accept the block'],
    ['$0 execute block.json --vm --json', 'also how many instructions and table rows its proof will have'],
  ],
  positionals: {
    block: { type: 'string', demandOption: true, describe: 'block and witness, as `export` writes them' },
  },
  options: {
    vm: { type: 'boolean', default: false, describe: 'also run the guest as the zkVM has it, lowered' },
  },
  run: async (args) => {
    const { file, network, block } = await openBlockFile(args.block);
    const evm = await runEvm(file, network, block);
    const guest = await runGuest(file, network, block);
    const vm = args.vm ? runVm(file, network, block, guest) : undefined;
    const ok = evm.ok && guest.ok && vm?.ok !== false;
    const { number, gasUsed } = block.header;
    const json = { number, blockHash: hex(block.hash()), ok, gasUsed, evm, guest, vm };
    return { exitCode: ok ? ExitCode.ok : ExitCode.rejected, text: summary(block, evm, guest, vm), json };
  },
});

async function runEvm({ witness }: BlockFile, network: Network, block: Block): Promise<EvmReport> {
  const start = performance.now();
  try {
    const executor = createChainExecutor(network, ContentMap.ofWitness(witness));
    const { stateRoot } = await executor.execute(block);
    return { ok: true, stateRoot: hex(stateRoot), ms: elapsed(start) };
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    return { ok: false, code: error.code, reason: error.message, ms: elapsed(start) };
  }
}

async function runGuest(file: BlockFile, network: Network, block: Block): Promise<GuestReport> {
  const check = await createBlockCheck();
  const result: CheckResult = check(checkedBlock(file, network, block));
  const ms = rounded(result.ms);
  if (result.ok) return { ok: true, claim: result.claim, ms };
  if (result.kind === 'otherClaim') return { ok: false, reason: result.reason, claim: result.claim, ms };
  return { ok: false, reason: `${result.rule}: ${result.reason}`, ms };
}

/** The lowered guest must claim what the guest in V8 claims, or trap where that rejects. */
function runVm(file: BlockFile, network: Network, block: Block, guest: GuestReport): VmReport {
  const result = createLoweredRunner(loadGuest())(guestInputOf(checkedBlock(file, network, block)));
  const { instructions, instructionsByOperation } = result;
  const counts = { instructions, instructionsByOperation, ms: rounded(result.ms) };
  if (!result.ok) return { ...counts, ok: false, reason: `trap in ${result.place}: ${result.reason}` };
  const { claim, segments, cells, interactions, rowsByChip } = result;
  const size = { segments, cells, interactions, rowsByChip };
  if (!guest.ok || encodeClaim(claim).join() !== encodeClaim(guest.claim).join()) {
    return {
      ...counts,
      ...size,
      ok: false,
      reason: 'the lowered guest claims something else than the guest in V8',
      claim,
    };
  }
  return { ...counts, ...size, ok: true, claim };
}

function elapsed(start: number): number {
  return rounded(performance.now() - start);
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}

function summary(block: Block, evm: EvmReport, guest: GuestReport, vm: VmReport | undefined): string {
  const { number, gasUsed } = block.header;
  const count = block.transactions.length;
  const verdict = (report: EvmReport | GuestReport): string =>
    report.ok ? `accepted in ${report.ms} ms` : `rejected in ${report.ms} ms: ${report.reason}`;
  return [
    `block ${number} ${hex(block.hash())}, ${count} transaction${count === 1 ? '' : 's'}, ${gasUsed} gas`,
    `  @ethereumjs/vm  ${verdict(evm)}`,
    `  guest           ${verdict(guest)}`,
    ...(vm === undefined
      ? []
      : [
          `  lowered guest   ${verdict(vm)} (${vm.instructions} instructions${vm.segments === undefined ? '' : `, ${vm.segments} segments`})`,
        ]),
  ].join('\n');
}
