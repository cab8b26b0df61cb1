// Transactions that clients sign with keys of their own, as a person's on a card: prepare, sign, endorse, sign, submit.
// The key never comes here.
import { createHash } from 'node:crypto';
import {
  GATEWAY_PATHS,
  ROLES,
  type Role,
  Strict,
  TRANSACTIONS,
  type TransactionName,
  transactionNamed,
  validate,
} from '@consilium/domain';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Dependencies } from '../dependencies.ts';
import type { UnsignedMessage } from '../fabric/ledger.ts';
import { GatewayRefusal } from '../gateway-errors.ts';
import { problemResponses } from '../http/documentation.ts';
import { routeUrl } from '../http/route-url.ts';
import { clientCertificate, fabricSignature } from '../signing/client-signature.ts';
import { type UnsignedTransaction, UnsignedTransactions } from '../signing/unsigned-transactions.ts';
import { EXAMPLE_COMMIT, SUBMIT_CODES } from './ledger-route.ts';

const roles: readonly Role[] = ROLES;
const CERTIFICATE_CHARACTERS_MAX = 16_384;
/** P-384 in DER takes 104 bytes. */
const SIGNATURE_CHARACTERS_MAX = 200;

const NAMES = TRANSACTIONS.filter(({ kind }) => kind === 'submit').map(({ name }) => name);

const Prepared = {
  transactionId: Type.String(),
  message: Type.String({ description: 'The bytes to sign, in base64.' }),
  sha256: Type.String({ description: 'Their SHA-256, for a card that signs digests.' }),
  expiresAt: Type.String({ description: 'Until when the signature is waited for.' }),
};
const EXAMPLE_BODY = {
  certificate: '-----BEGIN CERTIFICATE-----…',
  transaction: 'study:start',
  argument: { studyId: 'heart-2026' },
};
const EXAMPLE_PREPARED = {
  transactionId: EXAMPLE_COMMIT.transactionId,
  message: 'CtEICm8IAxoMCNyJ…',
  sha256: '0c7bcf1a2b2b7d4d4c6c1b38a1f7cc9d1a5bb5c1aa0c2de9a1f5de0bb1ad02f1',
  expiresAt: '2026-11-29T10:05:00.000Z',
};
const Signature = Strict({
  signature: Type.String({
    pattern: `^[A-Za-z0-9+/]{8,${SIGNATURE_CHARACTERS_MAX}}={0,2}$`,
    description: 'Of the decoded `message`: ECDSA over SHA-256 in DER, or Ed25519. In base64.',
  }),
});
const EXAMPLE_SIGNATURE = { signature: 'MEQCIBn9r1n2G3l6…' };
const Place = Strict({ transactionId: Type.String({ pattern: '^[0-9a-f]{64}$' }) });

const CODES = [...SUBMIT_CODES.filter((code) => code !== 'IDEMPOTENCY_KEY_REUSED')] as const;
const security = [{ apiKey: [] }];
const tags = ['ledger'];

export function addUnsignedTransactionRoutes(app: FastifyInstance, dependencies: Dependencies): void {
  const unsigned = new UnsignedTransactions();
  addPreparing(app, dependencies, unsigned);
  addEndorsing(app, dependencies, unsigned);
  addSubmitting(app, dependencies, unsigned);
}

function addPreparing(app: FastifyInstance, { ledger }: Dependencies, unsigned: UnsignedTransactions): void {
  app.post(routeUrl(GATEWAY_PATHS.unsignedTransactions), {
    config: { roles },
    schema: {
      operationId: 'prepareTransaction',
      tags,
      summary: 'Prepares a transaction that the client signs with its own key, as one on a card.',
      description:
        'The first of three steps: sign `message`, and send the signature to `…/endorsement`. The ledger asks the ' +
        'certificate for the role, not the API key. `argument` is all that the transaction takes, also what other ' +
        'routes have in their path. `consilium-verify show-message` says in words what a message is.\n\nNeeds any role.',
      security,
      body: Type.Object(
        {
          certificate: Type.String({
            minLength: 1,
            maxLength: CERTIFICATE_CHARACTERS_MAX,
            description: "The client's certificate in PEM, issued by this organisation's authority.",
          }),
          transaction: Type.Enum(NAMES, {
            description: 'As the other routes name it, for example study:consent.',
          }),
          argument: Type.Object({}, { description: 'What the transaction takes.' }),
        },
        { additionalProperties: false, examples: [EXAMPLE_BODY] },
      ),
      response: {
        201: { ...Type.Object(Prepared), description: 'To be signed.', examples: [EXAMPLE_PREPARED] },
        ...problemResponses([
          'INVALID_ARGUMENT',
          'MALFORMED_BODY',
          'UNSUPPORTED_MEDIA_TYPE',
          'PAYLOAD_TOO_LARGE',
          'UNAUTHENTICATED',
          'RATE_LIMITED',
          'TOO_MANY_UNSIGNED',
          'GATEWAY_INTERNAL',
        ]),
      },
    },
    handler: async (request, reply) => {
      const { certificate, transaction, argument } = request.body as {
        readonly certificate: string;
        readonly transaction: TransactionName;
        readonly argument: object;
      };
      const { pem, key } = clientCertificate(certificate, Date.now());
      const { argument: schema } = transactionNamed(transaction);
      const { argument: valid } = validate(Strict({ argument: schema }), { argument });
      const call = { name: transaction, argument: valid as object };
      const proposal = ledger.propose(call, pem);
      const waiting = unsigned.add({ caller: callerOf(request), name: transaction, key, proposal });
      return reply.code(201).send(toSign(proposal, waiting));
    },
  });
}

