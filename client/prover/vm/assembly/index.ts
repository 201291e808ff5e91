/** What the host calls; see `fast/machine.ts`. */
export {
  clock,
  fp,
  hostCallFirst,
  hostCallRecording,
  hostOperand,
  ip,
  left,
  runFirst,
  runRecording,
  setState,
  setUnaligned,
  unwind,
} from './interpreter';
export { CODE, COUNTS, INSTRUCTION_BYTES, KECCAK, place, RETURNS, SLOTS32, SLOTS64, TYPES, UNALIGNED } from './layout';
export {
  base,
  boundaries,
  boundaryCount,
  endSegment,
  epochOf,
  listEnd,
  nextSegment,
  placeList,
  refreshCount,
  refreshes,
  reserve,
  setListEnd,
} from './ledger';
