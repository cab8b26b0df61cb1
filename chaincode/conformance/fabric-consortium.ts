// A consortium on a Fabric network, through the unmodified gateway client: one connection per organisation, one
// identity per role, as the network's connection file gives them.
import { createPrivateKey, sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type Argument,
  canonicalJson,
  type DomainError,
  parseDomainError,
  type Role,
  type TransactionName,
} from '@consilium/domain';
import { lowS } from '@consilium/verify/testing/signature-forms';
import { Client, credentials } from '@grpc/grpc-js';
import {
  type Contract,
  connect,
  type Gateway,
  GatewayError,
  hash,
  type Network,
  StatusCode,
  type Transaction,
} from '@hyperledger/fabric-gateway';
import fabricProtos from '@hyperledger/fabric-protos';

const { common, gateway, peer } = fabricProtos;
const BLOCK_TIMEOUT_MS = 15_000;

export interface Credentials {
  readonly certificate: string;
  readonly privateKey: string;
}

/** Who signs: the organisation's one client of that role, or a person who was enrolled. */
export interface Caller {
  readonly mspId: string;
  readonly role: Role;
  readonly person?: string;
}

interface Connection {
  readonly channel: string;
  readonly organisations: readonly {
    readonly mspId: string;
    readonly endpoint: string;
    readonly tlsRootCertificate: string;
    readonly clients: Readonly<Record<string, Credentials>>;
  }[];
}

/** What a transaction answered: the suite looks into it freely. */
// biome-ignore lint/suspicious/noExplicitAny: the answer's shape is what the suite asserts
export type Answer = any;

interface Outcome {
  readonly code: number;
  readonly blockNumber: bigint;
}

const isOrderedAlready = (error: unknown): boolean =>
  error instanceof GatewayError &&
  error.details.some(({ message }) => /request already (exists|processed)/.test(message));

export class FabricConsortium implements AsyncDisposable {
  readonly chaincode: string;
  #connection: Connection;
  readonly #clients = new Map<string, Client>();
  readonly #gateways = new Map<string, Gateway>();
  readonly #people = new Map<string, Credentials>();

  private constructor(connection: Connection, chaincode: string) {
    this.#connection = connection;
    this.chaincode = chaincode;
  }

  static async connected(file: string, chaincode: string): Promise<FabricConsortium> {
    return new FabricConsortium(JSON.parse(await readFile(file, 'utf8')) as Connection, chaincode);
  }

  /** Lets a person of an organisation sign, with credentials that its authority issued. */
  enrol(mspId: string, person: string, credentials: Credentials): void {
    this.#people.set(`${mspId} ${person}`, credentials);
  }

  /** Asks and awaits an organisation no more, that has left the channel. */
  forget(mspId: string): void {
    const organisations = this.#connection.organisations.filter((one) => one.mspId !== mspId);
    this.#connection = { ...this.#connection, organisations };
  }

  get channel(): string {
    return this.#connection.channel;
  }

  get mspIds(): string[] {
    return this.#connection.organisations.map(({ mspId }) => mspId);
  }

  /**
   * Submits and waits until every organisation's peer has the block, since peers commit in their own time and
   * the next question may go to another one.
   *
   * @throws DomainError for what the chaincode refuses, the network's own error otherwise
   */
  submit<N extends TransactionName>(
    mspId: string,
    role: Role,
    name: N,
    argument: Argument<N>,
  ): Promise<Answer> {
    return this.submitBy(undefined, { mspId, role }, name, argument);
  }

  /** The same, asking only these organisations' peers to endorse. */
  async submitBy<N extends TransactionName>(
    endorsers: readonly string[] | undefined,
    caller: Caller,
    name: N,
    argument: Argument<N>,
  ): Promise<Answer> {
    return this.submitText(endorsers, caller, name, canonicalJson(argument));
  }

