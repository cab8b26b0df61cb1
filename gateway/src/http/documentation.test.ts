import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { ProposeStudy, TRANSACTIONS, transactionNamed } from '@consilium/domain';
import { exceedBudget } from '@consilium/domain/testing/exceeded-budget';
import { Validator } from '@seriousme/openapi-schema-validator';
import type { TSchema } from 'typebox';
import { Errors } from 'typebox/value';
import { LEDGER_ROUTES } from '../app.ts';
import { VARIABLES } from '../config.ts';
import { writtenDocument } from '../documentation/openapi-file.ts';
import { restApiPage } from '../documentation/rest-api-page.ts';
import { splitArgument } from '../routes/ledger-route.ts';
import { type GatewayFixture, openGateway } from '../testing/gateway-fixture.ts';
import { TAGS } from './documentation.ts';
import { DATASET, PROPOSE_STUDY, STUDY } from './examples.ts';
import { PROBLEM_CODES, Problem, problemOf, statusOf } from './problem.ts';
import { validatorCompiler } from './validator-compiler.ts';

interface Operation {
  operationId?: string;
  summary?: string;
  description?: string;
  tags?: string[];
  security?: object[];
  requestBody?: { content: Record<string, { example?: unknown; schema: { examples?: unknown[] } }> };
  responses: Record<
    string,
    { description: string; content?: Record<string, { example?: unknown; schema: { examples?: unknown[] } }> }
  >;
}

const exampleOf = (media: { example?: unknown; schema: { examples?: unknown[] } }) =>
  media.example ?? media.schema.examples?.[0];

