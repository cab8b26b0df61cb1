// One transaction of the channel, of whichever gateway: what became of it, as this gateway sent it or the blocks say.
import { GATEWAY_PATHS, ROLES, type Role, Strict } from '@consilium/domain';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { Dependencies } from '../dependencies.ts';
import { GatewayRefusal } from '../gateway-errors.ts';
import { problemResponses } from '../http/documentation.ts';
import { routeUrl } from '../http/route-url.ts';
import type { WatchedHistory } from '../read-model/index-in-thread.ts';
import type { HistoryEdge, TransactionRecord } from '../read-model/ledger-history.ts';
import { EXAMPLE_COMMIT } from './ledger-route.ts';

const roles: readonly Role[] = ROLES;

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) =>
  Type.Union([type, Type.Null()]);

const EXAMPLE_RECORD = {
  block: EXAMPLE_COMMIT.blockNumber,
  place: 0,
  at: '2026-11-29T10:00:00.000Z',
  chaincode: 'consilium',
  name: 'study:start',
  argument: { studyId: 'heart-2026' },
  sender: { mspId: 'ClevelandMSP', role: 'researcher', person: 'researcher' },
  endorsers: ['ClevelandMSP', 'ViennaMSP'],
  rows: [{ kind: 'study', key: ['heart-2026'] }],
};

/** As it is in a block that this gateway checked. */
const Recorded = Type.Object({
  block: Type.Integer(),
  place: Type.Integer({ description: 'Its number within the block, from 0.' }),
  at: Type.String({ description: 'Its time, as its sender says.' }),
  chaincode: Type.String({
    description: 'The rules of the consortium, or `_lifecycle`: changes of these rules.',
  }),
  name: Type.String({ description: 'What it was, for example study:propose.' }),
  argument: Type.Unknown({ description: 'What its sender asked; null where it is no JSON.' }),
  sender: Type.Object({
    mspId: Type.String(),
    role: Nullable(Type.String({ description: 'By the certificate; null where it says none.' })),
    person: Nullable(Type.String({ description: 'The name of the certificate.' })),
  }),
  endorsers: Type.Array(Type.String(), { description: 'Organisations whose peers endorsed it.' }),
  rows: Type.Array(Type.Object({ kind: Type.String(), key: Type.Array(Type.String()) }), {
    description: 'Rows that it wrote; none where it took no effect.',
  }),
});

const TransactionOutcome = Type.Object(
  {
    transactionId: Type.String(),
    transaction: Type.String({ description: 'What it was, for example study:propose.' }),
    state: Type.Enum(['sent', 'committed', 'invalid'], {
      description: 'sent: not known yet, ask again. invalid: the ledger refused it and nothing was written.',
    }),
    blockNumber: Nullable(Type.Integer()),
    validationCode: Nullable(Type.String()),
    result: Type.Unknown({ description: 'The row, once committed; null where another gateway sent it.' }),
    recorded: Nullable(Recorded),
    checked: Nullable(
      Type.Object(
        {
          blocks: Type.Integer({ description: 'How many blocks this gateway has checked.' }),
          organisations: Type.Array(Type.String(), {
            description: 'Whose peers sent all of them, and the same.',
          }),
        },
        { description: 'Up to where the ledger was searched; null where nothing of it was checked yet.' },
      ),
    ),
  },
  {
    examples: [
      {
        ...EXAMPLE_COMMIT,
        transaction: 'study:start',
        state: 'committed',
        validationCode: null,
        result: {},
        recorded: EXAMPLE_RECORD,
        checked: { blocks: 43, organisations: ['ClevelandMSP', 'ViennaMSP'] },
      },
    ],
  },
);

export function addTransactionRoute(
  app: FastifyInstance,
  { submissions, history }: Pick<Dependencies, 'submissions' | 'history'>,
): void {
  app.get(routeUrl(GATEWAY_PATHS.transaction), {
    config: { roles },
    schema: {
      operationId: 'getTransaction',
      tags: ['ledger'],
      summary:
        'One transaction of the channel, also of another gateway: who, when, what, and what became of it.',
      description:
        'For an answer that was lost (OUTCOME_UNKNOWN) it asks the ledger where the outcome is not known yet. What is ' +
        'under `recorded` is from a block that this gateway checked, whoever sent the transaction. Every member can read ' +
        'it on the ledger, arguments too.\n\nNeeds any role.',
      security: [{ apiKey: [] }],
      params: Strict({ transactionId: Type.String({ pattern: '^[0-9a-f]{64}$' }) }),
      response: {
        200: { ...TransactionOutcome, description: 'Found.' },
        ...problemResponses([
          'INVALID_ARGUMENT',
          'UNAUTHENTICATED',
          'SCOPE_REQUIRED',
          'RATE_LIMITED',
          'GATEWAY_INTERNAL',
          'TRANSACTION_NOT_FOUND',
        ]),
      },
    },
    handler: async (request) => {
      const { transactionId } = request.params as { transactionId: string };
      const sent = await submissions.outcomeOf(transactionId);
      const { record, edge } = lookUp(history, transactionId);
      if (sent === undefined && record === undefined) {
        throw new GatewayRefusal('TRANSACTION_NOT_FOUND', notFoundUpTo(edge));
      }
      const common = {
        transactionId,
        recorded: record === undefined ? null : recordedOf(record),
        checked: edge && { blocks: edge.blocks, organisations: edge.organisations },
      };
      if (sent === undefined) return { ...common, ...outcomeOf(record!), result: null };
      return {
        ...common,
        transaction: sent.name,
        state: sent.state,
        blockNumber: sent.blockNumber,
        validationCode: sent.validationCode,
        result: sent.state === 'committed' && sent.result !== '' ? JSON.parse(sent.result) : null,
      };
    },
  });
}

/** What is sent can be asked for without a history. */
function lookUp(
  history: WatchedHistory,
  transactionId: string,
): { readonly record: TransactionRecord | undefined; readonly edge: HistoryEdge | null } {
  try {
    return history.read((ledger) => ({
      record: ledger.transaction(transactionId),
      edge: ledger.edge(),
    }));
  } catch (error) {
    if (error instanceof GatewayRefusal && error.code === 'HISTORY_UNAVAILABLE') {
      return { record: undefined, edge: null };
    }
    throw error;
  }
}

const notFoundUpTo = (edge: HistoryEdge | null): string =>
  edge === null
    ? 'This gateway sent no such transaction, and has not checked the ledger yet.'
    : `This gateway sent no such transaction, and none of the ${edge.blocks} blocks that it checked holds it.`;

const outcomeOf = ({ name, code, block }: TransactionRecord) => ({
  transaction: name,
  state: code === 'VALID' ? 'committed' : 'invalid',
  blockNumber: block,
  validationCode: code === 'VALID' ? null : code,
});

function recordedOf(record: TransactionRecord) {
  const { block, place, at, chaincode, name, argument, sender, endorsers, rows } = record;
  const { mspId, role, person } = sender;
  return {
    block,
    place,
    at,
    chaincode,
    name,
    argument: argument ?? null,
    sender: { mspId, role: role ?? null, person: person ?? null },
    endorsers,
    rows,
  };
}
