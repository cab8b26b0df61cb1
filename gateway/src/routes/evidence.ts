// Evidence of studies: a file that proves a model's history to someone who trusts neither this gateway nor any one
// hospital. It is verified here, by the very code that they will use, before it is served.
import { setTimeout as sleep } from 'node:timers/promises';
import { GATEWAY_PATHS, Id, type Lineage, ROLES, type Role, Strict } from '@consilium/domain';
import {
  genesisDigest,
  LINEAGE_QUESTION,
  lastConfigurationOf,
  makeBundle,
  organisationsIn,
} from '@consilium/verify';
import type { FastifyInstance } from 'fastify';
import type { Dependencies } from '../dependencies.ts';
import { type Ledger, type LedgerCall, LedgerError } from '../fabric/ledger.ts';
import { GatewayRefusal } from '../gateway-errors.ts';
import { problemResponses } from '../http/documentation.ts';
import { routeUrl } from '../http/route-url.ts';
import { EVALUATE_CODES } from './ledger-route.ts';
import { firstProblem } from './verify-in-thread.ts';

const roles: readonly Role[] = ROLES;
const TYPE = 'application/x-ndjson';
/** The file's first line. */
const EXAMPLE =
  '{"blocks":22,"chaincode":"consilium","channel":"consortium","discloses":{"blocks":17,"datasets":["heart"],' +
  '"otherStudies":[],"transactions":23},"format":"consilium-evidence/1","studyId":"heart-2026"}\n';
/** Each reads the whole chain from the peer. */
const AT_ONCE_MAX = 2;

export function addEvidenceRoutes(app: FastifyInstance, { ledger }: Dependencies): void {
  let running = 0;
  app.get(routeUrl(GATEWAY_PATHS.evidenceOfStudy), {
    config: { roles },
    schema: {
      operationId: 'getEvidenceOfStudy',
      tags: ['evidence'],
      summary: "A file that proves a study's model and everything behind it.",
      description:
        'Blocks of the ledger with the signatures of orderers and peers, and what peers of as many organisations as ' +
        'answer sign now. `consilium-verify` checks it without a network, from the digest of the genesis block on. ' +
        'Its first line says what it shows beside the study. Reads the whole chain: minutes for a long one.\n\n' +
        'Needs any role.',
      security: [{ apiKey: [] }],
      params: Strict({ studyId: Id }),
      response: {
        200: {
          description: 'The file: a line of JSON for each part.',
          content: { [TYPE]: { schema: { type: 'string', examples: [EXAMPLE] } } },
        },
        ...problemResponses([
          ...EVALUATE_CODES,
          'STUDY_NOT_FOUND',
          'MODEL_NOT_FOUND',
          'ENDORSEMENT_FAILED',
          'EVIDENCE_UNPROVEN',
          'EVIDENCE_BUSY',
        ]),
      },
    },
    handler: async (request, reply) => {
      if (request.apiKey === null) throw new Error('evidence is for those with a key');
      if (running >= AT_ONCE_MAX) throw new GatewayRefusal('EVIDENCE_BUSY');
      running += 1;
      try {
        const { role, person } = request.apiKey;
        const { studyId } = request.params as { studyId: string };
        const file = await evidenceOf(ledger, studyId, { role, person });
        reply.header('content-type', TYPE);
        reply.header('content-disposition', `attachment; filename="evidence-${studyId}.ndjson"`);
        return Buffer.from(file);
      } finally {
        running -= 1;
      }
    },
  });
}

async function evidenceOf(
  ledger: Ledger,
  studyId: string,
  caller: Pick<LedgerCall, 'role' | 'person'>,
): Promise<Uint8Array> {
  // Refused as the lineage itself is, before the chain is read.
  const pages = await pagesOf(ledger, studyId, caller);
  const last = await ledger.block((await ledger.height()) - 1);
  const mspIds = organisationsIn(await ledger.block(lastConfigurationOf(last)));
  const answers: Uint8Array[] = [];
  for (const page of pages) answers.push(...(await signedAnswers(ledger, page, mspIds)));
  const { channel, chaincode } = ledger;
  const height = await ledger.height();
  const file = await makeBundle(ledger, { channel, chaincode, studyId, height, answers });
  const genesis = genesisDigest(await ledger.block(0));
  const first = await firstProblem({ file, genesis, chaincode });
  if (first !== null) throw new GatewayRefusal('EVIDENCE_UNPROVEN', `${first.place}: ${first.text}`);
  return file;
}

/** The questions that make up the whole lineage. */
async function pagesOf(
  ledger: Ledger,
  studyId: string,
  caller: Pick<LedgerCall, 'role' | 'person'>,
): Promise<LedgerCall[]> {
  const calls: LedgerCall[] = [];
  let bookmark: string | undefined;
  do {
    const argument = { studyId, ...(bookmark !== undefined && { bookmark }) };
    const call: LedgerCall = { name: LINEAGE_QUESTION, argument, ...caller };
    calls.push(call);
    bookmark = ((await ledger.evaluate(call)) as Lineage).bookmark;
  } while (bookmark !== undefined);
  return calls;
}

/** Peers may be a block apart for a moment. */
const APART_MS = 1_000;

/** One answer that all signed, or, where one does not sign or they stay apart, one of each that does. */
async function signedAnswers(
  ledger: Ledger,
  call: LedgerCall,
  mspIds: readonly string[],
): Promise<Uint8Array[]> {
  for (const isLast of [false, true]) {
    try {
      return [await ledger.signedAnswer(call, mspIds)];
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      if (!isLast) {
        await sleep(APART_MS);
        continue;
      }
      const single = await Promise.allSettled(mspIds.map((mspId) => ledger.signedAnswer(call, [mspId])));
      const signed = single.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
      if (signed.length === 0) throw error;
      return signed;
    }
  }
  return [];
}
