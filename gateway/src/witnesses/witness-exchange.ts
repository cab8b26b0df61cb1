// Statements of other hospitals' gateways, asked for on a schedule or brought by hand, and compared with the own
// history. A history that orderers signed otherwise for another hospital stops this gateway's, as two blocks of peers
// do. What orderers did not sign stops nothing, whoever signed it.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  parseStatement,
  type StatementProblem,
  UnreadableError,
  type WitnessStatement,
} from '@consilium/verify';
import type { Ledger } from '../fabric/ledger.ts';
import type { WatchedHistory } from '../read-model/index-in-thread.ts';
import { type SignedHeader, signedHeaderOf } from '../read-model/ledger-alarms.ts';
import { alarmOfTwo } from '../read-model/two-histories.ts';
import { type Judgement, judgeStatement } from './judge-statement.ts';
import { type KeptOfHospital, KeptStatements } from './kept-statements.ts';
import { OwnStatements } from './own-statements.ts';
import type { StatementSigner } from './statement-signer.ts';

/** Another hospital's gateway. */
export interface Neighbour {
  readonly mspId: string;
  /** Its newest statement, or that on a block; in bytes that nobody has looked at. @throws where it does not answer */
  ask(block: number | undefined, signal: AbortSignal): Promise<Uint8Array>;
}

/** Why a statement was not used, as it is counted. */
export type RefusalReason = StatementProblem['reason'] | 'unreadable' | 'hospital' | 'replayed';

export interface WitnessExchangeOptions {
  readonly own: OwnStatements;
  readonly kept: KeptStatements;
  readonly history: Pick<WatchedHistory, 'blocks' | 'raise' | 'status'>;
  readonly mspId: string;
  readonly channel: string;
  readonly neighbours: readonly Neighbour[];
  readonly intervalMs: number;
  readonly log: (level: 'info' | 'warn' | 'error', text: string) => void;
  readonly now?: () => number;
}

/** What became of a statement. */
export interface TakenStatement {
  /** `two`: orderers signed two histories. `other`: its block is another one, and nobody known here ordered it. */
  readonly result: 'same' | 'ahead' | 'two' | 'other' | 'refused';
  readonly text: string;
}

/** By whom the history is witnessed, and up to which block. */
export interface WitnessStatus {
  readonly mspId: string;
  /** The last block of the own history that its gateway saw; absent where it has seen none yet. */
  readonly block?: number;
  /** When it signed that, by its own clock. */
  readonly at?: string;
  /** The last block that it saw, where this gateway is not there yet. */
  readonly ahead?: number;
  /** Why nothing newer is there: it does not answer, or what it sent does not count. */
  readonly problem?: string;
}

/** A neighbour that does not answer is asked less often, up to this many intervals apart. */
const BACKOFF_MOST = 10;
/** Whose the statements are that do not count, where their hospital is not known. */
const BY_HAND = 'by hand';
/** Halves any number of blocks. */
const STEPS_MAX = 60;

export class WitnessExchange {
  readonly own: OwnStatements;
  /** Counts what does not count. */
  onRefusal: (mspId: string, reason: RefusalReason) => void = () => {};
  readonly #options: WitnessExchangeOptions;
  readonly #problems = new Map<string, string>();
  readonly #ending = new AbortController();
  #loops: readonly Promise<void>[] = [];

  constructor(options: WitnessExchangeOptions) {
    this.#options = options;
    this.own = options.own;
  }

