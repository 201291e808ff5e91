import type { EvaluateNodes } from '../air/evaluate.ts';
import type { FoldRows } from '../field/fold-rows.ts';
import type { HashMany } from '../hash/hash-many.ts';

/**
 * The arithmetic that a verification does in bulk, as pure functions from words to words. None of them sees a transcript, a
 * proof or a verdict: what is read, absorbed, sampled and compared is in `protocol/` and the same whoever computes.
 */
export type VerifierKernels = {
  readonly name: 'plain' | 'wasm';
  readonly hashMany: HashMany;
  readonly foldRows: FoldRows;
  readonly evaluateNodes: EvaluateNodes;
};
