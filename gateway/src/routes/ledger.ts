// The ledger itself: its height, and what became of a transaction that this gateway sent.
import { GATEWAY_PATHS, ROLES, type Role, Strict } from '@consilium/domain';
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
