/** The verifier's module: one thread, a memory of its own. */
export { hashMany } from './hash-many';
