// Every certificate that an organisation has of its own authorities: for what, where it lies, and with which names.
import { join } from 'node:path';
import type { Registration } from './certificate-authority.ts';
import type { Hospital } from './hospital-file.ts';
import {
  type HospitalLayout,
  ordererDirOf,
  organisationDirOf,
  peerDirOf,
  secondPeerDirOf,
} from './hospital-layout.ts';

const GATEWAY_ROLES = ['operator', 'steward', 'researcher', 'auditor'] as const;

/** What is renewed together. */
export const HOLDERS = [
  'orderer',
  'peer',
  'peer1',
  'gateway',
  'trainer',
  'chaincode',
  'links',
  'admin',
] as const;
export type Holder = (typeof HOLDERS)[number];

export interface WantedCertificate {
  readonly holder: Holder;
  /** `msp` of who signs, `tls` of a server or client of TLS: the folder's files have Fabric's names for it. */
  readonly form: 'msp' | 'tls';
  readonly folder: string;
  readonly registration: Registration;
}

/** The certificate and the key of a folder. */
export const filesOf = ({
  form,
  folder,
}: Pick<WantedCertificate, 'form' | 'folder'>): { readonly certificate: string; readonly key: string } =>
  form === 'msp'
    ? { certificate: join(folder, 'signcerts/cert.pem'), key: join(folder, 'keystore/key.pem') }
    : { certificate: join(folder, 'server.crt'), key: join(folder, 'server.key') };

/** Of everything that signs, and of everything that speaks TLS. */
export function wantedCertificates(hospital: Hospital, layout: HospitalLayout): WantedCertificate[] {
  return [...signing(hospital, layout), ...speakingTls(hospital, layout)];
}

function signing({ own }: Hospital, { directory, secondPeer }: HospitalLayout): WantedCertificate[] {
  const { name } = own;
  const organisationDir = organisationDirOf(directory, own.mspId);
  const msp = (holder: Holder, folder: string, registration: Registration): WantedCertificate => ({
    ...{ holder, folder: join(folder, 'msp'), registration },
    form: 'msp',
  });
  const user = (holder: Holder, role: string) =>
    msp(holder, join(organisationDir, 'users', role), {
      ...{ id: `${role}@${name}`, type: 'client' },
      attributes: { 'consilium.role': role },
    });
  return [
    msp('peer', peerDirOf(organisationDir), { id: `peer0.${name}`, type: 'peer' }),
    ...(secondPeer === undefined
      ? []
      : [msp('peer1', secondPeerDirOf(organisationDir), { id: `peer1.${name}`, type: 'peer' })]),
    msp('orderer', ordererDirOf(organisationDir), { id: `orderer0.${name}`, type: 'orderer' }),
    msp('admin', join(organisationDir, 'users/admin'), { id: `admin@${name}`, type: 'admin' }),
    ...GATEWAY_ROLES.map((role) => user('gateway', role)),
    user('trainer', 'trainer'),
  ];
}

function speakingTls(
  { own: { name, host, mspId } }: Hospital,
  { directory, tls, secondPeer }: HospitalLayout,
): WantedCertificate[] {
  const inside = ['localhost', '127.0.0.1'];
  const organisationDir = organisationDirOf(directory, mspId);
  const wanted = (
    holder: Holder,
    what: string,
    { folder, hosts }: { readonly folder: string; readonly hosts: readonly string[] },
  ): WantedCertificate => ({
    ...{ holder, folder, form: 'tls' },
    registration: { id: `${what}.${name}`, type: 'client', hosts },
  });
  const reached = [host, ...inside];
  return [
    wanted('peer', 'peer0', { folder: join(peerDirOf(organisationDir), 'tls'), hosts: reached }),
    ...(secondPeer === undefined
      ? []
      : [
          wanted('peer1', 'peer1', {
            folder: join(secondPeerDirOf(organisationDir), 'tls'),
            hosts: reached,
          }),
        ]),
    wanted('orderer', 'orderer0', { folder: join(ordererDirOf(organisationDir), 'tls'), hosts: reached }),
    wanted('chaincode', 'chaincode', { folder: tls.chaincode, hosts: inside }),
    wanted('chaincode', 'chaincode-client', { folder: tls.chaincodeClient, hosts: inside }),
    wanted('links', 'link', { folder: tls.link, hosts: [host] }),
  ];
}
