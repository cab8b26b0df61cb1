// Proposing, starting and ending a study.
import { fewestUpdates } from '../aggregation.ts';
import type { StudyQuorum } from '../answers.ts';
import { averagingProblems } from '../averaging.ts';
import { canonicalJson, type Sha256Of } from '../canonical-json.ts';
import type { Consent } from '../consent.ts';
import type { Dataset } from '../dataset.ts';
import { encodingOf, inputNames } from '../dictionary-encoding.ts';
import { DomainError } from '../errors.ts';
import { optimisationProblems } from '../optimisation.ts';
import { type Problem, problem } from '../problem.ts';
import { ROW_SCHEMA } from '../row-schema.ts';
import {
  OPEN_STUDIES_MAX,
  type OpenStage,
  type OpenStudy,
  type ProposeStudy,
  retirableAtMs,
  STUDY_BYTES_MAX,
  type Study,
  type StudyRow,
  studyPlan,
  studyText,
} from '../study.ts';
import { checkTerms } from './dataset-rules.ts';
import { duplicates } from './duplicates.ts';
import { weightsOf } from './participation-rules.ts';
import { defaultPublicTimes, publicTimeProblems } from './public-times.ts';
import { nextStudyState } from './transition.ts';

/** @throws DomainError STUDY_STATE */
export function requireRunning(study: Study): void {
  if (study.state === 'running') return;
  throw new DomainError('STUDY_STATE', `study ${study.studyId} is ${study.state}, not running`);
}

/** Who ends a study, when and why. */
interface Ending {
  readonly mspId: string;
  readonly at: string;
  readonly reason: string;
  /** Whether the study's requester is a member no more. */
  readonly requesterLeft: boolean;
}

/** Whether a study may still go on: proposed, running, or paused by vote. */
export const isLive = ({ state }: Pick<Study, 'state'>): boolean =>
  state === 'proposed' || state === 'running' || state === 'paused';

/** The digest of a study's text, which a consent names. */
export const studyDigest = (study: Parameters<typeof studyText>[0], sha256: Sha256Of): string =>
  sha256(canonicalJson(studyText(study)));

/** The digest of what of it stays whatever is amended. */
export const planDigest = (study: ProposeStudy, sha256: Sha256Of): string =>
  sha256(canonicalJson(studyPlan(study)));

/** @throws DomainError NOT_THE_REQUESTER */
function requireRequester(study: Study, mspId: string): void {
  if (study.requester === mspId) return;
  throw new DomainError('NOT_THE_REQUESTER', `study ${study.studyId} was proposed by ${study.requester}`);
}

/** Why a study's text is longer than every hospital is to read; none where it is not. */
export function sizeProblems(study: Parameters<typeof studyText>[0]): Problem[] {
  const bytes = new TextEncoder().encode(canonicalJson(studyText(study))).length;
  if (bytes <= STUDY_BYTES_MAX) return [];
  const shorten = 'question, datasets, model.localParameters or training.clipping.layers';
  const text = `has a text of ${bytes} bytes and may have ${STUDY_BYTES_MAX}`;
  return [problem('the study', text, `shorten ${shorten}`)];
}

/**
 * Whether a member may have one more open study. `open` holds those that it has at that stage.
 *
 * @throws DomainError TOO_MANY_STUDIES
 */
export function requireRoom(stage: OpenStage, open: readonly OpenStudy[]): void {
  const most = OPEN_STUDIES_MAX[stage];
  if (open.length < most) return;
  const some = open.slice(0, 3).map(({ studyId }) => studyId);
  const end =
    stage === 'proposed' ? 'start some, or end them with study:retire' : 'end some with study:abort';
  throw new DomainError(
    'TOO_MANY_STUDIES',
    `a member may have ${most} ${stage} studies at a time: ${end} (${some.join(', ')}, …)`,
  );
}

/** Owners of a study's datasets that do not count: who has left, and of those who can give it nothing any more. */
export interface Absent {
  readonly left: readonly string[];
  /** Each of its datasets had its consent, and there is no second: it does not matter whether the owner returns. */
  readonly over: readonly string[];
}

