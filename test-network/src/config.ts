/**
 * The network's configuration: what the file may contain. All of it is checked, so that every problem is
 * reported at once.
 */
import { isIP } from 'node:net';
import { ConfigError, type Problem } from '@consilium/command-line';
import { parsePolicy } from './policy/policy-text.ts';

export interface NetworkConfig {
  readonly channel: string;
  readonly organisations: readonly OrganisationConfig[];
  readonly chaincodes: readonly ChaincodeConfig[];
  readonly orderer: { readonly hostAliases?: readonly string[] };
  readonly ipfs: { readonly port?: number };
  readonly batchTimeoutMs: number;
  readonly maxMessageCount: number;
}

export interface OrganisationConfig {
  readonly mspId: string;
  readonly name: string;
  readonly peerPort?: number;
  /** Further host names of the peer's TLS certificate, besides localhost and `peer0.NAME`. */
  readonly hostAliases?: readonly string[];
}

export interface ChaincodeConfig {
  readonly name: string;
  readonly version: string;
  readonly sequence: number;
  readonly policy: string;
  /** host:port by organisation; `*` stands for all that are not named. */
  readonly addresses: Readonly<Record<string, string>>;
  /**
   * The id under which the chaincode server has to register, by organisation as `addresses`. Where none is given, the
   * first one counts.
   */
  readonly packageIds?: Readonly<Record<string, string>>;
  /** PEM of the chaincode servers' root, when they speak TLS. */
  readonly tlsRootCertificate?: string;
}

export const DEFAULT_CONFIG: NetworkConfig = {
  channel: 'consortium',
  organisations: [
    { mspId: 'Org1MSP', name: 'org1' },
    { mspId: 'Org2MSP', name: 'org2' },
    { mspId: 'Org3MSP', name: 'org3' },
  ],
  chaincodes: [],
  orderer: {},
  ipfs: {},
  batchTimeoutMs: 50,
  maxMessageCount: 500,
};

const CHANNEL = /^[a-z][a-z0-9.-]{0,248}$/;
const MSP_ID = /^[A-Za-z0-9][A-Za-z0-9.-]{0,62}$/;
const NAME = /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/;
const CHAINCODE_NAME = /^[a-zA-Z0-9]+([-_][a-zA-Z0-9]+)*$/;
const VERSION = /^[A-Za-z0-9_.+-]+$/;
const PACKAGE_ID = /^[A-Za-z0-9][A-Za-z0-9_.+:-]*$/;
const HOST =
  /^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$/;
const ADDRESS = /^(?:\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):\d{1,5}$/;

/** @throws ConfigError naming every field that is wrong. */
export function parseConfig(value: unknown): NetworkConfig {
  const problems: Problem[] = [];
  const fields = record(value, 'the configuration', problems);
  const known = Object.keys(DEFAULT_CONFIG);
  for (const key of Object.keys(fields).filter((name) => !known.includes(name))) {
    problems.push({ field: key, text: `is unknown; known are ${known.join(', ')}` });
  }
  const organisations = optional(fields.organisations, DEFAULT_CONFIG.organisations, (list) =>
    organisationList(list, problems),
  );
  const mspIds = organisations.map((organisation) => organisation.mspId);
  const config: NetworkConfig = {
    channel: optional(fields.channel, DEFAULT_CONFIG.channel, (channel) =>
      matching(
        channel,
        { field: 'channel', pattern: CHANNEL, hint: 'lower case, digits, . and -' },
        problems,
      ),
    ),
    organisations,
    chaincodes: optional(fields.chaincodes, [], (list) =>
      array(list, 'chaincodes', problems).map((item, at) =>
        chaincodeConfig(item, { field: `chaincodes[${at}]`, mspIds }, problems),
      ),
    ),
    orderer: optional(fields.orderer, {}, (orderer) =>
      hostAliasesOf(record(orderer, 'orderer', problems), 'orderer', problems),
    ),
    ipfs: optional(fields.ipfs, {}, (ipfs) => {
      const { port } = record(ipfs, 'ipfs', problems);
      return port === undefined ? {} : { port: portNumber(port, 'ipfs.port', problems) };
    }),
    batchTimeoutMs: optional(fields.batchTimeoutMs, DEFAULT_CONFIG.batchTimeoutMs, (number) =>
      integer(number, { field: 'batchTimeoutMs', least: 1, most: 60_000 }, problems),
    ),
    maxMessageCount: optional(fields.maxMessageCount, DEFAULT_CONFIG.maxMessageCount, (number) =>
      integer(number, { field: 'maxMessageCount', least: 1, most: 100_000 }, problems),
    ),
  };
  const names = config.chaincodes.map((chaincode) => chaincode.name);
  for (const name of repeated(names))
    problems.push({ field: 'chaincodes', text: `has the name ${name} twice` });
  if (problems.length > 0) throw new ConfigError('the configuration', problems);
  return config;
}

