// What evidence of a study, or of its model, proves, in sentences.
import type { SubjectKind } from '../bundle/bundle-claim.ts';
import type { StudyHistory } from '../claims/study-claim.ts';
import { counted, list } from './facts.ts';

type Of<K extends StudyHistory['kind']> = Extract<StudyHistory, { readonly kind: K }>;

export function modelSentences(history: Of<'lineage'>, kind: SubjectKind): string[] {
  const { model, study, datasets, consents, rounds } = history;
  const updates = rounds.flatMap((round) => round.updates);
  return [
    `The model of parameters ${model.parameters.parametersSha256} comes from ${rounds.length} rounds, ` +
      `${updates.length} updates, ${datasets.length} datasets and ${consents.length} consents. The digest of this ` +
      `history, ${model.lineageSha256}, is in the block that published the model.`,
    `The study's purpose is ${study.purpose}. Each consent is to this study's plan, and the terms of each dataset ` +
      'allow the purpose.',
    ...(kind === 'model' ? ['That digest closes the history: its rows are not shown one by one.'] : []),
  ];
}

export function recordSentences({ study, consents, rounds }: Of<'record'>): string[] {
  const { studyId, state, requester, proposedAt, endedAt, reason, purpose, datasets } = study;
  const ended =
    endedAt === undefined ? `It is ${state}.` : `It was ${state} at ${endedAt}${because(reason)}.`;
  const asked = datasets.filter((datasetId) => consents.every((consent) => consent.datasetId !== datasetId));
  return [
    `The study ${studyId} was proposed by ${requester} at ${proposedAt} for ${purpose}. ${ended} It has no model.`,
    consents.length === 0
      ? 'No dataset consented to it.'
      : `${counted(consents.length, 'dataset')} consented: ${list(consents.map(consentInWords))}.`,
    ...(asked.length > 0 ? [`It asked for ${list(asked)} too, and has no consent of these.`] : []),
    rounds.length === 0
      ? 'No round was opened.'
      : `Of its rounds, ${rounds.length} began: ${list(rounds.map(roundInWords))}. No other did.`,
  ];
}

type Recorded = Of<'record'>;
const because = (reason: string | undefined): string => (reason === undefined ? '' : ` ("${reason}")`);
const consentInWords = ({ datasetId, state, withdrawnAt }: Recorded['consents'][number]): string =>
  `${datasetId} (${withdrawnAt === undefined ? state : `withdrawn at ${withdrawnAt}`})`;
const roundInWords = ({ round: { round, state }, updates }: Recorded['rounds'][number]): string =>
  `${round} (${state}, ${counted(updates.length, 'update')})`;
