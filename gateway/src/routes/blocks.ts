// The blocks of the channel that this gateway checked: what is in them, who signed them, and who saw the same.
import { GATEWAY_PATHS, ROLES, type Role, Strict } from '@consilium/domain';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { Dependencies } from '../dependencies.ts';
import { GatewayRefusal } from '../gateway-errors.ts';
import { problemResponses } from '../http/documentation.ts';
import { limitOf, linkNext, NextPage, nextTarget, PageQuery } from '../http/pages.ts';
import { routeUrl } from '../http/route-url.ts';
import { strayBookmark } from '../questions/question.ts';
import type { BlockRecord } from '../read-model/ledger-search.ts';

const roles: readonly Role[] = ROLES;
const security = [{ apiKey: [] }];
const USUAL = 50;

const EXAMPLE_BLOCK = {
  number: 42,
  hash: '9f'.repeat(32),
  previousHash: '3c'.repeat(32),
  dataHash: '5a'.repeat(32),
  at: '2026-03-02T09:00:00.000Z',
  transactions: 3,
  withoutEffect: 0,
  isConfiguration: false,
  signedBy: ['OrdererMSP'],
  agreed: ['ClevelandMSP', 'BudapestMSP'],
  witnessed: ['BudapestMSP'],
};

const Block = Type.Object(
  {
    number: Type.Integer(),
    hash: Type.String({ description: 'SHA-256 of its header in hexadecimal: what the next block names.' }),
    previousHash: Type.Union([Type.String(), Type.Null()], {
      description: 'Of the block before; null of block 0.',
    }),
    dataHash: Type.String({ description: 'SHA-256 of its transactions.' }),
    at: Type.Union([Type.String(), Type.Null()], {
      description: 'The time of its latest transaction that took effect; null where none did.',
    }),
    transactions: Type.Integer({ description: 'How many it holds.' }),
    withoutEffect: Type.Integer({ description: 'How many of them peers called invalid.' }),
    isConfiguration: Type.Boolean({ description: "Whether it holds the channel's configuration." }),
    signedBy: Type.Array(Type.String(), {
      description: 'Organisations whose orderers signed it; none of block 0, from whose digest trust starts.',
    }),
    agreed: Type.Array(Type.String(), {
      description: 'Organisations whose peers sent this gateway the same block, and all before it.',
    }),
    witnessed: Type.Array(Type.String(), {
      description: 'Hospitals whose gateways signed that they saw the ledger as far as this block.',
    }),
  },
  { examples: [EXAMPLE_BLOCK] },
);

/** What a gateway answers where the history is asked. */
export const HISTORY_CODES = [
  'INVALID_ARGUMENT',
  'REQUEST_MALFORMED',
  'UNAUTHENTICATED',
  'SCOPE_REQUIRED',
  'RATE_LIMITED',
  'GATEWAY_INTERNAL',
  'HISTORY_UNAVAILABLE',
] as const;

type Witnesses = Dependencies['witnesses'];

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function shown({ hash, previousHash, dataHash, at, ...block }: BlockRecord, witnesses: Witnesses) {
  const witnessed = witnesses.status().filter((one) => (one.block ?? -1) >= block.number);
  return {
    ...block,
    hash: hex(hash),
    previousHash: previousHash === undefined ? null : hex(previousHash),
    dataHash: hex(dataHash),
    at: at ?? null,
    witnessed: witnessed.map(({ mspId }) => mspId),
  };
}

/** A place of the ledger as a bookmark. @throws DomainError INVALID_ARGUMENT for what is none */
export function placeIn(bookmark: string | undefined): number | undefined {
  if (bookmark === undefined) return undefined;
  if (!/^\d{1,15}$/.test(bookmark)) throw strayBookmark();
  return Number(bookmark);
}

export function addBlockRoutes(
  app: FastifyInstance,
  { history, witnesses }: Pick<Dependencies, 'history' | 'witnesses'>,
): void {
  app.get(routeUrl(GATEWAY_PATHS.blocks), {
    config: { roles },
    schema: {
      operationId: 'listLedgerBlocks',
      tags: ['ledger'],
      summary: 'The blocks that this gateway checked, newest first.',
      description:
        'Each was checked when it came: its place in the chain, the orderers’ signatures, and the endorsements of its ' +
        'transactions.\n\nNeeds any role.',
      security,
      querystring: Strict(PageQuery),
      response: {
        200: {
          ...Type.Object({
            items: Type.Array(Block),
            bookmark: Type.Optional(Type.String()),
            next: NextPage,
          }),
          description: 'Found.',
          examples: [{ items: [EXAMPLE_BLOCK] }],
        },
        ...problemResponses(HISTORY_CODES),
      },
    },
    handler: async (request, reply) => {
      const asked = request.query as { limit?: number; pageSize?: number; bookmark?: string };
      const limit = limitOf(asked, reply) ?? USUAL;
      const before = placeIn(asked.bookmark);
      const found = history.read(({ search }) =>
        search.blocks({ limit, ...(before !== undefined && { before }) }).map((one) => shown(one, witnesses)),
      );
      const last = found.at(-1)?.number ?? 0;
      if (found.length < limit || last === 0) return { items: found };
      const next = nextTarget(request, String(last));
      linkNext(reply, next);
      return { items: found, bookmark: String(last), next };
    },
  });

  app.get(routeUrl(GATEWAY_PATHS.block), {
    config: { roles },
    schema: {
      operationId: 'getLedgerBlock',
      tags: ['ledger'],
      summary: 'One block that this gateway checked.',
      description: 'Its transactions: GET /v1/transactions?block={number}.\n\nNeeds any role.',
      security,
      params: Strict({ number: Type.Integer({ minimum: 0, maximum: 2 ** 32 }) }),
      response: {
        200: { ...Block, description: 'Found.' },
        ...problemResponses([...HISTORY_CODES, 'BLOCK_NOT_CHECKED']),
      },
    },
    handler: async (request) => {
      const { number } = request.params as { number: number };
      return history.read((ledger) => {
        const found = ledger.search.block(number);
        if (found !== undefined) return shown(found, witnesses);
        const { blocks } = ledger.edge();
        const text = `The ${blocks} blocks that this gateway has checked end before block ${number}.`;
        throw new GatewayRefusal('BLOCK_NOT_CHECKED', text);
      });
    },
  });
}
