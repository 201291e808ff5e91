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
  accumulate,
  fractionParents,
  fractionParentsBase,
  gkrRound,
  gkrRoundBase,
  splitHalves,
} from './gkr';
export { grind, hashNodes, hashRows } from './hash';
export { stripFromBlocks, stripFromColumns, transformHigh, transformLow, transformShort } from './ntt';
export { setScratch } from './scratch';
export { mulBlock } from './ext';
export {
  addForm,
  addFormAtRow,
  addProduct,
  bindSkip,
  clear,
  cosetLines,
  dotValues,
  loadCoefficients,
  loadLines,
  nextPoint,
  startPoint,
  storeFractions,
} from './rows';
export {
  addPowers,
  addScaledWords,
  dotBlocks,
  dotWords,
  foldWords,
  roundBlocks,
  roundWords,
  stackRows,
  tensor,
} from './whir';
