// What a ceremony asks of Fabric: blocks of the channel from one's own peer or an orderer, and whether an orderer takes
// an envelope. The one door to gRPC of this package.
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import grpc from '@grpc/grpc-js';
import fabricProtos from '@hyperledger/fabric-protos';
import timestamps from 'google-protobuf/google/protobuf/timestamp_pb.js';
import { readKey, type SigningIdentity, serializedIdentity, signBytes } from './ceremony-signatures.ts';
import { sha256 } from './digests.ts';

const { common, gateway, google, orderer, peer } = fabricProtos;
type Envelope = InstanceType<typeof common.Envelope>;

/** A peer or an orderer, as one reaches it. */
export interface FabricNode {
  /** 'peer.alpha.example:7051'. */
  readonly address: string;
  /** PEM of the authorities of its TLS certificate. */
  readonly tlsRoots: string;
}

/** A node did not answer, or not with what it was asked for. */
export class FabricNodeError extends Error {
  override readonly name = 'FabricNodeError';
  /** Whether the node answered, and refused who asked; otherwise it failed, or did not answer. */
  readonly refuses: boolean;

  constructor(
    message: string,
    { refuses = false, ...options }: ErrorOptions & { readonly refuses?: boolean } = {},
  ) {
    super(message, options);
    this.refuses = refuses;
  }
}

const ANSWER_MS = 30_000;
const CONNECTIONS = 3;
const CONNECT_AGAIN_MS = 500;
const CHANNEL_OPTIONS = { 'grpc.max_receive_message_length': 100 * 1024 * 1024 };

function connectionTo({ address, tlsRoots }: FabricNode) {
  return [address, grpc.credentials.createSsl(Buffer.from(tlsRoots)), CHANNEL_OPTIONS] as const;
}

/** An envelope of a channel, signed by one who sends it. */
export function signedEnvelope(
  identity: SigningIdentity,
  content: { readonly channel: string; readonly type: number; readonly data: Uint8Array },
): Envelope {
  const channelHeader = new common.ChannelHeader();
  channelHeader.setType(content.type);
  channelHeader.setChannelId(content.channel);
  const timestamp = new timestamps.Timestamp();
  timestamp.fromDate(new Date());
  channelHeader.setTimestamp(timestamp);
  const signer = new common.SignatureHeader();
  signer.setCreator(serializedIdentity(identity));
  signer.setNonce(randomBytes(24));
  const header = new common.Header();
  header.setChannelHeader(channelHeader.serializeBinary());
  header.setSignatureHeader(signer.serializeBinary());
  const payload = new common.Payload();
  payload.setHeader(header);
  payload.setData(content.data);
  const bytes = payload.serializeBinary();
  const envelope = new common.Envelope();
  envelope.setPayload(bytes);
  envelope.setSignature(signBytes(readKey(identity), bytes));
  return envelope;
}

/** Who asks for blocks of which channel. */
export interface Asking {
  readonly channel: string;
  readonly identity: SigningIdentity;
}

/**
 * A block of one's own peer, by its number or the newest. A connection that fails is tried again: a peer gives a
 * handshake five seconds, which a busy machine can miss.
 *
 * @throws FabricNodeError
 */
export async function fetchBlock(
  node: FabricNode,
  which: number | 'newest',
  asking: Asking,
): Promise<Uint8Array> {
  for (let left = CONNECTIONS; ; left--) {
    try {
      return await fetchOnce(node, which, asking);
    } catch (error) {
      if (codeOf(error) !== grpc.status.UNAVAILABLE || left === 1) throw error;
    }
    await sleep(CONNECT_AGAIN_MS);
  }
}

const codeOf = (error: unknown): number | undefined =>
  (error as { readonly cause?: Partial<grpc.ServiceError> }).cause?.code;

