/**
 * Random modules of integer code with structured control flow, for differential runs. `main` fills its locals with
 * constants, runs, stores all locals and globals at address 0 and halts there; it ends or traps after few steps.
 */
import type { Random } from './random.ts';
import { call, get, I32, I64, i32, i64, set, wasmModule } from './wasm-module.ts';

const BLOCK_EMPTY = 0x40;
const PARAMS = [I32!, I64!] as const;
/** Parameters, in `main` plain locals, then locals, then the counters of two nested loops. */
const LOCALS = [...PARAMS, I32!, I32!, I32!, I64!, I64!, I64!] as const;
const COUNTERS = [LOCALS.length, LOCALS.length + 1] as const;
const ALL = [...LOCALS, I32!, I32!] as const;
const tee = (index: number): number[] => [0x22, index];
const UNARY = { [I32!]: [0x67, 0x68, 0x69, 0xc0, 0xc1], [I64!]: [0x79, 0x7a, 0x7b, 0xc2, 0xc3, 0xc4] } as const;
const BINARY_FROM = { [I32!]: 0x6a, [I64!]: 0x7c } as const;
const BINARY = 15;
/** Of these, divisions and remainders. */
const DIVISIONS: readonly number[] = [3, 4, 5, 6];
const [OR_32, OR_64] = [0x72, 0x84] as const;
const [COMPARE32, COMPARE64, COMPARISONS] = [0x46, 0x51, 10];
/** Opcode and the log2 of the access's size. */
const LOADS: Readonly<Record<number, readonly (readonly [number, number])[]>> = {
  [I32!]: [
    [0x28, 2],
    [0x2c, 0],
    [0x2d, 0],
    [0x2e, 1],
    [0x2f, 1],
  ],
  [I64!]: [
    [0x29, 3],
    [0x30, 0],
    [0x31, 0],
    [0x32, 1],
    [0x33, 1],
    [0x34, 2],
    [0x35, 2],
  ],
};
const STORES: Readonly<Record<number, readonly (readonly [number, number])[]>> = {
  [I32!]: [
    [0x36, 2],
    [0x3a, 0],
    [0x3b, 1],
  ],
  [I64!]: [
    [0x37, 3],
    [0x3c, 0],
    [0x3d, 1],
    [0x3e, 2],
  ],
};
const EDGES = [
  0n,
  1n,
  -1n,
  2n,
  31n,
  32n,
  63n,
  64n,
  0x7fffffffn,
  -0x80000000n,
  0xffffn,
  0x10000n,
  0xffffffffn,
  1n << 63n,
];

/** A module for each seed of `random`; helpers take and give (i32, i64) → (i64). */
export function randomModule(random: Random): Uint8Array<ArrayBuffer> {
  const helpers = 2;
  const functions = Array.from({ length: helpers + 1 }, (_, k) => {
    const generator = new Generator(random, k);
    return k === 0 ? generator.main() : generator.helper();
  });
  return wasmModule({
    hosts: ['halt'],
    pages: 1,
    globals: [
      [I32!, 5n],
      [I64!, -6n],
    ],
    table: [2, 3, 2],
    data: [{ offset: 0, bytes: Array.from({ length: 4300 }, () => random() & 255) }],
    functions,
  });
}

class Generator {
  private readonly random: Random;
  private readonly index: number;
  private depth = 0;
  private loops = 0;

  constructor(random: Random, index: number) {
    this.random = random;
    this.index = index;
  }

  main() {
    const code = [
      ...LOCALS.flatMap((type, k) => [...this.constant(type), ...set(k)]),
      ...this.statements(12),
      ...LOCALS.flatMap((type, k) => [...i32(8 * k), ...get(k), ...(type === I32 ? [0x36, 2, 0] : [0x37, 3, 0])]),
      ...[...i32(64), 0x23, 0, 0x36, 2, 0, ...i32(72), 0x23, 1, 0x37, 3, 0],
      ...[...i32(0), ...call(0)],
    ];
    return { name: 'main', locals: ALL, code };
  }

  helper() {
    const code = [...this.statements(4), ...this.expression(I64!, 2)];
    return { params: PARAMS, results: [I64!], locals: ALL.slice(PARAMS.length), code };
  }

  private below(n: number): number {
    return this.random() % n;
  }

  private constant(type: number): number[] {
    const wide = (BigInt(this.random()) << 32n) | BigInt(this.random());
    const value = this.below(3) === 0 ? wide : EDGES[this.below(EDGES.length)]!;
    return type === I32 ? i32(Number(BigInt.asIntN(32, value))) : i64(value);
  }

  private local(type: number): number {
    const ofType = LOCALS.flatMap((t, k) => (t === type ? [k] : []));
    return ofType[this.below(ofType.length)]!;
  }

  private type(): number {
    return this.below(2) === 0 ? I32! : I64!;
  }

