/**
 * Checks a recording run the way the buses do, from the records alone: every value and clock of an access must be what
 * the access before it left. It shares no code with the recorder.
 */
import { keccakP } from '@noble/hashes/sha3.js';
import { INSTRUCTIONS, type Instruction } from '../../client/prover/vm/isa.ts';
import type { Program } from '../../client/prover/vm/program.ts';
import type {
  AccessRecord,
  BoundaryRecord,
  InstructionRecord,
  MemoryCell,
  SegmentRecords,
} from '../../client/prover/vm/records.ts';

const [SLOT32, SLOT64, LINEAR, CALL_STACK] = [1, 2, 3, 4];
const GAP = 65536;

type Event = {
  readonly where: string;
  readonly space: number;
  readonly address: number;
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly prev: number;
  readonly clock: number;
};

const number = (limbs: readonly number[]): number => limbs[0]! + 65536 * limbs[1]!;
const four = (limbs: readonly number[]): string => [...limbs, 0, 0].slice(0, 4).join();

/** What is wrong with the records of a whole run; nothing for consistent ones. */
export function recordViolations(
  program: Program,
  segments: readonly SegmentRecords[],
  cells: readonly MemoryCell[],
): string[] {
  const out: string[] = [];
  const initial = initialValues(program);
  const known = new Map<string, { value: string; epoch: number }>();
  let place = { pc: program.entry.pc, fp: program.entry.fp };
  segments.forEach((segment, index) => {
    const fail = (what: string): void => {
      out.push(`segment ${index}: ${what}`);
    };
    if (segment.index !== index) fail(`has index ${segment.index}`);
    const { entry, exit } = segment;
    if (entry.pc !== place.pc || entry.fp !== place.fp || entry.clock !== 1)
      fail('does not start where the last ended');
    const rows = [...segment.rows].flatMap(([chip, list]) => list.map((row) => ({ chip, row })));
    rows.sort((a, b) => a.row.clock - b.row.clock);
    let [pc, fp, clock] = [entry.pc, entry.fp, 1];
    const events: Event[] = [];
    for (const { chip, row } of rows) {
      if (row.pc !== pc || row.fp !== fp || row.clock !== clock)
        fail(`EXEC breaks at pc ${row.pc}, clock ${row.clock}`);
      const instruction = program.code[row.pc - 2];
      if (instruction !== row.instruction) fail(`pc ${row.pc} is another instruction`);
      events.push(...eventsOf(chip, row, fail));
      const going = goesTo(program, row);
      if (!going.next.includes(row.next)) fail(`pc ${row.pc} cannot go to ${row.next}`);
      [pc, fp, clock] = [row.next, going.fp, clock + shapeOf(row).advance];
    }
    if (exit.pc !== pc || exit.fp !== fp || exit.clock !== clock) fail('EXEC does not end at the exit');
    if (clock >= 2 ** 29) fail(`clock ${clock}`);
    place = { pc, fp };
    for (const r of segment.refreshes) {
      const { space, address, value, from: prev, to } = r;
      events.push({ where: 'refresh', space, address, before: value, after: value, prev, clock: to });
    }
    checkMemory(segment, events, fail);
    for (const b of segment.boundaries) checkBoundary(b, index + 1, initial, known, fail);
    checkKeccak(segment, index, fail);
    checkCalls(segment, index, fail);
  });
  checkCells(cells, initial, known, out);
  return out;
}

const shapeOf = (row: InstructionRecord): Instruction => INSTRUCTIONS[row.instruction.op];

function initialValues(program: Program): (space: number, address: number) => string {
  const memory = new Uint8Array(program.memoryBytes);
  for (const { offset, bytes } of program.data) memory.set(bytes, offset);
  const view = new DataView(memory.buffer);
  return (space, address) => {
    if (space === LINEAR) return [0, 2, 4, 6].map((k) => view.getUint16(8 * address + k, true)).join();
    const global = program.globals[address];
    if (space === CALL_STACK || global === undefined) return '0,0,0,0';
    if ((space === SLOT32) !== (global.width === 32)) return '0,0,0,0';
    const value = BigInt.asUintN(global.width, global.value);
    return [0n, 16n, 32n, 48n].map((s) => (value >> s) & 0xffffn).join();
  };
}

