// The ledger as this trainer sees it: its own hospital's gateway over HTTP. Every failure gets a name here, by
// what is known afterwards: refused (nothing happened), unreachable (nothing was sent), or outcome unknown.
import {
  type Activity,
  API_PREFIX,
  type Argument,
  type Block,
  type Consent,
  type Dataset,
  type DatasetErasures,
  fillPath,
  GATEWAY_PATHS,
  LEDGER_PATHS,
  ledgerPath,
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

export class GatewayClient implements Ledger {
  readonly #base: string;
  readonly #options: Required<GatewayOptions>;

  constructor(options: GatewayOptions) {
    this.#options = { readTimeoutMs: 15_000, submitTimeoutMs: 60_000, fetch, ...options };
    this.#base = options.url.replace(/\/+$/, '');
  }

  async listOpenConsents(mspId: string): Promise<readonly string[]> {
    const consents = (await this.#pages(
      ledgerPath('study:listOpenConsents', { mspId }),
    )) as readonly OpenConsent[];
    return [...new Set(consents.map(({ studyId }) => studyId))];
  }

  async listConsentedStudies(mspId: string): Promise<readonly string[]> {
    const path = `${ledgerPath('audit:listActivities', { by: 'hospital' })}?value=${encodeURIComponent(mspId)}`;
    const found = new Set<string>();
    for await (const activity of this.#items(path) as AsyncIterable<Activity>) {
      const { transaction, studyId } = activity;
      if (transaction === 'study:consent' && studyId !== undefined) found.add(studyId);
    }
    return [...found];
  }

  async getStudy(studyId: string): Promise<Study | undefined> {
    return (await this.#find(ledgerPath('study:get', { studyId }), 'STUDY_NOT_FOUND')) as Study | undefined;
  }

  async listConsents(studyId: string): Promise<readonly Consent[]> {
    return (await this.#pages(ledgerPath('study:listConsents', { studyId }))) as readonly Consent[];
  }

  async getDossier(studyId: string, round: number): Promise<RoundDossier | undefined> {
    const path = ledgerPath('round:getDossier', { studyId, round });
    return (await this.#find(path, 'ROUND_NOT_FOUND')) as RoundDossier | undefined;
  }

  async getDataset(datasetId: string): Promise<Dataset> {
    return (await this.#get(ledgerPath('dataset:get', { datasetId }))) as Dataset;
  }

  async listStudyKeys(studyId: string, datasetId: string): Promise<readonly StudyKey[]> {
    const path = ledgerPath('study:listKeys', { studyId, datasetId });
    return (await this.#pages(path)) as readonly StudyKey[];
  }

  async listErasures(studyId: string): Promise<readonly DatasetErasures[]> {
    return (await this.#pages(ledgerPath('study:listErasures', { studyId }))) as readonly DatasetErasures[];
  }

  async listRevisions(datasetId: string): Promise<readonly Revision[]> {
    return (await this.#pages(ledgerPath('dataset:listRevisions', { datasetId }))) as readonly Revision[];
  }

  async getPopulation(populationId: string): Promise<Population | undefined> {
    const path = ledgerPath('population:get', { populationId });
    return (await this.#find(path, 'POPULATION_NOT_FOUND')) as Population | undefined;
  }

  async listBlocks(populationId: string): Promise<readonly Block[]> {
    return (await this.#pages(ledgerPath('population:listBlocks', { populationId }))) as readonly Block[];
  }

  async getModel(studyId: string): Promise<ModelAnswer | undefined> {
    const path = ledgerPath('model:get', { studyId });
    return (await this.#find(path, 'MODEL_NOT_FOUND')) as ModelAnswer | undefined;
  }

  async listMembers(): Promise<readonly Member[]> {
    return (await this.#pages(ledgerPath('member:list', {}))) as readonly Member[];
  }

  async channel(): Promise<string> {
    const { channel } = (await this.#get(GATEWAY_PATHS.ledger)) as { channel?: unknown };
    if (typeof channel === 'string') return channel;
    throw new TrainerError('TRAINER_GATEWAY_REFUSED', `${GATEWAY_PATHS.ledger} names no channel`);
  }

  async submit<N extends TrainerTransaction>(
    name: N,
    argument: Argument<N>,
    idempotencyKey: string,
  ): Promise<{ readonly transactionId: string }> {
    const { path, body } = requestOf(name, argument);
    const headers = { 'content-type': 'application/json', 'idempotency-key': idempotencyKey };
    const response = await this.#fetch(path, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
      timeoutMs: this.#options.submitTimeoutMs,
    });
    return (await this.#answer(response, true)) as { transactionId: string };
  }

  async #get(path: string): Promise<unknown> {
    const response = await this.#fetch(path, { method: 'GET', timeoutMs: this.#options.readTimeoutMs });
    return this.#answer(response, false);
  }

  async #find(path: string, absent: string): Promise<unknown> {
    try {
      return await this.#get(path);
    } catch (error) {
      if (error instanceof GatewayProblem && error.code === absent) return undefined;
      throw error;
    }
  }

  async #pages(path: string): Promise<readonly unknown[]> {
    const items: unknown[] = [];
    for await (const item of this.#items(path)) items.push(item);
    return items;
  }

  /** Every item of a list, page by page; a page may be shorter than was asked for. */
  async *#items(path: string): AsyncGenerator<unknown> {
    let bookmark: string | undefined;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const query = new URLSearchParams({ pageSize: String(PAGE_SIZE), ...(bookmark && { bookmark }) });
      const answer = (await this.#get(`${path}${path.includes('?') ? '&' : '?'}${query}`)) as Page;
      yield* answer.items;
      bookmark = answer.bookmark;
      if (!bookmark) return;
    }
    throw new TrainerError('TRAINER_GATEWAY_REFUSED', `${path} has more than ${MAX_PAGES} pages`);
  }

  async #fetch(
    path: string,
    { timeoutMs, headers, ...init }: RequestInit & { timeoutMs: number },
  ): Promise<Response> {
    const { fetch: send, key } = this.#options;
    const submitting = init.method === 'POST';
    try {
      const response = await send(`${this.#base}${API_PREFIX}${path}`, {
        ...init,
        headers: { accept: 'application/json', authorization: `Bearer ${key}`, ...headers },
        signal: AbortSignal.timeout(timeoutMs),
      });
      // The body is read here, so that a connection that breaks half way is named as well.
      return new Response(await response.arrayBuffer(), {
        status: response.status,
        headers: response.headers,
      });
    } catch (cause) {
      if (submitting && !neverSent(cause))
        throw new TrainerError('TRAINER_OUTCOME_UNKNOWN', undefined, { cause });
      throw new TrainerError('TRAINER_GATEWAY_UNREACHABLE', undefined, { cause });
    }
  }

  async #answer(response: Response, submitting: boolean): Promise<unknown> {
    const text = await response.text();
    const body = parse(text);
    if (response.ok && body !== undefined) return body;
    const problem = (body ?? {}) as { code?: unknown; detail?: unknown; title?: unknown };
    const detail = String(problem.detail ?? problem.title ?? `HTTP ${response.status}`);
    if (typeof problem.code !== 'string' || response.ok) {
      if (submitting && (response.ok || response.status >= 500)) {
        throw new TrainerError('TRAINER_OUTCOME_UNKNOWN', `HTTP ${response.status} without an outcome`);
      }
      throw new TrainerError('TRAINER_GATEWAY_REFUSED', `HTTP ${response.status}: ${detail}`);
    }
    if (submitting && UNKNOWN_OUTCOME.has(problem.code))
      throw new TrainerError('TRAINER_OUTCOME_UNKNOWN', detail);
    throw new GatewayProblem({ status: response.status, code: problem.code, detail });
  }
}

/** Codes after which a transaction that was to be submitted may or may not have been. */
const UNKNOWN_OUTCOME = new Set(['OUTCOME_UNKNOWN', 'GATEWAY_INTERNAL']);

/** Path below /v1 and body of a transaction: what the path says is not repeated in the body. */
export function requestOf<N extends TrainerTransaction>(
  name: N,
  argument: Argument<N>,
): { path: string; body: Record<string, unknown> } {
  const path: string = LEDGER_PATHS[name];
  const places = new Set(placesOf(path));
  const fields = Object.entries(argument as Record<string, unknown>);
  return {
    path: fillPath<string>(path, argument as Record<string, string | number>),
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

const NEVER_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

/** Whether a failed fetch never reached the other side. */
function neverSent(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof AggregateError) return cause.errors.every(neverSent);
    const { code } = cause as { code?: unknown };
    if (typeof code === 'string' && NEVER_SENT.has(code)) return true;
  }
  return false;
}
