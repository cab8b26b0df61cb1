// The file that says where other hospitals' gateways are, and where this one waits for them.
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import { InputError } from '@consilium/command-line';
import { DomainError, MspId, validate } from '@consilium/domain';
import { type Static, Type } from 'typebox';
import type { Connection } from '../fabric/connection-file.ts';
import type { TlsFiles } from '../http/tls-listener.ts';

const Address = Type.String({
  pattern: '^[A-Za-z0-9.-]+:[0-9]{1,5}$',
  description: 'host:port. The host is a name or an address of the certificate there.',
});
const WitnessFile = Type.Object(
  {
    listen: Type.Object({
      host: Type.String({ minLength: 1 }),
      port: Type.Integer({ minimum: 0, maximum: 65535 }),
    }),
    certificate: Type.String({
      minLength: 1,
      description: 'Of TLS, for servers and clients: a file in PEM.',
    }),
    key: Type.String({ minLength: 1, description: 'The file of its key.' }),
    neighbours: Type.Array(
      Type.Object(
        {
          mspId: MspId,
          address: Address,
          tlsRootCertificate: Type.Optional(
            Type.String({
              minLength: 1,
              description: "A file; that of the organisation's peer in the connection file where absent.",
            }),
          ),
          revocationLists: Type.Optional(
            Type.String({
              minLength: 1,
              description:
                'A file of lists of that authority, read at each connection; it may not be there yet.',
            }),
          ),
        },
        { additionalProperties: false },
      ),
      { minItems: 1, maxItems: 500 },
    ),
  },
  { additionalProperties: false },
);

/** How statements are exchanged. */
export interface WitnessSettings {
  readonly listen: { readonly host: string; readonly port: number };
  /** Of the own certificate, for both directions: looked at again while it is used. */
  readonly tls: TlsFiles;
  readonly neighbours: readonly NeighbourAddress[];
}

export interface NeighbourAddress {
  readonly mspId: string;
  readonly host: string;
  readonly port: number;
  /** In PEM. */
  readonly tlsRootCertificate: string;
  /** A file that is read at each connection; nothing of that authority is revoked where there is none. */
  readonly revocationLists?: string;
}

/**
 * Reads the file; names of files in it are relative to it.
 *
 * @throws InputError naming the file and what is wrong; never with the content of keys.
 */
export function readWitnessFile(path: string, connection: Connection | undefined): WitnessSettings {
  const { listen, certificate, key, neighbours } = parse(path);
  const fileOf = (name: string) => resolve(dirname(path), name);
  const tls = { certificate: fileOf(certificate), key: fileOf(key), clientAuthorities: undefined };
  const pair = { cert: textOf(tls.certificate), key: textOf(tls.key) };
  try {
    createSecureContext(pair);
  } catch {
    throw new InputError(`${path}: certificate and key are no pair for TLS`);
  }
  const own = connection?.organisation.mspId;
  const names = neighbours.map(({ mspId }) => mspId);
  const twice = names.find((name, i) => name === own || names.indexOf(name) !== i);
  if (twice !== undefined)
    throw new InputError(`${path}: ${twice} is ${twice === own ? 'this hospital' : 'there twice'}`);
  return {
    listen,
    tls,
    neighbours: neighbours.map(({ mspId, address, tlsRootCertificate: file, revocationLists: lists }) => {
      const known = connection?.peers.find((peer) => peer.mspId === mspId)?.tlsRootCertificate;
      const root = file === undefined ? known : textOf(fileOf(file));
      if (root === undefined && connection !== undefined) {
        throw new InputError(
          `${path}: ${mspId} has no tlsRootCertificate, and CONSILIUM_CONNECTION has no peer of it`,
        );
      }
      const at = address.lastIndexOf(':');
      const [host, port] = [address.slice(0, at), Number(address.slice(at + 1))];
      return {
        ...{ mspId, host, port, tlsRootCertificate: root ?? '' },
        ...(lists !== undefined && { revocationLists: fileOf(lists) }),
      };
    }),
  };
}

function parse(path: string): Static<typeof WitnessFile> {
  try {
    return validate(WitnessFile, JSON.parse(textOf(path)));
  } catch (cause) {
    if (cause instanceof SyntaxError) throw new InputError(`${path} is not JSON`);
    if (cause instanceof DomainError) throw new InputError(`${path}: ${cause.detail}`);
    throw cause;
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new InputError((cause as Error).message);
  }
}
