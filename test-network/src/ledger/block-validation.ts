/**
 * What every Fabric peer asks of a transaction before it looks at versions: form, creator, transaction id,
 * duplicates, and endorsements (the chaincode's policy, collections' and keys' own policies). One validation
 * code per transaction.
 */
import { common, peer } from '../fabric-protos.ts';
import type { Membership, SignedData } from '../msp/identity.ts';
import { endorsementPolicy, outOfRoles, type SignaturePolicyEnvelope } from '../policy/policy-text.ts';
import { parsePolicyBytes, satisfiesPolicy } from '../policy/signature-policy.ts';
import { LIFECYCLE, readDefinition } from './chaincode-definition.ts';
import { ownerOfImplicitCollection } from './implicit-collection.ts';
import { decodeMetadata, VALIDATION_PARAMETER } from './key-metadata.ts';
import { sha256 } from './sha256.ts';
import type { StateReader } from './state-reader.ts';
import {
  type NamespaceReadWriteSet,
  parseHeader,
  parseReadWriteSet,
  parseTransaction,
} from './transaction.ts';

export const { TxValidationCode: Code } = peer;
export type ValidationCode = (typeof Code)[keyof typeof Code];

export interface CheckedTransaction {
  /** As the header claims it, even when the transaction is invalid; "" when there is no header. */
  readonly txId: string;
  readonly code: ValidationCode;
  /** Present when the code is VALID. */
  readonly sets: readonly NamespaceReadWriteSet[] | undefined;
}

export interface ValidationContext {
  readonly channel: string;
  readonly membership: Membership;
  /** The organisations of the application; the orderer's is not among them. */
  readonly mspIds: readonly string[];
  readonly reader: StateReader;
}

/** Codes before conflicts: what Fabric's validator and its endorsement checks decide. */
export function validateBlock(
  envelopes: readonly Uint8Array[],
  context: ValidationContext,
): CheckedTransaction[] {
  const policies = new KeyPolicies(context.reader);
  const seen = new Set<string>();
  return envelopes.map((bytes) => {
    const checked = validateTransaction(bytes, context, policies);
    if (checked.code === Code.VALID && checked.txId !== '') {
      if (seen.has(checked.txId)) return { ...checked, code: Code.DUPLICATE_TXID, sets: undefined };
      seen.add(checked.txId);
    }
    return checked;
  });
}

function validateTransaction(
  bytes: Uint8Array,
  context: ValidationContext,
  policies: KeyPolicies,
): CheckedTransaction {
  let txId = '';
  const failed = (code: ValidationCode): CheckedTransaction => ({ txId, code, sets: undefined });
  let envelope: InstanceType<typeof common.Envelope>;
  try {
    envelope = common.Envelope.deserializeBinary(bytes);
  } catch {
    return failed(Code.INVALID_OTHER_REASON);
  }
  let payload: InstanceType<typeof common.Payload>;
  try {
    payload = common.Payload.deserializeBinary(envelope.getPayload_asU8());
  } catch {
    return failed(Code.BAD_PAYLOAD);
  }
  let header: ReturnType<typeof parseHeader>;
  try {
    header = parseHeader(payload.getHeader());
  } catch {
    return failed(Code.BAD_COMMON_HEADER);
  }
  const { channelHeader, signatureHeader } = header;
  txId = channelHeader.getTxId();
  const type = channelHeader.getType();
  const known: number[] = [
    common.HeaderType.ENDORSER_TRANSACTION,
    common.HeaderType.CONFIG_UPDATE,
    common.HeaderType.CONFIG,
  ];
  const nonce = signatureHeader.getNonce_asU8();
  const creator = signatureHeader.getCreator_asU8();
  if (!known.includes(type) || channelHeader.getEpoch() !== 0 || !nonce.length || !creator.length) {
    return failed(Code.BAD_COMMON_HEADER);
  }
  if (channelHeader.getChannelId() !== context.channel || !creatorSigned(envelope, creator, context)) {
    return failed(Code.BAD_CREATOR_SIGNATURE);
  }
  if (type !== common.HeaderType.ENDORSER_TRANSACTION) return failed(Code.UNSUPPORTED_TX_PAYLOAD);
  if (txId !== sha256(nonce, creator).toString('hex')) return failed(Code.BAD_PROPOSAL_TXID);
  if (!isWellFormed(payload)) return failed(Code.INVALID_ENDORSER_TRANSACTION);
  if (context.reader.transaction(txId)) return failed(Code.DUPLICATE_TXID);
  const { code, sets } = validateAction(bytes, context, policies);
  return { txId, code, sets: code === Code.VALID ? sets : undefined };
}

