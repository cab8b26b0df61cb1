// A study with all that compliance teams ask about: one hospital declined another study, one rejected an update, one
// withdrew, one erased, and one voted against a pause. Titles are as the worst member may have written them.
import { StudyOnLedger } from '@consilium/chaincode/testing/study-on-ledger';
import type { Role } from '@consilium/domain';
import { studyArgument, updateArgument } from '@consilium/domain/testing/examples';

const STUDY = 'heart';
const OWNERS = { alpha: 'AlphaMSP', beta: 'BetaMSP', delta: 'DeltaMSP', gamma: 'GammaMSP' } as const;
const DATASETS = Object.keys(OWNERS);
const as = (role: Role, mspId: string) => ({ role, mspId });

/** What a title may be: markup, and a formula. */
export const HOSTILE_TITLE = '=HYPERLINK("http://x")<script>alert(1)</script>';

/** Two rounds of a study, published; `heart-2` is proposed, declined by Beta, and never runs. */
export async function playStudy(): Promise<StudyOnLedger> {
  const study = await StudyOnLedger.prepared();
  await study.propose({ title: HOSTILE_TITLE, rounds: 2 });
  for (const datasetId of DATASETS) await study.consent(datasetId);
  await study.submit(as('researcher', 'AlphaMSP'), 'study:start', { studyId: STUDY });
  await study.move('AlphaMSP', { kind: 'pause' });
  for (const mspId of ['BetaMSP', 'GammaMSP']) await study.vote(mspId, false);
  await study.wholeRound(1);
  await study.trained(2);
  const score = { datasets: DATASETS, own: ['gamma'] };
  await study.verdict('GammaMSP', 2, {
    ...score,
    decisions: DATASETS.map((datasetId) =>
      datasetId === 'beta'
        ? { datasetId, decision: 'reject', reason: 'norm-exceeded' }
        : { datasetId, decision: 'accept' },
    ),
  });
  for (const mspId of ['AlphaMSP', 'BetaMSP', 'DeltaMSP']) await study.verdict(mspId, 2);
  await study.tally(2);
  for (const mspId of Object.values(OWNERS)) await study.attest(mspId, 2);
  await study.finalize(2);
  await study.submit(as('researcher', 'AlphaMSP'), 'model:publish', { studyId: STUDY });
  for (const datasetId of DATASETS) await study.settle(datasetId);
  const another = studyArgument({
    studyId: 'heart-2',
    datasets: DATASETS,
    quorum: { updates: 3, validators: 3 },
  });
  await study.submit(as('researcher', 'DeltaMSP'), 'study:propose', another);
  await study.submit(as('steward', 'BetaMSP'), 'study:decline', {
    studyId: 'heart-2',
    datasetId: 'beta',
    code: 'ethics',
    reason: 'the board,\nwhich "decides", has not met',
  });
  await study.submit(as('steward', 'DeltaMSP'), 'study:withdraw', {
    studyId: STUDY,
    datasetId: 'delta',
    reason: 'a patient asked for it',
  });
  await study.submit(as('trainer', 'AlphaMSP'), 'study:attestErasure', {
    studyId: STUDY,
    datasetId: 'delta',
    artefacts: [1, 2].map((round) => ({
      round,
      sha256: updateArgument({ studyId: STUDY, datasetId: 'delta', round }).artefact.sha256,
      unpinned: true,
      keysDestroyed: false,
    })),
  });
  return study;
}
