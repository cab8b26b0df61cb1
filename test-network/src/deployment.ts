/**
 * Deploying a chaincode: the definition is committed to the ledger as Fabric's lifecycle commits it (a
 * transaction on `_lifecycle`, endorsed by the organisations' peers), and each organisation's peer learns
 * where its chaincode process listens.
 */
import { randomBytes } from 'node:crypto';
import type { ChaincodeConfig } from './config.ts';
import { common, peer, Timestamp } from './fabric-protos.ts';
import {
  type ChaincodeDefinition,
  definitionWrites,
  LIFECYCLE,
  readDefinition,
} from './ledger/chaincode-definition.ts';
import type { Committer } from './ledger/committer.ts';
import type { LedgerStore } from './ledger/ledger-store.ts';
import { ReadWriteSet } from './ledger/read-write-set.ts';
import { sha256 } from './ledger/sha256.ts';
import type { SigningIdentity } from './msp/signing-identity.ts';
import type { Orderer } from './orderer/orderer.ts';
import { parsePolicy } from './policy/policy-text.ts';

export class DeployError extends Error {
  override readonly name = 'DeployError';
}

export interface DeploymentContext {
  readonly channel: string;
  readonly mspIds: readonly string[];
  readonly store: LedgerStore;
  readonly committer: Committer;
  readonly orderer: Orderer;
  /** An organisation's admin, who sends the transaction. */
  readonly admin: SigningIdentity;
  readonly peers: readonly SigningIdentity[];
}

/** The present sequence when version and policy stay the same, otherwise the next one. */
export function sequenceFor(
  chaincode: Omit<ChaincodeConfig, 'sequence'>,
  { store, mspIds }: Pick<DeploymentContext, 'store' | 'mspIds'>,
): number {
  const current = readDefinition(store.latest, chaincode.name, mspIds);
  if (!current) return 1;
  return isSame(current, chaincode, mspIds) ? current.sequence : current.sequence + 1;
}

function isSame(
  current: ChaincodeDefinition,
  { version, policy }: Pick<ChaincodeConfig, 'version' | 'policy'>,
  mspIds: readonly string[],
): boolean {
  const wanted = parsePolicy(policy, mspIds).serializeBinary();
  return current.version === version && Buffer.from(current.policy.serializeBinary()).equals(wanted);
}

/**
 * Commits the definition unless it is already committed. @returns the block it is in, or undefined when nothing
 * changed. @throws DeployError when the sequence does not follow.
 */
export async function commitDefinition(
  chaincode: ChaincodeConfig,
  context: DeploymentContext,
): Promise<number | undefined> {
  const { store, mspIds } = context;
  const current = readDefinition(store.latest, chaincode.name, mspIds);
  if (current?.sequence === chaincode.sequence && isSame(current, chaincode, mspIds)) return undefined;
  const isDefault = /^\s*MAJORITY(\s+Endorsement)?\s*$/i.test(chaincode.policy);
  const policy = parsePolicy(chaincode.policy, mspIds);
  const next = (current?.sequence ?? 0) + 1;
  if (chaincode.sequence !== next) {
    throw new DeployError(
      `${chaincode.name}: requested sequence is ${chaincode.sequence}, but new definition must be ` +
        `sequence ${next}`,
    );
  }
  const set = new ReadWriteSet();
  for (const [key, value] of definitionWrites({ ...chaincode, policy: isDefault ? undefined : policy })) {
    set.addRead(LIFECYCLE, key, store.latest.state(LIFECYCLE, key)?.version);
    set.addWrite(LIFECYCLE, key, value);
  }
  const { envelope, txId } = lifecycleTransaction(chaincode, set.finish().publicBytes, context);
  const committed = context.committer.status(txId, new AbortController().signal);
  const accepted = context.orderer.broadcast(envelope);
  if (accepted.status !== common.Status.SUCCESS) {
    throw new DeployError(`${chaincode.name}: the orderer refused the definition: ${accepted.info}`);
  }
  const { code, block } = await committed;
  if (code !== peer.TxValidationCode.VALID) {
    throw new DeployError(`${chaincode.name}: the definition was not accepted (validation code ${code})`);
  }
  return block;
}

