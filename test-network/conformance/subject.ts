/** The network being judged, as the topics see it: its organisations A, B, C and clients of each. */

import type * as grpc from '@grpc/grpc-js';
import type { common } from '@hyperledger/fabric-protos';
import type { ConformanceNetwork, OddIdentities } from './conformance-network.ts';
import type { ClientCredentials, Organisation } from './connection.ts';
import { dial, LedgerClient } from './ledger-client.ts';
import { type Ordering, orderingOf } from './ordering.ts';
import { probeDefinitions } from './probe-policies.ts';

export class Subject {
  readonly #network: ConformanceNetwork;
  readonly #clients = new Map<string, LedgerClient>();
  readonly #connections = new Map<string, grpc.Client>();
  readonly #run = Date.now().toString(36);
  #keys = 0;
  #ordering: Ordering | undefined;
  readonly channel: string;
  /** The probe under the majority policy. */
  readonly probe: string;
  /** The probe that any one organisation's peer may endorse. */
  readonly probeAny: string;
  /** The probe that A, or B and C together, may endorse. */
  readonly probeNested: string;

  constructor(network: ConformanceNetwork) {
    this.#network = network;
    this.channel = network.connection.channel;
    const names = probeDefinitions(network.probe, this.mspIds).map(({ name }) => name);
    [this.probe, this.probeAny, this.probeNested] = names as [string, string, string];
  }

  get organisations(): readonly Organisation[] {
    return this.#network.connection.organisations;
  }

  get mspIds(): readonly string[] {
    return this.organisations.map(({ mspId }) => mspId);
  }

  /** Some answers of Fabric 2.5 are its own. */
  get isFabric2(): boolean {
    return this.#network.fabricMajor === 2;
  }

  get oddIdentities(): OddIdentities | undefined {
    return this.#network.oddIdentities;
  }

  /** Known once the network is ready. */
  get ordering(): Ordering {
    if (!this.#ordering) throw new Error('the network is not ready');
    return this.#ordering;
  }

  get crashAndRestart(): (() => Promise<void>) | undefined {
    return this.#network.crashAndRestart;
  }

  /** How many endorsements the majority policy asks. */
  get majority(): number {
    return Math.floor(this.organisations.length / 2) + 1;
  }

  get a(): LedgerClient {
    return this.client(0);
  }

  get b(): LedgerClient {
    return this.client(1);
  }

  get c(): LedgerClient {
    return this.client(2);
  }

  client(index: number, role = 'operator'): LedgerClient {
    const name = `${index} ${role}`;
    const known = this.#clients.get(name);
    if (known) return known;
    const organisation = this.#organisation(index);
    const credentials = organisation.clients[role];
    if (!credentials) throw new Error(`the connection file has no ${role} of ${organisation.mspId}`);
    const client = this.#connect({ organisation, credentials });
    this.#clients.set(name, client);
    return client;
  }

  /** A client that presents the credentials and MSP id given at the gateway of organisation `index`. */
  impostor(index: number, credentials: ClientCredentials, mspId?: string): LedgerClient {
    return this.#connect({
      organisation: this.#organisation(index),
      credentials,
      ...(mspId !== undefined && { mspId }),
    });
  }

  /** The same client under another channel name. */
  elsewhere(channel: string): LedgerClient {
    const organisation = this.#organisation(0);
    return this.#connect({ organisation, credentials: organisation.clients.operator!, channel });
  }

  /** A key, or prefix of keys, that no other test uses. */
  key(): string {
    this.#keys += 1;
    return `${this.#run}-${this.#keys}-`;
  }

  /** Waits until every gateway finds all organisations and can have something ordered; ports do not tell. */
  async ready(): Promise<void> {
    const deadline = Date.now() + 60_000;
    const chaincodes = [this.probe, this.probeAny, this.probeNested];
    const waitFor = async (client: LedgerClient) => {
      for (;;) {
        try {
          for (const chaincode of chaincodes) {
            await client.endorse(chaincode, 'get', { args: ['ready'], at: this.mspIds });
            await client.must(chaincode, 'get', { args: ['ready'] });
          }
          return;
        } catch (error) {
          if (Date.now() > deadline) throw error;
          await new Promise((resolve) => setTimeout(resolve, 250));
        }
      }
    };
    await Promise.all(this.organisations.map((_, index) => waitFor(this.client(index))));
    this.#ordering = orderingOf(await this.block(this.a, 0n));
  }

  /** The block of that number from the client's own peer, as soon as the peer has it. */
  async block(client: LedgerClient, number: bigint): Promise<common.Block> {
    const blocks = await client.network.getBlockEvents({ startBlock: number });
    try {
      for await (const block of blocks) return block;
    } finally {
      blocks.close();
    }
    throw new Error(`the peer of ${client.mspId} ended the stream before block ${number}`);
  }

  /** Waits until the client's own peer has committed the block: another peer may have been first. */
  async reached(client: LedgerClient, number: bigint): Promise<void> {
    const deadline = Date.now() + 30_000;
    for (;;) {
      try {
        await this.block(client, number);
        return;
      } catch (error) {
        // A peer that is more than one block behind answers NOT_FOUND (404) at once.
        if (Date.now() > deadline || !String(error).includes('404')) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
    for (const connection of this.#connections.values()) connection.close();
    this.#clients.clear();
    this.#connections.clear();
  }

  async #settled(blockNumber: bigint): Promise<void> {
    await Promise.all(this.organisations.map((_, index) => this.reached(this.client(index), blockNumber)));
  }

  #organisation(index: number): Organisation {
    const organisation = this.organisations[index];
    if (!organisation) throw new Error(`the connection file has no organisation ${index}`);
    return organisation;
  }

  #connect(options: {
    organisation: Organisation;
    credentials: ClientCredentials;
    mspId?: string;
    channel?: string;
  }): LedgerClient {
    const { endpoint } = options.organisation;
    const connection = this.#connections.get(endpoint) ?? dial(options.organisation);
    this.#connections.set(endpoint, connection);
    const settled = (blockNumber: bigint) => this.#settled(blockNumber);
    return new LedgerClient({ channel: this.channel, ...options, connection, settled });
  }
}
