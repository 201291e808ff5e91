import { ClientError } from '../../errors.ts';
import type { ConstExpr, FunctionType, Module } from './decode.ts';
import { FIRST_PC, type OpName, TRAP_PC } from './isa.ts';
import { FunctionLowering } from './lower-function.ts';
import { type Code, HOST_MODULE, isHostFunction, type LoweredFunction } from './lowered-code.ts';
import type { Program, ProgramInstruction, TableEntry } from './program.ts';
import { propagateValues } from './propagate-values.ts';
import { removeDeadCode } from './remove-dead-code.ts';

const PAGE_BYTES = 65536;
/** Linear memory may have at most 2^30 bytes. */
const MAX_PAGES = 2 ** 14;
const MAX_TABLE = 2 ** 16;
/** Export kind of functions. */
const FUNCTION_EXPORT = 0;

/** Types of the host functions (`interfaces.md`, guest ABI), as parameter and result counts of i32. */
const HOST_TYPES: Readonly<Record<string, readonly [number, number]>> = {
  input_size: [0, 1],
  input_read: [2, 0],
  keccak_f: [1, 0],
  halt: [1, 0],
  mulmod256: [5, 0],
  advice: [3, 0],
  ec_msm: [5, 0],
  fail: [3, 0],
};

/** What the module leaves open. */
export type LowerOptions = {
  /** Exported function that execution starts in; `main` by default. */
  readonly entry?: string;
};

/**
 * Lowers a module to the machine's program. Deterministic: the same bytes give the same program.
 * @throws ClientError for what the machine has no meaning for: foreign imports, a start function, memory that is too
 * large, an entry that does not exist; those of the decoder with their offset
 */
export function lower(module: Module, options: LowerOptions = {}): Program {
  checkImports(module);
  if (module.start !== undefined) fail('startUnsupported', 'expected no start function');
  const pages = module.memory?.minimum ?? 0;
  if (pages > MAX_PAGES) fail('memoryTooLarge', `expected at most ${MAX_PAGES} pages of memory, got ${pages}`);
  if ((module.table?.minimum ?? 0) > MAX_TABLE) fail('tableTooLarge', `expected at most ${MAX_TABLE} table entries`);

  const lowered = new Map<number, LoweredFunction>();
  const starts = new Map<number, number>();
  const frameSizes = new Map<number, number>();
  let pc = FIRST_PC;
  module.functions.forEach((f, index) => {
    if (f.imported !== undefined) return;
    const body = simplify(threadJumps(new FunctionLowering(module, index).lower()), module, module.types[f.type]!);
    lowered.set(index, body);
    starts.set(index, pc);
    frameSizes.set(pc, body.size);
    pc += body.code.length;
  });

  const typeIds = canonicalTypes(module.types);
  const code: ProgramInstruction[] = [];
  for (const [index, body] of lowered) {
    const start = starts.get(index)!;
    for (const c of body.code) code.push(link(c, start, starts, typeIds));
  }

  const globals = module.globals.map(
    (g) => ({ width: g.type === 0x7e || g.type === 0x7c ? 64 : 32, value: 0n }) as const,
  );
  const values: bigint[] = [];
  for (const g of module.globals) values.push(constant(module, g.init, values));

  const table: (TableEntry | undefined)[] = new Array(module.table?.minimum ?? 0).fill(undefined);
  for (const segment of module.elements) {
    const offset = Number(BigInt.asUintN(32, constant(module, segment.offset, values)));
    if (offset + segment.functions.length > table.length)
      fail('elementOutOfRange', `an element segment at ${offset} does not fit a table of ${table.length}`);
    segment.functions.forEach((f, k) => {
      const definition = module.functions[f];
      if (definition === undefined) fail('indexOutOfRange', `function ${f} of an element segment does not exist`);
      table[offset + k] = { entry: starts.get(f) ?? TRAP_PC, type: typeIds[definition!.type]! };
    });
  }
  const data = module.data.map((segment) => {
    const offset = Number(BigInt.asUintN(32, constant(module, segment.offset, values)));
    if (offset + segment.bytes.length > pages * PAGE_BYTES)
      fail('dataOutOfRange', `a data segment of ${segment.bytes.length} bytes at ${offset} does not fit memory`);
    return { offset, bytes: segment.bytes };
  });
  const exports = new Map(
    [...module.exports].flatMap(([name, e]) =>
      e.kind === FUNCTION_EXPORT && starts.has(e.index)
        ? [[name, { pc: starts.get(e.index)!, index: e.index }] as const]
        : [],
    ),
  );
  const entryName = options.entry ?? 'main';
  const entry = exports.get(entryName);
  if (entry === undefined) fail('entryMissing', `expected an exported function ${entryName}`);
  return {
    code,
    table,
    globals: globals.map((g, k) => ({ ...g, value: values[k]! })),
    data,
    memoryBytes: pages * PAGE_BYTES,
    entry: { pc: entry!.pc, fp: globals.length },
    frameSizes,
    functions: [...starts].map(([index, at]) => ({
      pc: at,
      index,
      name: module.names.get(index) ?? `function ${index}`,
    })),
    exports,
    floats: [...lowered.values()].reduce((n, f) => n + f.floats.length, 0),
  };
}