function addEndorsing(app: FastifyInstance, { ledger }: Dependencies, unsigned: UnsignedTransactions): void {
  app.post(routeUrl(GATEWAY_PATHS.endorsementOfUnsigned), {
    config: { roles },
    schema: {
      operationId: 'endorseTransaction',
      tags,
      summary: 'Takes the signature of a prepared transaction to the peers, and answers what they endorsed.',
      description:
        'The second of three steps: sign the new `message`, which holds the proposal and what peers endorsed, and send ' +
        'that signature to `…/submission`. Sent again, it answers the same.\n\nNeeds any role.',
      security,
      params: Place,
      body: { ...Signature, examples: [EXAMPLE_SIGNATURE] },
      response: {
        200: {
          ...Type.Object({
            ...Prepared,
            result: Type.Unknown({
              description: 'The row that the ledger will hold, once this is submitted.',
            }),
          }),
          description: 'Endorsed, and to be signed.',
          examples: [{ ...EXAMPLE_PREPARED, result: {} }],
        },
        ...problemResponses([...CODES, 'SIGNATURE_INVALID', 'NOTHING_TO_SIGN']),
      },
    },
    handler: async (request) => {
      const waiting = unsigned.get(callerOf(request), placeOf(request));
      const signature = signatureOf(request, waiting.proposal, waiting);
      const now = await unsigned.endorse(waiting, () => ledger.endorse(waiting.proposal, signature));
      return { ...toSign(now.endorsed, now), result: JSON.parse(now.endorsed.result) };
    },
  });
}

function addSubmitting(
  app: FastifyInstance,
  { submissions }: Dependencies,
  unsigned: UnsignedTransactions,
): void {
  app.post(routeUrl(GATEWAY_PATHS.submissionOfUnsigned), {
    config: { roles },
    schema: {
      operationId: 'submitTransaction',
      tags,
      summary: 'Sends an endorsed transaction with its signature, and waits for the block.',
      description:
        'The last of three steps. Sent again, it is not carried out twice and answers with what became of it (header ' +
        'idempotency-replayed: true), as GET /v1/transactions/{transactionId} does.\n\nNeeds any role.',
      security,
      params: Place,
      body: { ...Signature, examples: [EXAMPLE_SIGNATURE] },
      response: {
        200: {
          ...Type.Object({
            transactionId: Type.String(),
            blockNumber: Type.Integer({ description: 'The block that holds it.' }),
            result: Type.Unknown({ description: 'The row.' }),
          }),
          description: 'Committed.',
          examples: [{ ...EXAMPLE_COMMIT, result: {} }],
        },
        ...problemResponses([...CODES, 'SIGNATURE_INVALID', 'NOTHING_TO_SIGN']),
      },
    },
    handler: async (request, reply) => {
      const waiting = unsigned.get(callerOf(request), placeOf(request));
      const { endorsed, name } = waiting;
      if (endorsed === undefined) throw new GatewayRefusal('NOTHING_TO_SIGN', 'It is not endorsed yet.');
      const signature = signatureOf(request, endorsed, waiting);
      const { replayed, ...committed } = await submissions.submitSigned(name, endorsed, signature);
      unsigned.done(waiting);
      if (replayed) reply.header('idempotency-replayed', 'true');
      return committed;
    },
  });
}

const toSign = ({ transactionId, message }: UnsignedMessage, { expiresAtMs }: UnsignedTransaction) => ({
  transactionId,
  message: Buffer.from(message).toString('base64'),
  sha256: createHash('sha256').update(message).digest('hex'),
  expiresAt: new Date(expiresAtMs).toISOString(),
});

const placeOf = (request: FastifyRequest): string =>
  (request.params as { transactionId: string }).transactionId;

/** @throws GatewayRefusal SIGNATURE_INVALID */
function signatureOf(
  request: FastifyRequest,
  { message }: UnsignedMessage,
  { key }: UnsignedTransaction,
): Uint8Array {
  const given = Buffer.from((request.body as { signature: string }).signature, 'base64');
  const signature = fabricSignature(message, given, key);
  if (signature === undefined) throw new GatewayRefusal('SIGNATURE_INVALID');
  return signature;
}

function callerOf({ apiKey }: FastifyRequest): string {
  if (apiKey === null) throw new Error('a route that asks for a role has a caller');
  return apiKey.id;
}