describe('the OpenAPI document', () => {
  let gateway: GatewayFixture;
  let operations: (readonly [string, Operation])[];
  let document: { openapi: string; paths: Record<string, Record<string, Operation>> };

  before(async () => {
    gateway = await openGateway();
    document = (await gateway.app.inject('/documentation/json')).json();
    const shared = (document as unknown as { components: { responses: Record<string, object> } }).components;
    const resolved = ({ responses, ...operation }: Operation): Operation => ({
      ...operation,
      responses: Object.fromEntries(
        Object.entries(responses as Record<string, { $ref?: string }>).map(([status, one]) => [
          status,
          one.$ref === undefined ? one : shared.responses[one.$ref.split('/').at(-1)!],
        ]),
      ) as Operation['responses'],
    });
    operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(
        ([method, operation]) => [`${method} ${path}`, resolved(operation)] as const,
      ),
    );
  });
  after(() => gateway.close());

  it('is valid OpenAPI 3.1', async () => {
    assert.equal(document.openapi, '3.1.0');
    const { valid, errors } = await new Validator().validate(structuredClone(document));
    assert.deepEqual(errors, undefined);
    assert.equal(valid, true);
  });

  it('has a route for every transaction of the ledger, and none for others', () => {
    const routed = new Set<string>(LEDGER_ROUTES.map(({ transaction }) => transaction));
    assert.deepEqual([...routed].sort(), TRANSACTIONS.map(({ name }) => name).sort());
  });

  it('documents the route of every transaction', () => {
    for (const { path, transaction } of LEDGER_ROUTES) {
      const method = transactionNamed(transaction).kind === 'submit' ? 'post' : 'get';
      assert.ok(document.paths[`/v1${path}`]?.[method], `${method} ${path} is not documented`);
    }
  });

  it('says of every route what it does, under a known tag, with its own operation id', () => {
    const tags = new Set(TAGS.map(({ name }) => name));
    const ids = operations.map(([, { operationId }]) => operationId);
    assert.equal(new Set(ids).size, ids.length);
    for (const [name, operation] of operations) {
      assert.ok(operation.operationId, `${name} has no operation id`);
      assert.ok(operation.summary, `${name} has no summary`);
      assert.ok(operation.description, `${name} has no description`);
      assert.ok(
        operation.tags?.every((tag) => tags.has(tag)) && operation.tags.length === 1,
        `${name}: tags`,
      );
    }
  });

  it('says of every route under /v1 which role it needs, and of every other that it is public', () => {
    for (const [name, { description, security }] of operations) {
      if (name.includes(' /v1/')) {
        assert.match(description ?? '', /Needs (any role|role [a-z or]+)\./, name);
        assert.deepEqual(security, [{ apiKey: [] }], name);
      } else {
        assert.match(description ?? '', /Public\./, name);
        assert.deepEqual(security, [], name);
      }
    }
  });

  it('documents only error codes that exist, under their status', () => {
    for (const [name, { responses }] of operations) {
      for (const [status, { description, content }] of Object.entries(responses)) {
        if (content?.['application/problem+json'] === undefined) continue;
        const codes = [...description.matchAll(/^`([A-Z_]+)`: /gm)].map(([, code]) => code);
        const ofTrainer = name.includes(' /v1/local/') && description.includes('`TRAINER_…`');
        assert.ok(codes.length > 0 || ofTrainer, `${name} ${status}`);
        for (const code of codes) {
          const known = PROBLEM_CODES.find((one) => one === code);
          assert.ok(known, `${name}: ${code} does not exist`);
          assert.equal(String(statusOf(known)), status, `${name}: ${code}`);
        }
      }
    }
  });

  it('has an example of every answer in JSON and of every body', () => {
    for (const [name, { responses, requestBody }] of operations) {
      const ok = Object.entries(responses).filter(([status]) => status.startsWith('2'));
      // What was taken (202) and what was done are answers of one request.
      assert.ok(ok.length === 1 || (ok.length === 2 && responses[202] !== undefined), name);
      for (const [type, media] of ok.flatMap(([, { content }]) => Object.entries(content ?? {}))) {
        if (type === 'application/octet-stream') continue;
        assert.ok(exampleOf(media) !== undefined, `${name} has no example of its answer`);
      }
      for (const media of Object.values(requestBody?.content ?? {})) {
        assert.ok(exampleOf(media) !== undefined, `${name} has no example of its body`);
      }
    }
  });

  it('has only examples that fit their schemas', () => {
    for (const route of LEDGER_ROUTES) {
      const problems = (schema: TSchema, value: unknown) =>
        [...Errors(schema, value)].map(({ instancePath, message }) => `${instancePath} ${message}`);
      assert.deepEqual(problems(route.answer, route.examples.answer), [], `answer of ${route.operationId}`);
      if (transactionNamed(route.transaction).kind === 'evaluate') continue;
      const { rest } = splitArgument(route);
      assert.deepEqual(problems(rest, route.examples.body ?? {}), [], `body of ${route.operationId}`);
    }
  });

  it('has only examples of problems that are answered', () => {
    const emitted: Record<string, () => void> = {
      BUDGET_EXCEEDED: () => exceedBudget(DATASET, STUDY),
      INVALID_ARGUMENT: () => {
        const { training, ...rest } = PROPOSE_STUDY;
        const optimizer = { kind: 'sgd', momentum: '1' };
        const compiled = validatorCompiler({ schema: ProposeStudy, method: '', url: '', httpPart: 'body' });
        const judged = compiled({ ...rest, training: { ...training, optimizer } }) as { error?: Error };
        throw judged.error;
      },
    };
    const { examples = [] } = Problem as { examples?: { code: string; requestId: string }[] };
    assert.ok(examples.length > 0);
    for (const example of examples) {
      assert.throws(emitted[example.code]!, (error) => {
        assert.deepEqual(problemOf(error, example.requestId), example);
        return true;
      });
    }
    // Wherever a problem is documented its example is one with this status, and of a code that is documented there.
    for (const [name, { responses }] of operations) {
      for (const [status, { description, content }] of Object.entries(responses)) {
        const media = content?.['application/problem+json'];
        if (media === undefined) continue;
        const { status: own, code } = media.example as { status: number; code: string };
        assert.equal(String(own), status, name);
        assert.ok(description.includes(`\`${code}\``) || code.startsWith('TRAINER_'), `${name}: ${code}`);
      }
    }
  });

  it('promises no line of a file that lies at the hospital, which the trainer does not say', () => {
    const [, { responses }] = operations.find(([, { operationId }]) => operationId === 'checkLocalDataset')!;
    assert.match(responses['422']!.description, /names column and rule, and the line only of what was sent/);
    const { description } = Problem.properties.problems as { description?: string };
    assert.match(description ?? '', /column and code, and the line, where they came with the request/);
  });

  it('is in step with the reference, which lists every route, role and problem code', () => {
    const page = readFileSync(new URL('../../../../docs/reference/rest-api.md', import.meta.url), 'utf8');
    assert.equal(page, restApiPage(document), 'run: scripts/write-documentation.sh');
    for (const [name] of operations) {
      const [method = '', path = ''] = name.split(' ');
      assert.ok(page.includes(`| ${method.toUpperCase()} | \`${path}\` | `), name);
    }
  });

  it('is in step with the file that generators of clients take', () => {
    const file = readFileSync(new URL('../../../../docs/reference/openapi.json', import.meta.url), 'utf8');
    assert.equal(file === writtenDocument(document), true, 'run: scripts/write-documentation.sh');
  });

  it('has a name for every object and every list of words, of the domain or of its place', () => {
    const { components } = document as unknown as { components: { schemas: Record<string, object> } };
    const unnamed: string[] = [];
    const look = (json: unknown, place: string, isTop: boolean): void => {
      if (typeof json !== 'object' || json === null) return;
      const { properties, enum: words } = json as { properties?: object; enum?: unknown[] };
      if (!isTop && (Object.keys(properties ?? {}).length > 0 || (words?.length ?? 0) > 1))
        unnamed.push(place);
      for (const [key, value] of Object.entries(json)) {
        if (key !== 'example' && key !== 'examples') look(value, `${place}/${key}`, false);
      }
    };
    for (const [name, schema] of Object.entries(components.schemas)) {
      assert.match(name, /^[A-Z][A-Za-z0-9]+$/);
      assert.doesNotMatch(name, /Inner|Response|\d{3}/, name);
      for (const [key, value] of Object.entries(schema)) {
        if (key !== 'examples' && key !== 'enum') look(value, `${name}/${key}`, key === 'properties');
      }
    }
    look(document.paths, '', false);
    assert.deepEqual(unnamed, []);
    for (const noun of [
      'Study',
      'Dataset',
      'RoundDossier',
      'Consent',
      'Problem',
      'Operation',
      'StudyTraining',
    ]) {
      assert.ok(components.schemas[noun] !== undefined, noun);
    }
  });

  it('says who may call every route, and declares what /v1/local refuses', () => {
    for (const [name, { security, responses }] of operations) {
      assert.ok(security !== undefined, name);
      if (!name.includes(' /v1/local/')) continue;
      for (const status of ['401', '403', '404', '405', '422', '429', '503'])
        assert.ok(responses[status], name);
    }
  });

  it('is in step with the README, which lists every variable with its meaning', () => {
    const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
    const rows = [...readme.matchAll(/^\| `(CONSILIUM_[A-Z0-9_]+)` +\| (.+?) +\|$/gm)].map((match) =>
      match.slice(1),
    );
    assert.deepEqual(
      rows,
      VARIABLES.map((row) => [...row]),
    );
  });

  it('is shown as a page, to which the root leads', async () => {
    const root = await gateway.app.inject('/');
    assert.equal(root.statusCode, 302);
    assert.equal(root.headers.location, '/documentation');
    const page = await gateway.app.inject('/documentation/');
    assert.equal(page.statusCode, 200);
    assert.match(page.headers['content-type'] ?? '', /html/);
    assert.match(page.body, /<title>Consilium: /);
  });

  it('is shown by a page that runs and loads nothing but its own files, with the way in and what comes first', async () => {
    const page = await gateway.app.inject('/documentation/');
    const policy = String(page.headers['content-security-policy']);
    assert.match(policy, /^default-src 'none'/);
    assert.doesNotMatch(policy, /unsafe|https?:|\*/);
    assert.doesNotMatch(page.body, /<script>|<style|style="|on[a-z]+="/, 'nothing is in the page itself');
    const { description } = (document as unknown as { info: { description: string } }).info;
    assert.match(description, /key create/);
    const ids = new Map(operations.map(([, { operationId, tags }]) => [operationId, tags?.[0]]));
    const first = [...description.matchAll(/\(#\/([a-z]+)\/([A-Za-z]+)\)/g)];
    assert.ok(first.length >= 6);
    for (const [, tag, operation] of first) assert.equal(ids.get(operation), tag, operation);
  });
});
