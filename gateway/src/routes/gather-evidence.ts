// One file of evidence: its subject found in the history that was checked, peers of all organisations asked about it,
// and what they sign put together with the blocks that it needs. It is verified here, by the very code that others will
// use, before it is served.
import { setTimeout as sleep } from 'node:timers/promises';
import { DomainError, type TransactionName } from '@consilium/domain';
import {
  type Ask,
  agreeingAnswers,
  type BlockSource,
  ChainIndex,
  genesisDigest,
  lastConfigurationOf,
  makeBundle,
  organisationsIn,
  type Pages,
  type Question,
  questionsOn,
  type Subject,
  type SubjectIndex,
  tookEffectIn,
  UnprovableError,
} from '@consilium/verify';
import type { FastifyBaseLogger } from 'fastify';
import { type Ledger, type LedgerCall, LedgerError } from '../fabric/ledger.ts';
import { GatewayRefusal } from '../gateway-errors.ts';
import type { WatchedHistory } from '../read-model/index-in-thread.ts';
import type { HistorySource } from '../read-model/ledger-history.ts';
import { HistoryBehindError, VerifiedChain } from '../read-model/verified-chain.ts';
import type { WitnessExchange } from '../witnesses/witness-exchange.ts';
import { firstProblem } from './verify-in-thread.ts';

/** Where evidence is gathered from. */
export interface EvidenceSources {
  readonly ledger: Ledger;
  /** What this gateway checked of the channel. */
  readonly history: HistorySource & Pick<WatchedHistory, 'checkAgain'>;
}

/** Who asks, and until when. */
export interface Asked {
  readonly caller: Pick<LedgerCall, 'role' | 'person'>;
  /** Aborts when nobody waits for the file any more. */
  readonly signal: AbortSignal;
  readonly log: FastifyBaseLogger;
  /** Whose statements go with it. */
  readonly witnesses: Pick<WitnessExchange, 'askAll' | 'agreeingBelow'>;
}

/**
 * The file of a subject's evidence.
 *
 * @throws DomainError where the rules refuse what it asks; GatewayRefusal TRANSACTION_NOT_FOUND, EVIDENCE_UNPROVEN
 */
export async function gatherEvidence(
  { ledger, history }: EvidenceSources,
  subject: Subject,
  asked: Asked,
): Promise<Uint8Array> {
  const { signal, log } = asked;
  await requireKnown(ledger, subject, asked);
  try {
    return await evidenceBy(new VerifiedChain(subject, { history, signal }), { ledger, subject, asked });
  } catch (error) {
    const isMissing = error instanceof GatewayRefusal && error.code === 'HISTORY_UNAVAILABLE';
    const isUnproven = error instanceof GatewayRefusal && error.code === 'EVIDENCE_UNPROVEN';
    if (!isMissing && !isUnproven && !(error instanceof HistoryBehindError)) throw error;
    // The file of the index may have been changed: it is looked at, and nothing of it is used here.
    if (isUnproven) history.checkAgain?.();
    log.info({ reason: error.message }, 'evidence is made by reading the whole chain');
    return await evidenceBy(new ChainIndex(subject, ledger.chaincode), { ledger, subject, asked });
  }
}

async function evidenceBy(
  index: SubjectIndex,
  { ledger, subject, asked }: { readonly ledger: Ledger; readonly subject: Subject; readonly asked: Asked },
): Promise<Uint8Array> {
  const { signal } = asked;
  const { channel, chaincode } = ledger;
  const source: BlockSource = {
    blocks: (end) => ledger.blocks({ end }, signal),
    block: (number) => {
      signal.throwIfAborted();
      return ledger.block(number);
    },
  };
  const genesis = genesisDigest(await ledger.block(0));
  // Several questions are not answered at one moment: what changed in between is asked for again, once.
  for (const isLast of [false, true]) {
    await index.read(source, await ledger.height());
    const calls = await callsOn(ledger, subject, { index, asked });
    const last = await ledger.block((await ledger.height()) - 1);
    const configuration = await ledger.block(lastConfigurationOf(last));
    const answers = await signedAnswers(ledger, calls, { configuration, asked });
    const height = await ledger.height();
    await askWitnesses(asked);
    const statements = asked.witnesses.agreeingBelow(height);
    const file = await makeBundle(source, {
      ...{ channel, chaincode, subject, index, height, answers, statements },
    });
    const first = await firstProblem({ file, genesis, chaincode }, signal);
    if (first === null) return file;
    if (isLast) throw new GatewayRefusal('EVIDENCE_UNPROVEN', `${first.place}: ${first.text}`);
  }
  throw new Error('the last try returns or throws');
}

/** What those say who answer at once; of the others, what they said before. */
async function askWitnesses({ witnesses, signal }: Asked): Promise<void> {
  const waited = new AbortController();
  const patience = sleep(WITNESSES_MS, undefined, { signal: AbortSignal.any([signal, waited.signal]) });
  await Promise.race([witnesses.askAll(), patience.catch(() => {})]);
  waited.abort();
  signal.throwIfAborted();
}

/** The query that refuses what there is not, before the chain is read. */
const KNOWN: Readonly<Record<Exclude<Subject['kind'], 'transaction'>, TransactionName>> = {
  study: 'study:get',
  model: 'model:get',
  dataset: 'dataset:get',
};

async function requireKnown(ledger: Ledger, subject: Subject, { caller }: Asked): Promise<void> {
  if (subject.kind !== 'transaction') {
    const { kind, ...argument } = subject;
    await ledger.evaluate({ name: KNOWN[kind], argument, ...caller });
    return;
  }
  const { transactionId } = subject;
  const block = await ledger.blockOf(transactionId).catch((error: unknown) => {
    if (!(error instanceof LedgerError) || error.code !== 'LEDGER_REFUSED') throw error;
    throw new GatewayRefusal('TRANSACTION_NOT_FOUND', 'No block of the channel holds it.');
  });
  const { chaincode } = ledger;
  if (!tookEffectIn(block, { transactionId, chaincode })) {
    const why = `A block holds it, and it took no effect, or is none of the chaincode ${chaincode}`;
    const remedy = 'GET /v1/transactions/{transactionId} says more.';
    throw new GatewayRefusal('TRANSACTION_NOT_FOUND', `${why}: nothing is proven of it. ${remedy}`);
  }
}

/** The questions that make up the evidence of a subject. */
async function callsOn(
  ledger: Ledger,
  subject: Subject,
  { index, asked: { caller, signal } }: { readonly index: SubjectIndex; readonly asked: Asked },
): Promise<LedgerCall[]> {
  const callOf = ({ name, argument }: Question): LedgerCall => ({
    name: name as TransactionName,
    argument,
    ...caller,
  });
  const ask: Ask = (question) => {
    signal.throwIfAborted();
    return ledger.evaluate(callOf(question));
  };
  try {
    return (await questionsOn(subject, index, ask)).map(callOf);
  } catch (error) {
    if (error instanceof UnprovableError) throw new GatewayRefusal('EVIDENCE_UNPROVEN', error.message);
    throw error;
  }
}

/** Peers may be a block apart for a moment. */
const APART_MS = 1_000;
const WITNESSES_MS = 3_000;

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
