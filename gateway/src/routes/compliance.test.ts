// The questions through REST: forms by name and by Accept, pages, refusals that name the field, and what a browser
// may do with a page on which members wrote the titles.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { API_PREFIX, fillPath, QUESTION_PATHS, ROLES } from '@consilium/domain';
import type { TSchema } from 'typebox';
import { Errors } from 'typebox/value';
import { QUESTIONS } from '../questions/all-questions.ts';
import { type GatewayFixture, openGateway } from '../testing/gateway-fixture.ts';
import { playedHistory } from '../testing/played-history.ts';
import { HOSTILE_TITLE, playStudy } from '../testing/played-study.ts';
import { writtenHistory } from '../testing/written-history.ts';

const KNOWN: Record<string, string> = {
  datasetId: 'beta',
  populationId: 'beta',
  studyId: 'heart',
  mspId: 'BetaMSP',
  purpose: 'DUO:0000007',
  day: '2026-03-01',
};
const urls = QUESTIONS.map(({ path }) => `${API_PREFIX}${fillPath(path as string, KNOWN as never)}`);
const usesUrl = `${API_PREFIX}${fillPath(QUESTION_PATHS.usesOfDataset, { datasetId: 'beta' })}`;
/** When a budget is gone moves with the clock. */
const withoutDays = (body: string) => body.replaceAll(/\d{4}-\d{2}-\d{2}/g, 'day');
const dayUrl = `${API_PREFIX}${fillPath(QUESTION_PATHS.actsOfDay, { day: '2026-03-01' })}`;

describe('the questions through REST', () => {
  let gateway: GatewayFixture;
  const get = (url: string, headers: Record<string, string> = {}) => gateway.as('auditor', { url, headers });

  before(async () => {
    gateway = await openGateway({ history: playedHistory(await playStudy()) });
  });
  after(() => gateway?.close());

  it('are each answered by one request, to every role, as their documentation says', async () => {
    const document = (await gateway.app.inject('/documentation/json')).json();
    for (const [i, url] of urls.entries()) {
      for (const role of ROLES) assert.equal((await gateway.as(role, { url })).statusCode, 200, url);
      const answer = (await get(url)).json();
      const { get: operation } = document.paths[`${API_PREFIX}${QUESTIONS[i]!.path}`];
      const schema = operation.responses['200'].content['application/json'].schema as TSchema;
      assert.deepEqual(
        [...Errors({ components: document.components, ...schema } as TSchema, answer)],
        [],
        url,
      );
      assert.ok(answer.question.endsWith('?'), url);
      assert.ok(answer.answer.length > 0, url);
      assert.equal(answer.answered.organisations.length, 2);
      assert.match(answer.answered.sentence, /up to block \d+, .* peers of 2 organisations sent the same/);
      assert.equal((await gateway.app.inject({ url })).statusCode, 401, url);
    }
  });

  it('come as JSON, CSV, lines of JSON and a page, by name or by Accept', async () => {
    for (const url of urls) {
      for (const [format, type] of [
        ['json', 'application/json'],
        ['csv', 'text/csv'],
        ['ndjson', 'application/x-ndjson'],
        ['html', 'text/html'],
      ] as const) {
        const named = await get(`${url}?format=${format}`);
        const accepted = await get(url, { accept: type });
        assert.equal(named.statusCode, 200, named.body);
        assert.ok(withoutDays(named.body) === withoutDays(accepted.body), `${url} ${format}`);
        assert.ok(String(named.headers['content-type']).startsWith(type));
        assert.match(String(named.headers.vary), /^accept, authorization/);
        assert.equal(named.headers['x-content-type-options'], 'nosniff');
        assert.equal(named.headers['cache-control'], 'no-store');
        assert.match(String(named.headers['consilium-answered-block']), /^\d+$/);
      }
    }
  });

  it('run nothing that a member wrote: not on the page, not in a spreadsheet', async () => {
    const page = await get(`${usesUrl}?format=html`);
    assert.doesNotMatch(page.body, /<script/i);
    assert.match(page.body, /&lt;script&gt;alert\(1\)&lt;\/script&gt;/);
    const policy = String(page.headers['content-security-policy']);
    assert.match(policy, /default-src 'none'/);
    assert.doesNotMatch(policy, /script-src/);
    const csv = await get(`${usesUrl}?format=csv`);
    assert.ok(csv.body.includes(`"'${HOSTILE_TITLE.replaceAll('"', '""')}"`), csv.body);
  });

  it('have another table of a CSV if asked, and refuse one that there is not', async () => {
    const accounts = await get(`${usesUrl}?format=csv&table=accounts`);
    assert.match(accounts.body, /^populationId,block,pool,/);
    const refused = await get(`${usesUrl}?format=csv&table=course`);
    assert.deepEqual([refused.statusCode, refused.json().code], [400, 'INVALID_ARGUMENT']);
    assert.match(refused.json().detail, /table must be one of uses, accounts/);
  });

  it('lead through pages by the header Link and by bookmarks, in every form alike', async () => {
    const acts: unknown[] = [];
    let url: string | undefined = `${dayUrl}?limit=20`;
    while (url !== undefined) {
      const answer = await get(url);
      const body = answer.json();
      acts.push(...body.acts);
      url = /^<([^>]+)>; rel="next"$/.exec(String(answer.headers.link))?.[1];
      assert.equal(url === undefined, body.bookmark === undefined);
      if (url !== undefined) {
        assert.match(body.answer.at(-1), /cut here/);
        assert.match((await get(`${dayUrl}?limit=20&format=csv`)).body, /,true\r\n$/);
      }
    }
    assert.deepEqual(acts, (await get(`${dayUrl}?limit=1000`)).json().acts);
  });

  it('refuse what makes no sense, naming the field and the remedy', async () => {
    const path = (name: keyof typeof QUESTION_PATHS, values: object) =>
      `${API_PREFIX}${fillPath(QUESTION_PATHS[name] as string, values as never)}`;
    for (const [url, says] of [
      [`${usesUrl}?limit=0`, /query: limit must be a whole number from 1 to 1000/],
      [`${usesUrl}?limit=1001`, /limit/],
      [`${usesUrl}?format=xml`, /format must be one of json, csv, ndjson, html/],
      [`${usesUrl}?vectors=perhaps`, /vectors must be true or false/],
      [`${usesUrl}?bookmark=zzz`, /bookmark must be that of the page before.*leave it out/],
      [`${usesUrl}?colour=red`, /colour/],
      [path('actsOfDay', { day: 'yesterday' }), /day must be: A day in UTC, such as 2026-11-29/],
      [path('actsOfDay', { day: '2026-02-30' }), /day must be a time that there is/],
      [path('studiesOfPurpose', { purpose: 'DUO:1' }), /purpose must be one of DUO:0000042/],
      [
        `${path('studiesOfPurpose', { purpose: 'DUO:0000007' })}?from=now`,
        /from must be: A day such as 2026-11-29/,
      ],
      [`${path('budgets', {})}?points=0`, /points must be a whole number from 1 to 200/],
    ] as const) {
      const refused = await get(url);
      assert.deepEqual(
        [refused.statusCode, refused.json().code],
        [400, 'INVALID_ARGUMENT'],
        `${url} ${refused.body}`,
      );
      assert.match(refused.json().detail, says);
    }
    for (const [name, values, code] of [
      ['usesOfDataset', { datasetId: 'none' }, 'DATASET_NOT_FOUND'],
      ['originsOfModel', { studyId: 'none' }, 'MODEL_NOT_FOUND'],
      ['refusalsOfHospital', { mspId: 'NoMSP' }, 'MEMBER_NOT_FOUND'],
    ] as const) {
      const refused = await get(path(name, values));
      assert.deepEqual([refused.statusCode, refused.json().code], [404, code]);
    }
  });
});