function fail(code: LowerErrorCode, message: string): never {
  throw new ClientError<LowerErrorCode>(code, message);
}

function checkImports(module: Module): void {
  for (const f of module.functions) {
    if (f.imported === undefined) continue;
    const { module: from, name } = f.imported;
    if (from !== HOST_MODULE || !isHostFunction(from, name))
      fail('importUnknown', `the module imports ${from}.${name}, which the machine does not have`);
    const type = module.types[f.type]!;
    const [params, results] = HOST_TYPES[name]!;
    const right = type.params.length === params && type.results.length === results;
    if (!right || [...type.params, ...type.results].some((t) => t !== 0x7f))
      fail('importType', `${name}: expected ${params} parameters and ${results} results of type i32`);
  }
}

/** Structurally equal types get one number, by which indirect calls compare them. */
function canonicalTypes(types: readonly FunctionType[]): number[] {
  const seen = new Map<string, number>();
  return types.map((t) => {
    const key = `${t.params.join()}>${t.results.join()}`;
    const id = seen.get(key) ?? seen.size;
    seen.set(key, id);
    return id;
  });
}

function constant(module: Module, expr: ConstExpr, known: readonly bigint[]): bigint {
  if (expr.kind === 'value') return expr.value;
  const value = known[expr.index];
  if (value === undefined || module.globals[expr.index]!.mutable)
    fail('constExprUnsupported', `global ${expr.index} cannot be used in a constant expression`);
  return value!;
}

/** Jumps to jumps go to the end of the chain; a jump to a return is one. */
function threadJumps(body: LoweredFunction): LoweredFunction {
  const end = (position: number): number => {
    let at = position;
    for (let steps = 0; steps < body.code.length; steps++) {
      const c = body.code[at];
      if (c?.op !== 'jump' || c.target === undefined) return at;
      at = c.target.position;
    }
    return at;
  };
  for (const c of body.code) {
    if (c.target !== undefined) c.target = { position: end(c.target.position) };
    if (c.targets !== undefined) c.targets = c.targets.map((t) => ({ position: end(t.position) }));
  }
  const code = body.code.map((c): Code => {
    const target = c.op === 'jump' && c.target !== undefined ? body.code[c.target.position] : undefined;
    return target?.op === 'return' ? { op: 'return', writes: [], reads: [] } : c;
  });
  return { ...body, code };
}

/** Operands become constants and values are read where they first lay; what nobody reads any more goes. */
function simplify(body: LoweredFunction, module: Module, type: FunctionType): LoweredFunction {
  const typeOf = (c: Code): FunctionType =>
    c.op === 'return' ? type : module.types[c.op === 'call' ? module.functions[c.callee!]!.type : c.callee!]!;
  return { ...body, code: removeDeadCode(propagateValues(body.code, typeOf, body.size), typeOf, body.size) };
}

const NO_TARGETS: readonly number[] = [];

function link(
  c: Code,
  start: number,
  starts: ReadonlyMap<number, number>,
  typeIds: readonly number[],
): ProgramInstruction {
  const at = (position: number): number => start + position;
  const op: OpName = c.op === 'trap' ? 'jump' : c.op;
  let target: number = TRAP_PC;
  if (c.target !== undefined) target = at(c.target.position);
  else if (c.op === 'call') target = starts.get(c.callee!)!;
  return {
    op,
    writes: c.writes,
    reads: c.reads,
    constant: c.constant ?? 0n,
    offset: c.offset ?? 0,
    target,
    targets: c.targets === undefined ? NO_TARGETS : c.targets.map((l) => at(l.position)),
    frame: c.frame ?? 0,
    type: c.op === 'callIndirect' ? typeIds[c.callee!]! : 0,
  };
}

/** What keeps a decoded module from becoming a program. */
export type LowerErrorCode =
  | 'startUnsupported'
  | 'memoryTooLarge'
  | 'tableTooLarge'
  | 'elementOutOfRange'
  | 'dataOutOfRange'
  | 'indexOutOfRange'
  | 'entryMissing'
  | 'importUnknown'
  | 'importType'
  | 'constExprUnsupported';
