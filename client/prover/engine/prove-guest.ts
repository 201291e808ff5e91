import type { CompiledChip } from '../air/dag.ts';
import type { Backend, Commitment } from '../backends/interface.ts';
import { CLAIM_BYTES } from '../guest/claim.ts';
import type { ProfileId } from '../interface.ts';
import { buildZkVm, type ZkVm } from '../machine/zkvm.ts';
import { exceededLimit } from '../protocol/bounds.ts';
import type { BlockStatement, SegmentStatement, VerifyingKey } from '../protocol/machine.ts';
import type { StepTimer } from '../protocol/segment/prove.ts';
import { encodeProof, PROOF_VERSION } from '../verifier/codec.ts';
import { type KeyData, keyData, keyDigest } from '../verifier/key.ts';
import { claimWords } from '../verifier/verify.ts';
import { decodeModule } from '../vm/decode.ts';
import { MAX_SLOTS } from '../vm/execute.ts';
import { type FastProgram, fastProgram } from '../vm/fast/program.ts';
import { lower } from '../vm/lower.ts';
import { type CutLimits, cutBlock } from './block-segments.ts';
import { commitFixed, proveBlock } from './prove-block.ts';

/** Everything about a guest that proofs of different inputs share. */
export type GuestProver = {
  readonly backend: Backend;
  readonly vm: ZkVm<ProfileId>;
  readonly program: FastProgram;
  readonly vk: VerifyingKey;
  readonly fixed: Commitment;
  readonly proofType: number;
};

/** Lowers a guest, assembles its machine and commits its tables on a backend, which stays the caller's. */
export async function createGuestProver(
  wasm: Uint8Array,
  o: { readonly profile: ProfileId; readonly proofType: number; readonly backend: Backend },
): Promise<GuestProver> {
  const { backend, profile, proofType } = o;
  const program = lower(decodeModule(wasm));
  const vm = buildZkVm(program, profile, MAX_SLOTS);
  const fixed = await commitFixed(backend, vm.machine);
  const fixedCap = fixed.cap;
  return {
    backend,
    vm,
    program: fastProgram(program, vm.rowTypes),
    vk: { machine: vm.machine, digest: keyDigest(vm.machine, vm.shape, fixedCap), fixedCap },
    fixed,
    proofType,
  };
}

/** The key that verifies the proofs, as data. Its security bits take a second to compute, which proving does without. */
export const keyOf = ({ vm: { machine, shape }, vk, proofType }: GuestProver): KeyData =>
  keyData(machine, shape, vk.fixedCap, { profile: machine.profile, proofType });

/** Cells and messages of all tables, padding included. */
export type ProofSize = {
  readonly segments: number;
  readonly instructions: number;
  readonly cells: number;
  readonly interactions: number;
};

/**
 * A proof with the claim that it proves (SSZ), or why there is none. `tooLarge`: the block passes a limit that the key's
 * security is computed for.
 */
export type GuestProof =
  | { readonly ok: true; readonly proof: Uint8Array; readonly claim: Uint8Array; readonly size: ProofSize }
  | { readonly ok: false; readonly code: 'guestTrap'; readonly detail: string }
  | { readonly ok: false; readonly code: 'tooLarge'; readonly detail: string };

/**
 * Runs the guest on an input and proves the run.
 * @param headerRlp header of the block that the claim is about; its hash must be the claim's block hash
 */
export async function proveGuest(
  prover: GuestProver,
  input: Uint8Array,
  headerRlp: (claim: Uint8Array) => Uint8Array,
  o: {
    readonly limits?: CutLimits;
    readonly onStep?: StepTimer;
    /** Told once how many segments there are to prove. */
    readonly onSegments?: (count: number) => void;
  } = {},
): Promise<GuestProof> {
  const { vm, vk } = prover;
  const onStep = o.onStep ?? (() => {});
  const cut = cutBlock(vm, prover.program, input, o.limits);
  if (!cut.ok) return { ok: false, code: 'guestTrap', detail: `${cut.reason} at pc ${cut.pc}` };
  o.onSegments?.(cut.block.statements.length);
  onStep('record');
  const { publicValues, statements: segments } = cut.block;
  const claim = publicValues.slice(0, CLAIM_BYTES);
  const block: BlockStatement = { claim: claimWords(claim), segments };
  const exceeded = exceededLimit(vm.machine, block);
  if (exceeded !== undefined) return { ok: false, code: 'tooLarge', detail: exceeded };
  const proof = await proveBlock(prover.backend, vk, prover.fixed, block, cut.block, { onStep });
  return {
    ok: true,
    claim,
    proof: encodeProof({
      version: PROOF_VERSION,
      proofType: prover.proofType,
      vkHash: vk.digest,
      headerRlp: headerRlp(claim),
      claim,
      interface: proof.commitment,
      segments: segments.map((s, j) => ({
        type: s.type,
        exit: s.exit,
        instances: s.instances,
        globalSum: proof.segments[j]!.globalSum,
        bytes: proof.segments[j]!.bytes,
      })),
      closing: [proof.closing],
    }),
    size: { instructions: cut.block.instructions, ...sizeOf(vm, segments) },
  };
}

/** Cells and messages of all tables. */
export function sizeOf(
  { machine }: ZkVm<ProfileId>,
  segments: readonly SegmentStatement[],
): Omit<ProofSize, 'instructions'> {
  const instances = segments.flatMap((s) => s.instances);
  const sum = (of: (chip: CompiledChip) => number): number =>
    instances.reduce((n, { chip, logHeight }) => n + of(machine.chips[chip]!.compiled) * 2 ** logHeight, 0);
  return {
    segments: segments.length,
    cells: sum((chip) => chip.columns.length),
    interactions: sum((chip) => chip.interactions.length),
  };
}
