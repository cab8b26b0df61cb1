// What an organisation says of itself to those who found a channel with it, or take it in: its authorities, its roles,
// and where its orderers and peers are. Its own administrator signs it. Only public things are in it.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Membership, Msp, UnreadableError } from '@consilium/verify/channel';
import fabricProtos from '@hyperledger/fabric-protos';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { parse } from 'yaml';
import { readReceived } from '../received-file.ts';
import { readKey, type SigningIdentity, serializedIdentity, signBytes } from './ceremony-signatures.ts';
import { dayOf, pemOf, readableCertificate } from './certificates-in-words.ts';
import { valueWords } from './configuration-words.ts';
import { sameBytes, sha256, sha256Hex } from './digests.ts';
import { plainName } from './plain-text.ts';
import { RefusedCeremonyError, refuse } from './refused-ceremony.ts';
import { readWhole } from './whole-messages.ts';

const { common, msp } = fabricProtos;

const FORMAT = 'consilium-definition/1';
const FILE_BYTES_MAX = 256 * 1024;
const closed = { additionalProperties: false } as const;
const Host = Type.String({ pattern: '^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$', maxLength: 253 });
const Port = Type.Integer({ minimum: 1, maximum: 65_535 });
const Pem = Type.String({ maxLength: 16_384 });
const Endpoint = Type.Object({ host: Host, port: Port }, closed);
const Orderer = Type.Object(
  { host: Host, port: Port, identity: Pem, clientTls: Pem, serverTls: Pem },
  closed,
);
const Definition = Type.Object(
  {
    format: Type.Literal(FORMAT),
    mspId: Type.String({ maxLength: 128 }),
    msp: Type.String({ maxLength: 131_072 }),
    anchorPeers: Type.Array(Endpoint, { maxItems: 10 }),
    orderers: Type.Array(Orderer, { maxItems: 10 }),
    signature: Type.Object({ header: Type.String(), signature: Type.String() }, closed),
  },
  closed,
);

/** A host by its name, and a port. */
export type Endpoint = Type.Static<typeof Endpoint>;
/** An orderer that agrees on blocks: its certificates in PEM. */
export type OrdererNode = Type.Static<typeof Orderer>;

/** An organisation's own definition, whose signature was checked. */
export interface OrganisationDefinition {
  readonly mspId: string;
  /** Fabric's MSPConfig. */
  readonly msp: Uint8Array;
  readonly anchorPeers: readonly Endpoint[];
  readonly orderers: readonly OrdererNode[];
}

/** The organisation of a folder `msp` as Fabric's tools read it, without any key. @throws RefusedCeremonyError */
export function readMspFolder(mspId: string, folder: string): Uint8Array {
  const config = new msp.FabricMSPConfig();
  config.setName(plainName(mspId, 'organisation'));
  const roots = pemsIn(join(folder, 'cacerts'));
  if (roots.length === 0) refuse(`${folder}/cacerts holds no certificate of an authority`);
  config.setRootCertsList(roots);
  config.setIntermediateCertsList(pemsIn(join(folder, 'intermediatecerts')));
  config.setAdminsList(pemsIn(join(folder, 'admincerts')));
  config.setTlsRootCertsList(pemsIn(join(folder, 'tlscacerts')));
  config.setTlsIntermediateCertsList(pemsIn(join(folder, 'tlsintermediatecerts')));
  const crypto = new msp.FabricCryptoConfig();
  crypto.setSignatureHashFamily('SHA2');
  crypto.setIdentityIdentifierHashFunction('SHA256');
  config.setCryptoConfig(crypto);
  const units = rolesIn(folder);
  if (units !== undefined) config.setFabricNodeOus(units);
  const wrapped = new msp.MSPConfig();
  wrapped.setConfig(config.serializeBinary());
  return wrapped.serializeBinary();
}

/** The certificates of a folder by the names of their files, each in its one form. */
function pemsIn(folder: string): Uint8Array[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((name) => canonicalPem(readFileSync(join(folder, name)), join(folder, name)));
}

