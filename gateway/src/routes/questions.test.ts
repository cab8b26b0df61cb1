// Questions through REST, answered by the chaincode itself: pages with cursors that together are the whole, and a
// clear problem for whatever makes no sense: sizes, bookmarks, times and ids.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ROLES, type Role, transactionNamed } from '@consilium/domain';
import { provenKey } from '@consilium/domain/testing/member-key';
import type { FastifyInstance } from 'fastify';
import type { TObject } from 'typebox';
import { buildApp, LEDGER_ROUTES } from '../app.ts';
import { DEFAULT_LIMITS } from '../config.ts';
import { FabricLedger } from '../fabric/fabric-ledger.ts';
import { ApiKeys } from '../http/api-keys.ts';
import { PROPOSE_STUDY } from '../http/examples.ts';
import { createApiKey } from '../http/key-file.ts';
import { Outbox } from '../outbox/outbox.ts';
import { anotherDataset } from '../testing/another-dataset.ts';
import { CHAINCODE_NAME, FabricNetwork, notRun, RUN } from '../testing/fabric-network.ts';

const DATASETS = [1, 2, 3, 4, 5].map((n) => `asked-${RUN}-${n}`);
const [DATASET = ''] = DATASETS;
const STUDY = `asked-${RUN}`;
const NOBODY = 'nobody-has-this';
const silent = { info: () => {}, warn: () => {}, error: () => {} };
const limits = { ...DEFAULT_LIMITS, requestsPerMinute: 100_000 };

/** Of a study that is there, over datasets of which one consents. */
const KNOWN: Record<string, string> = {
  mspId: 'Org1MSP',
  datasetId: DATASET,
  populationId: DATASET,
  block: '1',
  revision: '1',
  studyId: STUDY,
  round: '1',
  pool: 'training',
  motion: '1',
  by: 'all',
  kind: 'round',
};
const fill = (path: string, values: Record<string, string>): string =>
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ''));
const queryOf = ({ transaction }: (typeof LEDGER_ROUTES)[number]) =>
  (transactionNamed(transaction).argument as TObject).properties;
const QUESTIONS = LEDGER_ROUTES.filter(
  ({ transaction }) => transactionNamed(transaction).kind === 'evaluate',
);
const LISTS = QUESTIONS.filter((route) => Object.hasOwn(queryOf(route), 'bookmark'));

