// Evidence of studies: a file that proves a model's history to someone who trusts neither this gateway nor any one
// hospital. It is verified here, by the very code that they will use, before it is served.
import { setTimeout as sleep } from 'node:timers/promises';
import { DomainError, GATEWAY_PATHS, Id, type Lineage, ROLES, type Role, Strict } from '@consilium/domain';
import {
  agreeingAnswers,
  type BlockSource,
  genesisDigest,
  LINEAGE_QUESTION,
  lastConfigurationOf,
  makeBundle,
  organisationsIn,
  type Pages,
} from '@consilium/verify';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
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
/** Each reads the whole chain from the peer. No key has more than one of them. */
const AT_ONCE_MAX = 2;

export function addEvidenceRoutes(app: FastifyInstance, { ledger }: Dependencies): void {
  /** Ids of the keys that wait for evidence. */
  const waiting = new Set<string>();
  const closing = new AbortController();
  app.addHook('preClose', async () => closing.abort());
  app.get(routeUrl(GATEWAY_PATHS.evidenceOfStudy), {
    config: { roles },
    schema: {
      operationId: 'getEvidenceOfStudy',
      tags: ['evidence'],
      summary: "A file that proves a study's model and everything behind it.",
      description:
        'Blocks of the ledger with the signatures of orderers and peers, and what peers of as many organisations as ' +
        'answer sign now. `consilium-verify` checks it without a network, from the digest of the genesis block on. ' +
        'Its first line says what it shows beside the study. Reads the whole chain: minutes for a long one. A key ' +
        'waits for one file at a time; the gateway stops where a client goes away.\n\n' +
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
      const { id, role, person } = request.apiKey;
      if (waiting.has(id)) {
        throw new GatewayRefusal('EVIDENCE_BUSY', 'This API key waits for evidence already: one at a time.');
      }
      if (waiting.size >= AT_ONCE_MAX) throw new GatewayRefusal('EVIDENCE_BUSY');
      waiting.add(id);
      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort());
      try {
        const { studyId } = request.params as { studyId: string };
        const file = await evidenceOf(ledger, studyId, {
          caller: { role, person },
          signal: AbortSignal.any([gone.signal, closing.signal]),
          log: request.log,
        });
        reply.header('content-type', TYPE);
        reply.header('content-disposition', `attachment; filename="evidence-${studyId}.ndjson"`);
        return Buffer.from(file);
      } catch (error) {
        if (gone.signal.aborted) return reply.hijack();
        if (closing.signal.aborted) throw new GatewayRefusal('EVIDENCE_BUSY', 'This gateway is ending.');
        throw error;
      } finally {
        waiting.delete(id);
      }
    },
  });
}

interface Asked {
  readonly caller: Pick<LedgerCall, 'role' | 'person'>;
  /** Aborts when nobody waits for the file any more. */
  readonly signal: AbortSignal;
  readonly log: FastifyBaseLogger;
}

async function evidenceOf(ledger: Ledger, studyId: string, asked: Asked): Promise<Uint8Array> {
  const { signal } = asked;
  // Refused as the lineage itself is, before the chain is read.
  const pages = await pagesOf(ledger, studyId, asked);
  const last = await ledger.block((await ledger.height()) - 1);
  const configuration = await ledger.block(lastConfigurationOf(last));
  const answers = await signedAnswers(ledger, pages, { configuration, asked });
  const { channel, chaincode } = ledger;
  const height = await ledger.height();
  const source: BlockSource = {
    blocks: (end) => ledger.blocks({ end }, signal),
    block: (number) => {
      signal.throwIfAborted();
      return ledger.block(number);
    },
  };
  const file = await makeBundle(source, { channel, chaincode, studyId, height, answers });
  const genesis = genesisDigest(await ledger.block(0));
  const first = await firstProblem({ file, genesis, chaincode }, signal);
  if (first !== null) throw new GatewayRefusal('EVIDENCE_UNPROVEN', `${first.place}: ${first.text}`);
  return file;
}

/** The questions that make up the whole lineage. */
async function pagesOf(ledger: Ledger, studyId: string, { caller, signal }: Asked): Promise<LedgerCall[]> {
  const calls: LedgerCall[] = [];
  let bookmark: string | undefined;
  do {
    signal.throwIfAborted();
    const argument = { studyId, ...(bookmark !== undefined && { bookmark }) };
    const call: LedgerCall = { name: LINEAGE_QUESTION, argument, ...caller };
    calls.push(call);
    bookmark = ((await ledger.evaluate(call)) as Lineage).bookmark;
  } while (bookmark !== undefined);
  return calls;
}

/** Peers may be a block apart for a moment. */
const APART_MS = 1_000;

/** Answers that all signed together; where one does not sign or they stay apart, those of each that most agree on. */
async function signedAnswers(
  ledger: Ledger,
  calls: readonly LedgerCall[],
  { configuration, asked: { signal, log } }: { readonly configuration: Uint8Array; readonly asked: Asked },
): Promise<readonly Uint8Array[]> {
  const mspIds = organisationsIn(configuration);
  const by = async (signers: readonly string[]): Promise<Pages> => {
    const pages: Uint8Array[] = [];
    for (const call of calls) {
      signal.throwIfAborted();
      pages.push(await ledger.signedAnswer(call, signers));
    }
    return pages;
  };
  let failure: unknown;
  for (const isLast of [false, true]) {
    try {
      const [together] = agreeingAnswers([await by(mspIds)], configuration);
      if (together !== undefined) return together;
    } catch (error) {
      // The study was there a moment ago: a rule that refuses now is the word of some peers.
      if (!(error instanceof LedgerError || error instanceof DomainError)) throw error;
      failure = error;
    }
    if (!isLast) await sleep(APART_MS, undefined, { signal });
  }
  const single = await Promise.allSettled(mspIds.map((mspId) => by([mspId])));
  const signed = single.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const agreeing = agreeingAnswers(signed, configuration);
  const leftOut = mspIds.filter((_, i) => {
    const one = single[i]!;
    return one.status === 'rejected' || !agreeing.includes(one.value);
  });
  log.warn({ leftOut }, 'evidence is made without these, which do not answer, or not as most do');
  if (agreeing.length === 0)
    throw failure ?? new GatewayRefusal('EVIDENCE_UNPROVEN', 'no peer signs an answer');
  return agreeing.flat();
}
