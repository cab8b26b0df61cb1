/**
 * The `identities` command: certificate authorities, nodes and clients for a network that others run, a real
 * Fabric one for instance. The folders are Fabric MSPs; the connection files are those of our own network.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, type Problem } from '@consilium/command-line';
import { hostAliasesOf } from './config.ts';
import {
  type ConnectionFile,
  connectionOrganisation,
  ownConnection,
  writeJsonFile,
} from './identities/connection-file.ts';
import { openOrganisationIdentities } from './identities/organisation-identities.ts';

/** Nodes on one machine are reached by these names. */
const TLS_HOSTS = ['localhost', '127.0.0.1', '::1'];
const MSP_ID = /^[A-Za-z0-9][A-Za-z0-9.-]{0,62}$/;
const NAME = /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/;
const ENDPOINT = /^[A-Za-z0-9.-]+:\d{1,5}$/;

interface Node {
  readonly mspId: string;
  readonly name: string;
  /** host:port of the organisation's peer or orderer. */
  readonly endpoint: string;
  /** Further host names of the node's TLS certificate. */
  readonly hostAliases?: readonly string[];
}

interface IdentitiesConfig {
  readonly channel: string;
  readonly organisations: readonly Node[];
  /** Each orderer is an organisation of its own. */
  readonly orderers: readonly Node[];
  readonly ipfsUrl?: string;
}

/**
 * Makes what is not there yet below `dir/organisations/MSPID`, and writes `dir/connection.json` and
 * `dir/organisations/MSPID.json`. Existing keys stay.
 *
 * @throws ConfigError naming every field that is wrong.
 */
export async function issueIdentities(dir: string, configFile: string): Promise<ConnectionFile> {
  process.umask(0o077);
  const { channel, organisations, orderers, ipfsUrl } = readConfig(configFile);
  const base = join(dir, 'organisations');
  mkdirSync(base, { recursive: true, mode: 0o700 });
  const open = ({ mspId, name, hostAliases = [] }: Node, nodeKind: 'peer' | 'orderer') => {
    const hosts = [...TLS_HOSTS, ...hostAliases];
    return openOrganisationIdentities({ dir: join(base, mspId), mspId, name, nodeKind, hosts });
  };
  const members = [];
  for (const node of organisations) members.push(connectionOrganisation(await open(node, 'peer'), node));
  const ordering = [];
  for (const node of orderers) ordering.push({ ...node, ...(await open(node, 'orderer')) });
  const [first] = ordering;
  const ipfs = ipfsUrl === undefined ? {} : { ipfs: { url: ipfsUrl } };
  const connection: ConnectionFile = {
    channel,
    organisations: members,
    ...(first && {
      orderer: {
        mspId: first.mspId,
        endpoint: first.endpoint,
        tlsRootCertificate: first.tlsCa.certificatePem,
        caCertificate: first.ca.certificatePem,
      },
    }),
    ...ipfs,
  };
  for (const member of members) {
    writeJsonFile(join(base, `${member.mspId}.json`), ownConnection(connection, member));
  }
  writeJsonFile(join(dir, 'connection.json'), connection);
  return connection;
}

function readConfig(file: string): IdentitiesConfig {
  let value: Partial<IdentitiesConfig>;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new ConfigError(file, `cannot be read: ${(error as Error).message}`);
  }
  // Any value of JSON may be there, whatever is expected.
  value ??= {};
  const problems: Problem[] = [];
  const mspIds: unknown[] = [];
  const isText = (text: unknown, pattern: RegExp) => typeof text === 'string' && pattern.test(text);
  const refuse = (field: string, text: string) => problems.push({ field, text });
  if (typeof value.channel !== 'string' || value.channel === '') refuse('channel', 'must be a name');
  for (const field of ['organisations', 'orderers'] as const) {
    if (!Array.isArray(value[field]) || value[field].length === 0) {
      refuse(field, 'must be a list of at least one { mspId, name, endpoint }');
      continue;
    }
    for (const [at, node] of value[field].entries()) {
      const { mspId, name, endpoint, hostAliases } = (node ?? {}) as Partial<Node>;
      if (isText(mspId, MSP_ID)) mspIds.push(mspId);
      else refuse(`${field}[${at}].mspId`, 'must have letters, digits, . and -');
      if (!isText(name, NAME)) refuse(`${field}[${at}].name`, 'must have lower case, digits, . and -');
      hostAliasesOf({ hostAliases }, `${field}[${at}]`, problems);
      if (!isText(endpoint, ENDPOINT)) refuse(`${field}[${at}].endpoint`, 'must be host:port');
    }
  }
  if (new Set(mspIds).size < mspIds.length) refuse('mspId', ': each organisation needs its own');
  if (value.ipfsUrl !== undefined && !URL.canParse(value.ipfsUrl)) refuse('ipfsUrl', 'must be a URL');
  if (problems.length > 0) throw new ConfigError(file, problems);
  return value as IdentitiesConfig;
}