async function fetchOnce(node: FabricNode, which: number | 'newest', asking: Asking): Promise<Uint8Array> {
  const position = new orderer.SeekPosition();
  if (which === 'newest') position.setNewest(new orderer.SeekNewest());
  else {
    const specified = new orderer.SeekSpecified();
    specified.setNumber(which);
    position.setSpecified(specified);
  }
  const seek = new orderer.SeekInfo();
  seek.setStart(position);
  seek.setStop(position);
  seek.setBehavior(orderer.SeekInfo.SeekBehavior.FAIL_IF_NOT_READY);
  const { identity, channel } = asking;
  const type = common.HeaderType.DELIVER_SEEK_INFO;
  const envelope = signedEnvelope(identity, { channel, type, data: seek.serializeBinary() });
  const client = new peer.DeliverClient(...connectionTo(node));
  try {
    const answer = await firstAnswer(node, () => client.deliver(null, deadline()), envelope);
    const block = answer.getBlock();
    if (block !== undefined) return block.serializeBinary();
    const status = answer.getStatus();
    throw new FabricNodeError(`${node.address} gives no block of ${channel}: ${statusInWords(status)}`, {
      refuses: status === FORBIDDEN,
    });
  } finally {
    client.close();
  }
}

/** What an orderer says of an envelope. */
export interface BroadcastAnswer {
  readonly isTaken: boolean;
  /** 'bad request', and the orderer's own words. */
  readonly words: string;
}

/** @throws FabricNodeError where the orderer does not answer */
export async function broadcast(node: FabricNode, envelope: Envelope): Promise<BroadcastAnswer> {
  const client = new orderer.AtomicBroadcastClient(...connectionTo(node));
  try {
    const answer = await firstAnswer(node, () => client.broadcast(null, deadline()), envelope);
    const info = answer.getInfo();
    const status = statusInWords(answer.getStatus());
    return { isTaken: answer.getStatus() === 200, words: info === '' ? status : `${status}: ${info}` };
  } finally {
    client.close();
  }
}

const FORBIDDEN = 403;
const deadline = () => ({ deadline: Date.now() + ANSWER_MS });

const STATUS: Readonly<Record<number, string>> = {
  200: 'taken',
  400: 'it is no valid request',
  403: 'the sender may not do this',
  404: 'it is not there',
  413: 'it is too large',
  500: 'it failed there',
  503: 'there is no leader, or no quorum',
};
const statusInWords = (status: number): string => STATUS[status] ?? `status ${status}`;

function firstAnswer<Answer>(
  node: FabricNode,
  open: () => grpc.ClientDuplexStream<Envelope, Answer>,
  envelope: Envelope,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = open();
    const failed = (cause?: Error) =>
      reject(
        new FabricNodeError(`${node.address} does not answer: ${cause?.message ?? 'it closed the call'}`, {
          cause,
        }),
      );
    stream.on('data', resolve);
    stream.on('error', failed);
    stream.on('end', failed);
    stream.write(envelope);
    stream.end();
  });
}

/** A transaction of a chaincode, as the own peer's gateway has it endorsed and ordered. */
export interface Call {
  readonly chaincode: string;
  readonly function: string;
  readonly argument: Uint8Array;
  /** Whose peers endorse; those that the policy asks for where absent. */
  readonly organisations?: readonly string[];
}

/** What the own peer answers, without a transaction. @throws FabricNodeError */
export async function evaluate(node: FabricNode, call: Call, asking: Asking): Promise<Uint8Array> {
  const { transactionId, proposal } = signedProposal(call, asking);
  const request = new gateway.EvaluateRequest();
  request.setTransactionId(transactionId);
  request.setChannelId(asking.channel);
  request.setProposedTransaction(proposal);
  request.setTargetOrganizationsList([...(call.organisations ?? [])]);
  return withGateway(node, async (client) => {
    const answer = await unary<InstanceType<typeof gateway.EvaluateResponse>>(node, (done) =>
      client.evaluate(request, new grpc.Metadata(), deadline(), done),
    );
    return answer.getResult()?.getPayload_asU8() ?? new Uint8Array();
  });
}