describe('questions through REST', { skip: notRun ?? false }, () => {
  let network: FabricNetwork;
  let app: FastifyInstance;
  const directory = mkdtempSync(join(tmpdir(), 'questions-'));
  const path = join(directory, 'api-keys.json');
  const keys = Object.fromEntries(ROLES.map((role) => [role, createApiKey({ path, role }).key]));

  const send = (role: Role, url: string, payload?: object) =>
    app.inject({
      method: payload === undefined ? 'GET' : 'POST',
      url: `/v1${url}`,
      headers: { authorization: `Bearer ${keys[role]}` },
      ...(payload !== undefined && { payload }),
    });
  const ask = (url: string) => send('auditor', url);
  async function refused(url: string, status: number, code: string): Promise<string> {
    const answer = await ask(url);
    const { code: said, detail } = answer.json();
    assert.deepEqual([answer.statusCode, said], [status, code], `${url}: ${answer.body}`);
    assert.match(answer.headers['content-type'] ?? '', /problem\+json/);
    assert.notEqual(detail, '');
    return detail;
  }
  async function pages(url: string, pageSize: number): Promise<Record<string, unknown>[]> {
    const items: Record<string, unknown>[] = [];
    for (let bookmark = ''; ; ) {
      const asked = new URLSearchParams({ pageSize: String(pageSize), ...(bookmark && { bookmark }) });
      const answer = await ask(`${url}${url.includes('?') ? '&' : '?'}${asked}`);
      assert.equal(answer.statusCode, 200, answer.body);
      const page = answer.json();
      assert.ok(page.items.length <= pageSize);
      items.push(...page.items);
      if (page.bookmark === undefined) return items;
      bookmark = page.bookmark;
    }
  }

  before(async () => {
    network = await FabricNetwork.start();
    const connection = network.connection('Org1MSP');
    const ledger = new FabricLedger({ connection, chaincode: CHAINCODE_NAME, limits, log: silent });
    const outbox = new Outbox(directory);
    app = await buildApp({
      ledger,
      outbox,
      apiKeys: new ApiKeys(path),
      trainer: undefined,
      limits,
    });
    const did = async (role: Role, url: string, payload: object, ...may: readonly number[]) => {
      const { statusCode, body } = await send(role, url, payload);
      assert.ok([200, 201, ...may].includes(statusCode), body);
    };
    const member = { title: 'Org1', ...provenKey('Org1MSP', 'Org1MSP', connection.channel) };
    await did('operator', '/members', member, 409);
    for (const datasetId of DATASETS) await did('steward', '/datasets', anotherDataset(datasetId));
    await did('researcher', '/studies', { ...PROPOSE_STUDY, studyId: STUDY, datasets: DATASETS });
    const quoted = await ask(`/studies/${STUDY}/consents/${DATASET}/quote`);
    const { claimedEpsilon, studySha256 } = quoted.json();
    await did('steward', `/studies/${STUDY}/consents`, { datasetId: DATASET, claimedEpsilon, studySha256 });
  });
  after(async () => {
    await app?.close();
    await network?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it('take page sizes from 1 to 200, on every list', async () => {
    assert.ok(LISTS.length >= 18, `${LISTS.length} lists`);
    for (const route of LISTS) {
      const url = fill(route.path, KNOWN);
      for (const pageSize of ['0', '-1', '201', '1e9', '1.5', 'ten', '', '99999999999999999999']) {
        const detail = await refused(`${url}?pageSize=${pageSize}`, 400, 'INVALID_ARGUMENT');
        assert.match(detail, /pageSize/, url);
      }
    }
  });

  it('take only bookmarks of their own list', async () => {
    const { bookmark: ofDatasets } = (await ask('/datasets?pageSize=1')).json();
    const other = Buffer.from('\u0000study\u0000', 'utf8').toString('base64url');
    for (const route of LISTS) {
      // What a list would look into must be there, or its absence is the answer.
      if (['model:getLineage', 'round:listReceipts'].includes(route.transaction)) continue;
      const bookmarks = ['nonsense', 'AAAA', `${'x'.repeat(501)}`];
      if (route.transaction !== 'study:list') bookmarks.push(other);
      if (route.transaction !== 'dataset:list') bookmarks.push(ofDatasets);
      for (const bookmark of bookmarks) {
        const detail = await refused(
          `${fill(route.path, KNOWN)}?bookmark=${encodeURIComponent(bookmark)}`,
          400,
          'INVALID_ARGUMENT',
        );
        assert.match(detail, /bookmark/, route.path);
      }
    }
    await refused(`/studies/${STUDY}/receipts/Org1MSP?bookmark=-1`, 400, 'INVALID_ARGUMENT');
  });

  it('say of every id that nothing has which one it is', async () => {
    const codes: Record<string, RegExp> = {
      studyId: /^(STUDY|CONSENT|ROUND|UPDATE|VERDICT|MODEL|MOTION)_NOT_FOUND$/,
      datasetId: /^(DATASET|REVISION|CONSENT|UPDATE|ROUND)_NOT_FOUND$/,
      populationId: /^(POPULATION|BLOCK)_NOT_FOUND$/,
      mspId: /^(MEMBER|VERDICT|ROUND)_NOT_FOUND$/,
    };
    for (const { path: route } of QUESTIONS) {
      for (const [name, code] of Object.entries(codes)) {
        if (!route.includes(`{${name}}`)) continue;
        const url = fill(route, { ...KNOWN, [name]: NOBODY });
        const answer = await ask(url);
        assert.equal(answer.statusCode, 404, `${url}: ${answer.body}`);
        assert.match(answer.json().code, code, url);
      }
    }
    for (const [by, code] of [
      ['study', 'STUDY_NOT_FOUND'],
      ['dataset', 'DATASET_NOT_FOUND'],
      ['hospital', 'MEMBER_NOT_FOUND'],
    ]) {
      await refused(`/audit/activities/${by}?value=${NOBODY}`, 404, code!);
    }
  });

  it('refuse times and indexes that make no sense', async () => {
    const [early, late] = ['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'];
    for (const [question, says] of [
      [`all?from=${late}&to=${early}`, /from must be before to/],
      [`all?from=${early}&to=${early}`, /from must be before to/],
      ['all?from=yesterday', /from must be: A day such as 2026-11-29, or a UTC time/],
      ['all?from=2026-02-30', /from must be a time that there is/],
      ['all?from=1e%2B300', /from must be: A day such as 2026-11-29, or a UTC time/],
      ['all?from=2026-02-30T00:00:00Z', /from must be a time that there is/],
      ['all?to=2026-01', /to must be/],
      ['purpose?value=DUO:1', /purposes DUO:/],
      ['study', /value/],
      [`all?value=${STUDY}`, /value/],
      ['patient?value=x', /by must be one of/],
      [`study?value=${'x'.repeat(65)}`, /at most 64/],
    ] as const) {
      assert.match(await refused(`/audit/activities/${question}`, 400, 'INVALID_ARGUMENT'), says);
    }
  });

  it('answer by dataset, study, hospital, purpose and time, in pages that together are the whole', async () => {
    const about = async (by: string, value: string, times = '') =>
      pages(`/audit/activities/${by}?value=${encodeURIComponent(value)}${times}`, 2);
    const names = (items: Record<string, unknown>[]) => items.map(({ transaction }) => transaction);
    const ofDataset = await about('dataset', DATASET);
    assert.deepEqual(names(ofDataset), ['dataset:register', 'study:propose', 'study:consent']);
    const ofStudy = await about('study', STUDY);
    assert.deepEqual(names(ofStudy), ['study:propose', 'study:consent']);
    const [proposed, consented] = ofStudy as [{ at: string }, { at: string }];
    const between = `&from=${proposed.at}&to=${consented.at}`;
    assert.deepEqual(await about('study', STUDY, between), [proposed]);
    const isOurs = ({ datasetId, studyId }: Record<string, unknown>) =>
      studyId === STUDY || DATASETS.includes(String(datasetId));
    assert.equal((await about('hospital', 'Org1MSP')).filter(isOurs).length, DATASETS.length + 2);
    assert.deepEqual((await about('purpose', PROPOSE_STUDY.purpose)).filter(isOurs), ofStudy);
    const listed = (await pages('/datasets', 2)).map(({ datasetId }) => datasetId);
    assert.deepEqual(listed, [...new Set(listed)], 'nothing comes twice');
    for (const datasetId of DATASETS) assert.ok(listed.includes(datasetId));
  });
});
