/**
 * A peer's connection to one chaincode running as a service: the peer dials, the chaincode registers, and
 * then transactions run over the one stream. A chaincode that went away is dialled again by the next
 * transaction
 * (and in the background), so it may start after the network and restart under it.
 */
import { type ClientDuplexStream, credentials } from '@grpc/grpc-js';
import { peer } from '../fabric-protos.ts';
import { MESSAGE_OPTIONS } from '../grpc-options.ts';
import type { StateRequestContext } from './state-requests.ts';
import { answerStateRequest, isStateRequest, messageTypeName } from './state-requests.ts';

const { Type } = peer.ChaincodeMessage;
type Message = InstanceType<typeof peer.ChaincodeMessage>;
type Stream = ClientDuplexStream<Message, Message>;

const DIAL_TIMEOUT_MS = 3_000;
export const EXECUTE_TIMEOUT_MS = 30_000;
export const STREAM_TERMINATED = 'chaincode stream terminated';

export interface ChaincodeTarget {
  readonly name: string;
  /** host:port. */
  readonly address: string;
  /** PEM of the chaincode server's root, when it speaks TLS. */
  readonly tlsRootPem: string | undefined;
  /** The id under which its server has to register; the first one where it is undefined. */
  readonly packageId: string | undefined;
}

export interface Invocation extends StateRequestContext {
  readonly txId: string;
  /** The serialised ChaincodeInput. */
  readonly input: Uint8Array;
  readonly signedProposal: InstanceType<typeof peer.SignedProposal>;
  /** Runs another chaincode within this transaction; resolves with its serialised response message. */
  invoke(spec: InstanceType<typeof peer.ChaincodeSpec>): Promise<Uint8Array>;
}

interface Running {
  readonly invocation: Invocation;
  settle(outcome: Message | Error): void;
}

interface Session {
  readonly stream: Stream;
  readonly client: InstanceType<typeof peer.ChaincodeClient>;
  readonly running: Map<string, Running>;
}

export class ChaincodeConnection {
  readonly target: ChaincodeTarget;
  readonly #keepPackageId: (packageId: string) => void;
  #packageId: string | undefined;
  #refused: string | undefined;
  #session: Session | undefined;
  #dialling: Promise<Session> | undefined;
  #closed = false;

  constructor(target: ChaincodeTarget, keepPackageId: (packageId: string) => void) {
    this.target = target;
    this.#packageId = target.packageId;
    this.#keepPackageId = keepPackageId;
  }

  get packageId(): string | undefined {
    return this.#packageId;
  }

  /** Why the server that answered last is not served. */
  get refused(): string | undefined {
    return this.#refused;
  }

  get ready(): boolean {
    return this.#session !== undefined;
  }

  /** Dials now unless connected. @throws Error when the chaincode does not answer in time. */
  async connect(): Promise<void> {
    await this.#connected();
  }

  /**
   * Runs a transaction. @returns the chaincode's final message (COMPLETED or ERROR).
   * @throws Error when the chaincode cannot be reached, its stream breaks or it takes too long.
   */
  async execute(invocation: Invocation): Promise<Message> {
    let session: Session;
    try {
      session = await this.#connected();
    } catch (error) {
      const { name } = this.target;
      throw new Error(
        `could not launch chaincode ${name}: connection to ${name} failed: ${(error as Error).message}`,
        { cause: error },
      );
    }
    const context = contextId(invocation.channel, invocation.txId);
    if (session.running.has(context)) {
      throw new Error(`error sending: txid: ${invocation.txId}(${invocation.channel}) exists`);
    }
    try {
      return await run(session, context, invocation);
    } catch (error) {
      throw new Error(`error sending: ${(error as Error).message}`, { cause: error });
    }
  }

  close(): void {
    this.#closed = true;
    const session = this.#session;
    this.#session = undefined;
    session?.stream.cancel();
    session?.client.close();
  }

