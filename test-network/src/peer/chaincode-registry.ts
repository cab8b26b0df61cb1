/** One peer's chaincodes: which are installed here, where they listen, and the connections to them. */
import { ChaincodeConnection, type ChaincodeTarget } from './chaincode-connection.ts';

const REDIAL_MS = 1_000;

export class ChaincodeRegistry {
  readonly #connections = new Map<string, ChaincodeConnection>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** Installs or moves a chaincode; it is dialled at once and again until it answers. */
  install(target: ChaincodeTarget): void {
    const known = this.#connections.get(target.name);
    if (known?.target.address === target.address && known.target.tlsRootPem === target.tlsRootPem) return;
    known?.close();
    this.#connections.set(target.name, new ChaincodeConnection(target));
    this.#redial();
  }

  connection(name: string): ChaincodeConnection | undefined {
    return this.#connections.get(name);
  }

  status(): { readonly name: string; readonly address: string; readonly connected: boolean }[] {
    return [...this.#connections.values()].map(({ target, ready }) => ({
      name: target.name,
      address: target.address,
      connected: ready,
    }));
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const connection of this.#connections.values()) connection.close();
    this.#connections.clear();
  }

  #redial(): void {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    const waiting = [...this.#connections.values()].filter((connection) => !connection.ready);
    for (const connection of waiting) connection.connect().catch(() => undefined);
    this.#timer = setTimeout(() => this.#redial(), REDIAL_MS);
    this.#timer.unref();
  }
}
