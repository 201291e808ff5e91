/** The verifier's module: one thread, a memory of its own. */
export { foldBaseRows, foldExtRows } from './fold-rows';
export { hashMany } from './hash-many';
export { evaluateNodes } from './nodes';
