// The organisation's connection file: which channel, which peer, and one ledger identity per role.
import { readFileSync } from 'node:fs';
import { InputError } from '@consilium/command-line';
import { DomainError, MspId, ROLES, type Role, validate } from '@consilium/domain';
import { type Static, Type } from 'typebox';
import { Clean } from 'typebox/value';

const Pem = Type.String({ pattern: '^-----BEGIN ', description: 'PEM text.' });
const Client = Type.Object({ certificate: Pem, privateKey: Pem });
const Organisation = Type.Object({
  mspId: MspId,
  name: Type.String(),
  endpoint: Type.String({ pattern: '^[^:/ ]+:[0-9]{1,5}$', description: 'host:port of the own peer.' }),
  tlsRootCertificate: Pem,
  clients: Type.Record(Type.String(), Client),
});
const Peer = Type.Pick(Organisation, ['mspId', 'endpoint', 'tlsRootCertificate']);
const ConnectionFile = Type.Object({
  channel: Type.String({ minLength: 1 }),
  organisations: Type.Array(Organisation, { minItems: 1 }),
  peers: Type.Optional(
    Type.Array(Peer, { description: 'Peers of other organisations, whose blocks are compared.' }),
  ),
});

export interface Connection {
  readonly channel: string;
  readonly organisation: Static<typeof Organisation>;
  /** Peers of other organisations. */
  readonly peers: readonly Static<typeof Peer>[];
}

/** A connection to the own peer, and to each of the others with the own identities, by whose peer it is. */
export function connectionsOf(connection: Connection): { mspId: string; connection: Connection }[] {
  const { organisation, peers } = connection;
  return [
    { mspId: organisation.mspId, connection },
    ...peers.map(({ mspId, endpoint, tlsRootCertificate }) => ({
      mspId,
      connection: { ...connection, organisation: { ...organisation, endpoint, tlsRootCertificate } },
    })),
  ];
}

export const rolesOf = ({ organisation }: Connection): Role[] =>
  ROLES.filter((role) => organisation.clients[role] !== undefined);

/**
 * Reads the file's only organisation, or the one named.
 *
 * @throws InputError naming the file and what is wrong; never with the content of keys.
 */
export function readConnection(path: string, mspId: string | undefined): Connection {
  const file = readConnectionFile(path);
  const found = file.organisations.filter(
    (organisation) => organisation.mspId === (mspId ?? organisation.mspId),
  );
  const [organisation] = found;
  if (organisation === undefined) throw new InputError(`${path} has no organisation ${mspId}`);
  if (found.length > 1) {
    const names = found.map((one) => one.mspId).join(', ');
    throw new InputError(
      `${path} has several organisations (${names}): set CONSILIUM_MSP_ID to this gateway's`,
    );
  }
  return connectionIn(file, organisation);
}

/** Each organisation of the file, as `readConnection` reads one. @throws InputError */
export function readConnections(path: string): Connection[] {
  const file = readConnectionFile(path);
  return file.organisations.map((organisation) => connectionIn(file, organisation));
}

/** A file of several organisations names their peers for each other; one of each organisation is enough. */
function connectionIn(
  { channel, organisations, peers = [] }: Static<typeof ConnectionFile>,
  organisation: Static<typeof Organisation>,
): Connection {
  const others = new Map([...peers, ...organisations].map((peer) => [peer.mspId, peer]));
  others.delete(organisation.mspId);
  return {
    channel,
    organisation,
    peers: [...others.values()].map(({ mspId, endpoint, tlsRootCertificate }) => ({
      mspId,
      endpoint,
      tlsRootCertificate,
    })),
  };
}

function readConnectionFile(path: string): Static<typeof ConnectionFile> {
  try {
    // The file serves other programs too: what this one does not know is left out, not refused.
    return validate(ConnectionFile, Clean(ConnectionFile, JSON.parse(readFileSync(path, 'utf8'))));
  } catch (cause) {
    // A JSON error quotes the text around it, which may be a private key.
    if (cause instanceof SyntaxError) throw new InputError(`${path} is not JSON`);
    throw new InputError(
      `${path}: ${cause instanceof DomainError ? cause.detail : (cause as Error).message}`,
    );
  }
}