/** One chaincode, as in the file and as the `deploy` command gives it. @throws ConfigError */
export function parseChaincode(value: unknown, mspIds: readonly string[]): ChaincodeConfig {
  const problems: Problem[] = [];
  const chaincode = chaincodeConfig(value, { field: 'chaincode', mspIds }, problems);
  if (problems.length > 0) throw new ConfigError('the configuration', problems);
  return chaincode;
}

function organisationList(value: unknown, problems: Problem[]): OrganisationConfig[] {
  const list = array(value, 'organisations', problems);
  if (list.length === 0) problems.push({ field: 'organisations', text: 'must have at least one' });
  const organisations = list.map((item, at) => {
    const field = `organisations[${at}]`;
    const fields = record(item, field, problems);
    const { mspId, name, peerPort } = fields;
    return {
      mspId: matching(
        mspId,
        { field: `${field}.mspId`, pattern: MSP_ID, hint: 'letters, digits, . and -' },
        problems,
      ),
      name: matching(
        name,
        { field: `${field}.name`, pattern: NAME, hint: 'lower case letters, digits, . and -' },
        problems,
      ),
      ...(peerPort === undefined ? {} : { peerPort: portNumber(peerPort, `${field}.peerPort`, problems) }),
      ...hostAliasesOf(fields, field, problems),
    };
  });
  for (const mspId of repeated(organisations.map((organisation) => organisation.mspId))) {
    problems.push({ field: 'organisations', text: `has the mspId ${mspId} twice` });
  }
  for (const name of repeated(organisations.map((organisation) => organisation.name))) {
    problems.push({ field: 'organisations', text: `has the name ${name} twice` });
  }
  if (organisations.some((organisation) => organisation.mspId === ORDERER_MSP_ID)) {
    problems.push({
      field: 'organisations',
      text: `: ${ORDERER_MSP_ID} is the orderer's; choose another mspId`,
    });
  }
  return organisations;
}

export function hostAliasesOf(
  { hostAliases }: { readonly hostAliases?: unknown },
  field: string,
  problems: Problem[],
): { readonly hostAliases?: readonly string[] } {
  if (hostAliases === undefined) return {};
  const rule = {
    pattern: HOST,
    hint: 'a host name, such as peer0.org1.example.com, or an address, without a port',
  };
  return {
    hostAliases: array(hostAliases, `${field}.hostAliases`, problems).map((host, at) =>
      typeof host === 'string' && isIP(host)
        ? host
        : matching(host, { field: `${field}.hostAliases[${at}]`, ...rule }, problems),
    ),
  };
}

export const ORDERER_MSP_ID = 'OrdererMSP';

