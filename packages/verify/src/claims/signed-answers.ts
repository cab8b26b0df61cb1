// What peers answered, and signed, when they were asked about what a file claims: the answers themselves, and the
// version of every row that they read for them. Nothing of it was ever ordered; it is their word for what their ledger
// holds.

import { canonicalJson } from '@consilium/domain';
import { type Problem, readsOf } from '../blocks/block-replay.ts';
import type { Chain } from '../blocks/chain-walk.ts';
import { type LedgerReplay, organisationsOf } from '../blocks/ledger-replay.ts';
import type { Row } from '../blocks/ledger-state.ts';
import { type Read, readableKey, rowId, type Version } from '../blocks/read-write-set.ts';
import { readEnvelope, readTransaction, type Transaction } from '../blocks/transaction.ts';
import { type BundleClaim, nameOf } from '../bundle/bundle-claim.ts';
import { sameBytes, utf8Text } from '../wire/bytes.ts';
import { UnreadableError } from '../wire/protobuf-reader.ts';
import { plainAnswer } from './answer-form.ts';
import { isQuestionOn, isUnchanging, mustBeShown, type Question } from './questions.ts';

/** Of one organisation, how many peers may sign an answer: more are only work. */
const ENDORSEMENTS_MAX = 4;

/** One answer that all who signed agree on, with the rows that their peers read for it. */
export interface AgreedAnswer {
  readonly question: Question;
  /** As JSON; undefined where it is none. */
  readonly response: unknown;
  readonly reads: readonly (readonly [namespace: string, read: Read])[];
  /** The last block of which a row was read for it, or for another answer that read all the same rows. */
  readonly readThrough: number;
}

/** The answers of a file, each of which all who signed gave. */
export interface AgreedAnswers {
  readonly answers: readonly AgreedAnswer[];
  /** Organisations whose peers signed all of them. */
  readonly signedBy: readonly string[];
  /** Seconds since 1970, as those who asked say. */
  readonly askedAt: number;
  /**
   * What all answers are read through: the least of them, since each may have been asked for at another time. That
   * peers had any later block when they answered, nobody signed.
   */
  readonly readThrough: number;
}

interface SignedAnswer extends Omit<AgreedAnswer, 'readThrough'> {
  readonly organisations: readonly string[];
  readonly seconds: number;
}

interface Context {
  readonly claim: BundleClaim;
  readonly chain: Chain;
  readonly replay: LedgerReplay;
}

/** What all answers agree on; undefined, with problems, where they do not, or where there are none. */
export function answersFrom(
  envelopes: Iterable<Uint8Array>,
  context: Context,
): { readonly answered: AgreedAnswers | undefined; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const answers: SignedAnswer[] = [];
  let number = 0;
  for (const envelope of envelopes) {
    number += 1;
    const place = `answer ${number}`;
    const add = (text: string) => problems.push({ place, text });
    try {
      const answer = readAnswer(envelope, { ...context, add });
      if (answer !== undefined) answers.push(answer);
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error;
      add(error.message);
    }
  }
  if (problems.length > 0) return { answered: undefined, problems };
  const answered = agreed(answers, context.claim);
  if (typeof answered !== 'string') return { answered, problems };
  return { answered: undefined, problems: [{ place: 'answers', text: answered }] };
}

function readAnswer(
  bytes: Uint8Array,
  { claim, chain, replay, add }: Context & { readonly add: (text: string) => void },
): SignedAnswer | undefined {
  const envelope = readEnvelope(bytes);
  if (envelope.channel !== claim.channel || envelope.chaincode !== claim.chaincode) {
    add('it is of another channel or chaincode');
    return undefined;
  }
  const transaction = readTransaction(envelope);
  const question = questionOf(transaction);
  if (question === undefined || !isQuestionOn(claim.subject, question)) {
    add(`it does not answer a question on ${nameOf(claim.subject)}`);
    return undefined;
  }
  const { endorsements, sets } = transaction;
  // Of all else nobody would miss a byte: also a signature that is taken for something else.
  if (!sameBytes(plainAnswer(bytes), bytes)) {
    add('it holds more than an answer and the signatures of peers, or not in the shortest form');
  }
  const most = ENDORSEMENTS_MAX * chain.configuration.mspIds.length;
  if (endorsements.length > most) {
    add(`${endorsements.length} peers signed it, and ${most} at most are looked at`);
    return undefined;
  }
  for (const one of endorsements) {
    const refusal = chain.configuration.membership.refusalOfUncovered(one);
    if (refusal !== undefined) add(refusal);
  }
  const reads = sets.flatMap(readsOf);
  for (const [namespace, read] of reads) {
    const problem = replay.rows.problemOf(namespace, read);
    if (problem !== undefined) add(`${readableKey(read.key)}: it ${problem.text}`);
    else if (
      read.version !== undefined &&
      mustBeShown(claim.subject, read.key) &&
      !isShown(replay.rows.get(namespace, read.key), read.version)
    ) {
      add(`${readableKey(read.key)} is of block ${read.version.block}, which is not shown`);
    }
  }
  replay.attest(sets, endorsements, chain.configuration);
  const organisations = organisationsOf(chain.configuration, endorsements);
  return { question, response: parse(transaction.response), reads, organisations, seconds: envelope.seconds };
}

