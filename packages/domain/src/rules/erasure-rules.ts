// What is owed after a consent is withdrawn: by whom, until when, and whether a model goes on being offered.
import type { DatasetErasures, WithdrawnDataset } from '../answers.ts';
import type { Consent } from '../consent.ts';
import { type AttestErasure, ERASURE_DAYS, type Erasure } from '../erasure.ts';
import { DomainError } from '../errors.ts';
import type { Model } from '../model.ts';
import { problem } from '../problem.ts';
import type { Round } from '../round.ts';
import { ROW_SCHEMA } from '../row-schema.ts';
import type { Study } from '../study.ts';
import type { StudyKey } from '../study-key.ts';
import type { Update } from '../update.ts';
import { duplicates } from './duplicates.ts';
import { byId } from './participation-rules.ts';
import { sealedToStudyKeys } from './study-key-rules.ts';

/** A round in which a dataset has an update, as it is now: with those that have withdrawn from it. */
export interface UpdatedRound {
  readonly round: Round;
  readonly update: Update;
}

/** Who could read a dataset's updates: the hospitals of the rounds that have one. */
export const owingOf = (rounds: readonly Pick<UpdatedRound, 'round'>[]): string[] =>
  [...new Set(rounds.flatMap(({ round }) => round.validators))].sort(byId);

/** Whether a round still needs a dataset's update: it has not ended, and the update was not taken out of it. */
const needs = ({ state, withdrawn = [] }: Round, datasetId: string): boolean =>
  state !== 'finalized' && state !== 'aborted' && !withdrawn.includes(datasetId);

/**
 * One hospital's word that it erased a withdrawn dataset's updates.
 *
 * @throws DomainError ERASURE_NOT_OWED, ERASURE_EXISTS, ERASURE_EARLY while a round needs an update, INVALID_ARGUMENT
 * where an update is left out or is not the one that the ledger has, or where keys are said to be destroyed although
 * the ledger does not show that the update was sealed to one that opens nothing else
 */
export function attestErasure(
  argument: AttestErasure,
  context: {
    readonly mspId: string;
    readonly at: string;
    readonly consent: Consent;
    readonly rounds: readonly UpdatedRound[];
    readonly existing: Erasure | undefined;
    /** The member's key for this dataset in this study. */
    readonly studyKey: StudyKey | undefined;
  },
): Erasure {
  const { mspId, at, consent, rounds, existing, studyKey } = context;
  const { datasetId, artefacts } = argument;
  if (consent.withdrawnAt === undefined) {
    throw new DomainError(
      'ERASURE_NOT_OWED',
      `the consent of ${datasetId} is ${consent.state}, not withdrawn`,
    );
  }
  if (!owingOf(rounds).includes(mspId)) {
    throw new DomainError(
      'ERASURE_NOT_OWED',
      `${mspId} took part in no round with an update of ${datasetId}`,
    );
  }
  if (existing !== undefined) {
    throw new DomainError('ERASURE_EXISTS', `${mspId} attested it at ${existing.attestedAt}`);
  }
  const needed = rounds.find(({ round }) => needs(round, datasetId));
  if (needed !== undefined) {
    const { round, state } = needed.round;
    throw new DomainError('ERASURE_EARLY', `round ${round} is ${state} and needs the update of ${datasetId}`);
  }
  const own = rounds.filter(({ round }) => round.validators.includes(mspId));
  const problems = [
    ...duplicates(artefacts.map(({ round }) => round)).map((round) =>
      problem('artefacts', `has round ${round} twice`),
    ),
    ...own
      .filter(({ update }) => !artefacts.some(({ round }) => round === update.round))
      .map(({ update }) => problem('artefacts', `must have round ${update.round}`)),
    ...artefacts
      .filter(({ round, sha256 }) =>
        own.every(({ update }) => update.round !== round || update.artefact.sha256 !== sha256),
      )
      .map(({ round }) => problem('artefacts', `has another artefact of round ${round} than the ledger`)),
    ...artefacts
      .filter(({ round, keysDestroyed }) => keysDestroyed && !canDestroy(own, { round, mspId, studyKey }))
      .map(({ round }) =>
        problem(
          'artefacts',
          `must have keysDestroyed: false for round ${round}: ` +
            `the ledger has no word that its update was sealed to a key of ${mspId} for ${datasetId} alone`,
        ),
      ),
  ];
  if (problems.length > 0) throw new DomainError('INVALID_ARGUMENT', problems.slice(0, 8));
  return { schema: ROW_SCHEMA.erasure, ...argument, mspId, attestedAt: at };
}

/** Whether the ledger shows that a member read a round's update with a key that opens nothing else. */
const canDestroy = (
  own: readonly UpdatedRound[],
  of: { readonly round: number; readonly mspId: string; readonly studyKey: StudyKey | undefined },
): boolean =>
  of.studyKey !== undefined &&
  own.some(
    ({ update, round }) => update.round === of.round && sealedToStudyKeys(update, round).includes(of.mspId),
  );

/** What became of the erasures that a withdrawn consent asks for. */
export function erasuresOf(
  { datasetId, withdrawnAt }: Consent & { readonly withdrawnAt: string },
  {
    rounds,
    done,
    at,
  }: {
    readonly rounds: readonly Pick<UpdatedRound, 'round'>[];
    readonly done: readonly Erasure[];
    readonly at: string;
  },
): DatasetErasures {
  const dueAt = new Date(Date.parse(withdrawnAt) + ERASURE_DAYS * 24 * 3_600_000).toISOString();
  const owed = owingOf(rounds).filter((mspId) => !done.some((erasure) => erasure.mspId === mspId));
  return {
    datasetId,
    withdrawnAt,
    dueAt,
    done: [...done],
    owed,
    overdue: Date.parse(at) >= Date.parse(dueAt) ? owed : [],
  };
}

/** Of a model's datasets those whose consent was withdrawn, in their order. */
export const withdrawnDatasets = (
  { datasets }: Pick<Model, 'datasets'>,
  consents: readonly Consent[],
): WithdrawnDataset[] =>
  datasets.flatMap((datasetId) => {
    const withdrawnAt = consents.find((consent) => consent.datasetId === datasetId)?.withdrawnAt;
    return withdrawnAt === undefined ? [] : [{ datasetId, withdrawnAt }];
  });

/** Since when a model is retired, as its study's text says beforehand; undefined where it is kept. */
export function retiredSince(
  { afterWithdrawal = 'kept' }: Pick<Study, 'afterWithdrawal'>,
  { publishedAt }: Pick<Model, 'publishedAt'>,
  withdrawn: readonly WithdrawnDataset[],
): string | undefined {
  if (afterWithdrawal === 'kept' || withdrawn.length === 0) return undefined;
  const first = withdrawn.reduce((a, b) => (Date.parse(b.withdrawnAt) < Date.parse(a.withdrawnAt) ? b : a));
  // A model that was made after a withdrawal was never offered.
  return Date.parse(first.withdrawnAt) < Date.parse(publishedAt) ? publishedAt : first.withdrawnAt;
}
