// A wire that behaves like a bad network: it delays what it carries, cuts connections, and lets a part of the last
// bytes through before it does.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export interface Badness {
  /** Chance for each connection to be cut. */
  readonly cut: number;
  /** Such a connection is cut after so many bytes at most, in either direction. */
  readonly cutAfterBytes: number;
  /** Chance for each piece to wait, and for how long at most. */
  readonly delay: number;
  readonly delayMs: number;
}

/** How often a wire did what. */
export interface WireCounts {
  connections: number;
  cut: number;
  truncated: number;
  delayed: number;
}

export class BadWire {
  readonly counts: WireCounts = { connections: 0, cut: 0, truncated: 0, delayed: 0 };
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  /** `target` is asked for each connection; undefined: nobody listens there now. */
  static async to(
    target: () => { readonly host: string; readonly port: number } | undefined,
    badness: Badness,
    random: () => number,
  ): Promise<BadWire> {
    const server = createServer();
    const wire = new BadWire(server);
    server.on('connection', (near) => {
      const to = target();
      if (to === undefined) near.destroy();
      else wire.#join(near, connect(to.port, to.host), badness, random);
    });
    server.listen(0, 'localhost');
    await once(server, 'listening');
    return wire;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #join(near: Socket, far: Socket, badness: Badness, random: () => number): void {
    this.counts.connections += 1;
    let left =
      random() < badness.cut ? Math.floor(random() * badness.cutAfterBytes) : Number.POSITIVE_INFINITY;
    const cut = () => {
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        cut();
      });
    }
    const carry = async (from: Socket, to: Socket) => {
      try {
        for await (const piece of from as AsyncIterable<Buffer>) {
          if (random() < badness.delay) {
            this.counts.delayed += 1;
            await new Promise((resolve) => setTimeout(resolve, random() * badness.delayMs));
          }
          left -= piece.length;
          if (left < 0) {
            const passed = piece.length + left;
            this.counts.cut += 1;
            if (passed > 0) this.counts.truncated += 1;
            to.write(piece.subarray(0, Math.max(0, passed)), cut);
            return;
          }
          if (!to.write(piece)) await once(to, 'drain');
        }
        to.end();
      } catch {
        cut();
      }
    };
    void carry(near, far);
    void carry(far, near);
  }
}