  /** Any transaction with any one argument, whatever the chaincode makes of it. */
  async submitText(
    endorsers: readonly string[] | undefined,
    caller: Caller,
    name: string,
    text: string,
    transientData?: Readonly<Record<string, string>>,
  ): Promise<Answer> {
    const contract = this.#contract(caller, name);
    const options = {
      arguments: [text],
      ...(transientData && { transientData: { ...transientData } }),
      ...(endorsers && { endorsingOrganizations: [...endorsers] }),
    };
    try {
      const transaction = await contract.newProposal(method(name), options).endorse();
      const { code, blockNumber } = await this.#outcomeOf(transaction, caller.mspId);
      if (code !== StatusCode.VALID) throw new Error(`${name} is invalid: ${validationName(code)}`);
      await Promise.all(this.mspIds.map((mspId) => this.#waitForBlock(mspId, blockNumber)));
      return JSON.parse(Buffer.from(transaction.getResult()).toString('utf8'));
    } catch (error) {
      throw refusalIn(error) ?? error;
    }
  }

  /** Sends it. BFT orderers that have it from the others already refuse it: what became of it is in a block then. */
  async #outcomeOf(transaction: Transaction, mspId: string): Promise<Outcome> {
    try {
      const sent = await transaction.submit();
      return await sent.getStatus();
    } catch (error) {
      if (!isOrderedAlready(error)) throw error;
    }
    const id = transaction.getTransactionId();
    const ask = (question: string) =>
      this.network(mspId).getContract('qscc').evaluateTransaction(question, this.channel, id);
    for (const end = Date.now() + BLOCK_TIMEOUT_MS; ; await delay(20)) {
      try {
        const block = common.Block.deserializeBinary(await ask('GetBlockByTxID'));
        const processed = peer.ProcessedTransaction.deserializeBinary(await ask('GetTransactionByID'));
        const blockNumber = BigInt(block.getHeader()!.getNumber());
        return { code: processed.getValidationcode(), blockNumber };
      } catch (error) {
        if (Date.now() > end) throw error;
      }
    }
  }

  /** A proposal that is signed and goes nowhere: what a peer has seen of a transaction that it refused. */
  signedProposal<N extends TransactionName>(
    mspId: string,
    role: Role,
    name: N,
    argument: Argument<N>,
  ): { proposal: string; signature: string } {
    const built = this.#contract({ mspId, role }, name).newProposal(method(name), {
      arguments: [canonicalJson(argument)],
    });
    const proposed = gateway.ProposedTransaction.deserializeBinary(built.getBytes());
    const bytes = Buffer.from(proposed.getProposal()!.getProposalBytes_asU8());
    const signature = sign('sha256', bytes, createPrivateKey(this.#identity({ mspId, role }).privateKey));
    return { proposal: bytes.toString('base64'), signature: signature.toString('base64') };
  }

  /** A peer that does not answer, as for a moment after the channel changed, is asked again: the block is written. */
  async #waitForBlock(mspId: string, blockNumber: bigint): Promise<void> {
    let cause: unknown;
    for (const end = Date.now() + BLOCK_TIMEOUT_MS; ; await delay(20)) {
      try {
        if ((await this.height(mspId)) > blockNumber) return;
      } catch (error) {
        cause = error;
      }
      if (Date.now() > end)
        throw new Error(`the peer of ${mspId} has not reached block ${blockNumber}`, { cause });
    }
  }

  /** How many blocks an organisation's peer has. */
  async height(mspId: string): Promise<bigint> {
    const { channel } = this.#connection;
    const options = { arguments: [channel], endorsingOrganizations: [mspId] };
    const bytes = await this.network(mspId).getContract('qscc').evaluate('GetChainInfo', options);
    return BigInt(common.BlockchainInfo.deserializeBinary(bytes).getHeight());
  }

  async evaluate<N extends TransactionName>(
    mspId: string,
    role: Role,
    name: N,
    argument: Argument<N>,
  ): Promise<Answer> {
    const contract = this.#contract({ mspId, role }, name);
    try {
      const bytes = await contract.evaluateTransaction(method(name), canonicalJson(argument));
      return JSON.parse(Buffer.from(bytes).toString('utf8'));
    } catch (error) {
      throw refusalIn(error) ?? error;
    }
  }

  /** What an organisation's auditor sees of the channel, and sends to it, without the contracts. */
  network(mspId: string): Network {
    return this.gateway(mspId).getNetwork(this.#connection.channel);
  }

  gateway(mspId: string): Gateway {
    return this.#gateway({ mspId, role: 'auditor' });
  }

  #contract(caller: Caller, name: string): Contract {
    const [contract] = name.split(':');
    return this.#gateway(caller).getNetwork(this.#connection.channel).getContract(this.chaincode, contract);
  }

  #gateway(caller: Caller): Gateway {
    const { mspId, role, person = role } = caller;
    const key = `${mspId} ${person}`;
    const open = this.#gateways.get(key);
    if (open !== undefined) return open;
    const identity = this.#identity(caller);
    const organisation = this.#organisation(mspId);
    let client = this.#clients.get(mspId);
    if (client === undefined) {
      const tls = credentials.createSsl(Buffer.from(organisation.tlsRootCertificate));
      // Blocks may be larger than clients usually take.
      client = new Client(organisation.endpoint, tls, { 'grpc.max_receive_message_length': -1 });
      this.#clients.set(mspId, client);
    }
    const privateKey = createPrivateKey(identity.privateKey);
    const connected = connect({
      client,
      identity: { mspId, credentials: Buffer.from(identity.certificate) },
      // The client's own signer computes in JavaScript, which took an eighth of all processor time of the suites.
      signer: async (message) => lowS(sign('sha256', message, privateKey)),
      hash: hash.none,
    });
    this.#gateways.set(key, connected);
    return connected;
  }

  #organisation(mspId: string) {
    const organisation = this.#connection.organisations.find((candidate) => candidate.mspId === mspId);
    if (organisation === undefined) throw new Error(`there is no organisation ${mspId}`);
    return organisation;
  }

  #identity({ mspId, role, person }: Caller): Credentials {
    const known = person === undefined ? undefined : this.#people.get(`${mspId} ${person}`);
    const identity = person === undefined ? this.#organisation(mspId).clients[role] : known;
    if (identity === undefined) throw new Error(`there is no ${person ?? role} of ${mspId}`);
    return identity;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const open of this.#gateways.values()) open.close();
    for (const client of this.#clients.values()) client.close();
  }
}

/** Fabric's name of a transaction's validation code. */
export const validationName = (code: number): string =>
  Object.entries(StatusCode).find(([, value]) => value === code)?.[0] ?? String(code);
const method = (name: string): string => name.split(':')[1] ?? '';

/** The chaincode's refusal inside a gateway error: in the details for an endorsement, in the message for a query. */
function refusalIn(error: unknown): DomainError | undefined {
  if (!(error instanceof GatewayError)) return undefined;
  return [...error.details.map(({ message }) => message), error.message]
    .map(parseDomainError)
    .find((refusal) => refusal !== undefined);
}