const canonicalPem = (pem: Uint8Array, what: string): Buffer =>
  Buffer.from(pemOf('CERTIFICATE', readableCertificate(pem, what).der));

const UNITS = ['Client', 'Peer', 'Admin', 'Orderer'] as const;
type Units = Partial<Record<`${(typeof UNITS)[number]}OUIdentifier`, Record<string, string>>> & {
  Enable?: boolean;
};

function rolesIn(folder: string) {
  const file = join(folder, 'config.yaml');
  if (!existsSync(file)) return undefined;
  const { NodeOUs } = (parse(readFileSync(file, 'utf8')) ?? {}) as { NodeOUs?: Units };
  if (NodeOUs?.Enable !== true) return undefined;
  const units = new msp.FabricNodeOUs();
  units.setEnable(true);
  for (const unit of UNITS) {
    const { OrganizationalUnitIdentifier: name = unit.toLowerCase(), Certificate } =
      NodeOUs[`${unit}OUIdentifier`] ?? {};
    const made = new msp.FabricOUIdentifier();
    made.setOrganizationalUnitIdentifier(plainName(name, `unit of ${unit} in ${file}`));
    if (Certificate !== undefined) {
      const path = join(folder, Certificate);
      made.setCertificate(canonicalPem(readFileSync(path), path));
    }
    units[`set${unit}OuIdentifier`](made);
  }
  return units;
}

const unsigned = (definition: OrganisationDefinition) => ({
  format: FORMAT,
  mspId: definition.mspId,
  msp: Buffer.from(definition.msp).toString('base64'),
  anchorPeers: definition.anchorPeers.map(({ host, port }) => ({ host, port })),
  orderers: definition.orderers.map(({ host, port, identity, clientTls, serverTls }) => ({
    host,
    port,
    identity,
    clientTls,
    serverTls,
  })),
});

const statementOf = (definition: OrganisationDefinition): string =>
  `${FORMAT} ${sha256Hex(JSON.stringify(unsigned(definition)))}\n`;

/** The text of the file, signed by the organisation's administrator. @throws RefusedCeremonyError */
export function signedDefinition(given: OrganisationDefinition, admin: SigningIdentity): string {
  const definition = { ...given, orderers: given.orderers.map(canonicalOrderer) };
  const key = readKey(admin);
  const made = new common.SignatureHeader();
  made.setCreator(serializedIdentity(admin));
  made.setNonce(sha256(statementOf(definition)));
  const header = Buffer.from(made.serializeBinary());
  const signature = signBytes(key, Buffer.concat([Buffer.from(statementOf(definition)), header]));
  const text = textOf(definition, {
    header: header.toString('base64'),
    signature: signature.toString('base64'),
  });
  parseDefinition(Buffer.from(text));
  return text;
}

function canonicalOrderer(orderer: OrdererNode): OrdererNode {
  const written = (field: 'identity' | 'clientTls' | 'serverTls') =>
    canonicalPem(Buffer.from(orderer[field]), `${field} of the orderer ${orderer.host}`).toString();
  return {
    ...orderer,
    identity: written('identity'),
    clientTls: written('clientTls'),
    serverTls: written('serverTls'),
  };
}

const textOf = (
  definition: OrganisationDefinition,
  signature: { header: string; signature: string },
): string => `${JSON.stringify({ ...unsigned(definition), signature }, null, 2)}\n`;

/** The definition of a file, and the digest that people compare. @throws RefusedCeremonyError */
export function readDefinition(file: string): OrganisationDefinition {
  try {
    return parseDefinition(readReceived(file, FILE_BYTES_MAX));
  } catch (error) {
    const { message } = error as Error;
    return refuse(`${file}: ${message}`, { cause: error });
  }
}

/** Whether a file calls itself a definition. */
export function isDefinition(file: string): boolean {
  try {
    return (
      (JSON.parse(readReceived(file, FILE_BYTES_MAX).toString('utf8')) as { format?: unknown } | null)
        ?.format === FORMAT
    );
  } catch {
    return false;
  }
}

/** What people compare by telephone. */
export const definitionDigest = (definition: OrganisationDefinition): string =>
  sha256Hex(statementOf(definition));

