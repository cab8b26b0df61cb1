// Pages of somebody else, that a signed-in person opens in the same browser: on another port of the gateway's own host,
// which browsers take for the same site, and under another name of this machine, which they take for another site.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export class HostileSite {
  readonly #server: Server;
  readonly #pages = new Map<string, string>();
  /** What reached it, with the cookies that came along. */
  readonly asked: { readonly path: string; readonly cookie: string | undefined }[] = [];

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(): Promise<HostileSite> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const own = new HostileSite(server);
    server.on('request', ({ url = '/', headers: { cookie } }, response) => {
      own.asked.push({ path: url, cookie });
      const page = own.#pages.get(url);
      response.writeHead(page === undefined ? 204 : 200, { 'content-type': 'text/html' }).end(page);
    });
    return own;
  }

  /** Shows a page. @returns its addresses, of the same site as 127.0.0.1 and of another */
  show(path: string, body: string): { readonly sameSite: string; readonly crossSite: string } {
    this.#pages.set(path, `<!doctype html><title>hostile</title>${body}`);
    return {
      sameSite: `${this.origin('127.0.0.1')}${path}`,
      crossSite: `${this.origin('localhost')}${path}`,
    };
  }

  origin(host: '127.0.0.1' | 'localhost'): string {
    return `http://${host}:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
