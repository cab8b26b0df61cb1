// The ledger on Hyperledger Fabric: the only file that knows its SDK. TLS connections to the organisation's own
// peers, of which one serves; one identity per role; every call with a deadline; every error named by its step.
import { createPrivateKey } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { canonicalJson, type Role } from '@consilium/domain/ledger';
import { status as GrpcStatus, type Interceptor } from '@grpc/grpc-js';
import {
  type ChaincodeEventsOptions,
  type Commit,
  type Contract,
  connect,
  type Gateway,
  GatewayError,
  type Network,
  type Proposal,
  type ProposalOptions,
  type Status,
  type Transaction,
} from '@hyperledger/fabric-gateway';
import { common } from '@hyperledger/fabric-protos';
import type { FastifyBaseLogger } from 'fastify';
import type { Limits } from '../config.ts';
import type { Asker } from './ask-orderers.ts';
import { commitStatusRequest } from './commit-status-request.ts';
import { type Connection, rolesOf, withClients } from './connection.ts';
import {
  type BeforeSending,
  type BlockSpan,
  type Committed,
  type EndorsedMessage,
  type EventPosition,
  type EventsOptions,
  type Ledger,
  type LedgerCall,
  type LedgerEvent,
  type LedgerStep,
  missingIdentity,
  type Outcome,
  type PreparedTransaction,
  type ReadinessCheck,
  type RecoverOptions,
  signerOf,
  type UnsignedMessage,
} from './ledger.ts';
import { knownToOrderers, namedFailure, refusedByOrderers, type StepFailure } from './ledger-failures.ts';
import { findMissing } from './missing-parts.ts';
import type { OrderersSeen } from './orderers-seen.ts';
import { endorsePatiently } from './patient-endorsement.ts';
import { RECONNECT_MS } from './peer-connection.ts';
import { PeerHeights } from './peer-heights.ts';
import { configurationBlockOf, envelopeIn, setsPolicy, transactionsOfBlockMax } from './resending.ts';
import { PeerChain, type Until } from './sdk-chain.ts';
import { answerOf, failureOf, isPassing } from './sdk-errors.ts';
import { OwnPeers } from './sdk-peers.ts';
import { signedBy, signing } from './sdk-signing.ts';
import { StandingLedger } from './stalled-ledger.ts';
import { unsignedProposal, unsignedTransaction } from './unsigned-messages.ts';
import { invalidated, validationCodeOf } from './validation-codes.ts';
import { WatchedOrderers } from './watched-orderers.ts';

export interface FabricLedgerOptions {
  readonly connection: Connection;
  readonly chaincode: string;
  readonly limits: Limits;
  readonly log: Pick<FastifyBaseLogger, 'info' | 'warn'>;
  /** See every call to the peer before it leaves: how tests play answers that a peer seldom gives. */
  readonly interceptors?: Interceptor[];
}

/**
 * A peer gives up on a chaincode that is gone after 3 s, and then tries the next organisation's peer: an endorsement
 * has time for three, so that the answer names them.
 */
const READY_TIMEOUT_MS = { connect: 2_000, answer: 5_000, endorsement: 12_000 } as const;
/** How long a peer that has a transaction may take to say so. */
const ASK_FIRST_MS = 1_000;
/** How long orderers that take nothing, as while they elect a leader, are left alone. */
const ORDERERS_PAUSE_MS = 1_000;
const PROBE = { name: 'member:list', argument: { pageSize: 1 } } as const;

interface Failed {
  readonly step: LedgerStep;
  readonly transactionId?: string;
  readonly deadline?: number;
}

type Sent = Pick<PreparedTransaction, 'transactionId' | 'signer' | 'envelope'>;

interface Signer {
  readonly gateway: Gateway;
  readonly network: Network;
  readonly contract: Contract;
}

export class FabricLedger implements Ledger {
  readonly channel: string;
  readonly mspId: string;
  readonly chaincode: string;
  readonly #options: FabricLedgerOptions;
  #connection: Connection;
  readonly #peers: OwnPeers;
  /** By the name of the client: a role, or a person. */
  #signers = new Map<string, Signer>();
  /** Whose certificates were replaced: what began with them ends with them. */
  readonly #replaced: Gateway[] = [];
  readonly #commits = new StandingLedger();
  readonly #peerChain: PeerChain;
  readonly #orderers: WatchedOrderers;

