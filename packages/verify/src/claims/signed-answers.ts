// What peers answered, and signed, when they were asked for the lineage of a study: the answer itself, and the version
// of every row that they read for it. Nothing of it was ever ordered; it is their word for what their ledger holds.
import { canonicalJson, DomainError, joinLineage, Lineage, validate } from '@consilium/domain';
import { type Problem, readsOf } from '../blocks/block-replay.ts';
import type { Chain } from '../blocks/chain-walk.ts';
import { type LedgerReplay, organisationsOf } from '../blocks/ledger-replay.ts';
import { readableKey } from '../blocks/read-write-set.ts';
import { readEnvelope, readTransaction, type Transaction } from '../blocks/transaction.ts';
import type { BundleClaim } from '../bundle/bundle-file.ts';
import { UnreadableError } from '../wire/protobuf-reader.ts';

/** How evidence asks for a lineage. */
export const LINEAGE_QUESTION = 'model:getLineage';

export interface AnsweredLineage {
  readonly lineage: Lineage;
  /** Organisations whose peers signed all of it. */
  readonly signedBy: readonly string[];
  /** Seconds since 1970, as those who asked say. */
  readonly askedAt: number;
  /** The last block of which a row was read. That peers had any later one when they answered, nobody signed. */
  readonly readThrough: number;
}

interface Answer {
  readonly page: Lineage;
  readonly bookmark: string;
  readonly organisations: readonly string[];
  readonly seconds: number;
  readonly readThrough: number;
}

/** The lineage that all answers agree on; undefined, with problems, where there is none. */
export function lineageFrom(
  envelopes: readonly Uint8Array[],
  {
    claim,
    chain,
    replay,
  }: { readonly claim: BundleClaim; readonly chain: Chain; readonly replay: LedgerReplay },
): { readonly answered: AnsweredLineage | undefined; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const answers: Answer[] = [];
  for (const [i, envelope] of envelopes.entries()) {
    const place = `answer ${i + 1}`;
    const add = (text: string) => problems.push({ place, text });
    try {
      const answer = readAnswer(envelope, { claim, chain, replay, add });
      if (answer !== undefined) answers.push(answer);
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error;
      add(error.message);
    }
  }
  if (problems.length > 0) return { answered: undefined, problems };
  const answered = agreed(answers);
  if (typeof answered !== 'string') return { answered, problems };
  return { answered: undefined, problems: [{ place: 'answers', text: answered }] };
}

function readAnswer(
  bytes: Uint8Array,
  {
    claim,
    chain,
    replay,
    add,
  }: {
    readonly claim: BundleClaim;
    readonly chain: Chain;
    readonly replay: LedgerReplay;
    readonly add: (text: string) => void;
  },
): Answer | undefined {
  const envelope = readEnvelope(bytes);
  if (envelope.channel !== claim.channel || envelope.chaincode !== claim.chaincode) {
    add('it is of another channel or chaincode');
    return undefined;
  }
  const transaction = readTransaction(envelope);
  const asked = questionOf(transaction);
  if (asked?.studyId !== claim.studyId) {
    add(`it does not answer ${LINEAGE_QUESTION} of the study`);
    return undefined;
  }
  const { endorsements, sets } = transaction;
  for (const one of endorsements) {
    const refusal = chain.configuration.membership.refusalOf(one);
    if (refusal !== undefined) add(refusal);
  }
  for (const [namespace, read] of sets.flatMap(readsOf)) {
    const problem = replay.rows.problemOf(namespace, read);
    if (problem !== undefined) add(`${readableKey(read.key)}: it ${problem.text}`);
    else if (
      read.version !== undefined &&
      replay.rows.get(namespace, read.key)?.version.block !== read.version.block
    ) {
      add(`${readableKey(read.key)} is of block ${read.version.block}, which is not shown`);
    }
  }
  replay.attest(sets, endorsements, chain.configuration);
  const page = lineageIn(transaction.response, add);
  if (page === undefined) return undefined;
  const organisations = organisationsOf(chain.configuration, endorsements);
  const readThrough = sets
    .flatMap(readsOf)
    .reduce((last, [, { version }]) => Math.max(last, version?.block ?? 0), 0);
  return { page, bookmark: asked.bookmark ?? '', organisations, seconds: envelope.seconds, readThrough };
}

/** Whoever signed it, an answer may hold anything. */
function lineageIn(response: Uint8Array, add: (text: string) => void): Lineage | undefined {
  try {
    return validate(Lineage, parse(response));
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    add(`it is no lineage that this version can read: ${error.message}`);
    return undefined;
  }
}

function questionOf({ input }: Transaction): { studyId?: string; bookmark?: string } | undefined {
  const [name, argument] = input;
  if (Buffer.from(name ?? []).toString('utf8') !== LINEAGE_QUESTION) return undefined;
  return parse(argument ?? new Uint8Array()) as { studyId?: string; bookmark?: string } | undefined;
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

/** One lineage of the pages of each group of signers, which must be the same for all; otherwise why there is none. */
function agreed(answers: readonly Answer[]): AnsweredLineage | string {
  const groups = new Map<string, Answer[]>();
  for (const answer of answers) {
    const key = answer.organisations.join('\n');
    groups.set(key, [...(groups.get(key) ?? []), answer]);
  }
  let first: Lineage | undefined;
  for (const pages of groups.values()) {
    const joined = joinPages(pages);
    if (typeof joined === 'string') return joined;
    first ??= joined;
    if (canonicalJson(first) !== canonicalJson(joined)) return 'peers answered different lineages';
  }
  if (first === undefined) return 'no peer answered for the study';
  const signedBy = [...new Set(answers.flatMap(({ organisations }) => organisations))].sort();
  return {
    lineage: first,
    signedBy,
    askedAt: Math.min(...answers.map(({ seconds }) => seconds)),
    readThrough: Math.max(...answers.map((answer) => answer.readThrough)),
  };
}

function joinPages(pages: readonly Answer[]): Lineage | string {
  const chain: Lineage[] = [];
  let bookmark: string | undefined = '';
  while (bookmark !== undefined) {
    const next: Answer | undefined = pages.find((page) => page.bookmark === bookmark);
    if (next === undefined || chain.includes(next.page)) return 'pages of an answer are missing';
    chain.push(next.page);
    bookmark = next.page.bookmark;
  }
  if (chain.length !== pages.length) return 'there are more pages than one answer has';
  try {
    const { bookmark: _, ...lineage } = joinLineage(chain);
    return lineage;
  } catch (error) {
    return (error as Error).message;
  }
}
