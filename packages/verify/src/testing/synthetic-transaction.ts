// One transaction made by Fabric's own generated messages, for tests: proposed, endorsed, and in its envelope.
import { randomBytes } from 'node:crypto';
import fabricProtos from '@hyperledger/fabric-protos';
import { hex, sha256 } from '../wire/digests.ts';
import type { Signer } from './test-authority.ts';

const { common, ledger, msp, peer } = fabricProtos;
const { kvrwset } = ledger.rwset;

export const CHANNEL = 'consortium';
export const CHAINCODE = 'consilium';

export interface Row {
  readonly key: string;
  readonly value?: string;
  readonly policyOf?: readonly string[];
  /** A policy in its bytes, where it is not one of all these. */
  readonly policy?: Uint8Array;
  readonly isDeleted?: boolean;
  /** What was read of it. */
  readonly version?: { readonly block: number; readonly place: number };
}

/** A range of keys that was read, with what was read there: a digest of it where that is left out. */
export interface RangeOfRows {
  readonly start: string;
  readonly end: string;
  readonly reads?: readonly Row[];
}

/** Whoever signs as itself. */
export type Endorser = Pick<Signer, 'identity' | 'sign'>;

/** One transaction: of our chaincode, from the first organisation's client, where nothing else is said. */
export interface Transaction {
  readonly rows: readonly Row[];
  readonly endorsers: readonly Endorser[];
  readonly sender?: Signer;
  readonly chaincode?: string;
  readonly ranges?: readonly RangeOfRows[];
  /** Rows of the lifecycle that its peers read, as Fabric's do to find a chaincode's definition. */
  readonly definition?: readonly Row[];
  /** What the chaincode answered. */
  readonly response?: string;
  /** The function and its arguments. */
  readonly input?: readonly string[];
  /** Since 1970, as the sender says. */
  readonly seconds?: number;
  readonly nonce?: Uint8Array;
  /** Endorsers that nobody is, in bytes: whoever sends a transaction may add them. */
  readonly alsoEndorsedBy?: readonly Uint8Array[];
}

export function signatureHeader(signer: Signer): Uint8Array {
  const header = new common.SignatureHeader();
  header.setCreator(signer.identity);
  header.setNonce(randomBytes(24));
  return header.serializeBinary();
}

export function wrap(type: number, data: Uint8Array): Uint8Array {
  const channelHeader = new common.ChannelHeader();
  channelHeader.setType(type);
  channelHeader.setChannelId(CHANNEL);
  const header = new common.Header();
  header.setChannelHeader(channelHeader.serializeBinary());
  header.setSignatureHeader(new common.SignatureHeader().serializeBinary());
  const payload = new common.Payload();
  payload.setHeader(header);
  payload.setData(data);
  const envelope = new common.Envelope();
  envelope.setPayload(payload.serializeBinary());
  return envelope.serializeBinary();
}

/** In its envelope, as orderers take it. */
export function transactionOf(options: Transaction & { readonly sender: Signer }): Uint8Array {
  const { rows, endorsers, sender, chaincode = CHAINCODE, ranges = [], input = [], seconds = 0 } = options;
  const signed = new common.SignatureHeader();
  const nonce = options.nonce ?? randomBytes(24);
  signed.setCreator(sender.identity);
  signed.setNonce(nonce);
  const id = new peer.ChaincodeID();
  id.setName(chaincode);
  id.setVersion('1');
  const extension = new peer.ChaincodeHeaderExtension();
  extension.setChaincodeId(id);
  const channelHeader = new common.ChannelHeader();
  channelHeader.setType(common.HeaderType.ENDORSER_TRANSACTION);
  channelHeader.setChannelId(CHANNEL);
  channelHeader.setTxId(hex(sha256(nonce, sender.identity)));
  channelHeader.setTimestamp(timeOf(seconds));
  channelHeader.setExtension$(extension.serializeBinary());
  const [channelBytes, signedBytes] = [channelHeader.serializeBinary(), signed.serializeBinary()];
  const proposal = proposalOf(input);
  const result = new peer.ChaincodeAction();
  result.setResults(resultsOf(chaincode, rows, { ranges, definition: options.definition ?? [] }));
  result.setChaincodeId(id);
  if (options.response !== undefined) {
    const said = new peer.Response();
    said.setStatus(200);
    said.setPayload(Buffer.from(options.response, 'utf8'));
    result.setResponse(said);
  }
  const response = new peer.ProposalResponsePayload();
  response.setProposalHash(sha256(channelBytes, signedBytes, proposal));
  response.setExtension$(result.serializeBinary());
  const answered = response.serializeBinary();
  const endorsed = new peer.ChaincodeEndorsedAction();
  endorsed.setProposalResponsePayload(answered);
  const endorsements = endorsers.map((endorser) => ({
    identity: endorser.identity,
    signature: endorser.sign(answered, endorser.identity),
  }));
  const others = (options.alsoEndorsedBy ?? []).map((identity) => ({ identity, signature: identity }));
  endorsed.setEndorsementsList(
    [...endorsements, ...others].map(({ identity, signature }) => {
      const endorsement = new peer.Endorsement();
      endorsement.setEndorser(identity);
      endorsement.setSignature(signature);
      return endorsement;
    }),
  );
  const actionPayload = new peer.ChaincodeActionPayload();
  actionPayload.setChaincodeProposalPayload(proposal);
  actionPayload.setAction(endorsed);
  const action = new peer.TransactionAction();
  action.setHeader(signedBytes);
  action.setPayload(actionPayload.serializeBinary());
  const transaction = new peer.Transaction();
  transaction.setActionsList([action]);
  const header = new common.Header();
  header.setChannelHeader(channelBytes);
  header.setSignatureHeader(signedBytes);
  const payload = new common.Payload();
  payload.setHeader(header);
  payload.setData(transaction.serializeBinary());
  const envelope = new common.Envelope();
  const bytes = payload.serializeBinary();
  envelope.setPayload(bytes);
  envelope.setSignature(sender.sign(bytes));
  return envelope.serializeBinary();
}

