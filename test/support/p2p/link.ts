/** A slow, lossy line in front of a TCP port, which can be cut: what a wide network does to a stream of bytes. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { seededRandom } from '../random.ts';
import type { Lifetime } from '../temporary.ts';

export type LinkOptions = {
  /** each way */
  readonly delayMs: number;
  /** share of segments that are lost; TCP sends such a segment again, and what follows it waits */
  readonly loss: number;
  readonly seed: number;
};

/** As the one who connects sees it. */
export type Way = 'there' | 'back';

/** The payload of an Ethernet frame's TCP segment. */
const SEGMENT_BYTES = 1448;
/** The least retransmission timeout of Linux; to it comes what the round trip takes. */
const LEAST_TIMEOUT_MS = 200;
/** Bytes on the line; a writer beyond it waits. */
const MAX_IN_FLIGHT = 4 << 20;

export class Link {
  readonly port: number;
  private readonly options: LinkOptions;
  private readonly random: () => number;
  private readonly target: number;
  private readonly sockets = new Set<Socket>();
  private isCut = false;
  private readonly held = new Map<Way, { readonly released: Promise<void>; readonly release: () => void }>();
  /** bytes that came out at either end */
  carried = 0;
  lost = 0;

  /** A link to a port of the loopback address, closed when the test ends. @param port its own; 0 takes a free one */
  static async open(t: Lifetime, port: number, target: number, options: LinkOptions): Promise<Link> {
    const server = createServer((from) => link.accept(from));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    const link = new Link((server.address() as AddressInfo).port, target, options);
    t.after(() => {
      link.cut();
      link.release();
      server.close();
    });
    return link;
  }

  private constructor(port: number, target: number, options: LinkOptions) {
    this.port = port;
    this.target = target;
    this.options = options;
    this.random = seededRandom(options.seed);
  }

  /** What is under way is lost, connections die, new ones are not answered. */
  cut(): void {
    this.isCut = true;
    for (const socket of this.sockets) socket.destroy();
    this.sockets.clear();
  }

  heal(): void {
    this.isCut = false;
  }

  /** What comes from now on waits on the line and nobody is told: so does a machine that is gone look from afar. */
  hold(...ways: readonly Way[]): void {
    for (const way of ways) {
      let release = (): void => {};
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      this.held.set(way, { released, release });
    }
  }

  /** What waits comes through. */
  release(): void {
    for (const { release } of this.held.values()) release();
    this.held.clear();
  }

  private accept(from: Socket): void {
    if (this.isCut) {
      from.destroy();
      return;
    }
    const to = connect(this.target, '127.0.0.1');
    for (const socket of [from, to]) {
      socket.setNoDelay(true);
      this.sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => this.sockets.delete(socket));
    }
    this.carry(from, to, 'there');
    this.carry(to, from, 'back');
  }

  /** Bytes come out in order, each segment no earlier than the one before. */
  private carry(from: Socket, to: Socket, way: Way): void {
    const { delayMs, loss } = this.options;
    let free = 0;
    let inFlight = 0;
    let last = Promise.resolve();
    from.on('data', (chunk: Buffer) => {
      free = Math.max(free, performance.now() + delayMs);
      for (let offset = 0; offset < chunk.length; offset += SEGMENT_BYTES) {
        if (this.random() / 2 ** 32 >= loss) continue;
        this.lost++;
        free += LEAST_TIMEOUT_MS + 2 * delayMs;
      }
      const at = free;
      inFlight += chunk.length;
      if (inFlight > MAX_IN_FLIGHT) from.pause();
      last = last.then(async () => {
        await until(at);
        await this.held.get(way)?.released;
        inFlight -= chunk.length;
        if (inFlight <= MAX_IN_FLIGHT) from.resume();
        this.carried += chunk.length;
        if (!to.destroyed) to.write(chunk);
      });
    });
    from.on('close', () => void last.then(() => to.end()));
  }
}

async function until(time: number): Promise<void> {
  const wait = time - performance.now();
  if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
}

/** A line before an address of this machine, without delay or loss, and the address at its other end. */
export async function behindLine(
  t: Lifetime,
  address: string,
): Promise<{ readonly link: Link; readonly address: string }> {
  const [, port = ''] = /tcp\/(\d+)/.exec(address) ?? [];
  const link = await Link.open(t, 0, Number(port), { delayMs: 0, loss: 0, seed: 1 });
  return { link, address: address.replace(`tcp/${port}`, `tcp/${link.port}`) };
}