  async #connected(): Promise<Session> {
    if (this.#closed) throw new Error('the peer is stopping');
    if (this.#session) return this.#session;
    this.#dialling ??= this.#dial().finally(() => {
      this.#dialling = undefined;
    });
    return this.#dialling;
  }

  #dial(): Promise<Session> {
    const { address, tlsRootPem } = this.target;
    const channelCredentials = tlsRootPem
      ? credentials.createSsl(Buffer.from(tlsRootPem, 'utf8'))
      : credentials.createInsecure();
    const client = new peer.ChaincodeClient(address, channelCredentials, {
      ...MESSAGE_OPTIONS,
      'grpc.use_local_subchannel_pool': 1,
      'grpc.keepalive_time_ms': 60_000,
      'grpc.keepalive_timeout_ms': 20_000,
    });
    return new Promise<Session>((resolve, reject) => {
      client.waitForReady(Date.now() + DIAL_TIMEOUT_MS, (notReady) => {
        if (notReady) {
          client.close();
          reject(new Error(`error creating grpc connection to ${address}: context deadline exceeded`));
          return;
        }
        const stream = client.connect() as unknown as Stream;
        const session: Session = { stream, client, running: new Map() };
        const timer = setTimeout(() => {
          stream.cancel();
          reject(new Error(`timeout expired while starting chaincode ${this.target.name} for transaction`));
        }, DIAL_TIMEOUT_MS);
        const end = (reason: string) => {
          clearTimeout(timer);
          this.#ended(session);
          reject(new Error(reason));
        };
        stream.on('data', (message: Message) => {
          if (message.getType() === Type.REGISTER && this.#session !== session) {
            clearTimeout(timer);
            this.#refused = this.#judge(message);
            if (this.#refused !== undefined) {
              reject(new Error(this.#refused));
              stream.cancel();
              return;
            }
            stream.write(createMessage({ type: Type.REGISTERED }));
            stream.write(createMessage({ type: Type.READY }));
            this.#session = session;
            resolve(session);
          } else {
            receive(session, message);
          }
        });
        stream.on('error', (error) => end(error.message));
        stream.on('end', () => end('the chaincode ended the stream'));
      });
    });
  }

  /**
   * Who registers under another id is refused, in the words that Fabric's peer writes to its log while its clients wait
   * for its time limit. @returns why, or undefined for a server that is served.
   */
  #judge(registration: Message): string | undefined {
    let packageId: string;
    try {
      packageId = peer.ChaincodeID.deserializeBinary(registration.getPayload_asU8()).getName();
    } catch (error) {
      return `could NOT unmarshal registration info: ${(error as Error).message}`;
    }
    if (packageId === '') return 'error in handling register chaincode, chaincodeID name is empty';
    if (this.#packageId === undefined) {
      this.#packageId = packageId;
      this.#keepPackageId(packageId);
    }
    if (packageId === this.#packageId) return undefined;
    return (
      `peer will not accept external chaincode connection ${packageId} (except in dev mode): ` +
      `${this.#packageId} is deployed; start the server with this id, or deploy ${packageId}`
    );
  }

  #ended(session: Session): void {
    if (this.#session === session) this.#session = undefined;
    session.client.close();
    for (const running of session.running.values()) running.settle(new Error(STREAM_TERMINATED));
    session.running.clear();
  }
}

function run(session: Session, context: string, invocation: Invocation): Promise<Message> {
  return new Promise<Message>((resolve, reject) => {
    const timer = setTimeout(() => {
      session.running.delete(context);
      reject(new Error('timeout expired while executing transaction'));
    }, EXECUTE_TIMEOUT_MS);
    session.running.set(context, {
      invocation,
      settle(outcome) {
        clearTimeout(timer);
        session.running.delete(context);
        if (outcome instanceof Error) reject(outcome);
        else resolve(outcome);
      },
    });
    const message = createMessage({
      type: Type.TRANSACTION,
      txId: invocation.txId,
      channel: invocation.channel,
      payload: invocation.input,
    });
    message.setProposal(invocation.signedProposal);
    session.stream.write(message);
  });
}

/** A chaincode that does not speak the protocol loses its stream, and nothing else. */
function receive(session: Session, message: Message): void {
  try {
    handleMessage(session, message);
  } catch {
    session.stream.cancel();
  }
}

function handleMessage(session: Session, message: Message): void {
  const type = message.getType();
  if (type === Type.KEEPALIVE) return;
  if (type === Type.REGISTER) throw new Error('the chaincode has registered already');
  const running = session.running.get(contextId(message.getChannelId(), message.getTxid()));
  if (type === Type.COMPLETED || type === Type.ERROR) {
    running?.settle(message);
    return;
  }
  const reply = (outcome: Uint8Array | undefined | Error) => {
    const failed = outcome instanceof Error;
    const text = failed ? `${messageTypeName(type)} failed: transaction ID: ${message.getTxid()}: ` : '';
    const payload = failed ? Buffer.from(text + outcome.message, 'utf8') : outcome;
    session.stream.write(
      createMessage({
        type: failed ? Type.ERROR : Type.RESPONSE,
        txId: message.getTxid(),
        channel: message.getChannelId(),
        ...(payload ? { payload } : {}),
      }),
    );
  };
  if (!running) {
    reply(new Error('no ledger context'));
    return;
  }
  if (type === Type.INVOKE_CHAINCODE) {
    const spec = peer.ChaincodeSpec.deserializeBinary(message.getPayload_asU8());
    running.invocation.invoke(spec).then(reply, (error: Error) => reply(error));
    return;
  }
  if (!isStateRequest(type)) {
    session.stream.cancel();
    return;
  }
  let outcome: Uint8Array | undefined | Error;
  try {
    outcome = answerStateRequest(type, message.getPayload_asU8(), running.invocation);
  } catch (error) {
    outcome = error as Error;
  }
  reply(outcome);
}

function createMessage(fields: {
  readonly type: (typeof Type)[keyof typeof Type];
  readonly txId?: string;
  readonly channel?: string;
  readonly payload?: Uint8Array;
}): Message {
  const message = new peer.ChaincodeMessage();
  message.setType(fields.type);
  message.setTxid(fields.txId ?? '');
  message.setChannelId(fields.channel ?? '');
  if (fields.payload) message.setPayload(fields.payload);
  return message;
}

function contextId(channel: string, txId: string): string {
  return `${channel}\n${txId}`;
}
