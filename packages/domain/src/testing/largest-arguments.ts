// The largest arguments that honest members may send: a dictionary of 500 features, a study of 100 datasets, a verdict
// on as many. What limits must let pass, and what benches measure.
import { BLOCKS_MAX } from '../block.ts';
import { datasetArgument, scoreEvent, studyArgument } from './examples.ts';
import { provenStudyKey } from './member-key.ts';

const ids = Array.from({ length: 100 }, (_, i) => `dataset-of-hospital-${i}-`.padEnd(63, 'x'));

export function largestArguments() {
  const dataset = datasetArgument('largest');
  const [feature] = dataset.dictionary.features;
  const features = Array.from({ length: 500 }, (_, i) => ({
    ...feature!,
    name: `laboratory_value_${i}`,
    column: `Laboratory value ${i}`,
    title: `Laboratory value number ${i}, fasting, in the morning`,
    missing: ['-9', 'n/a'],
    codes: { loinc: `${1000 + i}-3` },
  }));
  const study = studyArgument({ studyId: 'largest', datasets: ids });
  return {
    'dataset:register': { ...dataset, dictionary: { ...dataset.dictionary, features } },
    'study:propose': {
      ...study,
      question: 'Why? '.repeat(400),
      training: {
        ...study.training,
        optimizer: { kind: 'sgd', momentum: '0.9' },
        clipping: {
          kind: 'per-layer',
          bounds: 'uniform',
          layers: Array.from({ length: 100 }, (_, i) => [
            `encoder.block${i}.weight`,
            `encoder.block${i}.bias`,
          ]),
        },
      },
    },
    'round:recordVerdict': {
      studyId: 'largest',
      round: 1,
      candidateSha256: 'a'.repeat(64),
      accepted: false,
      decisions: ids.map((datasetId) => ({ datasetId, decision: 'reject', reason: 'artefact-unreachable' })),
      scores: ids.map((datasetId) => ({
        datasetId,
        right: '123456',
        wrong: '111111',
        privacyEvent: scoreEvent(),
        claimedEpsilon: '1.234567',
      })),
    },
    'study:recordKeys': {
      studyId: 'largest',
      keys: ids.map((datasetId) => provenStudyKey('LargestMSP', { studyId: 'largest', datasetId })),
    },
    'privacy:quote': {
      studyId: ids[0]!,
      datasetId: ids[1]!,
      blocks: Array.from({ length: BLOCKS_MAX }, (_, i) => 9_900 + i),
    },
    'motion:vote': {
      studyId: 'largest',
      motion: 1,
      accept: true,
      claims: ids.map((datasetId) => ({
        datasetId,
        claimedEpsilon: { training: '1.234567', heldOut: '1.234567' },
      })),
    },
  };
}
