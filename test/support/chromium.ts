/** Chromium, headless, driven over the DevTools protocol. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';
import { type Lifetime, temporaryFolder } from './temporary.ts';

const NAMES = [...(process.env.CHROMIUM === undefined ? [] : [process.env.CHROMIUM]), 'chromium', 'chromium-browser'];
const POLL_MS = 50;

/** The browser's program, or undefined where there is none. */
export const chromium = (): string | undefined =>
  NAMES.find((name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0);

/** Options for a test that needs Chromium: skipped by name where there is none. */
export const needsChromium = (): { skip?: string } =>
  chromium() === undefined ? { skip: 'needs Chromium (Debian: chromium; or CHROMIUM names its program)' } : {};

export type Page = {
  readonly goTo: (url: string) => Promise<void>;
  readonly reload: () => Promise<void>;
  /** The value of a JavaScript expression in the page. */
  readonly value: (expression: string) => Promise<unknown>;
  /** Waits until an expression is truthy; returns it. */
  readonly until: (expression: string, limitMs?: number) => Promise<unknown>;
  /** Exceptions and messages of level error, so far. */
  readonly errors: readonly string[];
};

type Message = { id?: number; method?: string; params?: Record<string, unknown>; result?: unknown; error?: unknown };

/** Opens an empty page in a browser of its own, which ends with the test. */
export async function openPage(t: Lifetime): Promise<Page> {
  const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run'];
  const own = ['--remote-debugging-port=0', `--user-data-dir=${temporaryFolder(t)}`, 'about:blank'];
  const child = spawn(chromium() ?? 'chromium', [...flags, ...own], { stdio: ['ignore', 'ignore', 'pipe'] });
  t.after(async () => {
    if (child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  });
  const address = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      const found = /^DevTools listening on (ws:.*)$/.exec(line);
      if (found?.[1] !== undefined) resolve(found[1]);
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`Chromium ended with ${code} before it was ready`)));
  });
  const socket = new WebSocket(address);
  t.after(() => socket.terminate());
  await once(socket, 'open');

  const waiting = new Map<number, (message: Message) => void>();
  const errors: string[] = [];
  socket.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString()) as Message;
    if (message.id !== undefined) waiting.get(message.id)?.(message);
    const { level } = (message.params?.entry ?? {}) as { level?: string };
    if (message.method === 'Runtime.exceptionThrown' || level === 'error') errors.push(JSON.stringify(message.params));
  });
  let sessionId: string | undefined;
  let last = 0;
  const send = async (method: string, params: object = {}): Promise<Record<string, unknown>> => {
    const id = ++last;
    const answer = new Promise<Message>((resolve) => waiting.set(id, resolve));
    socket.send(JSON.stringify({ id, method, params, sessionId }));
    const { result, error } = await answer;
    waiting.delete(id);
    if (error !== undefined) throw new Error(`${method}: ${JSON.stringify(error)}`);
    return result as Record<string, unknown>;
  };
  const { targetId } = await send('Target.createTarget', { url: 'about:blank' });
  sessionId = (await send('Target.attachToTarget', { targetId, flatten: true })).sessionId as string;
  for (const domain of ['Page', 'Runtime', 'Log']) await send(`${domain}.enable`);
  const value: Page['value'] = async (expression) => {
    const answer = await send('Runtime.evaluate', { expression, returnByValue: true });
    return (answer.result as { value?: unknown }).value;
  };
  return {
    errors,
    value,
    goTo: async (url) => void (await send('Page.navigate', { url })),
    reload: async () => void (await send('Page.reload')),
    until: async (expression, limitMs = 60_000) => {
      for (const end = Date.now() + limitMs; Date.now() < end; ) {
        const found = await value(expression);
        if (found) return found;
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
      throw new Error(`not within ${limitMs} ms: ${expression}; the page: ${await value('document.body.innerText')}`);
    },
  };
}