describe('the questions before anything was checked', () => {
  it('are refused, without a history and with an empty one, and not answered as if nothing had happened', async () => {
    for (const history of [undefined, writtenHistory([])]) {
      const gateway = await openGateway(history === undefined ? {} : { history });
      for (const url of urls) {
        const { statusCode, headers, body } = await gateway.as('auditor', { url });
        assert.equal(statusCode, 503, body);
        assert.equal(JSON.parse(body).code, 'HISTORY_UNAVAILABLE');
        assert.match(String(headers['retry-after']), /^\d+$/);
      }
      await gateway.close();
    }
  });
});

describe('the questions on a channel that has no transaction yet', () => {
  it('are answered, and say that nothing has happened, in every form', async (t) => {
    const history = writtenHistory([]);
    history.write(() => {
      history.add({ number: 0, hash: Buffer.alloc(32), configuration: 0, codes: [0], transactions: [] });
      history.agree(['Org1MSP', 'Org2MSP'], 1);
    });
    const gateway = await openGateway({ history });
    t.after(() => gateway.close());
    const get = (url: string) => gateway.as('auditor', { url });
    const budgets = (await get('/v1/questions/budgets')).json();
    assert.deepEqual([budgets.answered.block, budgets.answered.at], [0, null]);
    assert.match(
      budgets.answered.sentence,
      /up to block 0, which has no transaction yet\. .* peers of 2 organisations/,
    );
    for (const url of urls) {
      for (const format of ['json', 'csv', 'ndjson', 'html']) {
        const { statusCode, body } = await get(`${url}${url.includes('?') ? '&' : '?'}format=${format}`);
        // What is asked about is not there: that is an answer too.
        assert.ok([200, 404].includes(statusCode), `${url} ${statusCode} ${body}`);
      }
    }
  });
});
