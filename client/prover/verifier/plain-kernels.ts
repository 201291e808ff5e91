import { evaluateNodes } from '../air/evaluate.ts';
import { foldRows } from '../field/fold-rows.ts';
import { hashMany } from '../hash/hash-many.ts';
import type { VerifierKernels } from '../kernels/interface.ts';

/** In plain TypeScript: what others are compared with, and all that is needed. */
export const PLAIN_KERNELS: VerifierKernels = { name: 'plain', hashMany, foldRows, evaluateNodes };
