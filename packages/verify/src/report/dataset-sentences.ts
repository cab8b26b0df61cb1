// What evidence of a dataset proves, in sentences.
import type { AccountState, DatasetUse, StudyUse } from '../claims/dataset-use.ts';
import { blocksInWords, costSentence, counted, list } from './facts.ts';

export function datasetSentences(use: DatasetUse): string[] {
  const { datasetId, owner, title, revisions, studies, accounts, sharedWith } = use;
  return [
    `The dataset ${datasetId}, "${title}", belongs to ${owner}, and has ${counted(revisions, 'revision')}.`,
    studies.length === 0
      ? 'No study had its consent.'
      : `${counted(studies.length, 'study', 'studies')} had its consent, and no other: every change of its accounts is shown, from the ` +
        'first on.',
    ...studies.flatMap(studySentences),
    ...accounts.map(accountSentence),
    ...(sharedWith.length > 0
      ? [`The accounts are of the same patients as those of ${list(sharedWith)}, whose charges are in them.`]
      : []),
  ];
}

function studySentences({ studyId, title, purpose, requester, consent, charges, costs }: StudyUse): string[] {
  const { state, revision, blocks, grantedAt, withdrawnAt, stewards = [], studySha256 } = consent;
  const by = stewards.length > 0 ? ` by ${list(stewards)}` : '';
  const text = studySha256 === undefined ? '' : ` It is to the text ${studySha256}.`;
  const ended = withdrawnAt === undefined ? `is ${state}` : `was withdrawn at ${withdrawnAt} and is ${state}`;
  return [
    `${studyId}, "${title}", of ${requester}, for ${purpose}: the consent was given at ${grantedAt}${by}, for ` +
      `revision ${revision} and ${blocksInWords(blocks)}, and ${ended}.${text}`,
    charges.length === 0
      ? `${studyId} was charged nothing.`
      : `${studyId} was charged ${counted(charges.length, 'time')}: ${list(charges.map(chargeInWords))}.`,
    ...costs.map((cost) => `${studyId}: ${costSentence(cost)}`),
  ];
}

const chargeInWords = ({ round, cause, pool, epsilon }: StudyUse['charges'][number]): string =>
  `round ${round}, ${cause} (${pool}), ε ${epsilon}`;

const accountSentence = (account: AccountState): string => {
  const { block, pool, budget, spentEpsilon, reservedEpsilon, leftEpsilon } = account;
  return (
    `Block ${block}, ${pool} patients: of ε ${budget.epsilon} at δ ${budget.delta} there is ${leftEpsilon} left; ` +
    `${spentEpsilon} is spent and ${reservedEpsilon} reserved, composed. The sums follow from the consents and charges.`
  );
};