/** Taken out of a header with an empty one: the class comes with a package that is not ours to import. */
function timeOf(seconds: number) {
  const time = common.ChannelHeader.deserializeBinary(Uint8Array.of(0x1a, 0)).getTimestamp()!;
  time.setSeconds(seconds);
  return time;
}

function proposalOf(input: readonly string[]): Uint8Array {
  const arguments_ = new peer.ChaincodeInput();
  arguments_.setArgsList(input.map((one) => Buffer.from(one, 'utf8')));
  const spec = new peer.ChaincodeSpec();
  spec.setInput(arguments_);
  const invocation = new peer.ChaincodeInvocationSpec();
  invocation.setChaincodeSpec(spec);
  const proposal = new peer.ChaincodeProposalPayload();
  proposal.setInput(invocation.serializeBinary());
  return proposal.serializeBinary();
}

function readOf({ key, version }: Row): InstanceType<typeof kvrwset.KVRead> {
  const read = new kvrwset.KVRead();
  read.setKey(key);
  if (version === undefined) return read;
  const of = new kvrwset.Version();
  of.setBlockNum(version.block);
  of.setTxNum(version.place);
  read.setVersion(of);
  return read;
}

function rangeOf({ start, end, reads }: RangeOfRows): InstanceType<typeof kvrwset.RangeQueryInfo> {
  const range = new kvrwset.RangeQueryInfo();
  range.setStartKey(start);
  range.setEndKey(end);
  range.setItrExhausted(true);
  if (reads === undefined) range.setReadsMerkleHashes(new kvrwset.QueryReadsMerkleSummary());
  else {
    const raw = new kvrwset.QueryReads();
    raw.setKvReadsList(reads.map(readOf));
    range.setRawReads(raw);
  }
  return range;
}

function resultsOf(
  chaincode: string,
  rows: readonly Row[],
  { ranges, definition }: Required<Pick<Transaction, 'ranges' | 'definition'>>,
): Uint8Array {
  const set = new kvrwset.KVRWSet();
  set.setRangeQueriesInfoList(ranges.map(rangeOf));
  for (const row of rows) {
    const { key, value, policyOf, policy, isDeleted = false } = row;
    set.addReads(readOf(row));
    if (value !== undefined) {
      const write = new kvrwset.KVWrite();
      write.setKey(key);
      write.setValue(Buffer.from(value, 'latin1'));
      set.addWrites(write);
    }
    if (isDeleted) {
      const write = new kvrwset.KVWrite();
      write.setKey(key);
      write.setIsDelete(true);
      set.addWrites(write);
    }
    if (policyOf !== undefined || policy !== undefined) {
      const entry = new kvrwset.KVMetadataEntry();
      entry.setName('VALIDATION_PARAMETER');
      entry.setValue(policy ?? rolePolicy(policyOf!.length, policyOf!, 'PEER').serializeBinary());
      const write = new kvrwset.KVMetadataWrite();
      write.setKey(key);
      write.setEntriesList([entry]);
      set.addMetadataWrites(write);
    }
  }
  const named = new ledger.rwset.NsReadWriteSet();
  named.setNamespace(chaincode);
  named.setRwset(set.serializeBinary());
  const all = new ledger.rwset.TxReadWriteSet();
  all.setNsRwsetList([...definition.slice(0, 1).map(() => readOnly('_lifecycle', definition)), named]);
  return all.serializeBinary();
}

function readOnly(namespace: string, rows: readonly Row[]) {
  const set = new kvrwset.KVRWSet();
  set.setReadsList(rows.map(readOf));
  const named = new ledger.rwset.NsReadWriteSet();
  named.setNamespace(namespace);
  named.setRwset(set.serializeBinary());
  return named;
}

export type Role = keyof typeof msp.MSPRole.MSPRoleType;

export function rolePolicy(least: number, mspIds: readonly string[], role: Role) {
  return signaturePolicy(
    least,
    mspIds.map((mspId) => {
      const message = new msp.MSPRole();
      message.setMspIdentifier(mspId);
      message.setRole(msp.MSPRole.MSPRoleType[role]);
      const principal = new msp.MSPPrincipal();
      principal.setPrincipalClassification(msp.MSPPrincipal.Classification.ROLE);
      principal.setPrincipal(message.serializeBinary());
      return principal;
    }),
  );
}

export function signaturePolicy(least: number, principals: InstanceType<typeof msp.MSPPrincipal>[]) {
  const outOf = new common.SignaturePolicy.NOutOf();
  outOf.setN(least);
  outOf.setRulesList(
    principals.map((_, i) => {
      const rule = new common.SignaturePolicy();
      rule.setSignedBy(i);
      return rule;
    }),
  );
  const rule = new common.SignaturePolicy();
  rule.setNOutOf(outOf);
  const envelope = new common.SignaturePolicyEnvelope();
  envelope.setRule(rule);
  envelope.setIdentitiesList(principals);
  return envelope;
}

/** The same envelope as it is before its sender signs it: what peers answered. */
export function unsigned(envelope: Uint8Array): Uint8Array {
  const sent = common.Envelope.deserializeBinary(envelope);
  sent.setSignature('');
  return sent.serializeBinary();
}
