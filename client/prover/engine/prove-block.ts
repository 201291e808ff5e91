import type { Instance } from '../air/dag.ts';
import type { Ext } from '../field/fp5.ts';
import { closingLayout, fixedColumnCount } from '../protocol/block/layout.ts';
import {
  absorbClosing,
  absorbInterface,
  type BlockProof,
  closingClaims,
  sampleGlobal,
} from '../protocol/block/statement.ts';
import type { BlockStatement, Machine, VerifyingKey } from '../protocol/machine.ts';
import { proveSegment, type StepTimer, stackInto } from '../protocol/segment/prove.ts';
import { type Committed, commitTable, evaluateBaseTable, proveOpening } from '../protocol/whir/prove.ts';
import type { Weight } from '../protocol/whir/shape.ts';
import { profileGrinding } from '../soundness/key.ts';
import { PROFILES } from '../soundness/profiles.ts';
import { ProverTranscript, type TranscriptListener } from '../transcript/transcript.ts';

/** The key's fixed columns with their commitment: made once per key. */
export type FixedTables = { readonly table: Uint32Array; readonly committed: Committed };

/** Stacks and commits the columns that the machine fixes. */
export function commitFixed(machine: Machine): FixedTables {
  const rows = 2 ** machine.logRows;
  const table = new Uint32Array(fixedColumnCount(machine) * rows);
  for (const slot of machine.fixedSlots) {
    const chip = machine.chips[slot.chip]!;
    const contents = chip.fixed[chip.compiled.columns[slot.column]!.name]!;
    for (let r = 0; r < 2 ** slot.logHeight; r++) table[slot.offset + r] = contents.value(r);
  }
  const logInvRate = PROFILES[machine.profile].logInvRate;
  return { table, committed: commitTable(table, 1, { logRows: machine.logRows, logInvRate }) };
}

export type ProveOptions = {
  /** Called after each step of each segment. */
  readonly onStep?: StepTimer;
  /** Hears every message and challenge. */
  readonly listener?: TranscriptListener;
};

/**
 * Proves a block from the traces of its segments: interface tables first, then the global challenge, the segments, the
 * closing. Deterministic: the same traces give the same bytes.
 */
export function proveBlock(
  vk: VerifyingKey,
  fixed: FixedTables,
  block: BlockStatement,
  traces: readonly (readonly Instance[])[],
  options: ProveOptions = {},
): BlockProof {
  const { onStep = () => {}, listener } = options;
  const { machine } = vk;
  const layout = closingLayout(machine, block);
  const logSize = layout.table.logRows + layout.table.logColumns;
  const rows = 2 ** layout.table.logRows;
  const table = new Uint32Array(2 ** logSize);
  table.set(fixed.table);
  layout.segments.forEach((part, j) => {
    stackInto(table, part.offset, part.slots, traces[j]!);
  });
  const interfaceTable = table.subarray(
    layout.fixedColumns * rows,
    (layout.fixedColumns + layout.interfaceColumns) * rows,
  );
  const logInvRate = layout.params.logInvRate;
  const interfaceCommitted =
    layout.interfaceColumns === 0
      ? undefined
      : commitTable(interfaceTable, 1, { logRows: layout.table.logRows, logInvRate });

  const tr = new ProverTranscript(listener);
  const chain = absorbInterface(tr, vk, block);
  tr.send('interfaceCap', interfaceCommitted?.cap ?? []);
  const ood = Array.from({ length: layout.params.oodSamples }, (): { weight: Weight; value: Ext } => {
    const y = tr.sampleExt('interfaceOod');
    const value = evaluateBaseTable(table, y);
    tr.sendExts('interfaceAnswer', [value]);
    return { weight: { kind: 'power', y }, value };
  });
  tr.grind('globalGrind', profileGrinding(machine.profile).global);
  const global = sampleGlobal(tr, machine);
  onStep('interface');

  const transcripts = block.segments.map(() => new ProverTranscript(listener));
  const segments = block.segments.map((segment, j) =>
    proveSegment(
      transcripts[j]!,
      {
        vk,
        block,
        segment,
        before: chain[j]!,
        after: chain[j + 1]!,
        globalSeed: global.seed,
        global: global.challenges,
      },
      traces[j]!,
      onStep,
    ),
  );

  const closing = new ProverTranscript(listener);
  absorbClosing(closing, vk, block, chain, global.seed, segments);
  const sigma = closing.sampleExt('sigma');
  const tau = closing.sampleExt('tau');
  const { terms, claim } = closingClaims(machine, block, layout, segments, sigma, tau, ood);
  const commitments = [fixed.committed, ...(interfaceCommitted === undefined ? [] : [interfaceCommitted])].filter(
    (c) => c.columns > 0,
  );
  proveOpening(closing, layout.params, commitments, table, terms, claim);
  onStep('closing');
  return {
    interface: tr.bytes(),
    segments: segments.map((s, j) => ({ globalSum: s.globalSum, bytes: transcripts[j]!.bytes() })),
    closing: closing.bytes(),
  };
}
