/**
 * Block 0: the channel's configuration, from which a reader learns the organisations' roots of trust. Shaped
 * as configtxgen shapes it; this network reads its configuration from its own file and never from here.
 */
import { randomBytes } from 'node:crypto';
import { common, msp, orderer as ordererProtos, Timestamp } from '../fabric-protos.ts';
import { serializeIdentity } from '../msp/signing-identity.ts';
import { outOfRoles, parsePolicy } from '../policy/policy-text.ts';
import { sha256 } from './sha256.ts';

type ConfigGroup = InstanceType<typeof common.ConfigGroup>;
type ConfigPolicy = InstanceType<typeof common.ConfigPolicy>;
interface Serializable {
  serializeBinary(): Uint8Array;
}

export interface GenesisOrganisation {
  readonly mspId: string;
  readonly caCertificatePem: string;
  readonly tlsCaCertificatePem: string;
}

export function genesisEnvelope(options: {
  readonly channel: string;
  readonly organisations: readonly GenesisOrganisation[];
  readonly orderer: GenesisOrganisation & { readonly certificatePem: string; readonly endpoint: string };
  readonly batchTimeoutMs: number;
  readonly maxMessageCount: number;
  readonly absoluteMaxBytes: number;
  readonly preferredMaxBytes: number;
}): { readonly envelope: Uint8Array; readonly txId: string } {
  const application = group();
  for (const organisation of options.organisations) {
    application.getGroupsMap().set(organisation.mspId, organisationGroup(organisation, 'peers'));
  }
  setImplicitPolicies(application);
  application.getPoliciesMap().set('Endorsement', implicitPolicy('Endorsement', 'MAJORITY'));
  application.getPoliciesMap().set('LifecycleEndorsement', implicitPolicy('Endorsement', 'MAJORITY'));
  setCapabilities(application, 'V2_5');
  const ordering = orderingGroup(options);
  const channel = group();
  channel.getGroupsMap().set('Application', application);
  channel.getGroupsMap().set('Orderer', ordering);
  setImplicitPolicies(channel);
  setCapabilities(channel, 'V3_0');
  const hashing = new common.HashingAlgorithm();
  hashing.setName('SHA256');
  setValue(channel, 'HashingAlgorithm', hashing);
  const structure = new common.BlockDataHashingStructure();
  structure.setWidth(0xffffffff);
  setValue(channel, 'BlockDataHashingStructure', structure);
  const config = new common.Config();
  config.setChannelGroup(channel);
  const configEnvelope = new common.ConfigEnvelope();
  configEnvelope.setConfig(config);
  return wrap(options, configEnvelope.serializeBinary());
}

function wrap(
  options: Parameters<typeof genesisEnvelope>[0],
  data: Uint8Array,
): { envelope: Uint8Array; txId: string } {
  const creator = serializeIdentity(options.orderer.mspId, options.orderer.certificatePem);
  const nonce = randomBytes(24);
  const txId = sha256(nonce, creator).toString('hex');
  const channelHeader = new common.ChannelHeader();
  channelHeader.setType(common.HeaderType.CONFIG);
  channelHeader.setVersion(1);
  channelHeader.setChannelId(options.channel);
  channelHeader.setTxId(txId);
  channelHeader.setTimestamp(Timestamp.fromDate(new Date()));
  const signatureHeader = new common.SignatureHeader();
  signatureHeader.setCreator(creator);
  signatureHeader.setNonce(nonce);
  const header = new common.Header();
  header.setChannelHeader(channelHeader.serializeBinary());
  header.setSignatureHeader(signatureHeader.serializeBinary());
  const payload = new common.Payload();
  payload.setHeader(header);
  payload.setData(data);
  const envelope = new common.Envelope();
  envelope.setPayload(payload.serializeBinary());
  return { envelope: envelope.serializeBinary(), txId };
}

function orderingGroup(options: Parameters<typeof genesisEnvelope>[0]): ConfigGroup {
  const ordering = group();
  const organisation = organisationGroup(options.orderer, 'orderers');
  const endpoints = new common.OrdererAddresses();
  endpoints.setAddressesList([options.orderer.endpoint]);
  setValue(organisation, 'Endpoints', endpoints);
  ordering.getGroupsMap().set(options.orderer.mspId, organisation);
  setImplicitPolicies(ordering);
  ordering.getPoliciesMap().set('BlockValidation', implicitPolicy('Writers', 'ANY'));
  setCapabilities(ordering, 'V2_0');
  const consensus = new ordererProtos.ConsensusType();
  consensus.setType('solo');
  setValue(ordering, 'ConsensusType', consensus);
  const size = new ordererProtos.BatchSize();
  size.setMaxMessageCount(options.maxMessageCount);
  size.setAbsoluteMaxBytes(options.absoluteMaxBytes);
  size.setPreferredMaxBytes(options.preferredMaxBytes);
  setValue(ordering, 'BatchSize', size);
  const timeout = new ordererProtos.BatchTimeout();
  timeout.setTimeout(`${options.batchTimeoutMs}ms`);
  setValue(ordering, 'BatchTimeout', timeout);
  return ordering;
}

