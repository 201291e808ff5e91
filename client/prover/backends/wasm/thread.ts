/** Arguments are byte addresses, counts and field elements in the kernel's form. */
export type Kernel = (...args: number[]) => void;
/** The kernels of one instance: `call[i]` is that of `names[i]`. */
export type KernelModule = { readonly names: readonly string[]; readonly call: readonly Kernel[] };

/** Runs tasks of a pool on its own instance of the kernels. */
export type KernelThread = {
  readonly kernels: KernelModule;
  /** Takes and runs tasks until there is none left to take. */
  work(): void;
  /** Runs tasks for ever: the life of a helper. */
  serve(): never;
};

/** What a thread starts from; plain data, so that it can be sent to a worker. */
export type ThreadData = {
  readonly memory: WebAssembly.Memory;
  readonly kernels: Uint8Array<ArrayBuffer>;
  /** Address of this thread's working memory. */
  readonly scratch: number;
  readonly layout: ControlLayout;
};

/** The numbers of `control.ts` that the threads need. */
export type ControlLayout = {
  readonly state: number;
  readonly count: number;
  readonly finished: number;
  readonly failed: number;
  readonly tasks: number;
  readonly taskWords: number;
  readonly indexMask: number;
};

/**
 * One thread of a pool. The text of this function is also the program of the helpers (`spawn.ts`), so it refers to
 * nothing outside itself.
 */
export function createThread({ memory, kernels: code, scratch, layout }: ThreadData): KernelThread {
  /** Looks at the state word so often before sleeping: some microseconds, less than a wake-up costs. */
  const spins = 4000;
  const control = new Int32Array(memory.buffer);
  const module = new WebAssembly.Module(code);
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  const names = WebAssembly.Module.exports(module)
    .filter((e) => e.kind === 'function')
    .map((e) => e.name);
  const kernels = { names, call: names.map((name) => instance.exports[name] as Kernel) };
  const thread = {
    runTask(at: number): void {
      const c = control;
      // biome-ignore format: arguments that a kernel does not take are ignored
      kernels.call[c[at]!]!(
        c[at + 1]!, c[at + 2]!, c[at + 3]!, c[at + 4]!, c[at + 5]!, c[at + 6]!, c[at + 7]!, c[at + 8]!, c[at + 9]!,
        c[at + 10]!, c[at + 11]!, c[at + 12]!, c[at + 13]!, c[at + 14]!, c[at + 15]!, c[at + 16]!, c[at + 17]!,
      );
    },
    work(): void {
      for (;;) {
        const state = Atomics.load(control, layout.state);
        const index = state & layout.indexMask;
        if (index >= Atomics.load(control, layout.count)) return;
        if (Atomics.compareExchange(control, layout.state, state, state + 1) !== state) continue;
        try {
          thread.runTask(layout.tasks + layout.taskWords * index);
        } catch {
          Atomics.store(control, layout.failed, 1);
        }
        if (Atomics.add(control, layout.finished, 1) + 1 === Atomics.load(control, layout.count))
          Atomics.notify(control, layout.finished);
      }
    },
    serve(): never {
      for (let spin = 0; ; spin++) {
        const state = Atomics.load(control, layout.state);
        if ((state & layout.indexMask) < Atomics.load(control, layout.count)) {
          thread.work();
          spin = 0;
        } else if (spin > spins) Atomics.wait(control, layout.state, state);
      }
    },
  };
  kernels.call[names.indexOf('setScratch')]!(scratch);
  return { kernels, work: thread.work, serve: thread.serve };
}
