// What one transaction read and wrote, from the block itself: the index keeps what was written, and no reads. The block
// is asked of the own peer, and counts only where it is the one that was checked.
import { GATEWAY_PATHS, ROLES, type Role, Strict } from '@consilium/domain';
import {
  headerHash,
  type NamespaceSet,
  readBlock,
  rowsOfTransaction,
  UnreadableError,
} from '@consilium/verify';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { Dependencies } from '../dependencies.ts';
import { GatewayRefusal } from '../gateway-errors.ts';
import { problemResponses } from '../http/documentation.ts';
import { routeUrl } from '../http/route-url.ts';
import { splitKey } from '../read-model/index-schema.ts';
import { HISTORY_CODES } from './blocks.ts';
import { EVALUATE_CODES, EXAMPLE_COMMIT } from './ledger-route.ts';

const roles: readonly Role[] = ROLES;
/** Of each kind at most: a transaction can read a whole list. */
const ROWS_MAX = 500;

const Row = {
  chaincode: Type.String(),
  kind: Type.Union([Type.String(), Type.Null()], {
    description: "Of a row of the consortium's rules; null of any other key.",
  }),
  key: Type.Array(Type.String(), { description: 'What identifies it, broad to specific.' }),
};

const Rows = Type.Object({
  transactionId: Type.String(),
  block: Type.Integer(),
  reads: Type.Array(
    Type.Object({
      ...Row,
      version: Type.Union([Type.Object({ block: Type.Integer(), place: Type.Integer() }), Type.Null()], {
        description: 'The transaction that wrote what was read; null where there was no such row.',
      }),
    }),
    { description: 'Peers invalidate a transaction where one of these changed meanwhile.' },
  ),
  writes: Type.Array(Type.Object({ ...Row, deleted: Type.Boolean() })),
  policies: Type.Array(Type.Object(Row), { description: 'Rows of which it sets who must endorse changes.' }),
  complete: Type.Boolean({ description: `Whether that is all: at most ${ROWS_MAX} of each are given.` }),
});

const rowOf = (chaincode: string, key: string) => {
  const split = splitKey(key);
  return { chaincode, kind: split?.kind ?? null, key: split?.parts ?? [key] };
};

function rowsOf(sets: readonly NamespaceSet[]) {
  const named = sets.flatMap(({ namespace, collections, ...set }) => [
    { namespace, ...set },
    // Of a private collection only digests of keys are on the ledger.
    ...collections.map(({ collection, ...of }) => ({
      namespace: `${namespace}/${collection}`,
      ranges: [],
      ...of,
    })),
  ]);
  const reads = named.flatMap(({ namespace, reads, ranges }) =>
    [...reads, ...ranges.flatMap((range) => range.reads ?? [])].map(({ key, version }) => ({
      ...rowOf(namespace, key),
      version: version ?? null,
    })),
  );
  const writes = named.flatMap(({ namespace, writes }) =>
    writes.map(({ key, value }) => ({ ...rowOf(namespace, key), deleted: value === undefined })),
  );
  const policies = named.flatMap(({ namespace, policyWrites }) =>
    policyWrites.map(({ key }) => rowOf(namespace, key)),
  );
  const all = [reads, writes, policies];
  return {
    reads: reads.slice(0, ROWS_MAX),
    writes: writes.slice(0, ROWS_MAX),
    policies: policies.slice(0, ROWS_MAX),
    complete: all.every(({ length }) => length <= ROWS_MAX),
  };
}

export function addTransactionRowsRoute(
  app: FastifyInstance,
  { history, ledger }: Pick<Dependencies, 'history' | 'ledger'>,
): void {
  /** By key, the end of the last request that waits: so many blocks are in memory at once as keys ask, and no more. */
  const turns = new Map<string, Promise<void>>();
  async function inTurn<T>(keyId: string, work: () => Promise<T>): Promise<T> {
    const before = turns.get(keyId);
    const own = Promise.withResolvers<void>();
    turns.set(keyId, own.promise);
    try {
      await before;
      return await work();
    } finally {
      own.resolve();
      if (turns.get(keyId) === own.promise) turns.delete(keyId);
    }
  }

  app.get(routeUrl(GATEWAY_PATHS.transactionRows), {
    config: { roles },
    schema: {
      operationId: 'getTransactionRows',
      tags: ['ledger'],
      summary: 'The rows that a transaction read and wrote.',
      description:
        'Read from the block, as the own peer sends it: it must have the hash of the one that was checked.\n\n' +
        'Needs any role.',
      security: [{ apiKey: [] }],
      params: Strict({ transactionId: Type.String({ pattern: '^[0-9a-f]{64}$' }) }),
      response: {
        200: {
          ...Rows,
          description: 'Found.',
          examples: [
            {
              transactionId: EXAMPLE_COMMIT.transactionId,
              block: EXAMPLE_COMMIT.blockNumber,
              reads: [
                {
                  ...{ chaincode: 'consilium', kind: 'study', key: ['heart-2026'] },
                  version: { block: 40, place: 0 },
                },
              ],
              writes: [{ chaincode: 'consilium', kind: 'study', key: ['heart-2026'], deleted: false }],
              policies: [],
              complete: true,
            },
          ],
        },
        ...problemResponses([
          ...new Set([...HISTORY_CODES, ...EVALUATE_CODES, 'TRANSACTION_NOT_FOUND'] as const),
        ]),
      },
    },
    handler: async (request, reply) => {
      const { transactionId } = request.params as { transactionId: string };
      const found = history.read((read) => {
        const record = read.transaction(transactionId);
        if (record === undefined) {
          const { blocks } = read.edge();
          const text = `None of the ${blocks} blocks that this gateway checked holds it.`;
          throw new GatewayRefusal('TRANSACTION_NOT_FOUND', text);
        }
        const { block, place } = record;
        return { block, place, hash: Buffer.from(read.search.block(block)!.hash) };
      });
      const bytes = await inTurn(request.apiKey?.id ?? '', async () =>
        // A block may be as large as the channel lets it: none is read for whoever has left.
        reply.raw.destroyed ? undefined : ledger.block(found.block),
      );
      if (bytes === undefined) return reply.hijack();
      const block = readBlock(bytes);
      if (!found.hash.equals(headerHash(block.header))) {
        const text = `The own peer sends another block ${found.block} than the one that was checked.`;
        throw new GatewayRefusal('HISTORY_UNAVAILABLE', text);
      }
      return { transactionId, block: found.block, ...rowsOf(setsAt(block, found.place)) };
    },
  });
}

/** Of what nobody can read nothing was read or written. */
function setsAt(...at: Parameters<typeof rowsOfTransaction>): readonly NamespaceSet[] {
  try {
    return rowsOfTransaction(...at);
  } catch (error) {
    if (error instanceof UnreadableError) return [];
    throw error;
  }
}
