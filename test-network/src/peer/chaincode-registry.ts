/** One peer's chaincodes: which are installed here, where they listen, and the connections to them. */
import { ChaincodeConnection, type ChaincodeTarget } from './chaincode-connection.ts';

const REDIAL_MS = 1_000;

export interface InstalledStatus {
  readonly name: string;
  readonly address: string;
  readonly connected: boolean;
  readonly packageId?: string;
  /** Why the server that listens there is not served. */
  readonly refused?: string;
}

export class ChaincodeRegistry {
  readonly #connections = new Map<string, ChaincodeConnection>();
  #timer: NodeJS.Timeout | undefined;
  readonly #keepPackageId: (name: string, packageId: string) => void;
  #closed = false;

  /** @param keepPackageId hears under which id a chaincode registered that was installed without one */
  constructor(keepPackageId: (name: string, packageId: string) => void) {
    this.#keepPackageId = keepPackageId;
  }

  /**
   * Installs or moves a chaincode; it is dialled at once and again until it answers. @returns the id that counts from
   * here on: the one given, or else that of a server whose connection stays.
   */
  install(target: ChaincodeTarget): string | undefined {
    const known = this.#connections.get(target.name);
    if (known && isSame(known, target)) return known.packageId;
    known?.close();
    const keep = (packageId: string) => this.#keepPackageId(target.name, packageId);
    this.#connections.set(target.name, new ChaincodeConnection(target, keep));
    this.#redial();
    return target.packageId;
  }

  connection(name: string): ChaincodeConnection | undefined {
    return this.#connections.get(name);
  }

  status(): InstalledStatus[] {
    return [...this.#connections.values()].map(({ target, ready, packageId, refused }) => ({
      name: target.name,
      address: target.address,
      connected: ready,
      ...(packageId === undefined ? {} : { packageId }),
      ...(refused === undefined ? {} : { refused }),
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

/** Without an id, whatever is connected now is what is meant. */
function isSame({ target, packageId, ready }: ChaincodeConnection, wanted: ChaincodeTarget): boolean {
  const isThere = target.address === wanted.address && target.tlsRootPem === wanted.tlsRootPem;
  return isThere && (wanted.packageId === undefined ? ready : packageId === wanted.packageId);
}
