import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { transactionNamed } from '@consilium/domain';
import { LEDGER_ROUTES } from '../app.ts';
import { DATASET, PROPOSE_STUDY, REGISTER_DATASET, REGISTER_MEMBER } from '../http/examples.ts';
import { type GatewayFixture, openGateway } from '../testing/gateway-fixture.ts';

const VALUES: Record<string, string> = {
  mspId: 'Org1MSP',
  datasetId: 'cleveland-heart',
  populationId: 'cleveland-patients',
  block: '2',
  revision: '2',
  studyId: 'heart-2026',
  round: '1',
  pool: 'training',
  motion: '1',
  by: 'all',
  kind: 'round',
};
const fill = (path: string) => path.replaceAll(/\{(\w+)\}/g, (_, name: string) => VALUES[name] ?? '');

describe('routes of the ledger', () => {
  let gateway: GatewayFixture;
  before(async () => {
    gateway = await openGateway();
  });
  after(() => gateway.close());

  it('carry each transaction with its whole argument and the role of the key', async () => {
    for (const route of LEDGER_ROUTES.filter((one) => transactionNamed(one.transaction).kind === 'submit')) {
      const role = transactionNamed(route.transaction).roles[0] ?? assert.fail();
      const payload = route.examples.body ?? {};
      const answer = await gateway.as(role, { method: 'POST', url: `/v1${fill(route.path)}`, payload });
      assert.equal(answer.statusCode, route.creates === true ? 201 : 200, `${route.path}: ${answer.body}`);
      const call = gateway.ledger.calls.at(-1);
      assert.equal(call?.name, route.transaction);
      assert.equal(call?.role, role);
      for (const [, name] of route.path.matchAll(/\{(\w+)\}/g)) {
        const sent: unknown = (call?.argument as Record<string, unknown> | undefined)?.[name as string];
        assert.equal(String(sent), VALUES[name as string], `${route.path} ${name}`);
      }
      const { transactionId, blockNumber } = answer.json();
      assert.match(transactionId, /^[0-9a-f]{64}$/);
      assert.ok(blockNumber >= 1);
    }
  });

  it('answer every query, with numbers in paths as numbers', async () => {
    for (const route of LEDGER_ROUTES.filter(
      (one) => transactionNamed(one.transaction).kind === 'evaluate',
    )) {
      const answer = await gateway.as('auditor', { url: `/v1${fill(route.path)}` });
      assert.equal(answer.statusCode, 200, `${route.path}: ${answer.body}`);
      const call = gateway.ledger.calls.at(-1);
      assert.equal(call?.name, route.transaction);
    }
    await gateway.as('auditor', { url: '/v1/audit/update/heart-2026/1/cleveland-heart?pageSize=5' });
    assert.deepEqual(gateway.ledger.calls.at(-1)?.argument, {
      noun: 'update',
      key: ['heart-2026', '1', 'cleveland-heart'],
      pageSize: 5,
    });
  });

  it('answer with the row as the ledger holds it', async () => {
    const answer = await gateway.as('auditor', { url: '/v1/datasets/cleveland-heart' });
    assert.deepEqual(answer.json().dictionary, DATASET.dictionary);
  });

  it('label the codes of the Data Use Ontology, in questions, lists and what was committed', async () => {
    const labels = {
      'DUO:0000006': 'health or medical or biomedical research',
      'DUO:0000007': 'disease specific research',
    };
    const one = await gateway.as('auditor', { url: '/v1/datasets/cleveland-heart' });
    assert.deepEqual(one.json().duoLabels, labels);
    const list = await gateway.as('auditor', { url: '/v1/datasets' });
    assert.deepEqual(list.json().duoLabels, labels);
    const payload = { ...PROPOSE_STUDY, studyId: 'labelled-2026' };
    const proposed = await gateway.as('researcher', { method: 'POST', url: '/v1/studies', payload });
    assert.deepEqual(proposed.json().duoLabels, { 'DUO:0000007': labels['DUO:0000007'] });
    const member = await gateway.as('auditor', { url: '/v1/members/Org1MSP' });
    assert.equal(member.json().duoLabels, undefined);
  });

  it('take no body where the path says everything, whatever the content type', async () => {
    for (const headers of [{}, { 'content-type': 'application/json' }]) {
      const answer = await gateway.as('researcher', {
        method: 'POST',
        url: '/v1/studies/heart-2026/start',
        headers,
      });
      assert.equal(answer.statusCode, 200, answer.body);
    }
  });

  it('refuse a path parameter repeated in the body, an unknown field and an unknown query', async () => {
    const refused = [
      await gateway.as('researcher', {
        method: 'POST',
        url: '/v1/studies/heart-2026/abort',
        payload: { studyId: 'other', reason: 'x' },
      }),
      await gateway.as('operator', {
        method: 'POST',
        url: '/v1/members',
        payload: { ...REGISTER_MEMBER, mspId: 'Org2MSP' },
      }),
      await gateway.as('operator', { url: '/v1/members?sort=title' }),
      await gateway.as('trainer', { url: '/v1/studies/heart-2026/rounds/zero' }),
      await gateway.as('trainer', { url: '/v1/studies/Heart%202026' }),
    ];
    for (const answer of refused) {
      assert.equal(answer.statusCode, 400, answer.body);
      assert.equal(answer.json().code, 'INVALID_ARGUMENT');
      assert.match(answer.json().detail, /^(body|query|path): /);
    }
  });

  it('count refinements as part of the schema and name every field at once', async () => {
    const answer = await gateway.as('steward', {
      method: 'POST',
      url: '/v1/datasets',
      payload: { ...REGISTER_DATASET, datasetId: 'B!', recordCountBand: { low: 1, high: 2 } },
    });
    assert.equal(answer.statusCode, 400);
    assert.match(answer.json().detail, /datasetId must be/);
    assert.match(answer.json().detail, /recordCountBand must be one of the public bands/);
  });

  it('register a dataset whose δ is not small against its patients, with a warning', async () => {
    const register = (datasetId: string, delta: string) =>
      gateway.as('steward', {
        method: 'POST',
        url: '/v1/datasets',
        payload: {
          ...REGISTER_DATASET,
          datasetId,
          privacyBudget: { ...REGISTER_DATASET.privacyBudget, delta },
        },
      });
    const large = await register('large-delta', '0.01');
    assert.equal(large.statusCode, 201, large.body);
    assert.match(
      large.json().warnings.join(),
      /delta 0\.01 is not small against 250 to 349 patients.*At most 0\.0002/,
    );
    const small = await register('small-delta', '0.00001');
    assert.equal(small.statusCode, 201, small.body);
    assert.equal(small.json().warnings, undefined);
  });
});