  /** Asks each neighbour from now on, until it is closed, and looks again at what was ahead. */
  start(): void {
    this.#loops = [
      this.#lookAgain(),
      ...this.#options.neighbours.map((neighbour) => this.#follow(neighbour)),
    ];
  }

  /** In the order of their names. */
  status(): WitnessStatus[] {
    const { kept, neighbours } = this.#options;
    const names = new Set([...neighbours.map(({ mspId }) => mspId), ...kept.hospitals]);
    return [...names].sort().map((mspId) => {
      const { witnessed, ahead } = kept.of(mspId);
      const problem = this.#problems.get(mspId);
      return {
        mspId,
        ...(witnessed && { block: witnessed.header.number, at: witnessed.at }),
        ...(ahead && { ahead: ahead.header.number }),
        ...(problem !== undefined && { problem }),
      };
    });
  }

  /** Statements that agree with the own history, of blocks below a height, for a file of evidence. */
  agreeingBelow(height: number): WitnessStatement[] {
    const { kept } = this.#options;
    const witnessed = kept.hospitals.flatMap((mspId) => kept.of(mspId).witnessed ?? []);
    return witnessed.filter(
      (statement) => statement.header.number < height && this.#judge(statement)?.kind === 'same',
    );
  }

  /** Asks all neighbours once, now. */
  async askAll(): Promise<void> {
    await Promise.all(this.#options.neighbours.map((neighbour) => this.#ask(neighbour)));
  }

  /** Takes a statement that came by hand; its file showed that orderers signed it. */
  async take(statement: WitnessStatement): Promise<TakenStatement> {
    return this.#take(statement, undefined);
  }

  async close(): Promise<void> {
    this.#ending.abort();
    await Promise.all(this.#loops);
  }

  /** Also at what came by hand, of hospitals that nobody asks. */
  async #lookAgain(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      await sleep(this.#options.intervalMs, undefined, { signal, ref: false }).catch(() => {});
      if (signal.aborted) return;
      await this.judgeAgain();
    }
  }

  /** Compares what was ahead of the own history with what that is now. */
  async judgeAgain(): Promise<void> {
    if (this.#options.history.status?.state === 'stopped') return;
    for (const mspId of this.#options.kept.hospitals) await this.#judgeAgain(mspId);
  }

  async #follow(neighbour: Neighbour): Promise<void> {
    const { signal } = this.#ending;
    const { intervalMs } = this.#options;
    // The first statements come soon after the first blocks were checked, wherever a consortium starts.
    for (let waitMs = Math.min(1_000, intervalMs); !signal.aborted; ) {
      await sleep(waitMs, undefined, { signal, ref: false }).catch(() => {});
      if (signal.aborted) return;
      // A history that was stopped is compared with nothing more.
      const isAnswered = this.#options.history.status?.state === 'stopped' || (await this.#ask(neighbour));
      waitMs = isAnswered
        ? intervalMs
        : Math.min(Math.max(waitMs, intervalMs / 10) * 2, intervalMs * BACKOFF_MOST);
    }
  }

  /** @returns false where there was no answer, or nothing to compare it with yet */
  async #ask(neighbour: Neighbour): Promise<boolean> {
    const { mspId } = neighbour;
    if (this.#options.history.blocks?.tip() === undefined) return false;
    await this.#judgeAgain(mspId);
    try {
      const statement = await this.#statementOf(neighbour, undefined);
      if (statement !== undefined) await this.#take(statement, neighbour);
      return true;
    } catch (error) {
      if (!this.#ending.signal.aborted) {
        this.#note(mspId, `it does not answer: ${error instanceof Error ? error.message : String(error)}`);
      }
      return false;
    }
  }

  async #statementOf(neighbour: Neighbour, block: number | undefined): Promise<WitnessStatement | undefined> {
    const bytes = await neighbour.ask(block, this.#ending.signal);
    try {
      const statement = parseStatement(bytes);
      if (statement.mspId === neighbour.mspId) return statement;
      this.#refuse(neighbour.mspId, 'hospital', `it sent a statement of ${statement.mspId}`);
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error;
      this.#refuse(neighbour.mspId, 'unreadable', error.message);
    }
    return undefined;
  }

  /** What was ahead of the own history may not be any more. */
  async #judgeAgain(mspId: string): Promise<void> {
    const { kept } = this.#options;
    const { ahead, ...others } = kept.of(mspId);
    const judgement = ahead && this.#judge(ahead);
    if (ahead === undefined || judgement === undefined || judgement.kind === 'ahead') return;
    kept.keep(mspId, others);
    const neighbour = this.#options.neighbours.find((one) => one.mspId === mspId);
    try {
      await this.#take(ahead, neighbour, true);
    } catch (error) {
      this.#options.log('warn', `the statement of ${mspId} is not compared: ${(error as Error).message}`);
    }
  }

  async #take(
    statement: WitnessStatement,
    neighbour: Neighbour | undefined,
    isKept = false,
  ): Promise<TakenStatement> {
    const { mspId: own } = this.#options;
    const { mspId, header, at } = statement;
    if (mspId === own) return this.#refuse(mspId, 'hospital', 'it is of this hospital itself');
    const kept = this.#options.kept.of(mspId);
    if (neighbour !== undefined && !isKept && isOlder(statement, kept)) {
      return this.#refuse(mspId, 'replayed', `its statement of ${at} is older than one that it sent before`);
    }
    const judgement = this.#judge(statement);
    switch (judgement?.kind) {
      case undefined:
        return { result: 'refused', text: 'This gateway has checked no block yet.' };
      case 'refused':
        return this.#refuse(mspId, judgement.problem.reason, judgement.problem.text);
      case 'ahead':
        this.#keep(mspId, { ...kept, ahead: statement });
        return {
          result: 'ahead',
          text: `${mspId} is at block ${header.number}: it is compared when this gateway is there.`,
        };
      case 'same':
        this.#keepWitnessed(statement, kept);
        return { result: 'same', text: `${mspId} saw the same history up to block ${header.number}.` };
      case 'another':
        return this.#takeAnother({ statement, judgement, neighbour });
    }
  }

  #keepWitnessed(statement: WitnessStatement, kept: KeptOfHospital): void {
    const { mspId, header } = statement;
    const ahead =
      kept.ahead !== undefined && kept.ahead.header.number > header.number ? kept.ahead : undefined;
    const isFarther = header.number >= (kept.witnessed?.header.number ?? 0);
    this.#keep(mspId, { witnessed: isFarther ? statement : kept.witnessed, ahead });
  }

  #keep(mspId: string, kept: KeptOfHospital): void {
    if (this.#options.kept.keep(mspId, kept)) this.#note(mspId, undefined);
    else this.#note(mspId, 'there is no room for it');
  }

  /** It saw another block than this gateway: two histories where orderers signed it, and otherwise a lie. */
  async #takeAnother({
    statement,
    judgement,
    neighbour,
  }: {
    readonly statement: WitnessStatement;
    readonly judgement: Judgement & { readonly kind: 'another' };
    readonly neighbour: Neighbour | undefined;
  }): Promise<TakenStatement> {
    const { mspId, header } = statement;
    if (judgement.unsigned === undefined) return this.#raise(statement, judgement.isRetired);
    if (neighbour === undefined) {
      const text =
        `${mspId} saw another block ${header.number}. Who ordered it is not known here: the configurations differ ` +
        'too. Ask for its statements on earlier blocks, until one is the same: the next one proves two histories.';
      return { result: 'other', text };
    }
    // Later blocks of another history can be ordered by whom only that one knows: the first that differs cannot.
    const first = await this.#firstAnother(neighbour, statement).catch((error: unknown) => {
      this.#ending.signal.throwIfAborted();
      this.#options.log('info', `${mspId} does not say where its history parts: ${(error as Error).message}`);
      return undefined;
    });
    const judged = first && this.#judge(first);
    if (first !== undefined && judged?.kind === 'another' && judged.unsigned === undefined) {
      return this.#raise(first, judged.isRetired);
    }
    return this.#refuse(mspId, 'orderers', `it signed another block ${header.number}: ${judgement.unsigned}`);
  }

  /** The statement on the first block that its gateway saw otherwise; undefined where it does not give it. */
  async #firstAnother(neighbour: Neighbour, last: WitnessStatement): Promise<WitnessStatement | undefined> {
    let first: WitnessStatement = last;
    let agreed = 0;
    for (let step = 0; first.header.number - agreed > 1 && step < STEPS_MAX; step++) {
      const middle = agreed + Math.floor((first.header.number - agreed) / 2);
      const statement = await this.#statementOf(neighbour, middle);
      if (statement?.header.number !== middle) return undefined;
      const judged = this.#judge(statement);
      if (judged?.kind === 'same') agreed = middle;
      else if (judged?.kind === 'another') first = statement;
      else return undefined;
    }
    return first;
  }

  async #raise(statement: WitnessStatement, isRetired: boolean): Promise<TakenStatement> {
    const { history, mspId: own } = this.#options;
    const { mspId, header } = statement;
    const other = signedHeaderOf(statement);
    const seen = `the gateways of ${own} and ${mspId} saw different ones`;
    const two = { mspId, number: header.number, seen, isRetired };
    const { text } = alarmOfTwo({ ...two, headers: { own: undefined, other } });
    const isKnown =
      history.status?.alarms.some((alarm) => isSameHeader(alarm.headers?.other, other)) === true;
    if (!isKnown) {
      const ownHeader = await this.#ownHeader(header.number);
      history.raise(alarmOfTwo({ ...two, headers: { own: ownHeader, other } }));
    }
    this.#note(mspId, text);
    return { result: 'two', text: `${text}. Both headers are in GET /v1/attention.` };
  }

  async #ownHeader(number: number): Promise<SignedHeader | undefined> {
    try {
      return signedHeaderOf(await this.own.block(number));
    } catch (error) {
      this.#options.log('warn', `the own block ${number} cannot be had now: ${(error as Error).message}`);
      return undefined;
    }
  }

  #judge(statement: WitnessStatement): Judgement | undefined {
    const { history, channel, now = Date.now } = this.#options;
    const { blocks } = history;
    if (blocks?.tip() === undefined) return undefined;
    return judgeStatement(statement, { channel, blocks, nowMs: now() });
  }

  #refuse(mspId: string, reason: RefusalReason, text: string): TakenStatement {
    this.onRefusal(this.#isNeighbour(mspId) ? mspId : BY_HAND, reason);
    this.#note(mspId, text);
    return { result: 'refused', text: `The statement of ${mspId} does not count: ${text}.` };
  }

  /** By hand, any name can be in a statement. */
  #isNeighbour(mspId: string): boolean {
    return this.#options.neighbours.some((one) => one.mspId === mspId);
  }

  /** Each change is said once. */
  #note(mspId: string, problem: string | undefined): void {
    if (this.#problems.get(mspId) === problem) return;
    if (problem === undefined || !this.#isNeighbour(mspId)) this.#problems.delete(mspId);
    else this.#problems.set(mspId, problem);
    if (problem !== undefined) this.#options.log('warn', `the gateway of ${mspId} as a witness: ${problem}`);
  }
}

/** Whether it was signed before one that this hospital sent: it may send that one again. */
function isOlder(statement: WitnessStatement, { witnessed, ahead }: KeptOfHospital): boolean {
  return [witnessed, ahead].some((one) => one !== undefined && Date.parse(one.at) > Date.parse(statement.at));
}

const isSameHeader = (a: SignedHeader | undefined, b: SignedHeader): boolean =>
  a !== undefined && a.number === b.number && a.previousHash === b.previousHash && a.dataHash === b.dataHash;

/** Of a gateway that asks nobody: statements come by hand. */
export const witnessesByHand = ({
  ledger,
  history,
  signer,
}: {
  readonly ledger: Pick<Ledger, 'block' | 'channel' | 'mspId'>;
  readonly history: WatchedHistory;
  readonly signer?: StatementSigner | undefined;
}): WitnessExchange =>
  new WitnessExchange({
    own: new OwnStatements({ ledger, history, signer }),
    kept: new KeptStatements(undefined),
    history,
    mspId: ledger.mspId,
    channel: ledger.channel,
    neighbours: [],
    intervalMs: 60_000,
    log: () => {},
  });
