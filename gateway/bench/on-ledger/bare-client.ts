// One organisation's bare @hyperledger/fabric-gateway client: what the REST service is measured against, and what
// prepares the ledger for benches.
import { createPrivateKey } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Argument,
  canonicalJson,
  parseDomainError,
  type Role,
  type TransactionName,
} from '@consilium/domain';
import { provenKey } from '@consilium/domain/testing/member-key';
import { Client, credentials } from '@grpc/grpc-js';
import {
  type Commit,
  type Contract,
  connect,
  type Gateway,
  GatewayError,
  hash,
  signers,
  type Transaction,
} from '@hyperledger/fabric-gateway';
import { common } from '@hyperledger/fabric-protos';
import { commitStatusRequest } from '../../src/fabric/commit-status-request.ts';
import type { Connection } from '../../src/fabric/connection-file.ts';
import { signWithLowS } from '../../src/fabric/ledger-signature.ts';

/**
 * What passes by itself: others were faster, a peer is a block behind and refuses by what it does not see yet, or the
 * machine stood still for a while.
 */
const PASSING = new RegExp(
  '_READ_CONFLICT|payloads do not match|concurrency limit|(ROUND|STUDY|CONSENT|QUORUM)_|_NOT_FOUND|NOT_A_MEMBER|' +
    'timeout expired while executing|CLOCK_SKEW',
  'i',
);
const ALREADY_ORDERED = /request already (exists|processed)/;
const ATTEMPTS_MAX = 50;
/** A real peer that has just started does not know the others' peers for up to half a minute. */
const DISCOVERING = /no combination of peers|failed to find any endorsing peers/;
const DISCOVERY_MS = 60_000;
const CONFLICTS: Readonly<Record<number, string>> = { 11: 'MVCC_READ_CONFLICT', 12: 'PHANTOM_READ_CONFLICT' };

// biome-ignore lint/suspicious/noExplicitAny: a bench looks into answers freely
type Answer = any;

export interface Sent {
  readonly answer: Answer;
  readonly transactionId: string;
  readonly blockNumber: number;
}

export class BareClient {
  readonly mspId: string;
  readonly #connection: Connection;
  readonly #chaincode: string;
  readonly #signs: 'sdk' | 'native';
  readonly #client: Client;
  readonly #contracts = new Map<string, { readonly gateway: Gateway; readonly contract: Contract }>();
  /** How often something was sent again because others were faster. */
  retries = 0;