/** A row of a hidden block has the version that a transaction read of it, and nothing else. */
const isShown = (row: Row | undefined, { block }: Version): boolean =>
  row?.isHidden === false && row.version.block === block;

function questionOf({ input }: Transaction): Question | undefined {
  const [name, argument] = input;
  const asked = parse(argument ?? new Uint8Array());
  if (typeof asked !== 'object' || asked === null) return undefined;
  return { name: utf8Text(name ?? new Uint8Array()), argument: asked as Question['argument'] };
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

/** The answers of each group of signers, which must be the same for all; otherwise why there are none. */
function agreed(answers: readonly SignedAnswer[], { subject }: BundleClaim): AgreedAnswers | string {
  const groups = [...Map.groupBy(answers, ({ organisations }) => organisations.join('\n')).values()];
  const [first] = groups;
  if (first === undefined) return `no peer answered for ${nameOf(subject)}`;
  for (const group of groups) {
    const questions = group.map(({ question }) => canonicalJson(question));
    if (new Set(questions).size !== questions.length) return 'there are more pages than one answer has';
    if (saidBy(group) !== saidBy(first)) return 'peers answered differently';
  }
  const signedBy = [...new Set(answers.flatMap(({ organisations }) => organisations))].sort();
  const agreeing = withReadThrough(first);
  return {
    answers: agreeing,
    signedBy,
    askedAt: answers.reduce((least, { seconds }) => Math.min(least, seconds), Number.POSITIVE_INFINITY),
    readThrough: agreeing.reduce(
      (least, { readThrough }) => Math.min(least, readThrough),
      Number.POSITIVE_INFINITY,
    ),
  };
}

/** A row is what an answer says of it at least until the last block of which a row was read beside it. */
function withReadThrough(answers: readonly SignedAnswer[]): AgreedAnswer[] {
  const until = new Map<string, number>();
  for (const { reads } of answers) {
    const last = lastOf(reads.map(([, { version }]) => version?.block ?? 0));
    for (const read of reads) until.set(textOf(read), Math.max(until.get(textOf(read)) ?? 0, last));
  }
  return answers.map((answer) => {
    const changing = answer.reads.filter(([, { key }]) => !isUnchanging(key));
    const through = changing.map((read) => until.get(textOf(read))!);
    return { ...answer, readThrough: through.length === 0 ? 0 : -lastOf(through.map((block) => -block)) };
  });
}

const textOf = ([namespace, { key, version }]: AgreedAnswer['reads'][number]): string =>
  `${rowId(namespace, key)}\n${version?.block}:${version?.place}`;
const lastOf = (blocks: readonly number[]): number =>
  blocks.reduce((last, block) => Math.max(last, block), Number.NEGATIVE_INFINITY);

/** Everything that a group says, and the versions of the rows that it is from, as one text. */
function saidBy(group: readonly SignedAnswer[]): string {
  const said = group.map(({ question, response, reads }) => {
    const versions = reads.map(([namespace, { key, version }]) => [
      ...[namespace, key],
      ...(version === undefined ? [] : [version.block, version.place]),
    ]);
    return canonicalJson({ question, response: response ?? null, versions });
  });
  return said.sort().join('\n');
}

/** The pages of a paged answer in their order; otherwise why there are none. */
export function pagesOf(answers: readonly AgreedAnswer[]): readonly unknown[] | string {
  const pages: unknown[] = [];
  const left = new Map(answers.map((answer) => [answer.question.argument.bookmark ?? '', answer]));
  if (left.size < answers.length) return 'there are more pages than one answer has';
  let bookmark: string | undefined = '';
  while (bookmark !== undefined) {
    const next = left.get(bookmark);
    if (next === undefined) return 'pages of an answer are missing';
    left.delete(bookmark);
    pages.push(next.response);
    const after = (next.response as { bookmark?: unknown } | null | undefined)?.bookmark;
    bookmark = typeof after === 'string' ? after : undefined;
  }
  return left.size === 0 ? pages : 'there are more pages than one answer has';
}
