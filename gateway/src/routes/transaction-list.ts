// Transactions of the channel for those who look through it: newest first, by who, what, about what, when, and whether
// it took effect.
import { GATEWAY_PATHS, MspId, ROLES, type Role, Strict } from '@consilium/domain';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { Dependencies } from '../dependencies.ts';
import { problemResponses } from '../http/documentation.ts';
import { limitOf, linkNext, NextPage, nextTarget, PageQuery } from '../http/pages.ts';
import { routeUrl } from '../http/route-url.ts';
import { periodOf, Within } from '../questions/question.ts';
import { positionOf } from '../read-model/index-schema.ts';
import type { TransactionFilter } from '../read-model/ledger-search.ts';
import type { ListedTransaction } from '../read-model/transaction-record.ts';
import { HISTORY_CODES, placeIn } from './blocks.ts';
import { EXAMPLE_COMMIT } from './ledger-route.ts';

const roles: readonly Role[] = ROLES;
const USUAL = 50;

const EXAMPLE_ITEM = {
  transactionId: EXAMPLE_COMMIT.transactionId,
  block: EXAMPLE_COMMIT.blockNumber,
  place: 0,
  at: '2026-03-02T09:00:00.000Z',
  chaincode: 'consilium',
  transaction: 'study:start',
  subjects: [{ kind: 'study', id: 'heart-2026' }],
  sender: { mspId: 'ClevelandMSP', role: 'researcher', person: 'ada' },
  endorsers: ['ClevelandMSP', 'ViennaMSP'],
  validationCode: null,
};

const Nullable = (description: string) => Type.Union([Type.String(), Type.Null()], { description });

const Item = Type.Object({
  transactionId: Type.String(),
  block: Type.Integer(),
  place: Type.Integer({ description: 'Its number within the block, from 0.' }),
  at: Type.String({ description: 'Its time, as its sender says.' }),
  chaincode: Type.String({
    description: 'The rules of the consortium, or `_lifecycle`: changes of these rules.',
  }),
  transaction: Type.String({ description: 'What it was, for example study:propose.' }),
  subjects: Type.Array(Type.Object({ kind: Type.String(), id: Type.String() }), {
    description: 'What its argument names: a study, a dataset, a member.',
  }),
  sender: Type.Object({
    mspId: Type.String(),
    role: Nullable('By the certificate; null where it says none.'),
    person: Nullable('The name of the certificate.'),
  }),
  endorsers: Type.Array(Type.String(), { description: 'Organisations whose peers endorsed it.' }),
  validationCode: Nullable('Why it took no effect; null where it did.'),
});

interface Asked {
  readonly limit?: number;
  readonly pageSize?: number;
  readonly bookmark?: string;
  readonly hospital?: string;
  readonly transaction?: string;
  readonly subject?: string;
  readonly block?: number;
  readonly validity?: 'valid' | 'invalid';
  readonly from?: string;
  readonly to?: string;
}

const Query = Strict({
  ...PageQuery,
  hospital: Type.Optional(Type.String({ ...MspId, description: 'Only those that this organisation sent.' })),
  transaction: Type.Optional(
    Type.String({ minLength: 1, maxLength: 200, description: 'Only these, for example study:consent.' }),
  ),
  subject: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 128,
      description: 'Only those that name this id, of a study, a dataset, a population or a member.',
    }),
  ),
  block: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 2 ** 32, description: 'Only those of this block.' }),
  ),
  validity: Type.Optional(
    Type.Enum(['valid', 'invalid'], { description: 'Only those that took effect, or only the others.' }),
  ),
  ...Within,
});

function itemOf(record: ListedTransaction) {
  const { transactionId, block, place, at, chaincode, name, subjects, sender, endorsers, code } = record;
  const { mspId, role, person } = sender;
  return {
    ...{ transactionId, block, place, at, chaincode, transaction: name, subjects },
    sender: { mspId, role: role ?? null, person: person ?? null },
    endorsers,
    validationCode: code === 'VALID' ? null : code,
  };
}

/** @throws DomainError INVALID_ARGUMENT for times that are none */
const filterOf = ({
  hospital,
  transaction,
  subject,
  block,
  validity,
  ...more
}: Asked): TransactionFilter => ({
  ...{ mspId: hospital, name: transaction, subjectId: subject, block },
  tookEffect: validity === undefined ? undefined : validity === 'valid',
  ...periodOf({ ...(more.from && { from: more.from }), ...(more.to && { to: more.to }) }),
});

export function addTransactionListRoute(
  app: FastifyInstance,
  { history }: Pick<Dependencies, 'history'>,
): void {
  app.get(routeUrl(GATEWAY_PATHS.transactions), {
    config: { roles },
    schema: {
      operationId: 'listTransactions',
      tags: ['ledger'],
      summary: 'Transactions of the channel, newest first: by hospital, name, id, block, time and validity.',
      description:
        'From the blocks that this gateway checked, whoever sent them. A page looks at a bounded number of ' +
        'transactions: of a filter that matches few it may be short, or empty, and `bookmark` goes on.\n\n' +
        'Needs any role.',
      security: [{ apiKey: [] }],
      querystring: Query,
      response: {
        200: {
          ...Type.Object({
            items: Type.Array(Item),
            bookmark: Type.Optional(Type.String()),
            next: NextPage,
          }),
          description: 'Found.',
          examples: [{ items: [EXAMPLE_ITEM] }],
        },
        ...problemResponses(HISTORY_CODES),
      },
    },
    handler: async (request, reply) => {
      const asked = request.query as Asked;
      const limit = limitOf(asked, reply) ?? USUAL;
      const before = placeIn(asked.bookmark);
      const filter = filterOf(asked);
      const { items, bookmark } = history.read(({ search }) => {
        const page = search.transactions(filter, { limit, before });
        return { items: page.items.map(itemOf), bookmark: page.before };
      });
      if (bookmark === undefined || bookmark <= positionOf({ block: 0, place: 0 })) return { items };
      const next = nextTarget(request, String(bookmark));
      linkNext(reply, next);
      return { items, bookmark: String(bookmark), next };
    },
  });
}
