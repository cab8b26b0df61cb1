// What a value or a policy of a channel's configuration says, as lines for people. Every field of its bytes is in a
// line, and a value of a kind that is not known here has no lines but a refusal: what is signed is what is read.

import {
  type Principal,
  type Rule,
  readSignaturePolicy,
  type SignaturePolicy,
} from '@consilium/verify/channel';
import fabricProtos from '@hyperledger/fabric-protos';
import { certificateInWords, revocationListInWords } from './certificates-in-words.ts';
import { sha256Hex } from './digests.ts';
import { plainName, plainValue } from './plain-text.ts';
import { refuse } from './refused-ceremony.ts';
import { type MessageType, readLoosely, readWhole } from './whole-messages.ts';

const { common, msp, orderer, peer } = fabricProtos;

interface Readable {
  serializeBinary(): Uint8Array;
  toObject(): object;
}

/** Bytes of the configuration, and where they are. */
export interface PlacedBytes {
  /** '/Channel/Orderer/BatchTimeout'. */
  readonly place: string;
  readonly bytes: Uint8Array;
  /** Whether they are to be signed: then nothing may be in them that has no line. */
  readonly isNew: boolean;
}

const reading = <T extends Readable>(type: MessageType<T>, { place, bytes, isNew }: PlacedBytes): T =>
  (isNew ? readWhole : readLoosely)(type, bytes, place);

type Describe = (at: PlacedBytes) => string[];

const plainly =
  <T extends Readable>(type: MessageType<T>): Describe =>
  (at) =>
    linesOf(reading(type, at).toObject(), at);

/** By the name of the value. */
const VALUES: Readonly<Record<string, Describe>> = {
  ACLs: plainly(peer.ACLs),
  AnchorPeers: plainly(peer.AnchorPeers),
  BatchSize: plainly(orderer.BatchSize),
  BatchTimeout: plainly(orderer.BatchTimeout),
  BlockDataHashingStructure: plainly(common.BlockDataHashingStructure),
  Capabilities: plainly(common.Capabilities),
  ChannelRestrictions: plainly(orderer.ChannelRestrictions),
  ConsensusType: consensusWords,
  Consortium: plainly(common.Consortium),
  Endpoints: plainly(common.OrdererAddresses),
  HashingAlgorithm: plainly(common.HashingAlgorithm),
  MSP: organisationWords,
  OrdererAddresses: plainly(common.OrdererAddresses),
  Orderers: plainly(common.Orderers),
};

/** The lines of a value. @throws RefusedCeremonyError where it is new and not all of it can be said */
export function valueWords(name: string, at: PlacedBytes): string[] {
  const describe = VALUES[name];
  if (describe !== undefined) return describe(at);
  if (at.isNew)
    refuse(`${at.place} is a value that this version has no words for: update Consilium, then review`);
  return [`bytes with SHA-256 ${sha256Hex(at.bytes)}`];
}

function organisationWords(at: PlacedBytes): string[] {
  const config = reading(msp.MSPConfig, at);
  const isOfCertificates = config.getType() === 0;
  if (!isOfCertificates) refuse(`${at.place} defines an organisation that has no X.509 certificates`);
  const inner = { ...at, bytes: config.getConfig_asU8() };
  const organisation = reading(msp.FabricMSPConfig, inner);
  if (organisation.hasSigningIdentity()) {
    refuse(`${at.place} carries an identity that signs: a private key has no place in a channel`);
  }
  plainName(organisation.getName(), `organisation in ${at.place}`);
  return linesOf(organisation.toObject(), inner);
}

function consensusWords(at: PlacedBytes): string[] {
  const consensus = reading(orderer.ConsensusType, at);
  const { metadata: _, ...rest } = consensus.toObject();
  const bytes = consensus.getMetadata_asU8();
  const inner = { ...at, bytes };
  const metadata = (): object => {
    if (consensus.getType() === 'etcdraft') return reading(orderer.etcdraft.ConfigMetadata, inner).toObject();
    if (consensus.getType() === 'BFT') return reading(orderer.smartbft.Options, inner).toObject();
    if (bytes.length > 0) refuse(`${at.place} has metadata of orderers that this version has no words for`);
    return {};
  };
  return [...linesOf(rest, at), ...linesOf(metadata(), inner)];
}

/** Fields whose names say too little, or that hold bytes. */
const LABELS: Readonly<Record<string, string>> = {
  rootCertsList: 'authority',
  intermediateCertsList: 'intermediate authority',
  tlsRootCertsList: 'TLS authority',
  tlsIntermediateCertsList: 'intermediate TLS authority',
  adminsList: 'administrator by certificate',
  fabricNodeOus: 'roles by unit',
  clientTlsCert: 'TLS client certificate',
  serverTlsCert: 'TLS server certificate',
  identity: 'identity',
  certificate: 'certificate',
  consentersList: 'orderer',
  consenterMappingList: 'orderer',
  anchorPeersList: 'anchor peer',
  addressesList: 'address',
  capabilitiesMap: 'capability',
  aclsMap: 'access',
};
const CERTIFICATES = new Set([
  ...['rootCertsList', 'intermediateCertsList', 'tlsRootCertsList', 'tlsIntermediateCertsList', 'adminsList'],
  ...['clientTlsCert', 'serverTlsCert', 'identity', 'certificate'],
]);
const labelOf = (key: string): string =>
  LABELS[key] ??
  key
    .replace(/(List|Map)$/, '')
    .replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
    .trim();

