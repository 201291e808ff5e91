import { addExt, copyExt, EXT_BYTES, mulExt, scaleExt, setBase, subExt } from './ext-scalar';

const CONSTANT: u32 = 0;
const COLUMN: u32 = 1;
const PUBLIC: u32 = 2;
const ADD: u32 = 3;
const SUB: u32 = 4;
const MUL: u32 = 5;

/** Values of the `count` nodes of a `NodeProgram`, elements of E; what is no operation above is a product with a constant. */
export function evaluateNodes(program: usize, count: u32, cells: usize, publics: usize, values: usize): void {
  for (let id: u32 = 0; id < count; id++) {
    const node = program + 12 * <usize>id;
    const op = load<u32>(node);
    const a = load<u32>(node, 4);
    const b = load<u32>(node, 8);
    const out = values + EXT_BYTES * <usize>id;
    if (op === CONSTANT) setBase(out, a);
    else if (op === COLUMN) copyExt(out, cells + EXT_BYTES * <usize>a);
    else if (op === PUBLIC) copyExt(out, publics + EXT_BYTES * <usize>a);
    else if (op === ADD) addExt(out, values + EXT_BYTES * <usize>a, values + EXT_BYTES * <usize>b);
    else if (op === SUB) subExt(out, values + EXT_BYTES * <usize>a, values + EXT_BYTES * <usize>b);
    else if (op === MUL) mulExt(out, values + EXT_BYTES * <usize>a, values + EXT_BYTES * <usize>b);
    else scaleExt(out, values + EXT_BYTES * <usize>a, b);
  }
}
