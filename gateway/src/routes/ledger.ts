// The ledger itself: its height, what on it waits for people, and any of its transactions.
import {
  GATEWAY_PATHS,
  POLICY_KINDS,
  PolicyRef,
  ROLES,
  type Role,
  StudyQuorum,
  type TransactionName,
} from '@consilium/domain';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { Dependencies } from '../dependencies.ts';
import { problemResponses } from '../http/documentation.ts';
import { routeUrl } from '../http/route-url.ts';
import { addBlockRoutes } from './blocks.ts';
import { EVALUATE_CODES } from './ledger-route.ts';
import { addTransactionRoute } from './transaction.ts';
import { addTransactionListRoute } from './transaction-list.ts';
import { addTransactionRowsRoute } from './transaction-rows.ts';

const roles: readonly Role[] = ROLES;
const security = [{ apiKey: [] }];

const Witnessed = Type.Object({
  mspId: Type.String(),
  block: Type.Optional(Type.Integer({ description: 'The last block of this history that its gateway saw.' })),
  at: Type.Optional(Type.String({ description: 'When it signed that, by its own clock.' })),
  ahead: Type.Optional(
    Type.Integer({ description: 'The last block that it saw, where this gateway is not there yet.' }),
  ),
  problem: Type.Optional(
    Type.String({ description: 'Why nothing newer is there: no answer, or one that does not count.' }),
  ),
});

const LedgerState = Type.Object(
  {
    channel: Type.String(),
    mspId: Type.String(),
    height: Type.Integer({ description: 'Number of blocks.' }),
    checked: Type.Integer({ description: 'How many of them this gateway checked itself.' }),
    witnessed: Type.Array(Witnessed, {
      description: 'What gateways of other hospitals signed that they saw of this history, by hospital.',
    }),
  },
  {
    examples: [
      {
        ...{ channel: 'consortium', mspId: 'ClevelandMSP', height: 43, checked: 43 },
        witnessed: [{ mspId: 'BudapestMSP', block: 42, at: '2026-03-02T09:00:00.000Z' }],
      },
    ],
  },
);

const LedgerAlarm = Type.Object({
  mspId: Type.String({ description: 'Whose peer or gateway it was.' }),
  text: Type.String({ description: 'What does not hold, with its place.' }),
  since: Type.String({ description: 'When it was found.' }),
  stops: Type.Boolean({ description: 'Whether nothing more of the ledger is indexed until then.' }),
  count: Type.Optional(
    Type.Integer({
      description:
        'For how many alarms this one is, which are not kept one by one: of unexplained transactions those after the ' +
        'first hundred alarms. One where absent.',
    }),
  ),
  headers: Type.Optional(
    Type.Unknown({
      description: 'Of two histories: both headers with the signatures on them, in hexadecimal.',
    }),
  ),
});

const Attention = Type.Object(
  {
    shortStudies: Type.Array(StudyQuorum, { description: 'The first of GET /v1/short-studies.' }),
    oldPolicies: Type.Array(PolicyRef, {
      description: 'The first of GET /v1/policies/old/{kind}: POST each to /v1/policies/renew.',
    }),
    complete: Type.Boolean({ description: 'Whether the lists have no more.' }),
    alarms: Type.Array(LedgerAlarm, {
      description:
        'What was found wrong with the ledger, or with what a peer says of it, and not removed since.',
    }),
  },
  {
    examples: [
      { shortStudies: [], oldPolicies: [{ datasetId: 'cleveland-heart' }], complete: true, alarms: [] },
    ],
  },
);
interface Page<T> {
  readonly items: readonly T[];
  readonly bookmark?: string;
}

export function addLedgerStateRoutes(app: FastifyInstance, dependencies: Dependencies): void {
  const { ledger, history, witnesses } = dependencies;
  addBlockRoutes(app, dependencies);
  addTransactionListRoute(app, dependencies);
  addTransactionRoute(app, dependencies);
  addTransactionRowsRoute(app, dependencies);
  app.get(routeUrl(GATEWAY_PATHS.ledger), {
    config: { roles },
    schema: {
      operationId: 'getLedger',
      tags: ['ledger'],
      summary: 'The channel, this organisation, the height, and by whom the history is witnessed.',
      description: 'The height as this hospital’s own peer knows it.\n\nNeeds any role.',
      security,
      response: { 200: { ...LedgerState, description: 'Found.' }, ...problemResponses(EVALUATE_CODES) },
    },
    handler: async () => ({
      channel: ledger.channel,
      mspId: ledger.mspId,
      height: await ledger.height(),
      checked: history.status?.blocks ?? 0,
      witnessed: witnesses.status(),
    }),
  });

  app.get(routeUrl(GATEWAY_PATHS.attention), {
    config: { roles },
    schema: {
      operationId: 'getAttention',
      tags: ['ledger'],
      summary:
        'What waits for people: studies without their quorum, rows that members of another day guard, alarms.',
      description:
        'A gateway can be ready (/readyz) while a row cannot be changed: its policy names members that are gone. The ' +
        'first of each kind; the lists that it names have the rest. Alarms are of the ledger as a whole: what peers sent ' +
        'that cannot be, such as two blocks of one number.\n\nNeeds any role.',
      security,
      response: { 200: { ...Attention, description: 'Found.' }, ...problemResponses(EVALUATE_CODES) },
    },
    handler: async (request) => {
      if (request.apiKey === null) throw new Error('this route asks for a role');
      const { role, person } = request.apiKey;
      const ask = async <T>(name: TransactionName, argument: object) =>
        (await ledger.evaluate({ name, argument, role, person })) as Page<T>;
      const short = await ask<StudyQuorum>('study:listShort', {});
      const pages = [];
      for (const kind of POLICY_KINDS) pages.push(await ask<PolicyRef>('audit:listOldPolicies', { kind }));
      return {
        shortStudies: short.items,
        oldPolicies: pages.flatMap(({ items }) => items),
        complete: [short, ...pages].every(({ bookmark }) => bookmark === undefined),
        alarms: history.status?.alarms ?? [],
      };
    },
  });
}
