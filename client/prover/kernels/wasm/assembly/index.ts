export {
  addBlocks,
  addScaledBlocks,
  addScaledToBase,
  doubleEq,
  foldBase,
  foldBlocks,
  packBlocks,
  toMontgomery,
  unpackBlocks,
} from './ext';
export {
  fillBlocks,
  foldDot,
  foldDotBase,
  fractionParents,
  fractionParentsBase,
  gkrFoldRound,
  gkrFoldRoundBase,
  gkrLeading,
  gkrLeadingBase,
  gkrRound,
  scaleAndAdd,
  scaleFractions,
  splitHalves,
  tailStart,
  tailSums,
  tailSumsBase,
} from './gkr';
export { grind, hashNodes, hashRows } from './hash';
export { stripFromBlocks, stripFromColumns, transformHigh, transformLow, transformShort } from './ntt';
export { setScratch } from './scratch';
export { leafRows, roundForms, skipForms } from './forms';
export { bindSkip, dotSixteens, foldColumns } from './rows';
export {
  addPowers,
  dotBlocks,
  dotWords,
  roundBlocks,
  stackRows,
  tensor,
} from './whir';