function organisationGroup(organisation: GenesisOrganisation, kind: 'peers' | 'orderers'): ConfigGroup {
  const { mspId } = organisation;
  const result = group();
  const fabricConfig = new msp.FabricMSPConfig();
  fabricConfig.setName(mspId);
  fabricConfig.setRootCertsList([Buffer.from(organisation.caCertificatePem)]);
  fabricConfig.setTlsRootCertsList([Buffer.from(organisation.tlsCaCertificatePem)]);
  const crypto = new msp.FabricCryptoConfig();
  crypto.setSignatureHashFamily('SHA2');
  crypto.setIdentityIdentifierHashFunction('SHA256');
  fabricConfig.setCryptoConfig(crypto);
  const nodeOus = new msp.FabricNodeOUs();
  nodeOus.setEnable(true);
  nodeOus.setClientOuIdentifier(ouIdentifier('client'));
  nodeOus.setPeerOuIdentifier(ouIdentifier('peer'));
  nodeOus.setAdminOuIdentifier(ouIdentifier('admin'));
  nodeOus.setOrdererOuIdentifier(ouIdentifier('orderer'));
  fabricConfig.setFabricNodeOus(nodeOus);
  const config = new msp.MSPConfig();
  config.setType(0);
  config.setConfig(fabricConfig.serializeBinary());
  setValue(result, 'MSP', config);
  const policies = result.getPoliciesMap();
  policies.set('Admins', signaturePolicy(outOfRoles(1, 'admin', [mspId])));
  const anyOf = (...roles: string[]) =>
    signaturePolicy(parsePolicy(`OR(${roles.map((role) => `'${mspId}.${role}'`).join(',')})`, []));
  if (kind === 'orderers') {
    // As configtx.yaml has them: an orderer writes the channel, or no block of its would satisfy BlockValidation.
    policies.set('Readers', anyOf('member'));
    policies.set('Writers', anyOf('member'));
    return result;
  }
  policies.set('Readers', anyOf('admin', 'peer', 'client'));
  policies.set('Writers', anyOf('admin', 'client'));
  policies.set('Endorsement', signaturePolicy(outOfRoles(1, 'peer', [mspId])));
  return result;
}

function ouIdentifier(unit: string): InstanceType<typeof msp.FabricOUIdentifier> {
  const identifier = new msp.FabricOUIdentifier();
  identifier.setOrganizationalUnitIdentifier(unit);
  return identifier;
}

function group(): ConfigGroup {
  const result = new common.ConfigGroup();
  result.setModPolicy('Admins');
  return result;
}

function setValue(target: ConfigGroup, name: string, message: Serializable): void {
  const value = new common.ConfigValue();
  value.setModPolicy('Admins');
  value.setValue(message.serializeBinary());
  target.getValuesMap().set(name, value);
}

function setCapabilities(target: ConfigGroup, name: string): void {
  const capabilities = new common.Capabilities();
  capabilities.getCapabilitiesMap().set(name, new common.Capability());
  setValue(target, 'Capabilities', capabilities);
}

function setImplicitPolicies(target: ConfigGroup): void {
  target.getPoliciesMap().set('Readers', implicitPolicy('Readers', 'ANY'));
  target.getPoliciesMap().set('Writers', implicitPolicy('Writers', 'ANY'));
  target.getPoliciesMap().set('Admins', implicitPolicy('Admins', 'MAJORITY'));
}

function implicitPolicy(subPolicy: string, rule: 'ANY' | 'MAJORITY'): ConfigPolicy {
  const meta = new common.ImplicitMetaPolicy();
  meta.setSubPolicy(subPolicy);
  meta.setRule(common.ImplicitMetaPolicy.Rule[rule]);
  return configPolicy(common.Policy.PolicyType.IMPLICIT_META, meta);
}

function signaturePolicy(envelope: Serializable): ConfigPolicy {
  return configPolicy(common.Policy.PolicyType.SIGNATURE, envelope);
}

function configPolicy(type: number, message: Serializable): ConfigPolicy {
  const policy = new common.Policy();
  policy.setType(type);
  policy.setValue(message.serializeBinary());
  const config = new common.ConfigPolicy();
  config.setModPolicy('Admins');
  config.setPolicy(policy);
  return config;
}