/**
 * What is wrong with a quorum. N hospitals must be there to be had, so those that left do not count; and N must be a
 * majority of all that may come to judge a round, so those do that can return and consent.
 */
export function quorumProblems(
  { quorum, datasets, unit, aggregation }: Pick<ProposeStudy, 'quorum' | 'datasets' | 'unit' | 'aggregation'>,
  wanted: readonly Dataset[],
  { left, over }: Absent = { left: [], over: [] },
): Problem[] {
  const ownersWithout = (absent: readonly string[]) =>
    new Set(wanted.map(({ owner }) => owner).filter((owner) => !absent.includes(owner))).size;
  const [present, owners] = [ownersWithout(left), ownersWithout(over)];
  const given = datasets.length - wanted.filter(({ owner }) => left.includes(owner)).length;
  const problems = duplicates(datasets).map((datasetId) => problem('datasets', `has ${datasetId} twice`));
  const fewest = fewestUpdates(aggregation);
  if (quorum.updates < fewest) {
    problems.push(
      problem(
        'quorum.updates',
        `must be at least ${fewest}, below which ${aggregation.rule} promises nothing`,
      ),
    );
  }
  if (quorum.updates > given) {
    problems.push(problem('quorum.updates', `must be at most the ${given} datasets`));
  }
  if (quorum.validators > present) {
    problems.push(
      problem('quorum.validators', `must be at most the ${present} hospitals that own the datasets`),
    );
  }
  if (quorum.validators * 2 <= owners) {
    problems.push(
      problem('quorum.validators', `must be more than half of the ${owners} hospitals that own the datasets`),
    );
  }
  for (const { datasetId, privacyBudget } of wanted) {
    if (privacyBudget.unit !== unit) {
      problems.push(problem('unit', `must be ${privacyBudget.unit}, the unit of the budget of ${datasetId}`));
    }
  }
  return problems;
}

export function checkEncodings({ model }: Pick<ProposeStudy, 'model'>, wanted: readonly Dataset[]): void {
  const [first, ...others] = wanted.map(({ datasetId, dictionary }) => ({
    datasetId,
    encoding: encodingOf(dictionary),
  }));
  if (first === undefined) return;
  const { kind } = first.encoding.target;
  if (kind === 'numeric' || kind === 'count') {
    throw new DomainError(
      'LABEL_NOT_SCORED',
      `the label of ${first.datasetId} is ${kind}, and rounds are judged by counts of patients judged rightly: ` +
        'name datasets with a binary or categorical label, or learn it without a ledger',
    );
  }
  for (const { datasetId, encoding } of others) {
    if (canonicalJson(encoding) === canonicalJson(first.encoding)) continue;
    const at = encoding.features.findIndex(
      (feature, i) => canonicalJson(feature) !== canonicalJson(first.encoding.features[i] ?? null),
    );
    const where = at >= 0 ? `feature ${encoding.features[at]!.name}` : 'the number of features or the label';
    throw new DomainError('ENCODING_MISMATCH', `${datasetId} and ${first.datasetId} differ in ${where}`);
  }
  const width = inputNames(first.encoding.features).length;
  if (model.inputs !== width) {
    throw new DomainError('ENCODING_MISMATCH', `model.inputs must be ${width}, as the dictionaries encode`);
  }
}

/**
 * A study, as proposed. `wanted` holds the row of each dataset it names, in its order.
 *
 * @throws DomainError STUDY_EXISTS, INVALID_ARGUMENT, ENCODING_MISMATCH, LABEL_NOT_SCORED and what the datasets'
 * terms refuse
 */
