import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { canonicalJson, type PrivacyEvent, type ProposeStudy } from '@consilium/domain';
import {
  cid,
  datasetArgument,
  memberArgument,
  studyArgument,
  updateArgument,
} from '@consilium/domain/testing/examples';
import { MemoryConsortium } from '../testing/memory-consortium.ts';
import { as } from '../testing/study-on-ledger.ts';

const LIMIT_BYTES = 4096;
/** Of these, 1402 are the version of the account; what would be saved by other forms: docs/decisions/0024. */
const LONGEST_LIMIT_BYTES = 5632;
const LONGEST_ID = 'x'.repeat(63);

/** The bytes that recording one update puts into a transaction: its argument, its writes, its event. */
async function bytesOfUpdate(change: {
  readonly ids: { readonly studyId: string; readonly datasetId: string };
  readonly parameters: number;
  readonly sizeBytes: number;
  readonly training?: Partial<ProposeStudy['training']>;
}): Promise<number> {
  const { ids, parameters, sizeBytes } = change;
  const ledger = new MemoryConsortium(['AlphaMSP', 'BetaMSP']);
  for (const mspId of ledger.mspIds) {
    await ledger.submit(as('operator', mspId), 'member:register', memberArgument(mspId));
  }
  await ledger.submit(
    as('steward', 'AlphaMSP'),
    'dataset:register',
    datasetArgument(ids.datasetId, '999999999'),
  );
  const plan = studyArgument({ studyId: ids.studyId, datasets: [ids.datasetId] });
  const training = { ...plan.training, ...change.training };
  const argument = { ...plan, training, model: { ...plan.model, parameters } };
  await ledger.submit(as('researcher', 'AlphaMSP'), 'study:propose', argument);
  const claimedEpsilon = { training: '999999999', heldOut: '999999999' };
  await ledger.submit(as('steward', 'AlphaMSP'), 'study:consent', { ...ids, claimedEpsilon });
  await ledger.submit(as('researcher', 'AlphaMSP'), 'study:start', { studyId: ids.studyId });
  await ledger.submit(as('trainer', 'AlphaMSP'), 'round:open', { studyId: ids.studyId, round: 1 });
  const privacyEvent: PrivacyEvent = {
    ...updateArgument(ids).privacyEvent,
    noiseMultiplier: training.noiseMultiplier,
    samplingRate: training.samplingRate,
    steps: training.stepsPerRound,
  };
  const artefact = { cid: cid('update'), sha256: 'a'.repeat(64), sizeBytes };
  const update = { ...updateArgument(ids), artefact, privacyEvent, claimedEpsilon: '999999999' };
  await ledger.submit(as('trainer', 'AlphaMSP'), 'round:recordUpdate', update);
  const { argument: sent, results } = ledger.committed.at(-1)!;
  const written = results.writes.map(([key, value]) => key + value).join('');
  return Buffer.byteLength(sent + written + canonicalJson(results.event));
}

test('an update takes the same bytes on the ledger for a model of 10^2 and of 10^6 parameters', async () => {
  const ids = { studyId: 'heart', datasetId: 'alpha' };
  const small = await bytesOfUpdate({ ids, parameters: 100, sizeBytes: 1_000_000 });
  const large = await bytesOfUpdate({ ids, parameters: 1_000_000, sizeBytes: 4_000_000 });
  assert.equal(small, large);
  assert.ok(small < LIMIT_BYTES, `${small} bytes`);
});

test('the longest ids and the longest numbers still fit in 5.5 KiB', async () => {
  const bytes = await bytesOfUpdate({
    ids: { studyId: LONGEST_ID, datasetId: LONGEST_ID },
    parameters: 100_000_000,
    sizeBytes: 2 ** 40,
    training: {
      noiseMultiplier: '0.500000000000001',
      samplingRate: '0.999999999999999',
      stepsPerRound: 100_000,
    },
  });
  assert.ok(bytes < LONGEST_LIMIT_BYTES, `${bytes} bytes`);
});
