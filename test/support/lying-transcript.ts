import type { Ext } from '../../client/prover/field/fp5.ts';
import type { Label } from '../../client/prover/transcript/labels.ts';
import { ProverTranscript } from '../../client/prover/transcript/prover-transcript.ts';

/** What is sent in place of what the prover's side computes. */
export type Lie = (label: Label, xs: readonly Ext[]) => readonly Ext[];

export const honest: Lie = (_, xs) => xs;

/** Sends something else than the prover's side computes, and goes on from there. */
export class LyingTranscript extends ProverTranscript {
  private readonly lie: Lie;

  constructor(lie: Lie) {
    super();
    this.lie = lie;
  }

  override sendExts(label: Label, xs: readonly Ext[]): void {
    super.sendExts(label, this.lie(label, xs));
  }
}
