// hospital.yaml: what is one organisation's own. Nobody else reads it.
import { isAbsolute, resolve } from 'node:path';
import { ConfigError } from '@consilium/command-line';
import { type Static, Type } from 'typebox';
import { Logs, TrainerTiming } from '../config.ts';
import { type DocumentForm, type Found, readYaml, Strict } from '../yaml-document.ts';
import { type Agreed, AgreedConsortium, type AgreedOrganisation, readAgreed } from './agreed-consortium.ts';
import { INSIDE_PORTS, type InsidePort, type SharedPort, sharedPorts } from './inside-ports.ts';

const Folder = Type.String({
  pattern: '^/[^:]*[^:/]$',
  description: 'the absolute path of a folder, without a colon',
});
const Port = Type.Integer({
  minimum: 1024,
  maximum: 65535,
  description: 'a whole number from 1024 to 65535',
});

const File = Type.String({ pattern: '^/.*[^/]$', description: 'the absolute path of a file' });
const IpV4 = Type.String({
  pattern: '^[0-9]{1,3}([.][0-9]{1,3}){3}$',
  description: 'the IPv4 address at which this host is reached; leave it out for the default',
});
const ExistingCa = Strict({
  url: Type.String({ pattern: '^https://[^/@ ]+$', description: 'https://NAME:PORT of the Fabric CA' }),
  tlsRoot: File,
  registrar: Type.String({ minLength: 1, description: 'who may register others there' }),
  secretFile: File,
  caName: Type.Optional(Type.String({ minLength: 1 })),
});
/** What people may be at the gateway. */
export const PERSON_ROLES = ['operator', 'steward', 'researcher', 'auditor'] as const;

const insidePort = Type.Optional(Port);

export const HospitalFile = Strict({
  consortium: Type.String({
    minLength: 1,
    description: 'the path of the consortium.yaml that all agreed on, from the folder of this file',
  }),
  organisation: Type.String({
    pattern: '^[a-z][a-z0-9-]{0,30}$',
    description: 'the `name` of this organisation in consortium.yaml',
  }),
  folder: Folder,
  mailbox: Folder,
  listen: Type.Optional(IpV4),
  ports: Type.Optional(
    Strict({
      gateway: insidePort,
      trainer: insidePort,
      ipfs: insidePort,
      ipfsSwarm: insidePort,
      ordererAdmin: insidePort,
      ordererOperations: insidePort,
      peerChaincode: insidePort,
      peerOperations: insidePort,
      peer1Chaincode: insidePort,
      peer1Operations: insidePort,
      chaincode: insidePort,
      identityAuthority: insidePort,
      tlsAuthority: insidePort,
      chaincodeNext: insidePort,
      links: insidePort,
    } satisfies Record<InsidePort, typeof insidePort>),
  ),
  ca: Type.Optional(
    Type.Union(
      [
        Strict({ kind: Type.Literal('fabric-ca'), identity: ExistingCa, tls: ExistingCa }),
        Strict({ kind: Type.Literal('by-hand') }),
      ],
      {
        description:
          'a Fabric CA that runs already (kind: fabric-ca), or certificates by hand (kind: by-hand)',
      },
    ),
  ),
  gateway: Type.Optional(
    Strict({
      name: Type.String({
        pattern: '^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$',
        description: 'the name in its certificate, which leads to this host here too',
      }),
      listen: Type.Optional(IpV4),
      tls: Strict({ certificate: File, key: File, root: File }),
    }),
  ),
  identityProvider: Type.Optional(
    Strict({
      issuer: Type.String({
        pattern: '^https?://\\S+$',
        description: 'the address of the OpenID provider, as its tokens have it',
      }),
      audience: Type.String({ minLength: 1, description: 'what tokens for this gateway have as "aud"' }),
      roles: Type.Record(Type.String({ minLength: 1 }), Type.Enum([...PERSON_ROLES]), {
        description: `a role of ${PERSON_ROLES.join(', ')} for each that the provider says`,
      }),
      rolesClaim: Type.Optional(Type.String({ minLength: 1 })),
      personClaim: Type.Optional(Type.String({ minLength: 1 })),
      algorithms: Type.Optional(Type.Array(Type.String({ pattern: '^[A-Za-z0-9]{2,10}$' }))),
      skewSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 300 })),
      typedOnly: Type.Optional(Type.Enum(['on', 'off'])),
      console: Type.Optional(
        Strict({
          clientId: Type.String({ minLength: 1, description: "the gateway's name at the provider" }),
          secretFile: Type.Optional(File),
          redirectUri: Type.String({
            pattern: '^https://[^/ ]+/console/signed-in$',
            description: 'https://GATEWAY/console/signed-in, as browsers reach the gateway',
          }),
          scopes: Type.Optional(Type.String({ minLength: 1 })),
          resource: Type.Optional(Type.String({ minLength: 1 })),
        }),
      ),
    }),
  ),
  console: Type.Optional(Type.Enum(['on', 'off'])),
  apiKeysByRest: Type.Optional(Type.Enum(['on', 'off'])),
  dataFolders: Type.Optional(
    Type.Array(Folder, { maxItems: 20, description: 'a list of at most 20 folders with files of patients' }),
  ),
  trainer: Type.Optional(TrainerTiming),
  logs: Type.Optional(Logs),
});
export type HospitalFile = Static<typeof HospitalFile>;

