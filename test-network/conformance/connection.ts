/** The connection file a network writes for its clients, as far as the conformance suite uses it. */

import { readFile } from 'node:fs/promises';

/** An X.509 identity and its key, both PEM. */
export interface ClientCredentials {
  readonly certificate: string;
  readonly privateKey: string;
}

export interface Organisation {
  readonly mspId: string;
  readonly name: string;
  /** The gateway peer, "host:port". */
  readonly endpoint: string;
  readonly tlsRootCertificate: string;
  /** By role: operator, steward, researcher, trainer, auditor, admin. */
  readonly clients: Readonly<Record<string, ClientCredentials>>;
}

export interface Connection {
  readonly channel: string;
  readonly organisations: readonly Organisation[];
}

export async function readConnection(path: string): Promise<Connection> {
  return JSON.parse(await readFile(path, 'utf8')) as Connection;
}