  private expression(type: number, depth: number): number[] {
    if (depth === 0) return this.below(2) === 0 ? this.constant(type) : get(this.local(type));
    const next = (t: number): number[] => this.expression(t, depth - 1);
    switch (this.below(9)) {
      case 0:
        return [...next(type), UNARY[type]![this.below(UNARY[type]!.length)]!];
      case 1:
      case 2:
      case 3:
        return this.binary(type, next);
      case 4: {
        const operand = this.type();
        const comparison = [
          ...next(operand),
          ...next(operand),
          (operand === I32 ? COMPARE32! : COMPARE64!) + this.below(COMPARISONS!),
        ];
        return type === I32 ? comparison : [...comparison, 0xac + this.below(2)];
      }
      case 5:
        return type === I32 ? [...next(I64!), 0xa7] : [...next(I32!), 0xac + this.below(2)];
      case 6: {
        const [opcode, size] = LOADS[type]![this.below(LOADS[type]!.length)]!;
        return [...this.address(depth), opcode, this.below(size + 1), this.below(100)];
      }
      case 7:
        return [...next(type), ...next(type), ...next(I32!), 0x1b];
      default:
        return [...next(I32!), 0x04, type, ...next(type), 0x05, ...next(type), 0x0b];
    }
  }

  /** Divisors are mostly odd, so that few divisions trap. */
  private binary(type: number, next: (type: number) => number[]): number[] {
    const operator = this.below(BINARY);
    const [left, right] = [next(type), next(type)];
    const divides = DIVISIONS.includes(operator) && this.below(50) > 0;
    const one = type === I32 ? [...i32(1), OR_32] : [...i64(1n), OR_64];
    return [...left, ...right, ...(divides ? one : []), BINARY_FROM[type]! + operator];
  }

  /** Mostly inside the first 4 KiB, seldom anywhere. */
  private address(depth: number): number[] {
    const any = this.expression(I32!, depth - 1);
    return this.below(500) === 0 ? any : [...any, ...i32(0xfff), 0x71];
  }

  private statements(count: number): number[] {
    return Array.from({ length: 1 + this.below(count) }, () => this.statement()).flat();
  }

  private nested(count: number): number[] {
    this.depth++;
    const inner = this.statements(count);
    this.depth--;
    return inner;
  }

  private statement(): number[] {
    const simple = this.depth >= 3;
    const type = this.type();
    switch (this.below(simple ? 5 : 11)) {
      case 0:
      case 1:
        return [...this.expression(type, 3), ...set(this.local(type))];
      case 2: {
        const [opcode, size] = STORES[type]![this.below(STORES[type]!.length)]!;
        return [...this.address(2), ...this.expression(type, 2), opcode, this.below(size + 1), this.below(100)];
      }
      case 3:
        return [...this.expression(type, 2), 0x24, type === I32 ? 0 : 1];
      case 4: {
        const length = [...this.expression(I32!, 0), ...i32(63), 0x71];
        const copy = [...this.address(1), ...this.address(1), ...length, 0xfc, 10, 0, 0];
        const fill = [...this.address(1), ...this.expression(I32!, 1), ...length, 0xfc, 11, 0];
        return this.below(2) === 0 ? copy : fill;
      }
      case 5:
        return [...this.expression(I32!, 2), 0x04, BLOCK_EMPTY, ...this.nested(3), 0x05, ...this.nested(3), 0x0b];
      case 6:
        return [0x02, BLOCK_EMPTY, ...this.expression(I32!, 2), 0x0d, 0, ...this.nested(3), 0x0b];
      case 7: {
        const cases = this.nested(2);
        const index = [...this.expression(I32!, 1), ...i32(3), 0x71];
        return [
          ...[0x02, BLOCK_EMPTY, 0x02, BLOCK_EMPTY, 0x02, BLOCK_EMPTY],
          ...[...index, 0x0e, 2, 0, 1, 2, 0x0b, ...cases, 0x0c, 1, 0x0b, ...this.nested(2), 0x0b],
        ];
      }
      case 8: {
        const counter = COUNTERS[this.loops];
        if (counter === undefined) return [];
        this.loops++;
        const inner = this.nested(3);
        this.loops--;
        return [
          ...[...i32(1 + this.below(4)), ...set(counter), 0x03, BLOCK_EMPTY, ...inner],
          ...[...get(counter), ...i32(1), 0x6b, ...tee(counter), 0x0d, 0, 0x0b],
        ];
      }
      default: {
        if (this.index === 2) return [];
        const operands = [...this.expression(I32!, 1), ...this.expression(I64!, 1)];
        const direct = [...operands, ...call(this.index === 1 ? 3 : 2 + this.below(2))];
        // Only main calls through the table, whose first and last entries are equal; entry 3 does not exist.
        const indirect = [
          ...operands,
          ...this.expression(I32!, 0),
          ...i32(this.below(8) === 0 ? 3 : 1),
          0x71,
          0x11,
          2,
          0,
        ];
        const calls = this.index === 0 && this.below(3) === 0 ? indirect : direct;
        return [...calls, ...set(this.local(I64!))];
      }
    }
  }
}