/** A line for each field that is there, in the order of the message. What is absent says nothing. */
function linesOf(object: object, at: PlacedBytes): string[] {
  return Object.entries(object).flatMap(([key, value]) => fieldLines(key, value, at));
}

function fieldLines(key: string, value: unknown, at: PlacedBytes): string[] {
  if (Array.isArray(value)) return value.flatMap((one) => elementLines(key, one, at));
  if (value === undefined || value === '' || value === 0 || value === false) return [];
  if (typeof value === 'object') {
    const inner = linesOf(value as object, at);
    return inner.length === 0
      ? [`${labelOf(key)}: there, and empty`]
      : inner.map((line) => `${labelOf(key)}: ${line}`);
  }
  return [`${labelOf(key)}: ${scalar(key, value, at)}`];
}

function elementLines(key: string, element: unknown, at: PlacedBytes): string[] {
  if (key === 'revocationListList') {
    return revocationListInWords(
      Buffer.from(String(element), 'base64'),
      `revocation list in ${at.place}`,
      at.isNew,
    );
  }
  if (typeof element !== 'object' || element === null)
    return [`${labelOf(key)}: ${scalar(key, element, at)}`];
  if (key.endsWith('Map')) {
    const [name, inner] = element as [string, object];
    const words = [plainValue(name, `name in ${at.place}`), ...linesOf(inner, at)];
    return [`${labelOf(key)}: ${words.join('; ')}`];
  }
  return [`${labelOf(key)}: ${linesOf(element, at).join('; ')}`];
}

function scalar(key: string, value: unknown, at: PlacedBytes): string {
  if (CERTIFICATES.has(key)) {
    return certificateInWords(
      Buffer.from(String(value), 'base64'),
      `${labelOf(key)} in ${at.place}`,
      at.isNew,
    );
  }
  return typeof value === 'string' ? plainValue(value, `${labelOf(key)} in ${at.place}`) : String(value);
}

const IMPLICIT = ['any', 'all', 'a majority'] as const;
const TYPE = { signature: 1, implicit: 3 } as const;

/** Whose signatures a policy asks for. @throws RefusedCeremonyError where it is new and says more than that */
export function policyWords(type: number, at: PlacedBytes): string {
  if (type === TYPE.implicit) {
    const policy = reading(common.ImplicitMetaPolicy, at);
    const rule = IMPLICIT[policy.getRule() as number];
    if (rule === undefined) return refuse(`${at.place} is a policy of no known rule`);
    return `${rule} of the ${plainName(policy.getSubPolicy(), `policy in ${at.place}`)} below it`;
  }
  if (type !== TYPE.signature) return refuse(`${at.place} is a policy of no known kind`);
  const policy = readPolicy(at);
  const used = new Set<number>();
  const words = ruleWords(policy.rule, { policy, used, at });
  if (at.isNew && used.size !== policy.principals.length) {
    refuse(`${at.place} names somebody whom its rule does not use`);
  }
  return words;
}

function readPolicy(at: PlacedBytes): SignaturePolicy {
  const envelope = reading(common.SignaturePolicyEnvelope, at);
  for (const principal of envelope.getIdentitiesList()) checkPrincipal(principal, at);
  try {
    return readSignaturePolicy(at.bytes);
  } catch (cause) {
    return refuse(`${at.place} is no signature policy: ${(cause as Error).message}`, { cause });
  }
}

/** Bytes within bytes: each kind of principal holds a message of its own. */
function checkPrincipal(principal: InstanceType<typeof msp.MSPPrincipal>, at: PlacedBytes): void {
  const { ROLE, ORGANIZATION_UNIT, IDENTITY } = msp.MSPPrincipal.Classification;
  const inner = { ...at, bytes: principal.getPrincipal_asU8() };
  switch (principal.getPrincipalClassification()) {
    case ROLE:
      reading(msp.MSPRole, inner);
      return;
    case ORGANIZATION_UNIT: {
      const unit = reading(msp.OrganizationUnit, inner);
      if (at.isNew && unit.getCertifiersIdentifier_asU8().length > 0) {
        refuse(`${at.place} names the authority of a unit, for which this version has no words`);
      }
      return;
    }
    case IDENTITY:
      reading(msp.SerializedIdentity, inner);
      return;
    default:
      refuse(`${at.place} names signers of a kind that this version has no words for`);
  }
}

interface Wording {
  readonly policy: SignaturePolicy;
  readonly used: Set<number>;
  readonly at: PlacedBytes;
}

function ruleWords(rule: Rule, wording: Wording): string {
  if (rule.signedBy === undefined) {
    const parts = rule.rules.map((part) => ruleWords(part, wording));
    return `${rule.least} of (${parts.join(', ')})`;
  }
  wording.used.add(rule.signedBy);
  const principal = wording.policy.principals[rule.signedBy];
  return principal === undefined
    ? refuse(`${wording.at.place} asks for nobody`)
    : principalWords(principal, wording.at);
}

function principalWords(principal: Principal, at: PlacedBytes): string {
  if ('all' in principal)
    return refuse(`${at.place} names signers of a kind that this version has no words for`);
  const name = plainName(principal.mspId, `organisation in ${at.place}`);
  if ('role' in principal) return `${name}.${principal.role}`;
  if ('unit' in principal) return `the unit ${plainName(principal.unit, `unit in ${at.place}`)} of ${name}`;
  return `${name} by the certificate ${certificateInWords(principal.pem, `certificate in ${at.place}`, at.isNew)}`;
}
