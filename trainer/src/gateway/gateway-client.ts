// The ledger as this trainer sees it: its own hospital's gateway over HTTP. Every failure gets a name here, by
// what is known afterwards: refused (nothing happened), unreachable (nothing was sent), or outcome unknown.
import {
  Client,
  NO_PROBLEM,
  NoAnswerError,
  type OperationName,
  ProblemError,
  ROUTES,
  targetOf,
} from '@consilium/client';
import {
  type Activity,
  type Argument,
  type Block,
  type Consent,
  type Dataset,
  type DatasetErasures,
  type Member,
  type ModelAnswer,
  type OpenConsent,
  type Population,
  placesOf,
  type Revision,
  type RoundDossier,
  type Study,
  type StudyKey,
} from '@consilium/domain';
import { traceparentNow } from '@consilium/traces';
import { TrainerError } from '../errors.ts';

/** The transactions a trainer submits. */
export type TrainerTransaction =
  | 'round:open'
  | 'round:recordUpdate'
  | 'round:close'
  | 'round:commitScore'
  | 'round:recordVerdict'
  | 'round:tally'
  | 'round:attest'
  | 'round:finalize'
  | 'round:abort'
  | 'model:publish'
  | 'study:settle'
  | 'study:recordKeys'
  | 'study:attestErasure';

/** What the trainer needs of a ledger; the gateway is one, tests have another. */
export interface Ledger {
  /** Studies with a consent of this hospital that is not settled: those it takes part in. */
  listOpenConsents(mspId: string): Promise<readonly string[]>;
  /** Studies that this hospital ever consented to, read from what it did itself. */
  listConsentedStudies(mspId: string): Promise<readonly string[]>;
  getStudy(studyId: string): Promise<Study | undefined>;
  listConsents(studyId: string): Promise<readonly Consent[]>;
  getDossier(studyId: string, round: number): Promise<RoundDossier | undefined>;
  /** The keys that updates of a dataset are sealed to in a study. */
  listStudyKeys(studyId: string, datasetId: string): Promise<readonly StudyKey[]>;
  /** What withdrawals ask of whom. */
  listErasures(studyId: string): Promise<readonly DatasetErasures[]>;
  getDataset(datasetId: string): Promise<Dataset>;
  listRevisions(datasetId: string): Promise<readonly Revision[]>;
  getPopulation(populationId: string): Promise<Population | undefined>;
  listBlocks(populationId: string): Promise<readonly Block[]>;
  getModel(studyId: string): Promise<ModelAnswer | undefined>;
  listMembers(): Promise<readonly Member[]>;
  /** The name of the channel, which proofs of keys are made for. */
  channel(): Promise<string>;
  /** Sends one transaction; the same key twice is one transaction. */
  submit<N extends TrainerTransaction>(
    name: N,
    argument: Argument<N>,
    idempotencyKey: string,
  ): Promise<{ readonly transactionId: string }>;
}

/** An answer of the gateway in RFC 9457's form: the ledger or the gateway has refused, nothing was written. */
export class GatewayProblem extends Error {
  override readonly name = 'GatewayProblem';
  readonly status: number;
  readonly code: string;
  readonly detail: string;

  constructor(problem: { status: number; code: string; detail: string }) {
    super(`${problem.code}: ${problem.detail}`);
    this.status = problem.status;
    this.code = problem.code;
    this.detail = problem.detail;
  }
}

export interface GatewayOptions {
  readonly url: string;
  readonly key: string;
  readonly readTimeoutMs?: number;
  readonly submitTimeoutMs?: number;
  readonly fetch?: typeof fetch;
}

interface Page {
  readonly items: readonly unknown[];
  readonly bookmark?: string;
}

const PAGE_SIZE = 100;
const MAX_PAGES = 10_000;

/** The gateway's name of each transaction. */
const OPERATIONS: Readonly<Record<TrainerTransaction, OperationName>> = {
  'round:open': 'openRound',
  'round:recordUpdate': 'recordUpdate',
  'round:close': 'closeRound',
  'round:commitScore': 'commitScore',
  'round:recordVerdict': 'recordVerdict',
  'round:tally': 'tallyRound',
  'round:attest': 'attestAggregate',
  'round:finalize': 'finalizeRound',
  'round:abort': 'abortRound',
  'model:publish': 'publishModel',
  'study:settle': 'settleConsent',
  'study:recordKeys': 'recordStudyKeys',
  'study:attestErasure': 'attestErasure',
};