  /** `signs` with the SDK's own code, as any client does, or as the gateway does. */
  constructor(connection: Connection, chaincode: string, signs: 'sdk' | 'native' = 'sdk') {
    const { organisation } = connection;
    this.mspId = organisation.mspId;
    this.#connection = connection;
    this.#signs = signs;
    this.#chaincode = chaincode;
    this.#client = new Client(
      organisation.endpoint,
      credentials.createSsl(Buffer.from(organisation.tlsRootCertificate)),
    );
  }

  /** What registers its organisation as a member. */
  get member(): Argument<'member:register'> {
    const { mspId } = this;
    return { title: mspId, ...provenKey(mspId, mspId, this.#connection.channel) };
  }

  #contract(role: string, chaincode?: string): Contract {
    return this.#connected(role, chaincode).contract;
  }

  #connected(role: string, chaincode = this.#chaincode) {
    const name = `${role} ${chaincode}`;
    const known = this.#contracts.get(name);
    if (known !== undefined) return known;
    const { channel, organisation } = this.#connection;
    const own = organisation.clients[role];
    if (own === undefined) throw new Error(`${this.mspId} has no client for ${role}`);
    const key = createPrivateKey(own.privateKey);
    const gateway = connect({
      client: this.#client,
      identity: { mspId: this.mspId, credentials: Buffer.from(own.certificate) },
      ...(this.#signs === 'sdk'
        ? { signer: signers.newPrivateKeySigner(key), hash: hash.sha256 }
        : { signer: async (message) => signWithLowS(message, key), hash: hash.none }),
    });
    const connected = { gateway, contract: gateway.getNetwork(channel).getContract(chaincode) };
    this.#contracts.set(name, connected);
    return connected;
  }

  /** Sends what is endorsed; its commit, also where BFT orderers got it from each other before they got it from us. */
  async #send(role: Role, endorsed: Transaction): Promise<Commit> {
    try {
      return await endorsed.submit();
    } catch (error) {
      if (!ALREADY_ORDERED.test(wordsOf(error))) throw error;
      const { gateway } = this.#connected(role);
      const { mspId } = this;
      const { channel } = this.#connection;
      const { credentials: certificate } = gateway.getIdentity();
      const transactionId = endorsed.getTransactionId();
      return gateway.newCommit(commitStatusRequest({ mspId, certificate, channel, transactionId }));
    }
  }

  /** Resolves when it is committed; sends again what passes by itself. */
  async submit<N extends TransactionName>(role: Role, name: N, argument: Argument<N>): Promise<Sent> {
    const contract = this.#contract(role);
    const options = { arguments: [canonicalJson(argument)] };
    const discoveredMs = performance.now() + DISCOVERY_MS;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const endorsed = await contract.newProposal(name, options).endorse();
        const sent = await this.#send(role, endorsed);
        const { successful, code, blockNumber } = await sent.getStatus();
        if (!successful) throw new Error(`${name} is invalid: ${CONFLICTS[code] ?? code}`);
        const answer = JSON.parse(Buffer.from(endorsed.getResult()).toString('utf8'));
        return { answer, transactionId: endorsed.getTransactionId(), blockNumber: Number(blockNumber) };
      } catch (error) {
        const said = wordsOf(error);
        if (DISCOVERING.test(said) && performance.now() < discoveredMs) {
          attempt -= 1;
          await sleep(500);
          continue;
        }
        if (!PASSING.test(said) || attempt === ATTEMPTS_MAX) {
          throw new Error(`${name} by ${this.mspId}: ${said}`, { cause: error });
        }
        this.retries += 1;
        await sleep(20 + Math.random() * 60);
      }
    }
  }

  /** One transaction, not sent again: how long its endorsement took, and all of it. */
  async timed<N extends TransactionName>(
    role: Role,
    name: N,
    argument: Argument<N>,
  ): Promise<{ readonly endorseMs: number; readonly totalMs: number }> {
    const contract = this.#contract(role);
    const beganMs = performance.now();
    const endorsed = await contract.newProposal(name, { arguments: [canonicalJson(argument)] }).endorse();
    const endorseMs = performance.now() - beganMs;
    const { successful, code } = await (await this.#send(role, endorsed)).getStatus();
    if (!successful) throw new Error(`${name} is invalid: ${code}`);
    return { endorseMs, totalMs: performance.now() - beganMs };
  }

  async evaluate<N extends TransactionName>(role: Role, name: N, argument: Argument<N>): Promise<Answer> {
    try {
      const bytes = await this.#contract(role).evaluateTransaction(name, canonicalJson(argument));
      return JSON.parse(Buffer.from(bytes).toString('utf8'));
    } catch (error) {
      throw new Error(`${name} by ${this.mspId}: ${wordsOf(error)}`, { cause: error });
    }
  }

  /** The block as the organisation's peer stores it. */
  async block(number: number): Promise<Uint8Array> {
    const { channel } = this.#connection;
    const system = this.#contract('auditor', 'qscc');
    return await system.evaluateTransaction('GetBlockByNumber', channel, String(number));
  }

  async height(): Promise<number> {
    const { channel } = this.#connection;
    const options = { arguments: [channel], endorsingOrganizations: [this.mspId] };
    const bytes = await this.#contract('auditor', 'qscc').evaluate('GetChainInfo', options);
    return common.BlockchainInfo.deserializeBinary(bytes).getHeight();
  }

  close(): void {
    this.#client.close();
  }
}

/** The code of a refusal where there is one. */
export const refusalOf = (error: unknown): string | undefined =>
  parseDomainError((error as Error).message.replace(/^\S+ by \S+: /, ''))?.code;

function wordsOf(error: unknown): string {
  if (!(error instanceof GatewayError)) return (error as Error).message;
  return [...error.details.map(({ message }) => message), error.message].join('; ');
}

/** Waits until every organisation's peer has committed what the first one has. */
export async function levelled(clients: readonly BareClient[]): Promise<void> {
  const heights = await Promise.all(clients.map((client) => client.height()));
  const highest = Math.max(...heights);
  await Promise.all(
    clients.map(async (client) => {
      while ((await client.height()) < highest) await sleep(20);
    }),
  );
}
