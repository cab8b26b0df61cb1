// A hospital's gateway over the consortium in memory, speaking HTTP as the real one does as far as a trainer
// asks. It writes down every submission it is sent, and can lose answers.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GatewayProblem, type TrainerTransaction } from '../gateway/gateway-client.ts';
import type { MemoryConsortium } from './memory-consortium.ts';

export interface Sent {
  readonly name: TrainerTransaction;
  readonly body: string;
  readonly idempotencyKey: string;
}

const ROUTES: readonly [RegExp, TrainerTransaction][] = [
  [/^\/v1\/studies\/([^/]+)\/rounds$/, 'round:open'],
  [/^\/v1\/studies\/([^/]+)\/rounds\/(\d+)\/updates$/, 'round:recordUpdate'],
  [/^\/v1\/studies\/([^/]+)\/rounds\/(\d+)\/close$/, 'round:close'],
  [/^\/v1\/studies\/([^/]+)\/rounds\/(\d+)\/score-commitments$/, 'round:commitScore'],
  [/^\/v1\/studies\/([^/]+)\/rounds\/(\d+)\/verdicts$/, 'round:recordVerdict'],
  [/^\/v1\/studies\/([^/]+)\/rounds\/(\d+)\/tally$/, 'round:tally'],
  [/^\/v1\/studies\/([^/]+)\/rounds\/(\d+)\/attestations$/, 'round:attest'],
  [/^\/v1\/studies\/([^/]+)\/rounds\/(\d+)\/finalize$/, 'round:finalize'],
  [/^\/v1\/studies\/([^/]+)\/rounds\/(\d+)\/abort$/, 'round:abort'],
  [/^\/v1\/studies\/([^/]+)\/model$/, 'model:publish'],
  [/^\/v1\/studies\/([^/]+)\/consents\/([^/]+)\/settle$/, 'study:settle'],
  [/^\/v1\/studies\/([^/]+)\/consents\/([^/]+)\/erasures$/, 'study:attestErasure'],
  [/^\/v1\/studies\/([^/]+)\/keys$/, 'study:recordKeys'],
];

export class GatewayServer {
  readonly sent: Sent[] = [];
  /** Decides of each submission whether its answer is lost, after the ledger has taken it. */
  loses: (sent: Sent) => boolean = () => false;
  readonly #consortium: MemoryConsortium;
  readonly #mspId: string;
  readonly #key: string;
  readonly #server: Server;

  constructor(options: {
    readonly consortium: MemoryConsortium;
    readonly mspId: string;
    readonly key: string;
  }) {
    this.#consortium = options.consortium;
    this.#mspId = options.mspId;
    this.#key = options.key;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => sendError(response, error));
    });
  }

  /** Listens on a port of 127.0.0.1 (a free one by default) and says its URL. */
  async listen(port = 0): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once('error', reject).listen(port, '127.0.0.1', resolve);
    await promise;
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.headers.authorization !== `Bearer ${this.#key}`) {
      throw new GatewayProblem({ status: 401, code: 'UNAUTHENTICATED', detail: 'no such key' });
    }
    const { pathname } = new URL(request.url ?? '/', 'http://gateway');
    if (request.method === 'POST') return this.#submit(request, response, pathname);
    if (pathname === '/v1/events') return this.#stream(response);
    return send(response, 200, await this.#read(pathname));
  }

  async #read(path: string): Promise<unknown> {
    const ledger = this.#consortium.as(this.#mspId);
    const [, , noun = '', id = '', part, number] = path.split('/');
    if (noun === 'ledger') return { channel: await ledger.channel() };
    if (part === 'open-consents') {
      return { items: (await ledger.listOpenConsents(id)).map((studyId) => ({ studyId })) };
    }
    if (noun === 'audit') {
      const studies = await ledger.listConsentedStudies(this.#mspId);
      return { items: studies.map((studyId) => ({ transaction: 'study:consent', studyId })) };
    }
    if (noun === 'members') return { items: await ledger.listMembers() };
    if (noun === 'datasets') {
      return part === undefined ? ledger.getDataset(id) : { items: await ledger.listRevisions(id) };
    }
    if (noun === 'populations') {
      const population = found(await ledger.getPopulation(id), 'POPULATION_NOT_FOUND');
      return part === undefined ? population : { items: await ledger.listBlocks(id) };
    }
    if (part === undefined) return found(await ledger.getStudy(id), 'STUDY_NOT_FOUND');
    if (part === 'erasures') return { items: await ledger.listErasures(id) };
    if (part === 'keys') return { items: await ledger.listStudyKeys(id, String(number)) };
    if (part === 'consents') return { items: await ledger.listConsents(id) };
    if (part === 'model') return found(await ledger.getModel(id), 'MODEL_NOT_FOUND');
    return found(await ledger.getDossier(id, Number(number)), 'ROUND_NOT_FOUND');
  }

  async #submit(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const body = Buffer.concat(await request.toArray()).toString();
    const [pattern, name] = ROUTES.find(([route]) => route.test(path)) ?? [];
    if (name === undefined) throw new Error(`no route ${path}`);
    const [, studyId, second] = pattern?.exec(path) ?? [];
    const located =
      second === undefined ? {} : /^study:/.test(name) ? { datasetId: second } : { round: Number(second) };
    const argument = { studyId, ...located, ...JSON.parse(body) };
    const key = String(request.headers['idempotency-key']);
    const sent = { name, body, idempotencyKey: key };
    this.sent.push(sent);
    const outcome = this.#consortium.submit(this.#mspId, { name, argument, key });
    if (this.loses(sent)) response.destroy();
    else send(response, 200, outcome);
  }

  #stream(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(': welcome\n\n');
    let id = 0;
    const stop = this.#consortium.onEvent(({ name, studyId }) => {
      id += 1;
      response.write(`id: ${id}\nevent: ${name}\ndata: ${JSON.stringify({ studyId })}\n\n`);
    });
    response.once('close', stop);
  }
}

function found<T>(row: T | undefined, code: string): T {
  if (row === undefined) throw new GatewayProblem({ status: 404, code, detail: code });
  return row;
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function sendError(response: ServerResponse, error: unknown): void {
  if (!(error instanceof GatewayProblem)) throw error;
  const { status, code, detail } = error;
  send(response, status, { type: `urn:${code}`, title: code, status, code, detail });
}