type Values = Readonly<Record<string, string | number>>;
interface Asked {
  readonly path?: Values;
  readonly query?: Values;
}

export class GatewayClient implements Ledger {
  readonly #client: Client;
  readonly #readTimeoutMs: number;
  readonly #submitTimeoutMs: number;

  constructor({ url, key, readTimeoutMs = 15_000, submitTimeoutMs = 60_000, fetch: send }: GatewayOptions) {
    // What is repeated, and when, this trainer decides by what it reads of the ledger.
    this.#client = new Client({ url, key, attempts: 1, ...(send !== undefined && { fetch: send }) });
    this.#readTimeoutMs = readTimeoutMs;
    this.#submitTimeoutMs = submitTimeoutMs;
  }

  async listOpenConsents(mspId: string): Promise<readonly string[]> {
    const consents = (await this.#pages('listOpenConsents', { path: { mspId } })) as readonly OpenConsent[];
    return [...new Set(consents.map(({ studyId }) => studyId))];
  }

  async listConsentedStudies(mspId: string): Promise<readonly string[]> {
    const asked = { path: { by: 'hospital' }, query: { value: mspId } };
    const found = new Set<string>();
    for await (const activity of this.#items('listActivities', asked) as AsyncIterable<Activity>) {
      const { transaction, studyId } = activity;
      if (transaction === 'study:consent' && studyId !== undefined) found.add(studyId);
    }
    return [...found];
  }

  async getStudy(studyId: string): Promise<Study | undefined> {
    return (await this.#find('getStudy', { path: { studyId } }, 'STUDY_NOT_FOUND')) as Study | undefined;
  }

  async listConsents(studyId: string): Promise<readonly Consent[]> {
    return (await this.#pages('listConsents', { path: { studyId } })) as readonly Consent[];
  }

  async getDossier(studyId: string, round: number): Promise<RoundDossier | undefined> {
    const path = { studyId, round };
    return (await this.#find('getRoundDossier', { path }, 'ROUND_NOT_FOUND')) as RoundDossier | undefined;
  }

  async getDataset(datasetId: string): Promise<Dataset> {
    return (await this.#get('getDataset', { path: { datasetId } })) as Dataset;
  }

  async listStudyKeys(studyId: string, datasetId: string): Promise<readonly StudyKey[]> {
    return (await this.#pages('listStudyKeys', { path: { studyId, datasetId } })) as readonly StudyKey[];
  }

  async listErasures(studyId: string): Promise<readonly DatasetErasures[]> {
    return (await this.#pages('listErasures', { path: { studyId } })) as readonly DatasetErasures[];
  }

  async listRevisions(datasetId: string): Promise<readonly Revision[]> {
    return (await this.#pages('listRevisions', { path: { datasetId } })) as readonly Revision[];
  }

  async getPopulation(populationId: string): Promise<Population | undefined> {
    const path = { populationId };
    return (await this.#find('getPopulation', { path }, 'POPULATION_NOT_FOUND')) as Population | undefined;
  }

  async listBlocks(populationId: string): Promise<readonly Block[]> {
    return (await this.#pages('listBlocks', { path: { populationId } })) as readonly Block[];
  }

  async getModel(studyId: string): Promise<ModelAnswer | undefined> {
    return (await this.#find('getModel', { path: { studyId } }, 'MODEL_NOT_FOUND')) as
      | ModelAnswer
      | undefined;
  }

  async listMembers(): Promise<readonly Member[]> {
    return (await this.#pages('listMembers', {})) as readonly Member[];
  }

  async channel(): Promise<string> {
    const { channel } = (await this.#get('getLedger', {})) as { channel?: unknown };
    if (typeof channel === 'string') return channel;
    throw new TrainerError('TRAINER_GATEWAY_REFUSED', `${ROUTES.getLedger.path} names no channel`);
  }

  async submit<N extends TrainerTransaction>(
    name: N,
    argument: Argument<N>,
    idempotencyKey: string,
  ): Promise<{ readonly transactionId: string }> {
    const request = { ...requestOf(name, argument), idempotencyKey, timeoutMs: this.#submitTimeoutMs };
    return (await this.#send({ ...request, method: 'POST' })) as { transactionId: string };
  }

  #get(name: OperationName, asked: Asked): Promise<unknown> {
    const target = targetOf(name, asked as never);
    return this.#send({ method: 'GET', target, timeoutMs: this.#readTimeoutMs });
  }

  async #find(name: OperationName, asked: Asked, absent: string): Promise<unknown> {
    try {
      return await this.#get(name, asked);
    } catch (error) {
      if (error instanceof GatewayProblem && error.code === absent) return undefined;
      throw error;
    }
  }

  async #pages(name: OperationName, asked: Asked): Promise<readonly unknown[]> {
    const items: unknown[] = [];
    for await (const item of this.#items(name, asked)) items.push(item);
    return items;
  }

  /** Every item of a list, page by page; a page may be shorter than was asked for. */
  async *#items(name: OperationName, { path, query }: Asked): AsyncGenerator<unknown> {
    let bookmark: string | undefined;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const paged = { ...query, limit: PAGE_SIZE, ...(bookmark && { bookmark }) };
      const answer = (await this.#get(name, { ...(path && { path }), query: paged })) as Page;
      yield* answer.items;
      bookmark = answer.bookmark;
      if (!bookmark) return;
    }
    throw new TrainerError('TRAINER_GATEWAY_REFUSED', `${name} has more than ${MAX_PAGES} pages`);
  }

  async #send(request: Parameters<Client['send']>[0]): Promise<unknown> {
    const submitting = request.method === 'POST';
    try {
      const traceparent = traceparentNow();
      const headers = traceparent === undefined ? {} : { traceparent };
      const response = await this.#client.send({ ...request, headers });
      const body = parse(await response.text());
      if (body !== undefined) return body;
      throw notAnswered(submitting, `HTTP ${response.status} without an outcome`);
    } catch (error) {
      if (error instanceof NoAnswerError) {
        const code =
          submitting && error.maybeSent ? 'TRAINER_OUTCOME_UNKNOWN' : 'TRAINER_GATEWAY_UNREACHABLE';
        throw new TrainerError(code, undefined, { cause: error.cause });
      }
      if (error instanceof ProblemError) throw refusalOf(error, submitting);
      throw error;
    }
  }
}

const notAnswered = (submitting: boolean, why: string): TrainerError =>
  new TrainerError(submitting ? 'TRAINER_OUTCOME_UNKNOWN' : 'TRAINER_GATEWAY_REFUSED', why);

function refusalOf({ status, code, problem }: ProblemError, submitting: boolean): Error {
  const { detail } = problem;
  if (code === NO_PROBLEM) {
    if (submitting && status >= 500) return notAnswered(true, `HTTP ${status} without an outcome`);
    return new TrainerError('TRAINER_GATEWAY_REFUSED', `HTTP ${status}: ${detail}`);
  }
  if (submitting && UNKNOWN_OUTCOME.has(code)) return new TrainerError('TRAINER_OUTCOME_UNKNOWN', detail);
  return new GatewayProblem({ status, code, detail });
}

/** Codes after which a transaction that was to be submitted may or may not have been. */
const UNKNOWN_OUTCOME = new Set(['OUTCOME_UNKNOWN', 'GATEWAY_INTERNAL']);

/** Target and body of a transaction: what the path says is not repeated in the body. */
function requestOf<N extends TrainerTransaction>(
  name: N,
  argument: Argument<N>,
): { readonly target: string; readonly body: Record<string, unknown> } {
  const operation = OPERATIONS[name];
  const places = new Set(placesOf(ROUTES[operation].path));
  const fields = Object.entries(argument as Record<string, unknown>);
  const path = Object.fromEntries(fields.filter(([field]) => places.has(field)));
  return {
    target: targetOf(operation, { path } as never),
    body: Object.fromEntries(fields.filter(([field]) => !places.has(field))),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