function lifecycleTransaction(
  chaincode: ChaincodeConfig,
  results: Uint8Array,
  { channel, admin, peers }: DeploymentContext,
): { envelope: InstanceType<typeof common.Envelope>; txId: string } {
  const nonce = randomBytes(24);
  const txId = sha256(nonce, admin.serialized).toString('hex');
  const signatureHeader = new common.SignatureHeader();
  signatureHeader.setCreator(admin.serialized);
  signatureHeader.setNonce(nonce);
  const chaincodeId = new peer.ChaincodeID();
  chaincodeId.setName(LIFECYCLE);
  const extension = new peer.ChaincodeHeaderExtension();
  extension.setChaincodeId(chaincodeId);
  const channelHeader = new common.ChannelHeader();
  channelHeader.setType(common.HeaderType.ENDORSER_TRANSACTION);
  channelHeader.setChannelId(channel);
  channelHeader.setTxId(txId);
  channelHeader.setTimestamp(Timestamp.fromDate(new Date()));
  channelHeader.setExtension$(extension.serializeBinary());
  const header = new common.Header();
  header.setChannelHeader(channelHeader.serializeBinary());
  header.setSignatureHeader(signatureHeader.serializeBinary());
  const proposed = new peer.ChaincodeProposalPayload();
  proposed.setInput(commitInput(chaincode, chaincodeId));
  const proposedBytes = proposed.serializeBinary();
  const response = new peer.Response();
  response.setStatus(200);
  const resultId = new peer.ChaincodeID();
  resultId.setName(LIFECYCLE);
  resultId.setVersion('syscc');
  const action = new peer.ChaincodeAction();
  action.setResults(results);
  action.setResponse(response);
  action.setChaincodeId(resultId);
  const responsePayload = new peer.ProposalResponsePayload();
  responsePayload.setProposalHash(
    sha256(header.getChannelHeader_asU8(), header.getSignatureHeader_asU8(), proposedBytes),
  );
  responsePayload.setExtension$(action.serializeBinary());
  const endorsedBytes = responsePayload.serializeBinary();
  const endorsed = new peer.ChaincodeEndorsedAction();
  endorsed.setProposalResponsePayload(endorsedBytes);
  endorsed.setEndorsementsList(
    peers.map((endorser) => {
      const endorsement = new peer.Endorsement();
      endorsement.setEndorser(endorser.serialized);
      endorsement.setSignature(endorser.sign(Buffer.concat([endorsedBytes, endorser.serialized])));
      return endorsement;
    }),
  );
  const actionPayload = new peer.ChaincodeActionPayload();
  actionPayload.setChaincodeProposalPayload(proposedBytes);
  actionPayload.setAction(endorsed);
  const transactionAction = new peer.TransactionAction();
  transactionAction.setHeader(header.getSignatureHeader_asU8());
  transactionAction.setPayload(actionPayload.serializeBinary());
  const transaction = new peer.Transaction();
  transaction.setActionsList([transactionAction]);
  const payload = new common.Payload();
  payload.setHeader(header);
  payload.setData(transaction.serializeBinary());
  const payloadBytes = payload.serializeBinary();
  const envelope = new common.Envelope();
  envelope.setPayload(payloadBytes);
  envelope.setSignature(admin.sign(payloadBytes));
  return { envelope, txId };
}

function commitInput(
  chaincode: ChaincodeConfig,
  chaincodeId: InstanceType<typeof peer.ChaincodeID>,
): Uint8Array {
  const args = new peer.lifecycle.CommitChaincodeDefinitionArgs();
  args.setName(chaincode.name);
  args.setVersion(chaincode.version);
  args.setSequence(chaincode.sequence);
  args.setEndorsementPlugin('escc');
  args.setValidationPlugin('vscc');
  const input = new peer.ChaincodeInput();
  input.setArgsList([Buffer.from('CommitChaincodeDefinition'), args.serializeBinary()]);
  const spec = new peer.ChaincodeSpec();
  spec.setChaincodeId(chaincodeId);
  spec.setInput(input);
  const invocation = new peer.ChaincodeInvocationSpec();
  invocation.setChaincodeSpec(spec);
  return invocation.serializeBinary();
}