function* folderProblems({ folder, mailbox }: HospitalFile): Generator<Found> {
  if (`${mailbox}/`.startsWith(`${folder}/`) || `${folder}/`.startsWith(`${mailbox}/`)) {
    const remedy =
      'choose two folders beside each other: others read the mailbox, and nobody else the folder';
    yield { path: ['mailbox'], text: 'is within `folder`, or the other way round', remedy };
  }
}

function* roleProblems({ identityProvider }: HospitalFile): Generator<Found> {
  for (const said of Object.keys(identityProvider?.roles ?? {})) {
    if (!/[,=]/.test(said)) continue;
    const path = ['identityProvider', 'roles', said];
    yield { path, text: 'has a comma or an equals sign', remedy: 'give it another name at the provider' };
  }
}

const FORM: DocumentForm<typeof HospitalFile> = {
  schema: HospitalFile,
  further: (value) => [...sharedPorts(value), ...folderProblems(value), ...roleProblems(value)],
  remedy: 'name a hospital.yaml with HOSPITAL= or --hospital',
};

/** One organisation: its own file, and what all agreed on. */
export interface Hospital extends Agreed {
  readonly file: HospitalFile;
  readonly own: AgreedOrganisation;
  readonly inside: Readonly<Record<InsidePort, number>>;
}

/** @throws ConfigError of either file, or where the organisation is in none. */
export function readHospital(path: string): Hospital {
  const file = readYaml(path, FORM);
  const agreedPath = isAbsolute(file.consortium) ? file.consortium : resolve(path, '..', file.consortium);
  const agreed = readAgreed(agreedPath);
  const { consortium } = agreed;
  const own = consortium.organisations.find(({ name }) => name === file.organisation);
  if (own === undefined) {
    const known = consortium.organisations.map(({ name }) => name).join(', ');
    throw new ConfigError(path, {
      field: 'organisation',
      text: `is not in ${agreedPath}`,
      remedy: `write one of ${known}`,
    });
  }
  const clashes = sharedPorts(file, { consortium, own }).filter(({ canWork }) => !canWork);
  const of = (name: SharedPort['file']) => clashes.filter((one) => one.file === name);
  if (clashes.length > 0) {
    // Read once more for the lines: one of the two throws.
    readYaml(path, { ...FORM, further: () => of('hospital.yaml') });
    readYaml(agreedPath, { schema: AgreedConsortium, remedy: '', further: () => of('consortium.yaml') });
  }
  return { ...agreed, file, own, inside: { ...INSIDE_PORTS, ...file.ports } };
}