/**
 * @param now when the signer's certificate has to be valid
 * @throws RefusedCeremonyError where it is not written as a definition is, or not signed by its own administrator
 */
export function parseDefinition(bytes: Uint8Array, now = new Date()): OrganisationDefinition {
  if (bytes.length > FILE_BYTES_MAX)
    refuse(`the file has ${bytes.length} bytes, and a definition at most ${FILE_BYTES_MAX}`);
  const text = Buffer.from(bytes).toString('utf8');
  let fields: unknown;
  try {
    fields = JSON.parse(text);
  } catch (cause) {
    return refuse('the file is no JSON: it was cut or changed on its way', { cause });
  }
  if (!Value.Check(Definition, fields)) {
    const [first] = Value.Errors(Definition, fields);
    return refuse(`the file is no definition: ${first?.instancePath || 'it'} ${first?.message ?? ''}`);
  }
  const { mspId, anchorPeers, orderers, signature } = fields;
  const definition = { mspId, msp: Buffer.from(fields.msp, 'base64'), anchorPeers, orderers };
  if (textOf(definition, signature) !== text) {
    refuse('the file is not written as a definition is: ask for it again, and do not edit it');
  }
  checkContents(definition);
  checkSigner(definition, { signature, now });
  return definition;
}

function checkContents({ mspId, msp: bytes, orderers }: OrganisationDefinition): void {
  plainName(mspId, 'organisation');
  valueWords('MSP', { place: `definition of ${mspId}`, bytes, isNew: true });
  const named = readMsp(bytes).mspId;
  if (named !== mspId) refuse(`the definition is of ${mspId}, and its authorities of ${named}`);
  for (const orderer of orderers) {
    for (const field of ['identity', 'clientTls', 'serverTls'] as const) {
      const pem = Buffer.from(orderer[field]);
      if (!sameBytes(canonicalPem(pem, `${field} of the orderer ${orderer.host}`), pem)) {
        refuse(`the ${field} of the orderer ${orderer.host} has something around its certificate`);
      }
    }
  }
}

function readMsp(bytes: Uint8Array): Msp {
  let read: Msp;
  try {
    read = new Msp(bytes);
  } catch (cause) {
    return refuse(`the organisation cannot be read: ${(cause as Error).message}`, { cause });
  }
  const { unjudgedBecause } = read;
  return unjudgedBecause === undefined ? read : refuse(`the organisation cannot be read: ${unjudgedBecause}`);
}

function checkSigner(
  definition: OrganisationDefinition,
  { signature: { header, signature }, now }: { signature: { header: string; signature: string }; now: Date },
): void {
  const { mspId } = definition;
  const headerBytes = Buffer.from(header, 'base64');
  const read = readWhole(common.SignatureHeader, headerBytes, 'header of the signature');
  const creator = readWhole(msp.SerializedIdentity, read.getCreator_asU8(), 'signer of the definition');
  const membership = new Membership([readMsp(definition.msp)]);
  const identity = { mspId: creator.getMspid(), pem: creator.getIdBytes_asU8() };
  const statement = statementOf(definition);
  if (!sameBytes(read.getNonce_asU8(), sha256(statement)))
    refuse(`${mspId} signed another definition than this one`);
  try {
    const judged = membership.judge(identity);
    if (!membership.isAdmin(judged)) refuse(`the definition of ${mspId} is not signed by its administrator`);
    const { validToDate } = judged.certificate;
    if (validToDate < now)
      refuse(`the administrator of ${mspId} has a certificate that expired on ${dayOf(validToDate)}`);
    const data = Buffer.concat([Buffer.from(statement), headerBytes]);
    const refusal = membership.refusalOf({ identity, data, signature: Buffer.from(signature, 'base64') });
    if (refusal !== undefined) refuse(`${refusal}: the definition was changed after it was signed`);
  } catch (error) {
    if (error instanceof RefusedCeremonyError || !(error instanceof UnreadableError)) throw error;
    refuse(`the definition of ${mspId} is not signed by its own: ${error.message}`, { cause: error });
  }
}