/** How long a transaction may take to be ordered: orderers that were restarted in turn choose leaders for minutes. */
const ORDERED_WITHIN_MS = 180_000;
const SEND_AGAIN_AFTER_MS = 20_000;

/** How long is waited, for tests. */
export interface Patience {
  readonly orderedWithinMs?: number;
  readonly sendAgainAfterMs?: number;
}

/** A transaction that peers endorsed and its sender signed, and that no orderer has yet. */
export interface EndorsedTransaction {
  readonly transactionId: string;
  readonly envelope: Envelope;
}

/** @throws FabricNodeError */
export async function endorse(node: FabricNode, call: Call, asking: Asking): Promise<EndorsedTransaction> {
  const { transactionId, proposal } = signedProposal(call, asking);
  const request = new gateway.EndorseRequest();
  request.setTransactionId(transactionId);
  request.setChannelId(asking.channel);
  request.setProposedTransaction(proposal);
  request.setEndorsingOrganizationsList([...(call.organisations ?? [])]);
  return withGateway(node, async (client) => {
    const endorsed = await unary<InstanceType<typeof gateway.EndorseResponse>>(node, (done) =>
      client.endorse(request, new grpc.Metadata(), deadline(), done),
    );
    const envelope = endorsed.getPreparedTransaction()!;
    envelope.setSignature(signBytes(readKey(asking.identity), envelope.getPayload_asU8()));
    return { transactionId, envelope };
  });
}

/**
 * A transaction that is endorsed, ordered and valid. It is sent again while it is not ordered: a second copy of it
 * changes nothing, for what is called here sets no policy of a row (of one that does, a copy can stop a channel).
 *
 * @returns its id
 * @throws FabricNodeError
 */
export async function transact(
  node: FabricNode,
  call: Call,
  asking: Asking,
  { orderedWithinMs = ORDERED_WITHIN_MS, sendAgainAfterMs = SEND_AGAIN_AFTER_MS }: Patience = {},
): Promise<string> {
  const { transactionId, envelope } = await endorse(node, call, asking);
  const { channel, identity } = asking;
  const key = readKey(identity);
  return withGateway(node, async (client) => {
    const submission = new gateway.SubmitRequest();
    submission.setTransactionId(transactionId);
    submission.setChannelId(channel);
    submission.setPreparedTransaction(envelope);
    const asked = new gateway.CommitStatusRequest();
    asked.setTransactionId(transactionId);
    asked.setChannelId(channel);
    asked.setIdentity(serializedIdentity(identity));
    const signed = new gateway.SignedCommitStatusRequest();
    signed.setRequest(asked.serializeBinary());
    signed.setSignature(signBytes(key, signed.getRequest_asU8()));
    const end = Date.now() + orderedWithinMs;
    const untilSentAgain = () => ({ deadline: Math.min(end, Date.now() + sendAgainAfterMs) });
    let status: InstanceType<typeof gateway.CommitStatusResponse> | undefined;
    while (status === undefined) {
      // Orderers may have taken it all the same: the status says so.
      const taken = await passing(() =>
        unary(node, (done) => client.submit(submission, new grpc.Metadata(), deadline(), done)),
      );
      const known = await passing(() =>
        unary<InstanceType<typeof gateway.CommitStatusResponse>>(node, (done) =>
          client.commitStatus(signed, new grpc.Metadata(), untilSentAgain(), done),
        ),
      );
      status = known.answer;
      if (status === undefined && Date.now() >= end) {
        const seconds = Math.round(orderedWithinMs / 1000);
        const { failure: cause } = taken;
        const why = cause === undefined ? '' : ` (${cause.message})`;
        throw new FabricNodeError(
          `${call.function} of ${call.chaincode} was sent and is not ordered after ${seconds} s${why}. It may still ` +
            'be: look later, and run the command again where it is not',
          { cause },
        );
      }
      if (status === undefined) await sleep(CONNECT_AGAIN_MS);
    }
    if (status.getResult() !== 0) {
      throw new FabricNodeError(
        `${call.function} of ${call.chaincode} is not valid: code ${status.getResult()}`,
      );
    }
    return transactionId;
  });
}

