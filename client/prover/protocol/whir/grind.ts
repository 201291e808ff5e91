import type { Backend } from '../../backends/interface.ts';
import { LABELS, type Label } from '../../transcript/labels.ts';
import type { ProverTranscript } from '../../transcript/prover-transcript.ts';

/** The prover's side of `grind`: finds and sends a nonce; with no bits asked for, sends nothing. */
export async function proveGrinding(backend: Backend, tr: ProverTranscript, label: Label, bits: number): Promise<void> {
  if (bits > 0) tr.sendNonce(label, bits, await backend.grind(tr.state(), LABELS[label], bits));
}
