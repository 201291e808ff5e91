export type Kernel = (...args: number[]) => void;
export type KernelModule = { readonly names: readonly string[]; readonly call: readonly Kernel[] };

/** Runs tasks of a pool: its own instances of the modules, made when a task first names them. */
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
  readonly moduleTableWords: number;
};

/**
 * One thread of a pool. The text of this function is also the program of the helpers (`spawn.ts`), so it refers to
 * nothing outside itself.
 */
export function createThread({ memory, kernels: code, scratch, layout }: ThreadData): KernelThread {
  /** Looks at the state word so often before sleeping: some microseconds, less than a wake-up costs. */
  const spins = 4000;
  const control = new Int32Array(memory.buffer);
  const modules = new Map<number, KernelModule>();
  const thread = {
    instantiate(bytes: Uint8Array<ArrayBuffer>, imported: Readonly<Record<string, Kernel>>): KernelModule {
      const module = new WebAssembly.Module(bytes);
      const instance = new WebAssembly.Instance(module, { env: { memory }, kernels: imported });
      const names = WebAssembly.Module.exports(module)
        .filter((e) => e.kind === 'function')
        .map((e) => e.name);
      return { names, call: names.map((name) => instance.exports[name] as Kernel) };
    },
    moduleAt(index: number): KernelModule {
      const known = modules.get(index);
      if (known !== undefined) return known;
      const table = new Uint32Array(memory.buffer);
      const entry = layout.moduleTableWords + 2 * index;
      const bytes = new Uint8Array(new Uint8Array(memory.buffer, table[entry]!, table[entry + 1]!));
      const module = thread.instantiate(bytes, exported);
      modules.set(index, module);
      return module;
    },
    runTask(at: number): void {
      const c = control;
      const kernel = thread.moduleAt(c[at]!).call[c[at + 1]!]!;
      // biome-ignore format: arguments that a kernel does not take are ignored
      kernel(
        c[at + 2]!, c[at + 3]!, c[at + 4]!, c[at + 5]!, c[at + 6]!, c[at + 7]!, c[at + 8]!, c[at + 9]!, c[at + 10]!,
        c[at + 11]!, c[at + 12]!, c[at + 13]!, c[at + 14]!, c[at + 15]!, c[at + 16]!, c[at + 17]!, c[at + 18]!,
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
  const kernels = thread.instantiate(code, {});
  const exported = Object.fromEntries(kernels.names.map((name, i) => [name, kernels.call[i]!]));
  kernels.call[kernels.names.indexOf('setScratch')]!(scratch);
  modules.set(0, kernels);
  return { kernels, work: thread.work, serve: thread.serve };
}
