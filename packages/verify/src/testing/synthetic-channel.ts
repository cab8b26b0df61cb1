// A channel made in memory by Fabric's own generated messages, for tests: blocks signed by its orderers, transactions
// endorsed by its peers, and configurations that change. Nothing of the verifier's own readers writes here.
import { randomBytes } from 'node:crypto';
import fabricProtos from '@hyperledger/fabric-protos';
import { dataHashOf, headerBytes, headerHash } from '../blocks/block-header.ts';
import type { OrdererWord } from '../blocks/fabric-block.ts';
import type { ShownBlock } from '../bundle/bundle-file.ts';
import { hex } from '../wire/digests.ts';
import {
  CHAINCODE,
  CHANNEL,
  type Role,
  type Row,
  rolePolicy,
  signatureHeader,
  signaturePolicy,
  type Transaction,
  transactionOf,
  wrap,
} from './synthetic-transaction.ts';
import type { Authority, Signer } from './test-authority.ts';

export { CHAINCODE, CHANNEL, type Row };

const { common, msp, orderer, peer } = fabricProtos;
type Group = InstanceType<typeof common.ConfigGroup>;

export interface Organisation {
  readonly authority: Authority;
  readonly peer: Signer;
  readonly client: Signer;
  readonly admin: Signer;
}

export async function organisation(authority: Authority): Promise<Organisation> {
  const [one, client, admin] = await Promise.all([
    authority.issue('peer'),
    authority.issue('client'),
    authority.issue('admin'),
  ]);
  return { authority, peer: one, client, admin };
}

export class SyntheticChannel {
  readonly blocks: ShownBlock[] = [];
  readonly #options: ConstructorParameters<typeof SyntheticChannel>;
  readonly #organisations: readonly Organisation[];
  readonly #orderers: readonly Signer[];
  readonly #consensus: 'etcdraft' | 'BFT';
  #config: InstanceType<typeof common.Config>;
  #lastConfig = 0;

