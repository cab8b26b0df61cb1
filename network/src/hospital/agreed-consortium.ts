// consortium.yaml of hospitals on hosts of their own: what all agreed on and may read. Its bytes are the same
// everywhere, so that its digest can be compared by telephone.
import { createHash } from 'node:crypto';
import { type Static, Type } from 'typebox';
import { Name } from '../config.ts';
import { reservedNames } from '../reserved-names.ts';
import { endorsementProblem } from '../signature-policy.ts';
import {
  type DocumentForm,
  type Found,
  type Path,
  parseYaml,
  pathText,
  readText,
  Strict,
} from '../yaml-document.ts';

const Port = Type.Integer({
  minimum: 1024,
  maximum: 65535,
  description: 'a whole number from 1024 to 65535',
});
const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$', description: '64 digits from 0 to 9 and a to f' });
const LABEL = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';

/** One hospital: a peer or two, an orderer and an IPFS node under one name. */
export const AgreedOrganisation = Strict({
  name: Name,
  mspId: Type.String({
    pattern: '^[A-Za-z][A-Za-z0-9.-]{0,63}$',
    description: 'the Fabric MSP id: letters, digits, dots and hyphens, beginning with a letter',
  }),
  title: Type.String({ minLength: 1, maxLength: 200, description: 'a name for people, 1 to 200 characters' }),
  host: Type.String({
    pattern: `^${LABEL}([.]${LABEL})+$`,
    maxLength: 253,
    description:
      'the name by which the others reach its host, with a dot in it, such as consilium.clinic.example',
  }),
  ports: Type.Optional(
    Strict({
      peer: Type.Optional(Port),
      /** Of a second peer on the same host, which the organisation has where this is there. */
      peer1: Type.Optional(Port),
      orderer: Type.Optional(Port),
      ipfs: Type.Optional(Port),
      witness: Type.Optional(Port),
    }),
  ),
  roots: Type.Optional(
    Strict({
      identity: Sha256,
      tls: Sha256,
    }),
  ),
});
export type AgreedOrganisation = Static<typeof AgreedOrganisation>;

export const AgreedConsortium = Strict({
  form: Type.Enum(['hospitals-apart'], { description: "'hospitals-apart'" }),
  name: Name,
  channel: Type.String({
    pattern: '^[a-z][a-z0-9.-]{0,248}$',
    description: 'a Fabric channel name: lower-case letters, digits, dots and hyphens',
  }),
  fabric: Type.String({
    pattern: '^([3-9]|[1-9][0-9])[.][0-9]+$',
    description: "the version of Fabric that all run, from 3.0 on, in quotation marks, such as '3.1'",
  }),
  organisations: Type.Array(AgreedOrganisation, {
    minItems: 1,
    maxItems: 16,
    description: 'a list of 1 to 16 organisations, each with name, mspId, title and host',
  }),
  foundedAt: Type.String({
    pattern:
      '^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$',
    description:
      'the time on which all agree for the first block, in quotation marks, such as 2026-11-01T12:00:00Z',
  }),
  /** Of the channel's first block, once it was founded: by which a newcomer knows the channel. */
  genesis: Type.Optional(Sha256),
  ordering: Strict({
    kind: Type.Enum(['raft', 'bft'], { description: "'raft' or 'bft'" }),
    batchTimeoutMs: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 60_000, description: 'milliseconds, 1 to 60000' }),
    ),
    maxMessageCount: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 10_000, description: 'how many transactions a block may hold' }),
    ),
  }),
  chaincode: Strict({
    name: Name,
    version: Type.String({
      pattern: '^[0-9A-Za-z][0-9A-Za-z.+-]{0,63}$',
      description: 'such as that of the release',
    }),
    policy: Type.String({
      minLength: 1,
      maxLength: 4000,
      description: "MAJORITY, or a signature policy such as OutOf(2, 'A.peer', 'B.peer', 'C.peer')",
    }),
    sha256: Sha256,
  }),
});
export type AgreedConsortium = Static<typeof AgreedConsortium>;

export const DEFAULT_PORTS = { peer: 7051, orderer: 7050, ipfs: 7060, witness: 7062 } as const;

/** The ports at which the others reach an organisation; `peer1` only where it has a second peer. */
export const portsOf = ({ ports }: AgreedOrganisation) => ({ ...DEFAULT_PORTS, ...ports });

function* doubles({ organisations }: AgreedConsortium): Generator<Found> {
  for (const field of ['name', 'mspId', 'host'] as const) {
    const first = new Map<string, number>();
    for (const [index, organisation] of organisations.entries()) {
      const value = organisation[field].toLowerCase();
      const earlier = first.get(value);
      if (earlier === undefined) first.set(value, index);
      else {
        const text = `is the same as organisations[${earlier}].${field}`;
        yield { path: ['organisations', index, field], text, remedy: 'give each organisation its own' };
      }
    }
  }
  const roots = new Map<string, Path>();
  for (const [index, organisation] of organisations.entries()) {
    const taken = new Map<number, string>();
    for (const [kind, port] of Object.entries(portsOf(organisation))) {
      const earlier = taken.get(port);
      taken.set(port, kind);
      if (earlier === undefined) continue;
      const path = ['organisations', index, 'ports', kind];
      yield { path, text: `is ${port}, as is its ${earlier}`, remedy: 'give each its own port' };
    }
    for (const [kind, root] of Object.entries(organisation.roots ?? {})) {
      const path = ['organisations', index, 'roots', kind];
      const earlier = roots.get(root);
      roots.set(root, path);
      if (earlier === undefined) continue;
      const remedy = 'write the digest that `hospital init` printed there: no two authorities are one';
      yield { path, text: `is the same as ${pathText(earlier)}`, remedy };
    }
  }
}

function* policyProblems({ chaincode: { policy }, organisations }: AgreedConsortium): Generator<Found> {
  if (policy === 'MAJORITY') return;
  const problem = endorsementProblem(
    policy,
    organisations.map(({ mspId }) => mspId),
  );
  if (problem !== undefined) yield { path: ['chaincode', 'policy'], ...problem };
}

const FORM: DocumentForm<typeof AgreedConsortium> = {
  schema: AgreedConsortium,
  further: (value) => [...doubles(value), ...reservedNames(value), ...policyProblems(value)],
  remedy: 'name the consortium.yaml that all agreed on',
};

/** The document with the digest of the bytes that it was read from. */
export interface Agreed {
  readonly consortium: AgreedConsortium;
  /** SHA-256 in hexadecimal. */
  readonly digest: string;
  /** The whole text. */
  readonly text: string;
}

/** @throws ConfigError with every problem. */
export const parseAgreed = (text: string, file = 'consortium.yaml'): Agreed => ({
  consortium: parseYaml(text, file, FORM),
  digest: createHash('sha256').update(text, 'utf8').digest('hex'),
  text,
});

/** @throws ConfigError, also where the file cannot be read. */
export const readAgreed = (file: string): Agreed => parseAgreed(readText(file, FORM.remedy), file);
