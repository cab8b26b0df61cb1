/** One client identity at one organisation's gateway: the unmodified client, with few words. */

import { createPrivateKey, sign } from 'node:crypto';
import * as grpc from '@grpc/grpc-js';
import {
  type Contract,
  connect,
  type Gateway,
  hash,
  type Identity,
  type Network,
  type Proposal,
  type Signer,
  type Transaction,
} from '@hyperledger/fabric-gateway';
import { toLowS } from '../src/msp/low-s.ts';
import type { ClientCredentials, Organisation } from './connection.ts';
import { validationCode } from './outcome.ts';

export interface Call {
  readonly args?: readonly (string | Uint8Array)[];
  readonly transient?: Readonly<Record<string, string>>;
  /** MSP ids of the organisations to ask; by default the gateway chooses. */
  readonly at?: readonly string[];
}

/** What became of a transaction after ordering. */
export interface Committed {
  readonly code: string;
  readonly blockNumber: bigint;
  readonly transactionId: string;
  readonly result: string;
}

const PATIENCE_MS = 30_000;

export class LedgerClient {
  readonly organisation: Organisation;
  readonly identity: Identity;
  /**
   * Signs whole messages, which the SDK's `getDigest` therefore answers, without a hash. By Node's own cryptography:
   * the SDK's signer is JavaScript and took a quarter of the suite's time.
   */
  readonly sign: Signer;
  readonly gateway: Gateway;
  readonly network: Network;
  readonly channel: grpc.Client;
  readonly #settled: (blockNumber: bigint) => Promise<void>;

  constructor(options: {
    readonly organisation: Organisation;
    readonly channel: string;
    readonly connection: grpc.Client;
    readonly mspId?: string;
    readonly credentials: ClientCredentials;
    /** Waits until every organisation's peer has the block. */
    readonly settled: (blockNumber: bigint) => Promise<void>;
  }) {
    this.#settled = options.settled;
    this.organisation = options.organisation;
    this.channel = options.connection;
    this.identity = {
      mspId: options.mspId ?? options.organisation.mspId,
      credentials: Buffer.from(options.credentials.certificate),
    };
    const key = createPrivateKey(options.credentials.privateKey);
    this.sign = async (message) => toLowS(sign('sha256', message, key));
    const unary = () => ({ deadline: Date.now() + PATIENCE_MS });
    this.gateway = connect({
      client: options.connection,
      identity: this.identity,
      signer: this.sign,
      hash: hash.none,
      evaluateOptions: unary,
      endorseOptions: unary,
      submitOptions: unary,
      commitStatusOptions: unary,
    });
    this.network = this.gateway.getNetwork(options.channel);
  }

  get mspId(): string {
    return this.organisation.mspId;
  }

  contract(chaincode: string): Contract {
    return this.network.getContract(chaincode);
  }

  proposal(chaincode: string, method: string, call: Call = {}): Proposal {
    return this.contract(chaincode).newProposal(method, {
      ...(call.args && { arguments: [...call.args] }),
      ...(call.transient && { transientData: { ...call.transient } }),
      ...(call.at && { endorsingOrganizations: [...call.at] }),
    });
  }

  async evaluate(chaincode: string, method: string, call: Call = {}): Promise<string> {
    return text(await this.proposal(chaincode, method, call).evaluate());
  }

  endorse(chaincode: string, method: string, call: Call = {}): Promise<Transaction> {
    return this.proposal(chaincode, method, call).endorse();
  }

  /** Endorses, submits and waits; an invalid transaction is an answer, not an error. */
  async commit(chaincode: string, method: string, call: Call = {}): Promise<Committed> {
    return this.send(await this.endorse(chaincode, method, call));
  }

  async send(transaction: Transaction): Promise<Committed> {
    const submitted = await transaction.submit();
    const status = await submitted.getStatus();
    return {
      code: validationCode(status.code),
      blockNumber: status.blockNumber,
      transactionId: status.transactionId,
      result: text(submitted.getResult()),
    };
  }

  /** As commit, for what must have succeeded at every peer before a test's question can be asked. */
  async must(chaincode: string, method: string, call: Call = {}): Promise<Committed> {
    const committed = await this.commit(chaincode, method, call);
    if (committed.code !== 'VALID') throw new Error(`${method} ended in ${committed.code}`);
    await this.#settled(committed.blockNumber);
    return committed;
  }

  close(): void {
    this.gateway.close();
  }
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}

export function dial(organisation: Organisation): grpc.Client {
  const credentials = grpc.credentials.createSsl(Buffer.from(organisation.tlsRootCertificate));
  return new grpc.Client(organisation.endpoint, credentials, {
    'grpc.max_receive_message_length': -1,
    'grpc.max_send_message_length': -1,
  });
}
