/** A slow, lossy line in front of a TCP port, which can be cut: what a wide network does to a stream of bytes. */
import { connect, createServer, type Socket } from 'node:net';
import { seededRandom } from '../random.ts';
import type { Lifetime } from '../temporary.ts';

export type LinkOptions = {
  /** each way */
  readonly delayMs: number;
  /** share of segments that are lost; TCP sends such a segment again, and what follows it waits */
  readonly loss: number;
  readonly seed: number;
};

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
  /** bytes that came out at either end */
  carried = 0;
  lost = 0;

  /** A link to a port of the loopback address, closed when the test ends. @param port its own */
  static async open(t: Lifetime, port: number, target: number, options: LinkOptions): Promise<Link> {
    const link = new Link(port, target, options);
    const server = createServer((from) => link.accept(from));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    t.after(() => {
      link.cut();
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
    this.carry(from, to);
    this.carry(to, from);
  }

  /** Bytes come out in order, each segment no earlier than the one before. */
  private carry(from: Socket, to: Socket): void {
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