function creatorSigned(
  envelope: InstanceType<typeof common.Envelope>,
  creator: Uint8Array,
  { membership }: ValidationContext,
): boolean {
  try {
    const identity = membership.deserialize(creator);
    if (identity.invalidBecause) return false;
    return identity.verify(envelope.getPayload_asU8(), envelope.getSignature_asU8());
  } catch {
    return false;
  }
}

/** One action, whose proposal hash binds what was endorsed to what was proposed. */
function isWellFormed(payload: InstanceType<typeof common.Payload>): boolean {
  try {
    const transaction = peer.Transaction.deserializeBinary(payload.getData_asU8());
    const actions = transaction.getActionsList();
    const [action] = actions;
    if (!action || actions.length !== 1) return false;
    const signatureHeader = common.SignatureHeader.deserializeBinary(action.getHeader_asU8());
    if (!signatureHeader.getNonce_asU8().length || !signatureHeader.getCreator_asU8().length) return false;
    const actionPayload = peer.ChaincodeActionPayload.deserializeBinary(action.getPayload_asU8());
    const response = peer.ProposalResponsePayload.deserializeBinary(
      actionPayload.getAction()!.getProposalResponsePayload_asU8(),
    );
    const hash = sha256(
      payload.getHeader()!.getChannelHeader_asU8(),
      action.getHeader_asU8(),
      actionPayload.getChaincodeProposalPayload_asU8(),
    );
    return hash.equals(response.getProposalHash_asU8());
  } catch {
    return false;
  }
}

function validateAction(
  bytes: Uint8Array,
  context: ValidationContext,
  policies: KeyPolicies,
): { code: ValidationCode; sets: NamespaceReadWriteSet[] } {
  const failed = (code: ValidationCode) => ({ code, sets: [] });
  let transaction: ReturnType<typeof parseTransaction>;
  try {
    transaction = parseTransaction(bytes);
  } catch {
    return failed(Code.BAD_RESPONSE_PAYLOAD);
  }
  let sets: NamespaceReadWriteSet[];
  try {
    sets = parseReadWriteSet(transaction.results);
  } catch {
    return failed(Code.BAD_RWSET);
  }
  const chaincodeId = transaction.action.getChaincodeId();
  if (transaction.headerChaincode === undefined || !chaincodeId) return failed(Code.INVALID_OTHER_REASON);
  const name = transaction.headerChaincode;
  if (name === '' || name !== chaincodeId.getName() || chaincodeId.getVersion() === '') {
    return failed(Code.INVALID_CHAINCODE);
  }
  if (transaction.event && transaction.event.getChaincodeId() !== name) {
    return failed(Code.INVALID_OTHER_REASON);
  }
  if (new Set(sets.map((set) => set.ns)).size !== sets.length) return failed(Code.ILLEGAL_WRITESET);
  const written = new Set([name, ...sets.filter(writes).map((set) => set.ns)]);
  const signatures = transaction.endorsements.map((endorsement) => ({
    data: Buffer.concat([transaction.proposalResponsePayload, endorsement.getEndorser_asU8()]),
    identity: endorsement.getEndorser_asU8(),
    signature: endorsement.getSignature_asU8(),
  }));
  const accepted: NamespaceReadWriteSet[] = [];
  let code: ValidationCode = Code.VALID;
  for (const ns of written) {
    const policy = namespacePolicy(ns, context);
    if (!policy) return failed(Code.INVALID_CHAINCODE);
    const set = sets.find((candidate) => candidate.ns === ns);
    const check = new EndorsementCheck({ ns, policy, signatures, context, policies });
    if (!check.holds(set)) {
      code = Code.ENDORSEMENT_POLICY_FAILURE;
      break;
    }
    if (set) accepted.push(set);
  }
  // Fabric judges namespace by namespace: those that passed already count as changing their keys' policies.
  for (const set of accepted) policies.noteChanges(set);
  return { code, sets };
}

