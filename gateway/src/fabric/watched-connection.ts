// The connection file while the gateway serves: certificates that are renewed, and clients that are added or taken out,
// count without a restart. What does not fit leaves what was good.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { withClients } from './connection.ts';
import { type Connection, readConnection } from './connection-file.ts';

const LOOK_EVERY_MS = 2_000;

type Clients = Connection['organisation']['clients'];

export interface WatchedConnectionOptions {
  readonly path: string;
  /** As it was read at the start. */
  readonly connection: Connection;
  /** Called once for each change that counts, with all clients. */
  readonly onClients: (clients: Clients) => void;
  /** Called once for each state of the files that does not fit. */
  readonly onProblem: (problem: string) => void;
}

export class WatchedConnection {
  readonly #options: WatchedConnectionOptions;
  #connection: Connection;
  #problem: string | undefined;
  /** What each file held when they were last checked: certificates and keys are tried where a text is another. */
  #checked: ReadonlyMap<string, string> = new Map();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: WatchedConnectionOptions) {
    this.#options = options;
    this.#connection = options.connection;
  }

  get connection(): Connection {
    return this.#connection;
  }

  /** What is wrong with the files as they are now; undefined where nothing is. */
  get problem(): string | undefined {
    return this.#problem;
  }

  watch(): void {
    this.#timer ??= setInterval(() => this.look(), LOOK_EVERY_MS).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  look(): void {
    const isSame = ([file, held]: readonly [string, string]) => heldBy(file) === held;
    if (this.#checked.size > 0 && [...this.#checked].every(isSame)) return;
    const { path, onClients, onProblem } = this.#options;
    const { organisation } = this.#connection;
    const checked = new Map<string, string>();
    this.#checked = checked;
    try {
      const next = readConnection(path, organisation.mspId, (file) => {
        checked.set(file, heldBy(file));
        const text = readFileSync(file, 'utf8');
        // As it was read: it may be written just now.
        checked.set(file, `text ${text}`);
        return text;
      });
      const { clients } = next.organisation;
      refuseMisfits(clients);
      this.#problem = undefined;
      if (JSON.stringify(clients) !== JSON.stringify(organisation.clients)) {
        this.#connection = withClients(this.#connection, clients);
        onClients(clients);
      }
      const isElsewhere = placeOf(next) !== placeOf(this.#connection);
      if (isElsewhere)
        throw new Error(`${path} names other peers or another channel: start the gateway again`);
    } catch (error) {
      const { message } = error as Error;
      if (message === this.#problem) return;
      this.#problem = message;
      onProblem(message);
    }
  }
}

/** The text of a file, or why there is none. */
function heldBy(file: string): string {
  try {
    return `text ${readFileSync(file, 'utf8')}`;
  } catch (error) {
    return `none ${(error as NodeJS.ErrnoException).code}`;
  }
}

/** Certificate and key are two files: a reader can meet the new one of the first and the old one of the second. */
function refuseMisfits(clients: Clients): void {
  for (const [name, { certificate, privateKey }] of Object.entries(clients)) {
    let fits: boolean;
    try {
      fits = new X509Certificate(certificate).checkPrivateKey(createPrivateKey(privateKey));
    } catch {
      // The cause may quote the key.
      throw new Error(`the certificate or the key of the client ${name} cannot be read`);
    }
    if (!fits) throw new Error(`the key of the client ${name} is not that of its certificate`);
  }
}

const placeOf = ({ channel, organisation, peers }: Connection): string => {
  const { endpoint, secondEndpoint, tlsRootCertificate } = organisation;
  return JSON.stringify([channel, endpoint, secondEndpoint, tlsRootCertificate, peers]);
};
