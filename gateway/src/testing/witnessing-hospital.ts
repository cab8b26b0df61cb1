// A hospital for tests of witnesses: it follows the channel that its peer sends, and its gateway signs what it checked.
import { join } from 'node:path';
import { writeStatement } from '@consilium/verify';
import { blockBytes } from '@consilium/verify/testing/block-bytes';
import { CHANNEL, type SyntheticChannel } from '@consilium/verify/testing/synthetic-channel';
import type { Signer } from '@consilium/verify/testing/test-authority';
import { BlockFollower, type FollowerStatus } from '../read-model/block-follower.ts';
import type { WatchedHistory } from '../read-model/index-in-thread.ts';
import { LedgerAlarms } from '../read-model/ledger-alarms.ts';
import type { LedgerIndex } from '../read-model/ledger-index.ts';
import { openIndex } from '../read-model/open-index.ts';
import { KeptStatements } from '../witnesses/kept-statements.ts';
import { OwnStatements } from '../witnesses/own-statements.ts';
import { type Neighbour, type RefusalReason, WitnessExchange } from '../witnesses/witness-exchange.ts';
import { PlayedFeed } from './played-feed.ts';

export class WitnessingHospital {
  readonly mspId: string;
  readonly exchange: WitnessExchange;
  readonly own: OwnStatements;
  readonly index: LedgerIndex;
  readonly alarms: LedgerAlarms;
  readonly history: WatchedHistory;
  readonly lines: string[] = [];
  readonly refusals: string[] = [];
  /** How often its statements were asked for. */
  asked = 0;
  /** The time by its clock, in milliseconds; the machine's where it is not set. */
  nowMs: number | undefined;
  readonly #feed: PlayedFeed;
  readonly #ending = new AbortController();
  readonly #done: Promise<void>;
  #status: FollowerStatus | undefined;
  #changed = Promise.withResolvers<void>();

  /** @param neighbours asked by hand (`exchange.askAll`) */
  constructor(
    directory: string,
    {
      operator,
      neighbours = [],
      sent = [],
    }: {
      readonly operator: Signer;
      readonly neighbours?: readonly Neighbour[];
      /** What its peer has from before. */
      readonly sent?: readonly Uint8Array[];
    },
  ) {
    const { mspId } = operator;
    this.mspId = mspId;
    this.#feed = new PlayedFeed(mspId, sent);
    this.alarms = new LedgerAlarms(directory);
    const log = (_level: string, text: string) => this.lines.push(text);
    this.index = openIndex({ directory, chaincode: 'consilium', alarms: this.alarms, log });
    const follower = new BlockFollower({
      ...{ index: this.index, alarms: this.alarms, channel: CHANNEL, own: this.#feed, others: [], log },
      signal: this.#ending.signal,
      retryMs: { first: 5, most: 20 },
      onStatus: (status) => {
        this.#status = status;
        this.#changed.resolve();
        this.#changed = Promise.withResolvers();
      },
    });
    this.#done = follower.run();
    const hospital = this;
    this.history = {
      get status() {
        return hospital.#status;
      },
      blocks: this.index,
      raise: (alarm) => follower.raise(alarm),
      read: (work) => this.index.read(work),
      close: async () => {},
    };
    const ledger = { channel: CHANNEL, block: async (number: number) => this.#feed.sent[number]! };
    const signer = {
      mspId,
      certificate: operator.pem,
      sign: (message: Uint8Array) => operator.sign(message),
    };
    this.own = new OwnStatements({ ledger, history: this.history, signer });
    this.exchange = new WitnessExchange({
      ...{ own: this.own, history: this.history, mspId, channel: CHANNEL, neighbours, log },
      kept: new KeptStatements(join(directory, 'witnesses')),
      intervalMs: 60_000,
      now: () => this.nowMs ?? Date.now(),
    });
    this.exchange.onRefusal = (from: string, reason: RefusalReason) =>
      this.refusals.push(`${from} ${reason}`);
  }

  /** Its peer sends the rest of this channel; resolves when all of it was checked. */
  async sees(channel: SyntheticChannel): Promise<void> {
    this.#feed.send(...channel.blocks.slice(this.#feed.sent.length).map((block) => blockBytes(block)));
    const { state, problem } = await this.until(
      (status) =>
        status.state === 'stopped' || (status.state === 'following' && status.blocks === channel.height),
    );
    if (state === 'stopped') throw new Error(problem);
  }

  /** What its peer sent. */
  get sent(): readonly Uint8Array[] {
    return this.#feed.sent;
  }

  async until(wanted: (status: FollowerStatus) => boolean): Promise<FollowerStatus> {
    while (this.#status === undefined || !wanted(this.#status)) await this.#changed.promise;
    return this.#status;
  }

  async stops(): Promise<FollowerStatus> {
    const status = await this.until(({ state }) => state === 'stopped');
    await this.#done;
    return status;
  }

  /** Itself, as others ask it. */
  get neighbour(): Neighbour {
    return {
      mspId: this.mspId,
      ask: async (block) => {
        this.asked += 1;
        return writeStatement(await this.own.on(block));
      },
    };
  }

  async end(): Promise<void> {
    await this.exchange.close();
    this.#ending.abort();
    await this.#done;
    this.index.close();
  }
}