function namespacePolicy(ns: string, context: ValidationContext): SignaturePolicyEnvelope | undefined {
  if (ns === LIFECYCLE) return endorsementPolicy('MAJORITY', context.mspIds);
  return readDefinition(context.reader, ns, context.mspIds)?.policy;
}

function writes(set: NamespaceReadWriteSet): boolean {
  return (
    set.kv.getWritesList().length > 0 ||
    set.kv.getMetadataWritesList().length > 0 ||
    set.collections.some(
      ({ hashed }) => hashed.getHashedWritesList().length > 0 || hashed.getMetadataWritesList().length > 0,
    )
  );
}

/** Keys whose own policy an earlier transaction of this block changed: nobody may write them any more. */
class KeyPolicies {
  readonly #reader: StateReader;
  readonly #changed = new Set<string>();

  constructor(reader: StateReader) {
    this.#reader = reader;
  }

  noteChanges({ ns, kv, collections }: NamespaceReadWriteSet): void {
    for (const write of kv.getMetadataWritesList()) {
      this.#changed.add(JSON.stringify([ns, '', write.getKey()]));
    }
    for (const { coll, hashed } of collections) {
      for (const write of hashed.getMetadataWritesList()) {
        this.#changed.add(JSON.stringify([ns, coll, hex(write.getKeyHash_asU8())]));
      }
    }
  }

  changedInBlock(ns: string, coll: string, key: string | Uint8Array): boolean {
    return this.#changed.has(JSON.stringify([ns, coll, typeof key === 'string' ? key : hex(key)]));
  }

  policyOf(ns: string, coll: string, key: string | Uint8Array): Uint8Array | undefined {
    const found = typeof key === 'string' ? this.#reader.state(ns, key) : this.#reader.hashed(ns, coll, key);
    const policy = decodeMetadata(found?.metadata).get(VALIDATION_PARAMETER);
    return policy && policy.length > 0 ? policy : undefined;
  }
}

class EndorsementCheck {
  readonly #options: CheckOptions;
  readonly #checked = new Set<string>();
  #anyChecked = false;

  constructor(options: CheckOptions) {
    this.#options = options;
  }

  holds(set: NamespaceReadWriteSet | undefined): boolean {
    if (set) {
      const { kv, collections } = set;
      const publicKeys = [...kv.getWritesList(), ...kv.getMetadataWritesList()].map((write) =>
        write.getKey(),
      );
      if (!publicKeys.every((key) => this.#keyHolds('', key))) return false;
      for (const { coll, hashed } of collections) {
        const hashes = [...hashed.getHashedWritesList(), ...hashed.getMetadataWritesList()];
        if (!hashes.every((write) => this.#keyHolds(coll, write.getKeyHash_asU8()))) return false;
      }
    }
    return this.#anyChecked || this.#satisfied(this.#options.policy);
  }

  #keyHolds(coll: string, key: string | Uint8Array): boolean {
    const { ns, policies } = this.#options;
    if (policies.changedInBlock(ns, coll, key)) return false;
    const own = policies.policyOf(ns, coll, key);
    if (!own) return this.#namespaceHolds(coll);
    try {
      if (!this.#satisfied(parsePolicyBytes(own))) return false;
    } catch {
      return false;
    }
    this.#anyChecked = true;
    return true;
  }

  #namespaceHolds(coll: string): boolean {
    const { policy, context } = this.#options;
    if (this.#checked.has(coll)) return true;
    const owner = coll === '' ? undefined : ownerOfImplicitCollection(coll);
    if (coll !== '' && (owner === undefined || !context.mspIds.includes(owner))) return false;
    const applicable = owner === undefined ? policy : outOfRoles(1, 'peer', [owner]);
    if (!this.#satisfied(applicable)) return false;
    this.#checked.add(coll);
    this.#anyChecked = true;
    return true;
  }

  #satisfied(policy: SignaturePolicyEnvelope): boolean {
    return satisfiesPolicy(this.#options.context.membership, policy, this.#options.signatures);
  }
}

interface CheckOptions {
  readonly ns: string;
  readonly policy: SignaturePolicyEnvelope;
  readonly signatures: readonly SignedData[];
  readonly context: ValidationContext;
  readonly policies: KeyPolicies;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
