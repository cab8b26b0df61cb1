// What a connection file comes to: whose peers it leads to, and which roles it can act as. Apart from the reading of
// the file, so that a thread that follows the channel starts without schemas.
import { ROLES, type Role } from '@consilium/domain/ledger';
import type { Connection } from './connection-file.ts';

export type { Connection } from './connection-file.ts';

/** A connection to the own peer, and to each of the others with the own identities, by whose peer it is. */
export function connectionsOf(connection: Connection): { mspId: string; connection: Connection }[] {
  const { organisation, peers } = connection;
  const { mspId, name, clients } = organisation;
  return [
    { mspId, connection },
    ...peers.map(({ mspId: of, ...place }) => ({
      mspId: of,
      // Neither of the own peers is one of theirs.
      connection: { ...connection, organisation: { mspId, name, clients, ...place } },
    })),
  ];
}

export const rolesOf = ({ organisation }: Connection): Role[] =>
  ROLES.filter((role) => organisation.clients[role] !== undefined);

/** The same with other clients. */
export const withClients = (
  connection: Connection,
  clients: Connection['organisation']['clients'],
): Connection => ({ ...connection, organisation: { ...connection.organisation, clients } });