  constructor(
    organisations: readonly Organisation[],
    options: {
      readonly orderers: readonly Signer[];
      readonly ordererAuthority: Authority;
      readonly consensus: 'etcdraft' | 'BFT';
    },
  ) {
    this.#options = [organisations, options];
    this.#organisations = organisations;
    this.#orderers = options.orderers;
    this.#consensus = options.consensus;
    this.#config = new common.Config();
    this.#config.setChannelGroup(channelGroup(organisations, options));
    const envelope = new common.ConfigEnvelope();
    envelope.setConfig(this.#config);
    this.#add([wrap(common.HeaderType.CONFIG, envelope.serializeBinary())], undefined);
    this.transact({ chaincode: '_lifecycle', rows: definition(CHAINCODE), endorsers: this.peers });
  }

  /** Another history that is the same so far: what a dishonest orderer shows to somebody else from here on. */
  fork(): SyntheticChannel {
    const other = new SyntheticChannel(...this.#options);
    other.blocks.splice(0, other.blocks.length, ...this.blocks);
    other.#config = this.#config;
    other.#lastConfig = this.#lastConfig;
    return other;
  }

  get genesis(): string {
    return hex(headerHash(this.blocks[0]!.header));
  }

  get height(): number {
    return this.blocks.length;
  }

  get peers(): Signer[] {
    return this.#organisations.map((one) => one.peer);
  }

  /** A block with one transaction. */
  transact(options: Transaction): ShownBlock {
    return this.#add([this.transaction(options)], this.#orderers);
  }

  transaction(options: Transaction): Uint8Array {
    return transactionOf({ sender: this.#organisations[0]!.client, ...options });
  }

  /** A block of these envelopes, signed by these; all of the orderers, where none are named. */
  add(envelopes: readonly Uint8Array[], signers: readonly Signer[] = this.#orderers): ShownBlock {
    return this.#add(envelopes, signers);
  }

  /** A block in which a configuration changes, by an update that these signed. */
  reconfigure(change: (root: Group) => void, signers: readonly Signer[]): ShownBlock {
    const { update, config } = updated(this.#config, change);
    const bytes = update.serializeBinary();
    const signed = new common.ConfigUpdateEnvelope();
    signed.setConfigUpdate(bytes);
    signed.setSignaturesList(
      signers.map((signer) => {
        const header = signatureHeader(signer);
        const signature = new common.ConfigSignature();
        signature.setSignatureHeader(header);
        signature.setSignature(signer.sign(header, bytes));
        return signature;
      }),
    );
    const envelope = new common.ConfigEnvelope();
    envelope.setConfig(config);
    const last = wrap(common.HeaderType.CONFIG_UPDATE, signed.serializeBinary());
    envelope.setLastUpdate(common.Envelope.deserializeBinary(last));
    this.#config = config;
    this.#lastConfig = this.height;
    return this.#add([wrap(common.HeaderType.CONFIG, envelope.serializeBinary())], this.#orderers);
  }

  /** The word of these orderers on a header. */
  orderersOn(header: ShownBlock['header'], signers: readonly Signer[], lastConfig: number): OrdererWord {
    const config = new common.LastConfig();
    config.setIndex(lastConfig);
    const metadata = new common.OrdererBlockMetadata();
    metadata.setLastConfig(config);
    const value = metadata.serializeBinary();
    const nothing = new Uint8Array();
    return {
      value,
      signatures: signers.map((signer) => {
        const id = this.#orderers.indexOf(signer) + 1;
        if (this.#consensus === 'BFT' && id > 0) {
          const identifier = new common.IdentifierHeader();
          identifier.setIdentifier(id);
          identifier.setNonce(randomBytes(24));
          const identifierHeader = identifier.serializeBinary();
          const signature = signer.sign(value, identifierHeader, headerBytes(header));
          return { signatureHeader: nothing, identifierHeader, signature };
        }
        const named = signatureHeader(signer);
        const signature = signer.sign(value, named, headerBytes(header));
        return { signatureHeader: named, identifierHeader: nothing, signature };
      }),
    };
  }

  #add(envelopes: readonly Uint8Array[], signers: readonly Signer[] | undefined): ShownBlock {
    const last = this.blocks.at(-1);
    const header = {
      number: this.height,
      previousHash: last === undefined ? new Uint8Array() : headerHash(last.header),
      dataHash: dataHashOf(envelopes),
    };
    const orderers = signers && this.orderersOn(header, signers, this.#lastConfig);
    const block: ShownBlock = { kind: 'block', header, envelopes, invalid: [], orderers };
    this.blocks.push(block);
    return block;
  }
}

function definition(name: string): Row[] {
  const { lifecycle } = peer;
  const applied = new peer.ApplicationPolicy();
  applied.setChannelConfigPolicyReference('/Channel/Application/Endorsement');
  const validation = new lifecycle.ChaincodeValidationInfo();
  validation.setValidationParameter(applied.serializeBinary());
  const [sequence, info] = [new lifecycle.StateData(), new lifecycle.StateData()];
  sequence.setInt64(1);
  info.setBytes(validation.serializeBinary());
  const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');
  return [
    { key: `namespaces/fields/${name}/Sequence`, value: latin1(sequence.serializeBinary()) },
    { key: `namespaces/fields/${name}/ValidationInfo`, value: latin1(info.serializeBinary()) },
  ];
}

function configPolicy(type: number, message: { serializeBinary(): Uint8Array }) {
  const policy = new common.Policy();
  policy.setType(type);
  policy.setValue(message.serializeBinary());
  const config = new common.ConfigPolicy();
  config.setModPolicy('Admins');
  config.setPolicy(policy);
  return config;
}
const byRole = (mspId: string, role: Role) =>
  configPolicy(common.Policy.PolicyType.SIGNATURE, rolePolicy(1, [mspId], role));
function implicit(subPolicy: string, rule: 'ANY' | 'MAJORITY') {
  const meta = new common.ImplicitMetaPolicy();
  meta.setSubPolicy(subPolicy);
  meta.setRule(common.ImplicitMetaPolicy.Rule[rule]);
  return configPolicy(common.Policy.PolicyType.IMPLICIT_META, meta);
}

function group(): Group {
  const made = new common.ConfigGroup();
  made.setModPolicy('Admins');
  return made;
}
function setValue(target: Group, name: string, bytes: Uint8Array): void {
  const value = new common.ConfigValue();
  value.setModPolicy('Admins');
  value.setValue(bytes);
  target.getValuesMap().set(name, value);
}

/** An organisation's MSP, with these lists of revoked certificates. */
export function mspConfig(
  { mspId, pem }: Pick<Authority, 'mspId' | 'pem'>,
  revocationLists: readonly Uint8Array[] = [],
  admins: readonly Uint8Array[] = [],
): Uint8Array {
  const config = new msp.FabricMSPConfig();
  config.setName(mspId);
  config.setRootCertsList([Buffer.from(pem)]);
  config.setRevocationListList([...revocationLists]);
  config.setAdminsList([...admins]);
  const units = new msp.FabricNodeOUs();
  units.setEnable(true);
  const unit = (name: string) => {
    const identifier = new msp.FabricOUIdentifier();
    identifier.setOrganizationalUnitIdentifier(name);
    return identifier;
  };
  units.setClientOuIdentifier(unit('client'));
  units.setPeerOuIdentifier(unit('peer'));
  units.setAdminOuIdentifier(unit('admin'));
  units.setOrdererOuIdentifier(unit('orderer'));
  config.setFabricNodeOus(units);
  const wrapped = new msp.MSPConfig();
  wrapped.setConfig(config.serializeBinary());
  return wrapped.serializeBinary();
}

function organisationGroup(authority: Authority): Group {
  const made = group();
  setValue(made, 'MSP', mspConfig(authority));
  const { mspId } = authority;
  made.getPoliciesMap().set('Admins', byRole(mspId, 'ADMIN'));
  made.getPoliciesMap().set('Writers', byRole(mspId, 'MEMBER'));
  made.getPoliciesMap().set('Endorsement', byRole(mspId, 'PEER'));
  return made;
}

function channelGroup(
  organisations: readonly Organisation[],
  options: ConstructorParameters<typeof SyntheticChannel>[1],
): Group {
  const application = group();
  for (const { authority } of organisations) {
    application.getGroupsMap().set(authority.mspId, organisationGroup(authority));
  }
  application.getPoliciesMap().set('Admins', implicit('Admins', 'MAJORITY'));
  application.getPoliciesMap().set('Endorsement', implicit('Endorsement', 'MAJORITY'));
  application.getPoliciesMap().set('LifecycleEndorsement', implicit('Endorsement', 'MAJORITY'));
  const ordering = group();
  ordering.getGroupsMap().set(options.ordererAuthority.mspId, organisationGroup(options.ordererAuthority));
  ordering.getPoliciesMap().set('Admins', implicit('Admins', 'MAJORITY'));
  const consensus = new orderer.ConsensusType();
  consensus.setType(options.consensus);
  setValue(ordering, 'ConsensusType', consensus.serializeBinary());
  if (options.consensus === 'BFT') setConsenters(ordering, options.orderers);
  else ordering.getPoliciesMap().set('BlockValidation', implicit('Writers', 'ANY'));
  const root = group();
  root.getGroupsMap().set('Application', application);
  root.getGroupsMap().set('Orderer', ordering);
  root.getPoliciesMap().set('Admins', implicit('Admins', 'MAJORITY'));
  return root;
}

/** As configtxgen does: the orderers by number, and a policy of a quorum of their very certificates. */
function setConsenters(ordering: Group, signers: readonly Signer[]): void {
  const orderers = new common.Orderers();
  orderers.setConsenterMappingList(
    signers.map((signer, i) => {
      const consenter = new common.Consenter();
      consenter.setId(i + 1);
      consenter.setMspId(signer.mspId);
      consenter.setIdentity(Buffer.from(signer.pem));
      return consenter;
    }),
  );
  setValue(ordering, 'Orderers', orderers.serializeBinary());
  const principals = signers.map(({ identity }) => {
    const principal = new msp.MSPPrincipal();
    principal.setPrincipalClassification(msp.MSPPrincipal.Classification.IDENTITY);
    principal.setPrincipal(identity);
    return principal;
  });
  const faulty = Math.floor((signers.length - 1) / 3);
  const quorum = Math.ceil((signers.length + faulty + 1) / 2);
  const policy = configPolicy(common.Policy.PolicyType.SIGNATURE, signaturePolicy(quorum, principals));
  ordering.getPoliciesMap().set('BlockValidation', policy);
}

/** The configuration after a change, and the update that makes it: whole trees, in which the changed items count up. */
function updated(before: InstanceType<typeof common.Config>, change: (root: Group) => void) {
  const old = before.getChannelGroup()!;
  const root = common.ConfigGroup.deserializeBinary(old.serializeBinary());
  change(root);
  const config = new common.Config();
  config.setSequence(before.getSequence() + 1);
  config.setChannelGroup(root);
  const update = new common.ConfigUpdate();
  update.setChannelId(CHANNEL);
  update.setReadSet(old);
  update.setWriteSet(root);
  return { update, config };
}

/** Sets a value of an organisation, whose version counts up. */
export function setOrganisationValue(
  root: Group,
  mspId: string,
  bytes: Uint8Array,
  section: 'Application' | 'Orderer' = 'Application',
): void {
  const values = root.getGroupsMap().get(section)!.getGroupsMap().get(mspId)!.getValuesMap();
  const value = values.get('MSP')!;
  value.setVersion(value.getVersion() + 1);
  value.setValue(bytes);
}
