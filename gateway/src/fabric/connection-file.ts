// The organisation's connection file: which channel, which peer, and one ledger identity per role.
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { InputError } from '@consilium/command-line';
import { DomainError, MspId, validate } from '@consilium/domain';
import { type Static, Type } from 'typebox';
import { Clean } from 'typebox/value';

const ENDPOINT = '^[^:/ ]+:[0-9]{1,5}$';
const Pem = Type.String({ pattern: '^-----BEGIN ', description: 'PEM text.' });
const Client = Type.Object({ certificate: Pem, privateKey: Pem });
/** Paths of PEM files, from the folder of the connection file: no key is beside its certificate in one file. */
const ClientFiles = Type.Object({ certificateFile: Type.String(), privateKeyFile: Type.String() });
const Organisation = Type.Object({
  mspId: MspId,
  name: Type.String(),
  endpoint: Type.String({ pattern: ENDPOINT, description: 'host:port of the own peer.' }),
  secondEndpoint: Type.Optional(
    Type.String({
      pattern: ENDPOINT,
      description: 'host:port of its second peer, under the same authority.',
    }),
  ),
  tlsRootCertificate: Pem,
  clients: Type.Record(Type.String(), Client),
});
type Organisation = Static<typeof Organisation>;
const OrganisationInFile = Type.Object({
  ...Organisation.properties,
  clients: Type.Record(Type.String(), Type.Union([Client, ClientFiles])),
});
const Peer = Type.Pick(Organisation, ['mspId', 'endpoint', 'secondEndpoint', 'tlsRootCertificate']);
const ConnectionFile = Type.Object({
  channel: Type.String({ minLength: 1 }),
  organisations: Type.Array(OrganisationInFile, { minItems: 1 }),
  peers: Type.Optional(
    Type.Array(Peer, { description: 'Peers of other organisations, whose blocks are compared.' }),
  ),
});

export interface Connection {
  readonly channel: string;
  readonly organisation: Organisation;
  /** Peers of other organisations. */
  readonly peers: readonly Static<typeof Peer>[];
}

type ReadText = (file: string) => string;
const readText: ReadText = (file) => readFileSync(file, 'utf8');

/**
 * Reads the file's only organisation, or the one named.
 *
 * @param read reads this file, and those that it names
 * @throws InputError naming the file and what is wrong; never with the content of keys.
 */
export function readConnection(path: string, mspId: string | undefined, read = readText): Connection {
  const file = readConnectionFile(path, read);
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
  const file = readConnectionFile(path, readText);
  return file.organisations.map((organisation) => connectionIn(file, organisation));
}

/** A file of several organisations names their peers for each other; one of each organisation is enough. */
function connectionIn(
  { channel, organisations, peers = [] }: ConnectionContent,
  organisation: Organisation,
): Connection {
  const others = new Map([...peers, ...organisations].map((peer) => [peer.mspId, peer]));
  others.delete(organisation.mspId);
  return {
    channel,
    organisation,
    peers: [...others.values()].map(({ mspId, endpoint, secondEndpoint, tlsRootCertificate }) => ({
      mspId,
      endpoint,
      ...(secondEndpoint !== undefined && { secondEndpoint }),
      tlsRootCertificate,
    })),
  };
}

type ConnectionContent = Omit<Static<typeof ConnectionFile>, 'organisations'> & {
  readonly organisations: readonly Organisation[];
};

/** With each client's PEM texts, wherever they are. @throws DomainError, and what keeps a file from being read */
function readClients(
  organisation: Static<typeof OrganisationInFile>,
  folder: string,
  readFile: ReadText,
): Organisation {
  const read = (file: string) => readFile(resolve(folder, file));
  const clients = Object.entries(organisation.clients).map(([name, client]) => {
    if (!('certificateFile' in client)) return [name, client];
    const { certificateFile, privateKeyFile } = client;
    return [name, validate(Client, { certificate: read(certificateFile), privateKey: read(privateKeyFile) })];
  });
  return { ...organisation, clients: Object.fromEntries(clients) };
}

function readConnectionFile(path: string, read: ReadText): ConnectionContent {
  try {
    // The file serves other programs too: what this one does not know is left out, not refused.
    const file = validate(ConnectionFile, Clean(ConnectionFile, JSON.parse(read(path))));
    const organisations = file.organisations.map((one) => readClients(one, dirname(path), read));
    return { ...file, organisations };
  } catch (cause) {
    // A JSON error quotes the text around it, which may be a private key.
    if (cause instanceof SyntaxError) throw new InputError(`${path} is not JSON`);
    throw new InputError(
      `${path}: ${cause instanceof DomainError ? cause.detail : (cause as Error).message}`,
    );
  }
}
