// The OpenAPI 3.1 document, made from the same schemas that validate, and the page that shows it.
import { readFileSync } from 'node:fs';
import { ROLES, type Role } from '@consilium/domain';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyContextConfig, FastifyInstance, FastifySchema } from 'fastify';
import { finishDocument } from './finished-document.ts';
import { meaningOf, PROBLEM_TYPE, Problem, type ProblemCode, statusOf } from './problem.ts';

const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

declare module 'fastify' {
  interface FastifyContextConfig {
    readonly streamedBodyExample?: object;
  }
}

/** What somebody needs who opens the page for the first time. */
const WAY_IN = [
  "Federated learning between hospitals with differential privacy: the API of one hospital's gateway.",
  '**The way in.** The operator of the gateway gives you an API key: `consilium-gateway key create --role auditor`. Or ' +
    "you have an access token of the hospital's own OpenID provider, where the gateway takes these. Press *Authorize* " +
    'and paste it; programs send `Authorization: Bearer KEY`. A key has one role, and each route below says which it needs.',
  `**First:** ${[
    '[is the gateway ready?](#/service/getReadiness)',
    '[which ledger is this, and how far is it?](#/ledger/getLedger)',
    '[what waits for people?](#/ledger/getAttention)',
    '[which studies are there?](#/studies/listStudies)',
    '[which datasets?](#/datasets/listDatasets)',
    '[what would a consent cost?](#/consents/quoteConsent)',
    '[what is left of every budget?](#/questions/askBudgets)',
    '[events as they come](#/ledger/streamEvents)',
  ].join(' · ')}`,
  '**Errors** are `application/problem+json` with a `code`. **Submissions** take an `Idempotency-Key` and are carried ' +
    'out at most once; with `Prefer: respond-async` they answer at once. **Lists** take `limit` and `bookmark`. Every ' +
    'answer has `X-Request-Id`, by which the operator finds it in the log.',
].join('\n\n');

const STYLE =
  '.swagger-ui .info { margin: 24px 0 } .swagger-ui .info .title small { vertical-align: middle }';

/** Nothing is loaded from elsewhere, no script or style is in the page itself, and no page frames this one. */
const CONTENT_SECURITY = [
  ...[
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
  ],
  ...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
].join('; ');

export const TAGS = [
  { name: 'members', description: 'Organisations of the consortium.' },
  {
    name: 'populations',
    description:
      'The people whom datasets are about, in blocks of patients with privacy accounts of their own.',
  },
  { name: 'datasets', description: 'Descriptions of hospitals’ data. The rows never leave them.' },
  { name: 'privacy', description: 'What was spent of each privacy budget, and on what.' },
  { name: 'studies', description: 'Questions put to several datasets.' },
  { name: 'consents', description: 'Which study may use which dataset, at what reserved privacy cost.' },
  { name: 'rounds', description: 'Training rounds: updates, verdicts, tally, attestations, finalising.' },
  { name: 'models', description: 'Outcomes of studies and everything behind them.' },
  { name: 'audit', description: 'Every version of every row.' },
  {
    name: 'questions',
    description: 'What compliance teams ask, each answered by one request, in sentences and tables.',
  },
  { name: 'evidence', description: 'Files that prove an answer to someone who trusts no gateway.' },
  { name: 'ledger', description: 'The ledger itself: height, transactions, events.' },
  { name: 'webhooks', description: 'Events of the ledger, sent to the hospital’s own systems.' },
  { name: 'keys', description: 'API keys of this gateway, for its operator.' },
  { name: 'local', description: "This hospital's own trainer; nothing here reaches the ledger." },
  { name: 'service', description: 'Health, readiness and metrics.' },
];

/** Who may ask, for a route's description: 'Needs role steward or trainer.' */
export const needsOf = (roles: readonly Role[]): string =>
  `Needs ${roles.length === ROLES.length ? 'any role' : `role ${roles.join(' or ')}`}.`;

/** One response per status, listing the codes it may carry. */
export function problemResponses(codes: readonly ProblemCode[]): Record<number, object> {
  const byStatus = Map.groupBy(new Set(codes), statusOf);
  return Object.fromEntries(
    [...byStatus].map(([status, these]) => [
      status,
      {
        description: these.map((code) => `\`${code}\`: ${meaningOf(code)}`).join('\n\n'),
        content: { [PROBLEM_TYPE]: { schema: { $ref: 'Problem#' } } },
      },
    ]),
  );
}

/** What the trainer itself may answer; its codes are in its own table, or the ledger's. */
const TRAINER_PROBLEMS: Record<number, string> = {
  400: 'what was sent is not JSON.',
  403: 'the trainer does not take this role here, or the ledger refuses.',
  404: 'no such dataset, study or model at this trainer.',
  409: "it contradicts the ledger's row, or what this trainer has.",
  413: 'the body is larger than the trainer takes.',
  415: 'the trainer takes JSON.',
  422: 'a field, a file or a model breaks a rule; `problems` names column and rule, and the line only of what was sent.',
  500: 'the trainer failed; its log says why.',
  503: 'something outside the trainer does not answer: IPFS, the ledger, the disk.',
  507: 'a disk is full.',
};

/** The gateway's own problems of a route and, under the same statuses, those that the trainer answers. */
export function trainerProblems(own: Record<number, object>): Record<number, object> {
  const content = { [PROBLEM_TYPE]: { schema: { $ref: 'Problem#' } } };
  const joined = Object.entries(TRAINER_PROBLEMS).map(([status, text]) => {
    const { description = '' } = (own[Number(status)] ?? {}) as { description?: string };
    const more = `\`TRAINER_…\` or a code of the ledger: ${text}`;
    return [status, { description: [description, more].filter(Boolean).join('\n\n'), content }];
  });
  return { ...own, ...Object.fromEntries(joined) };
}

/** Bodies that stream through this service are documented and not validated by it. */
function withStreamedBody(schema: FastifySchema, config: FastifyContextConfig | undefined): FastifySchema {
  const example = config?.streamedBodyExample;
  if (example === undefined) return schema;
  return { ...schema, body: { type: 'object', examples: [example] } };
}

export async function addDocumentation(app: FastifyInstance): Promise<void> {
  app.addSchema({ $id: 'Problem', ...Problem });
  await app.register(swagger, {
    refResolver: { buildLocalReference: ({ $id }) => String($id) },
    transform: ({ schema, url, route }) => ({ url, schema: withStreamedBody(schema, route.config) }),
    transformObject: (made) => finishDocument('openapiObject' in made ? made.openapiObject : {}) as object,
    openapi: {
      openapi: '3.1.0',
      info: {
        title: "Consilium: one hospital's gateway",
        version,
        description: WAY_IN,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/' }],
      tags: TAGS,
      components: {
        securitySchemes: {
          apiKey: {
            type: 'http',
            scheme: 'bearer',
            description: "An API key of this gateway, or an access token of the hospital's OpenID provider.",
          },
        },
      },
    },
  });
  await app.register(swaggerUi, {
    routePrefix: '/documentation',
    theme: { title: 'Consilium: the API of a gateway', css: [{ filename: 'consilium.css', content: STYLE }] },
    uiConfig: {
      docExpansion: 'none',
      defaultModelsExpandDepth: -1,
      filter: true,
      tryItOutEnabled: true,
      // Without the bar of the page's makers.
      layout: 'BaseLayout',
    },
    staticCSP: CONTENT_SECURITY,
  });
}