/** The accesses of a row, with addresses and clocks from the instruction and the operands alone. */
function eventsOf(chip: string, row: InstructionRecord, fail: (what: string) => void): Event[] {
  const { instruction, fp, clock, reads, cells, writes } = row;
  const shape = shapeOf(row);
  const where = `${instruction.op} at pc ${row.pc}, clock ${clock}`;
  const operands = reads.map((r) => number(r.before));
  const places = cellPlaces(row, shape, operands);
  if (chip !== places.chip) fail(`${where}: recorded under ${chip}, not ${places.chip}`);
  if (cells.length !== places.cells.length) fail(`${where}: ${cells.length} cells, expected ${places.cells.length}`);
  if (shape.control === 'resume') {
    const left = writes.map((w) => number(w.after));
    if (left.join() !== operandsAfter(instruction.op, operands).join()) fail(`${where}: goes on with ${left}`);
  }
  const event = (a: AccessRecord, space: number, address: number, k: number): Event => {
    const limbs = space === SLOT32 ? 2 : 4;
    if (a.before.length !== limbs || a.after.length !== limbs)
      fail(`${where}: access ${k} has a wrong number of limbs`);
    if (space !== CALL_STACK && [...a.before, ...a.after].some((l) => !Number.isInteger(l) || l < 0 || l > 65535))
      fail(`${where}: access ${k} has a limb outside u16`);
    if (k >= shape.advance) fail(`${where}: access ${k} reaches the next instruction's clocks`);
    return { where, space, address, ...pick(a), clock: clock + k };
  };
  const slot = (width: number): number => (width === 32 ? SLOT32! : SLOT64!);
  const readFp = instruction.op.startsWith('globalGet') ? 0 : fp;
  const writeFp = instruction.op.startsWith('globalSet') ? 0 : fp;
  if (reads.length !== shape.reads.length || writes.length !== shape.writes.length) fail(`${where}: operands missing`);
  if (reads.some((r) => four(r.before) !== four(r.after))) fail(`${where}: a read changes its slot`);
  return [
    ...reads.map((a, k) => event(a, slot(shape.reads[k]!), readFp + instruction.reads[k]!, k)),
    ...cells.map((a, k) => {
      const [address, offset] = places.cells[k] ?? [Number.NaN, 0];
      if (a.address !== address) fail(`${where}: cell ${a.address}, expected ${address}`);
      return event(a, places.space, address, reads.length + offset);
    }),
    ...writes.map((a, k) =>
      event(a, slot(shape.writes[k]!), writeFp + instruction.writes[k]!, reads.length + places.reserved + k),
    ),
  ];
}

/** Operands that a row of COPY, FILL or INPUT leaves, in the order of its writes. */
function operandsAfter(op: string, [to, second, third]: readonly number[]): readonly number[] {
  const length = op === 'inputRead' ? second! : third!;
  const backward = op === 'copy' && to! > second!;
  const cells = op === 'copy' ? cellsMoved(to!, second!, length) : 0;
  if (cells > 0) {
    const by = backward ? 0 : 8 * cells;
    return [to! + by, second! + by, length - 8 * cells];
  }
  const room = backward ? ((to! + length + 7) & 7) + 1 : 8 - (to! & 7);
  const moved = Math.min(length, room);
  const step = backward ? 0 : moved;
  return op === 'copy' ? [to! + step, second! + step, length - moved] : [to! + step, length - moved];
}

/** How many whole cells a row of COPY moves: up to four, where both ends of what is left are ends of cells. */
function cellsMoved(to: number, from: number, length: number): number {
  const ends = to > from ? [to + length, from + length] : [to, from];
  return ends.every((end) => (end & 7) === 0) ? Math.min(4, length >>> 3) : 0;
}

const pick = ({ before, after, prev }: AccessRecord) => ({ before, after, prev });

type Places = {
  readonly chip: string;
  readonly space: number;
  /** Address and clock behind the reads. */
  readonly cells: readonly (readonly [number, number])[];
  readonly reserved: number;
};

