export { grind, hashNodes, hashRows } from './hash';
export { stripFromBlocks, stripFromColumns, transformHigh, transformLow, transformShort } from './ntt';
export { setScratch } from './scratch';
