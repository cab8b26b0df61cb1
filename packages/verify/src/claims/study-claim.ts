// What a file claims of a study: its whole history with the costs, whether it has a model or not; or of its model the
// history alone.
import { canonicalJson, DomainError, joinLineage, Lineage, StudyRecord, validate } from '@consilium/domain';
import type { Problem } from '../blocks/block-replay.ts';
import type { KeptRow } from '../blocks/memory-state.ts';
import { type Artefacts, type RecomputedRounds, recomputeAggregates } from './aggregate-claim.ts';
import { checkConsents } from './consent-texts.ts';
import { checkLineage, checkRecord, type ReadRow } from './lineage-claim.ts';
import { type AccountCost, checkPrivacy } from './privacy-costs.ts';
import { LINEAGE_QUESTION, mustBeShown, RECORD_QUESTION } from './questions.ts';
import { missingReads } from './record-reads.ts';
import { type AgreedAnswer, pagesOf } from './signed-answers.ts';

/** The history of a study, as peers answered it: with its model, or how it is without one. */
export type StudyHistory =
  | ({ readonly kind: 'lineage' } & Lineage)
  | ({ readonly kind: 'record' } & Omit<StudyRecord, 'bookmark'>);

interface Judged {
  readonly problems: readonly Problem[];
  readonly history?: StudyHistory;
  readonly costs?: readonly AccountCost[];
  readonly recomputed?: RecomputedRounds | undefined;
  readonly of: readonly KeptRow[];
  readonly open: readonly string[];
}

interface Context {
  readonly read: readonly ReadRow[];
  readonly chaincode: string;
  readonly artefacts: Artefacts | undefined;
}

const WORDS_ONLY =
  'Whether patients consented, and whether a hospital trained on the data that it registered: signatures show who ' +
  'said so, and not that it is so.';

/** What does not hold of a study, and what is proven of it. */
export function checkStudy(studyId: string, answers: readonly AgreedAnswer[], context: Context): Judged {
  const [name, ...others] = new Set(answers.map(({ question }) => question.name));
  if (others.length > 0) return nothing({ place: 'answers', text: 'they are to different questions' });
  return name === RECORD_QUESTION ? checkWithout(studyId, answers, context) : checkWith(answers, context);
}

/** With a model. */
function checkWith(answers: readonly AgreedAnswer[], { read, artefacts }: Context): Judged {
  const lineage = lineageOf(answers);
  if ('place' in lineage) return nothing(lineage);
  const { problems, of } = checkLineage(lineage, read, () => true);
  const { problems: uncharged, costs } = checkPrivacy(lineage, read);
  const { problems: texts, withoutText } = checkConsents(lineage, read);
  const recomputed = artefacts && recomputeAggregates(lineage, artefacts);
  return {
    problems: [...problems, ...uncharged, ...texts, ...(recomputed?.problems ?? [])],
    history: { kind: 'lineage', ...lineage },
    costs,
    recomputed,
    of: of.map(({ row }) => row),
    open: [WORDS_ONLY, ...withoutTexts(withoutText)],
  };
}

/** The model alone: the digest in the block that published it closes its history. */
export function checkModel(answers: readonly AgreedAnswer[], { read, artefacts }: Context): Judged {
  const lineage = lineageOf(answers);
  if ('place' in lineage) return nothing(lineage);
  const isShown = (kind: string): boolean =>
    mustBeShown({ kind: 'model', studyId: '' }, `\u0000${kind}\u0000`);
  const { problems, of } = checkLineage(lineage, read, isShown);
  const { problems: texts, withoutText } = checkConsents(lineage, read);
  const recomputed = artefacts && recomputeAggregates(lineage, artefacts);
  return {
    problems: [...problems, ...texts, ...(recomputed?.problems ?? [])],
    history: { kind: 'lineage', ...lineage },
    recomputed,
    of: of.map(({ row }) => row),
    open: [
      WORDS_ONLY,
      'The transactions of consents, updates and verdicts, and what was charged for them: only those that made ' +
        'rounds and the model are shown. Evidence of the study shows all. Whether a consent was withdrawn since is ' +
        "the peers' word.",
      ...withoutTexts(withoutText),
    ],
  };
}

/** Without a model, however it ended. */
function checkWithout(studyId: string, answers: readonly AgreedAnswer[], context: Context): Judged {
  const { read, chaincode, artefacts } = context;
  const record = recordOf(answers);
  if ('place' in record) return nothing(record);
  const { problems, of } = checkRecord(record, read);
  const { problems: uncharged, costs } = checkPrivacy(record, read);
  const { problems: texts, withoutText } = checkConsents(record, read);
  const left = missingReads(
    record,
    answers.flatMap(({ reads }) => reads),
    chaincode,
  );
  const state =
    record.study.state === 'completed'
      ? [{ place: 'study', text: 'it has a model, which is not shown' }]
      : [];
  const recomputed = artefacts && recomputeAggregates(record, artefacts);
  return {
    problems: [...state, ...problems, ...left, ...uncharged, ...texts, ...(recomputed?.problems ?? [])],
    history: { kind: 'record', ...record },
    costs,
    recomputed,
    of: of.map(({ row }) => row),
    open: [
      WORDS_ONLY,
      ...(record.study.studyId === studyId && record.consents.some(({ state: of }) => of !== 'settled')
        ? ['Some consents are not settled: what they keep reserved is not in these costs.']
        : []),
      ...withoutTexts(withoutText),
    ],
  };
}

const nothing = (problem: Problem): Judged => ({ problems: [problem], of: [], open: [] });

const withoutTexts = (count: number): string[] =>
  count > 0 ? [`${count} consents are from before consents named the text they are to.`] : [];

/** Whoever signed them, answers may hold anything. */
function lineageOf(answers: readonly AgreedAnswer[]): Lineage | Problem {
  const pages = pagesAs(answers, {
    name: LINEAGE_QUESTION,
    read: (value) => validate(Lineage, value),
    what: 'lineage',
  });
  if ('place' in pages) return pages;
  try {
    const { bookmark: _, ...lineage } = joinLineage(pages);
    return lineage;
  } catch (error) {
    return { place: 'answers', text: (error as Error).message };
  }
}

function recordOf(answers: readonly AgreedAnswer[]): Omit<StudyRecord, 'bookmark'> | Problem {
  const pages = pagesAs(answers, {
    name: RECORD_QUESTION,
    read: (value) => validate(StudyRecord, value),
    what: 'record of a study',
  });
  if ('place' in pages) return pages;
  const heads = new Set(pages.map(({ rounds: _, bookmark: __, ...head }) => canonicalJson(head)));
  if (heads.size !== 1) return { place: 'answers', text: 'pages of different records' };
  const { study, datasets, consents } = pages[0]!;
  return { study, datasets, consents, rounds: pages.flatMap(({ rounds }) => rounds) };
}

function pagesAs<T>(
  answers: readonly AgreedAnswer[],
  {
    name,
    read,
    what,
  }: { readonly name: string; readonly read: (value: unknown) => T; readonly what: string },
): readonly T[] | Problem {
  for (const [i, { question, response }] of answers.entries()) {
    const place = `answer ${i + 1}`;
    if (question.name !== name) return { place, text: `it does not answer ${name}` };
    try {
      read(response);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      return { place, text: `it is no ${what} that this version can read: ${error.message}` };
    }
  }
  const pages = pagesOf(answers);
  return typeof pages === 'string' ? { place: 'answers', text: pages } : pages.map(read);
}