function chaincodeConfig(
  value: unknown,
  { field, mspIds }: { readonly field: string; readonly mspIds: readonly string[] },
  problems: Problem[],
): ChaincodeConfig {
  const fields = record(value, field, problems);
  const policy = fields.policy ?? 'MAJORITY Endorsement';
  if (typeof policy !== 'string') {
    problems.push({ field: `${field}.policy`, text: 'must be text' });
  } else {
    try {
      parsePolicy(policy, mspIds);
    } catch (error) {
      problems.push({ field: `${field}.policy`, text: `: ${(error as Error).message}` });
    }
  }
  const byOrganisation = (value: unknown, rule: { field: string; pattern: RegExp; hint: string }) => {
    const entries = Object.entries(record(value, rule.field, problems));
    for (const [mspId, text] of entries) {
      const place = `${rule.field}.${mspId}`;
      if (mspId !== '*' && !mspIds.includes(mspId)) {
        problems.push({ field: place, text: `is for no organisation; known are ${mspIds.join(', ')}` });
      }
      matching(text, { ...rule, field: place }, problems);
    }
    return Object.fromEntries(entries) as Record<string, string>;
  };
  const addresses = byOrganisation(fields.addresses, {
    field: `${field}.addresses`,
    pattern: ADDRESS,
    hint: 'host:port',
  });
  if (Object.keys(addresses).length === 0) {
    const text = 'must have at least one host:port, by mspId or "*" for all';
    problems.push({ field: `${field}.addresses`, text });
  }
  const packageIds =
    fields.packageIds === undefined
      ? {}
      : {
          packageIds: byOrganisation(fields.packageIds, {
            field: `${field}.packageIds`,
            pattern: PACKAGE_ID,
            hint: 'a package id, such as basic_1:5f0e…',
          }),
        };
  const root = fields.tlsRootCertificate;
  if (root !== undefined && (typeof root !== 'string' || !root.includes('BEGIN CERTIFICATE'))) {
    problems.push({ field: `${field}.tlsRootCertificate`, text: 'must be a PEM certificate' });
  }
  return {
    name: matching(
      fields.name,
      { field: `${field}.name`, pattern: CHAINCODE_NAME, hint: 'letters and digits, joined by - or _' },
      problems,
    ),
    version: matching(
      fields.version ?? '1.0',
      { field: `${field}.version`, pattern: VERSION, hint: 'letters, digits, . _ + -' },
      problems,
    ),
    sequence: integer(fields.sequence ?? 1, { field: `${field}.sequence`, least: 1, most: 1e6 }, problems),
    policy: String(policy),
    addresses,
    ...packageIds,
    ...(typeof root === 'string' ? { tlsRootCertificate: root } : {}),
  };
}

function record(value: unknown, field: string, problems: Problem[]): Record<string, unknown> {
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  problems.push({ field, text: 'must be an object' });
  return {};
}

function array(value: unknown, field: string, problems: Problem[]): unknown[] {
  if (Array.isArray(value)) return value;
  problems.push({ field, text: 'must be a list' });
  return [];
}

function optional<T>(value: unknown, fallback: T, read: (value: unknown) => T): T {
  return value === undefined ? fallback : read(value);
}

function matching(
  value: unknown,
  rule: { readonly field: string; readonly pattern: RegExp; readonly hint: string },
  problems: Problem[],
): string {
  if (typeof value === 'string' && rule.pattern.test(value)) return value;
  problems.push({ field: rule.field, text: `must be ${rule.hint}, not ${JSON.stringify(value)}` });
  return '';
}

function integer(
  value: unknown,
  rule: { readonly field: string; readonly least: number; readonly most: number },
  problems: Problem[],
): number {
  const { field, least, most } = rule;
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  problems.push({
    field,
    text: `must be an integer from ${least} to ${most}, not ${JSON.stringify(value)}`,
  });
  return least;
}

function portNumber(value: unknown, field: string, problems: Problem[]): number {
  return integer(value, { field, least: 1, most: 65_535 }, problems);
}

function repeated(values: readonly string[]): string[] {
  return [...new Set(values.filter((value, at) => value !== '' && values.indexOf(value) !== at))];
}