/**
 * What a node that is there for a moment only, or has no orderer for one, may answer later. A server now and then
 * answers CANCELLED at the moment of the caller's own deadline.
 */
const PASSING = new Set<number | undefined>([
  grpc.status.CANCELLED,
  grpc.status.UNAVAILABLE,
  grpc.status.DEADLINE_EXCEEDED,
  grpc.status.ABORTED,
]);

/** The answer, or a failure that passes. @throws any other */
async function passing<T>(
  work: () => Promise<T>,
): Promise<{ readonly answer?: T; readonly failure?: FabricNodeError }> {
  try {
    return { answer: await work() };
  } catch (error) {
    if (error instanceof FabricNodeError && PASSING.has(codeOf(error))) return { failure: error };
    throw error;
  }
}

async function withGateway<T>(
  node: FabricNode,
  work: (client: InstanceType<typeof gateway.GatewayClient>) => Promise<T>,
): Promise<T> {
  const client = new gateway.GatewayClient(...connectionTo(node));
  try {
    return await work(client);
  } finally {
    client.close();
  }
}

function unary<Answer>(
  node: FabricNode,
  call: (done: (error: grpc.ServiceError | null, answer?: Answer) => void) => unknown,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    call((error, answer) => {
      if (error === null && answer !== undefined) return resolve(answer);
      const said = error === null ? 'it answers nothing' : `${error.details}${detailsIn(error)}`;
      reject(new FabricNodeError(`${node.address}: ${said}`, { cause: error }));
    });
  });
}

/** What each peer said, which the gateway puts beside its own words. */
function detailsIn({ metadata }: grpc.ServiceError): string {
  return metadata
    .get('grpc-status-details-bin')
    .flatMap((bytes) => google.rpc.Status.deserializeBinary(Buffer.from(bytes as Buffer)).getDetailsList())
    .map((detail) => gateway.ErrorDetail.deserializeBinary(detail.getValue_asU8()))
    .map((detail) => `; ${detail.getMspId()} says: ${detail.getMessage()}`)
    .join('');
}

function signedProposal(call: Call, { channel, identity }: Asking) {
  const creator = serializedIdentity(identity);
  const nonce = randomBytes(24);
  const transactionId = sha256(Buffer.concat([nonce, creator])).toString('hex');
  const id = new peer.ChaincodeID();
  id.setName(call.chaincode);
  const extension = new peer.ChaincodeHeaderExtension();
  extension.setChaincodeId(id);
  const channelHeader = new common.ChannelHeader();
  channelHeader.setType(common.HeaderType.ENDORSER_TRANSACTION);
  channelHeader.setChannelId(channel);
  channelHeader.setTxId(transactionId);
  channelHeader.setExtension$(extension.serializeBinary());
  const timestamp = new timestamps.Timestamp();
  timestamp.fromDate(new Date());
  channelHeader.setTimestamp(timestamp);
  const signer = new common.SignatureHeader();
  signer.setCreator(creator);
  signer.setNonce(nonce);
  const header = new common.Header();
  header.setChannelHeader(channelHeader.serializeBinary());
  header.setSignatureHeader(signer.serializeBinary());
  const input = new peer.ChaincodeInput();
  input.setArgsList([Buffer.from(call.function), call.argument]);
  const spec = new peer.ChaincodeSpec();
  spec.setChaincodeId(id);
  spec.setInput(input);
  const invocation = new peer.ChaincodeInvocationSpec();
  invocation.setChaincodeSpec(spec);
  const payload = new peer.ChaincodeProposalPayload();
  payload.setInput(invocation.serializeBinary());
  const made = new peer.Proposal();
  made.setHeader(header.serializeBinary());
  made.setPayload(payload.serializeBinary());
  const bytes = made.serializeBinary();
  const proposal = new peer.SignedProposal();
  proposal.setProposalBytes(bytes);
  proposal.setSignature(signBytes(readKey(identity), bytes));
  return { transactionId, proposal };
}