function cellPlaces(row: InstructionRecord, { chip, memoryBytes }: Instruction, operands: readonly number[]): Places {
  const { op, offset, frame } = row.instruction;
  const at = (cells: readonly (readonly [number, number])[], reserved = cells.length, name: string = chip): Places => ({
    chip: name,
    space: LINEAR!,
    cells,
    reserved,
  });
  const run = (count: number): Places =>
    at(Array.from({ length: count }, (_, k) => [operands[0]! / 8 + k, k] as const));
  const [to = 0, second = 0, third = 0] = operands;
  if (memoryBytes > 0) {
    const cell = (to + offset) >>> 3;
    const inCell = (to + offset) % 8;
    if (inCell % memoryBytes === 0) return at([[cell, 0]]);
    const name = op.startsWith('load') ? 'load_unaligned' : 'store_unaligned';
    const second = [cell + 1, 1] as const;
    return at(inCell + memoryBytes > 8 ? [[cell, 0], second] : [[cell, 0]], 2, name);
  }
  switch (op) {
    case 'copy': {
      if (third === 0) return at([], 3);
      const moved = cellsMoved(to, second, third);
      if (moved > 0) {
        const pairs = Array.from({ length: moved }, (_, k) => {
          const skipped = to > second ? third - 8 - 8 * k : 8 * k;
          return [(second + skipped) / 8, (to + skipped) / 8];
        });
        return at(
          pairs.flat().map((cell, k) => [cell, k] as const),
          8,
          'copy_cells',
        );
      }
      const n = third - number(row.writes[2]!.after);
      const skip = to > second ? third - n : 0;
      const first = (second + skip) >>> 3;
      const last = (second + skip + n - 1) >>> 3;
      const target = [(to + skip) >>> 3, 2] as const;
      return at(first === last ? [[first, 0], target] : [[first, 0], [last, 1], target], 3);
    }
    case 'fill':
      return third === 0 ? at([], 1) : at([[to >>> 3, 0]]);
    case 'inputRead':
      return second === 0 ? at([], 1) : at([[to >>> 3, 0]]);
    case 'keccakF':
      return run(25);
    case 'halt':
      return run(18);
    case 'mulmod256':
    case 'advice':
    case 'ecMsm':
      return at(hostCallCells(op, operands).map((cell, k) => [cell, k] as const));
    case 'call':
    case 'callIndirect':
      return { ...at([[row.fp + frame, 0]]), space: CALL_STACK! };
    case 'return':
      return { ...at([[row.fp, 0]]), space: CALL_STACK! };
    default:
      return at([]);
  }
}

/** Input cells, then output cells, of the host calls that read and write memory. */
function hostCallCells(op: 'mulmod256' | 'advice' | 'ecMsm', operands: readonly number[]): number[] {
  const regions = {
    mulmod256: [1, 4, 2, 4, 3, 4, 4, 4, 0, 4],
    advice: [2, 8, 1, 6],
    ecMsm: [2, 32, 3, 8, 1, 8],
  }[op];
  return regions.flatMap((operand, k) =>
    k % 2 === 1 ? [] : Array.from({ length: regions[k + 1]! }, (_, cell) => operands[operand]! / 8 + cell),
  );
}

/** Every host call has its record, with what its row read and wrote; cells that it only reads stay as they are. */
function checkCalls(segment: SegmentRecords, index: number, fail: (what: string) => void): void {
  const rows = ['mulmod', 'advice', 'ec_msm'].flatMap((chip) => segment.rows.get(chip) ?? []);
  rows.sort((a, b) => a.clock - b.clock);
  if (rows.length !== segment.calls.length) fail('host calls without their record');
  segment.calls.forEach((call, k) => {
    const row = rows[k];
    if (row === undefined) return;
    const words = (limbs: readonly number[]): string =>
      [limbs[0]! + 65536 * limbs[1]!, limbs[2]! + 65536 * limbs[3]!].join();
    const inputs = row.cells.length - call.outputs.length / 2;
    if (call.op !== row.instruction.op || call.segment !== index || call.clock !== row.clock)
      fail(`host call ${k} has another id`);
    if (call.operands.join() !== row.reads.map((r) => number(r.before)).join())
      fail(`host call ${k} has other operands`);
    row.cells.forEach((cell, c) => {
      if (c < inputs && words(cell.before) !== words(cell.after)) fail(`host call ${k} changes an input`);
    });
    if (
      call.inputs.join() !==
      row.cells
        .slice(0, inputs)
        .map((c) => words(c.before))
        .join()
    )
      fail(`host call ${k} reads something else`);
    if (
      call.outputs.join() !==
      row.cells
        .slice(inputs)
        .map((c) => words(c.after))
        .join()
    )
      fail(`host call ${k} writes something else`);
  });
}

/** Where control can go from a row, and the frame there. */
function goesTo(program: Program, row: InstructionRecord): { readonly next: readonly number[]; readonly fp: number } {
  const { instruction: i, pc, fp, reads, cells, writes } = row;
  switch (shapeOf(row).control) {
    case 'jump':
      return { next: [i.target], fp };
    case 'branch':
      return { next: [i.target, pc + 1], fp };
    case 'table':
      return { next: [i.targets[Math.min(number(reads[0]!.before), i.targets.length - 1)]!], fp };
    case 'call':
      return { next: [i.target], fp: fp + i.frame };
    case 'callIndirect':
      return { next: [program.table[number(reads[0]!.before)]!.entry], fp: fp + i.frame };
    case 'return':
      return { next: [cells[0]!.before[0]!], fp: cells[0]!.before[1]! };
    case 'halt':
      return { next: [1], fp };
    case 'resume':
      return { next: [number(writes.at(-1)!.after) === 0 ? pc + 1 : pc], fp };
    default:
      return { next: [pc + 1], fp };
  }
}

