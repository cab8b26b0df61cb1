// The connection file of a hospital's gateway: its peers, the others' peers, and for each role and each person whose
// key is on this host where certificate and key are. The gateway looks at it again while it serves.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from '../state-file.ts';
import type { Hospital } from './hospital-file.ts';
import { type HospitalLayout, organisationDirOf } from './hospital-layout.ts';
import { personsIn } from './persons.ts';

const ROLES = ['operator', 'steward', 'researcher', 'trainer', 'auditor', 'admin'];

/** Certificates and keys of clients stay in their own files: the gateway's file names them. */
export function writeConnection({ consortium, own }: Hospital, layout: HospitalLayout): void {
  const { fabric, peer, secondPeers, connection, directory } = layout;
  const read = (file: string) => readFileSync(file, 'utf8');
  const users = join(organisationDirOf(directory, own.mspId), 'users');
  const persons = personsIn(layout).filter(({ keyIs, state }) => keyIs === 'here' && state === 'enrolled');
  const clients = [...ROLES, ...persons.map(({ name }) => name)].map((user) => [
    user,
    {
      certificateFile: join(users, user, 'msp/signcerts/cert.pem'),
      privateKeyFile: join(users, user, 'msp/keystore/key.pem'),
    },
  ]);
  const peerOf = ({ mspId, host, port, tls }: typeof peer) => {
    const second = secondPeers.find((one) => one.mspId === mspId);
    return {
      mspId,
      endpoint: `${host}:${port}`,
      ...(second && { secondEndpoint: `${second.host}:${second.port}` }),
      tlsRootCertificate: read(tls.root),
    };
  };
  const content = {
    channel: consortium.channel,
    organisations: [{ ...peerOf(peer), name: own.name, clients: Object.fromEntries(clients) }],
    peers: fabric.peers.filter(({ mspId }) => mspId !== own.mspId).map(peerOf),
  };
  writeWhole(connection, `${JSON.stringify(content, null, 2)}\n`, 0o600);
}