  /** Does not wait for the peer: a gateway starts, and says what is missing, without one. */
  constructor(options: FabricLedgerOptions) {
    const { channel, organisation } = options.connection;
    this.#options = options;
    this.#connection = options.connection;
    this.channel = channel;
    this.mspId = organisation.mspId;
    this.chaincode = options.chaincode;
    this.#peers = OwnPeers.of(options.connection, {
      interceptors: options.interceptors ?? [],
      onMove: (serving) => options.log.warn({ serving }, 'the other peer of the organisation serves now'),
    });
    this.#peerChain = new PeerChain(this.#peers, () => this.#anySigner().network);
    this.#orderers = new WatchedOrderers({
      configuration: () => this.#configuration(),
      asker: () => this.#asker(),
    });
  }

  get roles(): readonly Role[] {
    return rolesOf(this.#connection);
  }

  /** Signs with these certificates and keys from now on. What is in flight ends as it began. */
  takeClients(clients: Connection['organisation']['clients']): void {
    this.#connection = withClients(this.#connection, clients);
    this.#replaced.push(...[...this.#signers.values()].map(({ gateway }) => gateway));
    this.#signers = new Map();
  }

  async submit(call: LedgerCall, beforeSending: BeforeSending): Promise<Committed> {
    const { contract } = this.#signer(signerOf(call));
    const transaction = await this.#endorse(() => contract.newProposal(call.name, argumentsOf(call)));
    return this.#send(transaction, signerOf(call), beforeSending);
  }

  propose(call: Pick<LedgerCall, 'name' | 'argument'>, certificate: string): UnsignedMessage {
    const identity = { mspId: this.mspId, credentials: Buffer.from(certificate) };
    const network = connect({ client: this.#peers.client, identity }).getNetwork(this.channel);
    const proposal = network.getContract(this.#options.chaincode).newProposal(call.name, argumentsOf(call));
    return unsignedProposal(proposal.getBytes());
  }

  async endorse({ encoded }: UnsignedMessage, signature: Uint8Array): Promise<EndorsedMessage> {
    const { gateway } = this.#anySigner();
    const transaction = await this.#endorse(() => gateway.newSignedProposal(encoded, signature));
    return { ...unsignedTransaction(transaction.getBytes()), result: textOf(transaction.getResult()) };
  }

  async submitSigned(
    { encoded }: EndorsedMessage,
    signature: Uint8Array,
    beforeSending: BeforeSending,
  ): Promise<Committed> {
    const { gateway } = this.#anySigner();
    return this.#send(gateway.newSignedTransaction(encoded, signature), this.roles[0]!, beforeSending);
  }

  /** @param signer who asks for the outcome, and signs where nobody has */
  async #send(transaction: Transaction, signer: string, beforeSending: BeforeSending): Promise<Committed> {
    const { submitTimeoutMs, commitTimeoutMs } = this.#options.limits;
    const transactionId = transaction.getTransactionId();
    const result = textOf(transaction.getResult());
    await beforeSending({ transactionId, signer, result, envelope: transaction.getBytes() });
    const sending = deadlineIn(submitTimeoutMs);
    const commit = await transaction
      .submit(sending)
      .catch((error) => this.#raise({ step: 'submit', transactionId, error, ...sending }));
    const orderedMs = Date.now();
    const waiting = deadlineIn(commitTimeoutMs);
    const sent = { transactionId, signer, envelope: transaction.getBytes() };
    const status = await this.#committed(commit, sent, waiting.deadline).catch((error) => {
      this.#commits.missed({ transactionId, orderedMs });
      return this.#raise({ step: 'commit-status', transactionId, error, ...waiting });
    });
    this.#commits.settled();
    if (!status.successful)
      throw invalidated({ transactionId, validationCode: validationCodeOf(status.code) });
    return { transactionId, blockNumber: Number(status.blockNumber), result: parseJson(result) };
  }

  async recover(prepared: PreparedTransaction, { timeoutMs, resend }: RecoverOptions): Promise<Outcome> {
    const untilMs = Date.now() + timeoutMs;
    const { transactionId } = prepared;
    const { gateway } = this.#signer(prepared.signer);
    // Both peers are asked first; sent only when no block has it: Fabric's validation (seen on 3.1.5) can wait forever
    // on a block in which a duplicate and another transaction set the policy of one row, and stops the channel.
    let [asked, sent, turned] = [!resend, !resend, false];
    let orderedMs: number | undefined;
    for (;;) {
      try {
        if (asked && !sent) {
          if (await this.#sendAgain(prepared, untilMs)) orderedMs = Date.now();
          sent = true;
        }
        const { credentials: certificate } = gateway.getIdentity();
        const { mspId, channel } = this;
        const commit = gateway.newCommit(commitStatusRequest({ mspId, certificate, channel, transactionId }));
        const deadline = asked ? untilMs : Math.min(untilMs, Date.now() + ASK_FIRST_MS);
        asked = true;
        const { code, blockNumber, successful } = await commit.getStatus({ deadline });
        if (orderedMs !== undefined) this.#commits.settled();
        if (successful) return { state: 'committed', blockNumber: Number(blockNumber) };
        return { state: 'invalid', blockNumber: Number(blockNumber), validationCode: validationCodeOf(code) };
      } catch (error) {
        this.#options.log.info({ err: error, transactionId }, 'outcome not known yet');
        // The one that serves may be far behind. Where the other does not say either, the first serves on.
        if (!sent) turned = this.#peers.turn() && !turned;
        asked = !turned;
      }
      if (Date.now() + RECONNECT_MS.first >= untilMs) {
        if (orderedMs !== undefined) this.#commits.missed({ transactionId, orderedMs });
        return { state: 'unknown' };
      }
      await sleep(RECONNECT_MS.first);
    }
  }

  /**
   * Waits for the commit of what orderers took, and sends it again if the commit does not come: when a Raft leader
   * dies, transactions that it and its followers acknowledged are lost.
   */
  async #committed(commit: Commit, sent: Sent, untilMs: number): Promise<Status> {
    let patienceMs = this.#options.limits.resendAfterMs;
    let turned = false;
    for (let waitMs = patienceMs; ; ) {
      const deadline = Math.min(untilMs, Date.now() + waitMs);
      const { serving } = this.#peers;
      try {
        return await commit.getStatus({ deadline });
      } catch (error) {
        if (await this.#peers.hasMoved(error, serving)) continue;
        const late = error instanceof GatewayError && error.code === GrpcStatus.DEADLINE_EXCEEDED;
        if (deadline === untilMs || !(late || Date.now() >= deadline)) throw error;
        // A peer that does not say of it may be far behind.
        turned = !turned && this.#peers.turn();
        if (turned) continue;
      }
      try {
        if (await this.#mayRepeat(sent)) await this.#sendAgain(sent, untilMs);
        patienceMs *= 2;
        waitMs = patienceMs;
      } catch (error) {
        const { transactionId } = sent;
        this.#options.log.info({ err: error, transactionId }, 'orderers do not take it yet');
        waitMs = ORDERERS_PAUSE_MS;
      }
    }
  }

  /**
   * Sends the same transaction once more; whether orderers took it, and did not know or refuse it.
   *
   * @throws GatewayError where it may not have reached them.
   */
  async #sendAgain({ transactionId, signer, envelope }: Sent, untilMs: number): Promise<boolean> {
    const { gateway } = this.#signer(signer);
    this.#options.log.warn({ transactionId }, 'in no block yet, sending the same transaction once more');
    try {
      await gateway.newTransaction(envelope).submit({ deadline: untilMs });
      return true;
    } catch (error) {
      // What orderers say of the second one does not settle the first: only its status does.
      if (!(error instanceof GatewayError)) throw error;
      const answer = answerOf(error);
      if (refusedByOrderers(answer) || knownToOrderers(answer)) return false;
      throw error;
    }
  }

  /** Whether a duplicate would do no harm, should the first still be ordered. */
  async #mayRepeat({ envelope }: Sent): Promise<boolean> {
    if (!setsPolicy(envelope)) return true;
    return transactionsOfBlockMax(await this.#configuration()) === 1;
  }

  async evaluate(call: LedgerCall): Promise<unknown> {
    const proposal = this.#signer(signerOf(call)).contract.newProposal(call.name, argumentsOf(call));
    const waiting = deadlineIn(this.#options.limits.evaluateTimeoutMs);
    const result = await this.#peers
      .ask(() => proposal.evaluate(waiting))
      .catch((error) => this.#raise({ step: 'evaluate', error, ...waiting }));
    return parseJson(textOf(result));
  }

  async *events({ from, signal }: EventsOptions): AsyncGenerator<LedgerEvent> {
    // A position is fixed first, so that what commits during a reconnection is not missed.
    let position = from ?? { blockNumber: await this.height() };
    let waitMs: number = RECONNECT_MS.first;
    while (!signal.aborted) {
      const { network } = this.#anySigner();
      const stream = await network.getChaincodeEvents(this.#options.chaincode, startAt(position));
      const close = () => stream.close();
      signal.addEventListener('abort', close, { once: true });
      try {
        // Aborted while it was opened: nothing would close it.
        signal.throwIfAborted();
        for await (const event of stream) {
          waitMs = RECONNECT_MS.first;
          const { transactionId, eventName: name } = event;
          const blockNumber = Number(event.blockNumber);
          position = { blockNumber, afterTransactionId: transactionId };
          yield { blockNumber, transactionId, name, payload: parseJson(textOf(event.payload)) };
        }
      } catch (error) {
        if (signal.aborted) return;
        if (!isPassing(error)) this.#raise({ step: 'events', error });
        this.#options.log.warn({ err: error, position }, 'event stream lost, reconnecting');
      } finally {
        signal.removeEventListener('abort', close);
        close();
      }
      await sleep(waitMs, undefined, { signal }).catch(() => {});
      waitMs = Math.min(waitMs * 2, RECONNECT_MS.most);
    }
  }

  height(): Promise<number> {
    return this.#chain((chain, until) => chain.height(until));
  }

  async *blocks({ from = 0, end = Infinity }: BlockSpan, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const { network } = this.#anySigner();
    const stream = await network.getBlockEvents({ startBlock: BigInt(from) });
    const close = () => stream.close();
    signal.addEventListener('abort', close, { once: true });
    try {
      signal.throwIfAborted();
      for await (const block of stream) {
        yield block.serializeBinary();
        if (block.getHeader()!.getNumber() + 1 >= end) return;
      }
      signal.throwIfAborted();
    } catch (error) {
      signal.throwIfAborted();
      this.#raise({ step: 'events', error });
    } finally {
      signal.removeEventListener('abort', close);
      close();
    }
  }

  block(number: number): Promise<Uint8Array> {
    return this.#chain((chain, until) => chain.block(number, until));
  }

  blockOf(transactionId: string): Promise<Uint8Array> {
    return this.#chain((chain, until) => chain.blockOf(transactionId, until));
  }

  async signedAnswer(call: LedgerCall, mspIds: readonly string[]): Promise<Uint8Array> {
    const options = { ...argumentsOf(call), endorsingOrganizations: [...mspIds] };
    const proposal = this.#signer(signerOf(call)).contract.newProposal(call.name, options);
    const waiting = deadlineIn(this.#options.limits.endorseTimeoutMs);
    const raise = (error: unknown) => this.#raise({ step: 'endorse', error, ...waiting });
    const answered = await this.#peers.ask(() => proposal.endorse(waiting)).catch(raise);
    return envelopeIn(answered.getBytes());
  }

  async #chain<T>(ask: (chain: PeerChain, until: Until) => Promise<T>): Promise<T> {
    const until = deadlineIn(this.#options.limits.evaluateTimeoutMs);
    return ask(this.#peerChain, until).catch((error) => this.#raise({ step: 'evaluate', error, ...until }));
  }

  #block = async (number: number) => common.Block.deserializeBinary(await this.block(number));

  async ready(): Promise<readonly ReadinessCheck[]> {
    const { mspId, chaincode } = this;
    const probe = (options: Partial<ProposalOptions> = {}) =>
      this.#anySigner().contract.newProposal(PROBE.name, { ...argumentsOf(PROBE), ...options });
    return findMissing({
      mspId,
      chaincode,
      hasIdentity: this.roles.length > 0,
      connected: () => this.#peers.connected(READY_TIMEOUT_MS.connect),
      serving: () => this.#peers.serving,
      unendorsed: () => failureOf(probe().endorse(deadlineIn(READY_TIMEOUT_MS.endorsement))),
      unanswered: () => failureOf(probe().evaluate(deadlineIn(READY_TIMEOUT_MS.answer))),
      unansweredByOwn: () =>
        failureOf(probe({ endorsingOrganizations: [mspId] }).evaluate(deadlineIn(READY_TIMEOUT_MS.answer))),
      standing: () => this.#commits.problem(() => this.height()),
      unordered: async () => (await this.orderers())?.problem,
    });
  }

  /** What is seen of the orderers, asked at most every few seconds; undefined where none are known. */
  orderers(): Promise<OrderersSeen | undefined> {
    return this.#orderers.see();
  }

  async #configuration(): Promise<common.Block> {
    return this.#block(configurationBlockOf(await this.#block((await this.height()) - 1)));
  }

  /** Why peers of all these organisations cannot endorse now; undefined where they can. */
  async unendorsedBy(mspIds: readonly string[]): Promise<string | undefined> {
    const options = { ...argumentsOf(PROBE), endorsingOrganizations: [...mspIds] };
    const proposal = this.#anySigner().contract.newProposal(PROBE.name, options);
    return failureOf(proposal.endorse(deadlineIn(READY_TIMEOUT_MS.endorsement)));
  }

  async close(): Promise<void> {
    for (const gateway of this.#replaced) gateway.close();
    for (const { gateway } of this.#signers.values()) gateway.close();
    this.#peers.close();
  }

  #anySigner(): Signer {
    const [role] = this.roles;
    if (role === undefined) throw missingIdentity('any role');
    return this.#signer(role);
  }

  #asker(): Asker {
    const { channel, mspId } = this;
    const { certificate, privateKey } = this.#connection.organisation.clients[this.roles[0]!]!;
    const key = createPrivateKey(privateKey);
    return { channel, mspId, certificate, sign: (message) => signedBy(message, key) };
  }

  #signer(name: string): Signer {
    const known = this.#signers.get(name);
    if (known !== undefined) return known;
    const client = this.#connection.organisation.clients[name];
    if (client === undefined) throw missingIdentity(name);
    const gateway = connect({
      client: this.#peers.client,
      identity: { mspId: this.mspId, credentials: Buffer.from(client.certificate) },
      ...signing(createPrivateKey(client.privateKey)),
    });
    const network = gateway.getNetwork(this.channel);
    const signer = { gateway, network, contract: network.getContract(this.#options.chaincode) };
    this.#signers.set(name, signer);
    return signer;
  }

  #endorse(propose: () => Proposal): Promise<Transaction> {
    const { log, limits } = this.#options;
    const waiting = deadlineIn(limits.endorseTimeoutMs);
    return endorsePatiently({
      ask: async () => {
        const proposal = propose();
        try {
          return { endorsed: await this.#peers.ask(() => proposal.endorse(waiting)) };
        } catch (error) {
          if (!(error instanceof GatewayError)) throw error;
          const transactionId = proposal.getTransactionId();
          return { failure: this.#failure({ step: 'endorse', transactionId, error, ...waiting }) };
        }
      },
      heights: new PeerHeights(this.mspId, (mspId) => this.#peerChain.heightAt(mspId, waiting)),
      ...waiting,
      log,
    });
  }

  /** Turns an error of the SDK into one of ours and throws it. What is not an operating error goes through. */
  #raise({ error, ...failed }: Failed & { readonly error: unknown }): never {
    if (!(error instanceof GatewayError)) throw error;
    throw namedFailure(this.#failure({ ...failed, error }));
  }

  #failure({ step, transactionId, deadline, error }: Failed & { readonly error: GatewayError }): StepFailure {
    const late = deadline !== undefined && Date.now() >= deadline;
    return { ownMspId: this.mspId, step, transactionId, answer: answerOf(error), late, cause: error };
  }
}

const argumentsOf = ({ argument, askedOf }: Pick<LedgerCall, 'argument' | 'askedOf'>): ProposalOptions => ({
  arguments: [canonicalJson(argument)],
  ...(askedOf !== undefined && { endorsingOrganizations: [...askedOf] }),
});
const deadlineIn = (timeoutMs: number) => ({ deadline: Date.now() + timeoutMs });
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
const parseJson = (text: string): unknown => (text === '' ? null : JSON.parse(text));

function startAt({ blockNumber, afterTransactionId }: EventPosition): ChaincodeEventsOptions {
  const startBlock = BigInt(blockNumber);
  if (afterTransactionId === undefined) return { startBlock };
  return { checkpoint: { getBlockNumber: () => startBlock, getTransactionId: () => afterTransactionId } };
}