/** Each access takes what the one before it in time left, at most 2^16 clocks later; boundary rows close the chains. */
function checkMemory(segment: SegmentRecords, events: Event[], fail: (what: string) => void): void {
  const state = new Map<string, { value: string; time: number }>();
  for (const b of segment.boundaries) {
    const key = `${b.space}:${b.address}`;
    if (state.has(key)) fail(`two boundary rows for ${key}`);
    state.set(key, { value: four(b.before), time: b.start });
  }
  const used = new Set<string>();
  events.sort((a, b) => a.clock - b.clock);
  for (const e of events) {
    const key = `${e.space}:${e.address}`;
    const cell = state.get(key);
    used.add(key);
    if (cell === undefined) fail(`${e.where}: no boundary row for ${key}`);
    else if (cell.value !== four(e.before)) fail(`${e.where}: ${key} held ${cell.value}, the record says ${e.before}`);
    else if (cell.time !== e.prev) fail(`${e.where}: ${key} was accessed at ${cell.time}, the record says ${e.prev}`);
    const gap = e.clock - e.prev - 1;
    if (gap < 0 || (gap >= GAP && e.where !== 'refresh')) fail(`${e.where}: gap ${gap} of ${key}`);
    state.set(key, { value: four(e.after), time: e.clock });
  }
  for (const b of segment.boundaries) {
    const key = `${b.space}:${b.address}`;
    const last = state.get(key)!;
    if (!used.has(key)) fail(`boundary row of ${key}, which nothing accesses`);
    if (four(b.after) !== last.value || b.end !== last.time)
      fail(`the boundary row of ${key} takes another last value`);
  }
}

function checkBoundary(
  b: BoundaryRecord,
  epoch: number,
  initial: (space: number, address: number) => string,
  known: Map<string, { value: string; epoch: number }>,
  fail: (what: string) => void,
): void {
  const key = `${b.space}:${b.address}`;
  const before = known.get(key) ?? { value: initial(b.space, b.address), epoch: 0 };
  if (four(b.before) !== before.value || b.epoch !== before.epoch) fail(`the boundary row of ${key} starts elsewhere`);
  if (b.ownEpoch !== epoch) fail(`the boundary row of ${key} has epoch ${b.ownEpoch}`);
  known.set(key, { value: four(b.after), epoch });
}

function checkKeccak(segment: SegmentRecords, index: number, fail: (what: string) => void): void {
  const rows = segment.rows.get('keccak_host') ?? [];
  if (rows.length !== segment.keccak.length) fail('calls of Keccak-f without their record');
  segment.keccak.forEach((call, k) => {
    const row = rows[k];
    if (row === undefined || call.segment !== index || call.clock !== row.clock)
      fail(`Keccak-f call ${k} has another id`);
    const limbs = (words: Uint32Array): string => [...words].flatMap((w) => [w & 0xffff, w >>> 16]).join();
    const output = call.input.slice();
    keccakP(output, 24);
    if (limbs(output) !== limbs(call.output)) fail(`Keccak-f call ${k} has another output`);
    if (row?.cells.flatMap((c) => c.before).join() !== limbs(call.input))
      fail(`Keccak-f call ${k} reads another state`);
    if (row?.cells.flatMap((c) => c.after).join() !== limbs(call.output))
      fail(`Keccak-f call ${k} writes another state`);
  });
}

function checkCells(
  cells: readonly MemoryCell[],
  initial: (space: number, address: number) => string,
  known: ReadonlyMap<string, { value: string; epoch: number }>,
  out: string[],
): void {
  if (cells.length !== known.size) out.push(`${cells.length} cells in the memory table, ${known.size} were touched`);
  cells.forEach((c, k) => {
    const key = `${c.space}:${c.address}`;
    const before = cells[k - 1];
    if (before !== undefined && (before.space > c.space || (before.space === c.space && before.address >= c.address)))
      out.push(`memory table: ${key} is not above its predecessor`);
    const last = known.get(key);
    if (four(c.initial) !== initial(c.space, c.address)) out.push(`memory table: ${key} starts with another value`);
    if (last === undefined || last.value !== four(c.last) || last.epoch !== c.epoch)
      out.push(`memory table: ${key} ends with another value or epoch`);
  });
}
