// The ledger itself: its height, what on it waits for people, and what became of a transaction that this gateway sent.
import {
  GATEWAY_PATHS,
  POLICY_KINDS,
  PolicyRef,
  ROLES,
  type Role,
  Strict,
  StudyQuorum,
  type TransactionName,
} from '@consilium/domain';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { Dependencies } from '../dependencies.ts';
import { GatewayRefusal } from '../gateway-errors.ts';
import { problemResponses } from '../http/documentation.ts';
import { routeUrl } from '../http/route-url.ts';
import { EVALUATE_CODES, EXAMPLE_COMMIT } from './ledger-route.ts';

const roles: readonly Role[] = ROLES;
const security = [{ apiKey: [] }];

const LedgerState = Type.Object(
  {
    channel: Type.String(),
    mspId: Type.String(),
    height: Type.Integer({ description: 'Number of blocks.' }),
  },
  { examples: [{ channel: 'consortium', mspId: 'ClevelandMSP', height: 43 }] },
);

const Attention = Type.Object(
  {
    shortStudies: Type.Array(StudyQuorum, { description: 'The first of GET /v1/short-studies.' }),
    oldPolicies: Type.Array(PolicyRef, {
      description: 'The first of GET /v1/policies/old/{kind}: POST each to /v1/policies/renew.',
    }),
    complete: Type.Boolean({ description: 'Whether the lists have no more.' }),
  },
  {
    examples: [{ shortStudies: [], oldPolicies: [{ datasetId: 'cleveland-heart' }], complete: true }],
  },
);
interface Page<T> {
  readonly items: readonly T[];
  readonly bookmark?: string;
}

const TransactionOutcome = Type.Object(
  {
    transactionId: Type.String(),
    transaction: Type.String({ description: 'What it was, for example study:propose.' }),
    state: Type.Enum(['sent', 'committed', 'invalid'], {
      description: 'sent: not known yet, ask again. invalid: the ledger refused it and nothing was written.',
    }),
    blockNumber: Type.Union([Type.Integer(), Type.Null()]),
    validationCode: Type.Union([Type.String(), Type.Null()]),
    result: Type.Unknown({ description: 'The row, once committed.' }),
  },
  {
    examples: [
      { ...EXAMPLE_COMMIT, transaction: 'study:start', state: 'committed', validationCode: null, result: {} },
    ],
  },
);

export function addLedgerStateRoutes(app: FastifyInstance, { ledger, submissions }: Dependencies): void {
  app.get(routeUrl(GATEWAY_PATHS.ledger), {
    config: { roles },
    schema: {
      operationId: 'getLedger',
      tags: ['ledger'],
      summary: 'The channel, this organisation and the height.',
      description: 'The height as this hospital’s own peer knows it.\n\nNeeds any role.',
      security,
      response: { 200: { ...LedgerState, description: 'Found.' }, ...problemResponses(EVALUATE_CODES) },
    },
    handler: async () => ({
      channel: ledger.channel,
      mspId: ledger.mspId,
      height: await ledger.height(),
    }),
  });

  app.get(routeUrl(GATEWAY_PATHS.attention), {
    config: { roles },
    schema: {
      operationId: 'getAttention',
      tags: ['ledger'],
      summary:
        'What waits for people: studies without their quorum, and rows that members of another day guard.',
      description:
        'A gateway can be ready (/readyz) while a row cannot be changed: its policy names members that are gone. The ' +
        'first of each kind; the lists that it names have the rest.\n\nNeeds any role.',
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
      };
    },
  });

  app.get(routeUrl(GATEWAY_PATHS.transaction), {
    config: { roles },
    schema: {
      operationId: 'getTransaction',
      tags: ['ledger'],
      summary: 'What became of a transaction that this gateway sent.',
      description:
        'For an answer that was lost (OUTCOME_UNKNOWN). Asks the ledger where the outcome is not known yet.\n\n' +
        'Needs any role.',
      security,
      params: Strict({ transactionId: Type.String({ pattern: '^[0-9a-f]{64}$' }) }),
      response: {
        200: { ...TransactionOutcome, description: 'Found.' },
        ...problemResponses([
          'INVALID_ARGUMENT',
          'UNAUTHENTICATED',
          'RATE_LIMITED',
          'GATEWAY_INTERNAL',
          'TRANSACTION_NOT_FOUND',
        ]),
      },
    },
    handler: async (request) => {
      const { transactionId } = request.params as { transactionId: string };
      const sent = await submissions.outcomeOf(transactionId);
      if (sent === undefined) throw new GatewayRefusal('TRANSACTION_NOT_FOUND');
      return {
        transactionId,
        transaction: sent.name,
        state: sent.state,
        blockNumber: sent.blockNumber,
        validationCode: sent.validationCode,
        result: sent.state === 'committed' && sent.result !== '' ? JSON.parse(sent.result) : null,
      };
    },
  });
}