export function proposeStudy(
  argument: ProposeStudy,
  context: {
    readonly requester: string;
    readonly at: string;
    readonly existing: Study | undefined;
    readonly wanted: readonly Dataset[];
  },
): StudyRow {
  const { requester, at, existing, wanted } = context;
  if (existing !== undefined) {
    throw new DomainError('STUDY_EXISTS', `${argument.studyId} is taken: choose another id`);
  }
  const { notBefore, roundDeadlineSeconds } = argument;
  const weights = weightsOf(wanted, argument.weightRatioMax);
  const problems = [
    ...sizeProblems({ ...argument, weights }),
    ...optimisationProblems(argument),
    ...averagingProblems(argument),
    ...quorumProblems(argument, wanted),
    ...publicTimeProblems(notBefore, { roundDeadlineSeconds, field: 'notBefore' }),
  ];
  if (problems.length > 0) throw new DomainError('INVALID_ARGUMENT', problems);
  for (const dataset of wanted) checkTerms(dataset, { purpose: argument.purpose, requester, at });
  checkEncodings(argument, wanted);
  return {
    schema: ROW_SCHEMA.study,
    ...argument,
    weights,
    requester,
    state: 'proposed',
    proposedAt: at,
    version: 1,
    publicTimes: notBefore ?? defaultPublicTimes(argument, wanted),
  };
}

/**
 * Whether these consents are enough for a round.
 *
 * @throws DomainError QUORUM_NOT_REACHED saying how many are missing
 */
export function checkConsentQuorum(
  { quorum }: Study,
  consenting: readonly { readonly owner: string }[],
): void {
  const owners = new Set(consenting.map(({ owner }) => owner)).size;
  if (consenting.length < quorum.updates) {
    throw new DomainError(
      'QUORUM_NOT_REACHED',
      `${consenting.length} datasets consent and ${quorum.updates} are needed`,
    );
  }
  if (owners < quorum.validators) {
    throw new DomainError(
      'QUORUM_NOT_REACHED',
      `${owners} hospitals consent and ${quorum.validators} are needed`,
    );
  }
}

/** @throws DomainError NOT_THE_REQUESTER, STUDY_STATE, QUORUM_NOT_REACHED */
export function startStudy(
  study: StudyRow,
  context: { readonly mspId: string; readonly at: string; readonly consents: readonly Consent[] },
): StudyRow {
  requireRequester(study, context.mspId);
  const state = nextStudyState(study, 'start');
  checkConsentQuorum(
    study,
    context.consents.filter((consent) => consent.state === 'granted'),
  );
  return { ...study, state, startedAt: context.at };
}

/**
 * The end of a study without a model: its requester's to say, or any member's where the requester has left and too few
 * hospitals remain. Where enough remain they take it to its model, which needs no requester.
 *
 * @throws DomainError NOT_THE_REQUESTER, STUDY_STATE
 */
export function abortStudy(
  study: StudyRow,
  { mspId, at, reason, requesterLeft, quorum }: Ending & { readonly quorum: StudyQuorum },
): StudyRow {
  if (study.requester === mspId || !requesterLeft) requireRequester(study, mspId);
  else if (quorum.isMet) {
    throw new DomainError(
      'NOT_THE_REQUESTER',
      `${study.requester} proposed study ${study.studyId} and has left, and enough hospitals remain to finish it: ` +
        'those that would not go on withdraw their consents',
    );
  }
  return { ...study, state: nextStudyState(study, 'abort'), endedAt: at, reason };
}

/**
 * The end of a proposal that was not started: what was reserved for it returns when the consents are settled.
 *
 * @throws DomainError STUDY_STATE; NOT_THE_REQUESTER for others, until its time has passed or its requester has left
 */
export function retireStudy(study: StudyRow, { mspId, at, reason, requesterLeft }: Ending): StudyRow {
  const state = nextStudyState(study, 'retire');
  const from = retirableAtMs(study);
  if (study.requester !== mspId && !requesterLeft && Date.parse(at) < from) {
    const { studyId, requester } = study;
    throw new DomainError(
      'NOT_THE_REQUESTER',
      `study ${studyId} was proposed by ${requester}: others may retire it from ${new Date(from).toISOString()} on`,
    );
  }
  return { ...study, state, endedAt: at, reason };
}

/** @throws DomainError STUDY_STATE */
export const completeStudy = (study: StudyRow, at: string): StudyRow => ({
  ...study,
  state: nextStudyState(study, 'publish'),
  endedAt: at,
});
