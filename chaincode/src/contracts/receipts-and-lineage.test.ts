// What a hospital holds in its hand afterwards, and what anyone can check of a model's history.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import {
  canonicalJson,
  joinLineage,
  type Lineage,
  lineageProblems,
  planDigest,
  Receipt,
  RoundDossier,
  StudyRecord,
  studyDigest,
  validate,
} from '@consilium/domain';
import { lineageDigest } from '@consilium/domain/rules';
import { sha256 } from '@consilium/domain/testing/examples';
import { refusalOf } from '../testing/memory-consortium.ts';
import { as, DATASETS, MEMBERS, STUDY, StudyOnLedger } from '../testing/study-on-ledger.ts';

const HOUR = 3_600_000;
const auditor = as('auditor', 'BetaMSP');
const receipt = (study: StudyOnLedger, datasetId: string, round = 1): Promise<Receipt> =>
  study.evaluate(auditor, 'round:getReceipt', { studyId: STUDY, round, datasetId });

/** A round in which Delta's update is rejected by all others, and Gamma says nothing. */
async function rejecting(): Promise<StudyOnLedger> {
  const study = await StudyOnLedger.running({ quorum: { updates: 3, validators: 3 } });
  await study.trained(1);
  for (const mspId of ['AlphaMSP', 'BetaMSP', 'DeltaMSP']) {
    await study.verdict(mspId, 1, {
      decisions: DATASETS.map((datasetId) =>
        datasetId === 'delta' && mspId !== 'DeltaMSP'
          ? { datasetId, decision: 'reject', reason: 'norm-exceeded' }
          : { datasetId, decision: 'accept' },
      ),
    });
  }
  study.now += HOUR;
  await study.tally(1);
  for (const mspId of MEMBERS) await study.attest(mspId, 1);
  return study;
}

test('a receipt is pending while the round runs, and then says what became of the update', async () => {
  const study = await rejecting();
  assert.equal((await receipt(study, 'delta')).outcome, 'pending');
  await study.finalize(1);
  const update = await study.evaluate(auditor, 'round:getUpdate', {
    studyId: STUDY,
    round: 1,
    datasetId: 'delta',
  });
  const excluded = await receipt(study, 'delta');
  assert.equal(excluded.outcome, 'excluded');
  assert.equal(excluded.cause, 'rejected');
  assert.deepEqual(excluded.rejectedBy, [
    { mspId: 'AlphaMSP', reason: 'norm-exceeded' },
    { mspId: 'BetaMSP', reason: 'norm-exceeded' },
  ]);
  assert.deepEqual(excluded.acceptedBy, ['DeltaMSP']);
  assert.deepEqual(excluded.silent, ['GammaMSP']);
  assert.equal(excluded.updateSha256, sha256(canonicalJson(update)), 'anyone can recompute it from the row');
  assert.equal(excluded.aggregateSha256, null);

  const included = await receipt(study, 'alpha');
  assert.equal(included.outcome, 'included');
  assert.equal(included.aggregateSha256, sha256('model 1'));
  assert.equal(included.seal, excluded.seal);
  assert.match(String(included.seal), /^[0-9a-f]{64}$/);
});

test('silence is a cause of its own: too few verdicts, and whose were missing', async () => {
  const study = await StudyOnLedger.running({ quorum: { updates: 3, validators: 3 } });
  await study.trained(1);
  for (const mspId of ['AlphaMSP', 'BetaMSP', 'GammaMSP']) {
    const decisions = DATASETS.map((datasetId) => ({ datasetId, decision: 'accept' as const }));
    await study.verdict(mspId, 1, { decisions });
  }
  await study.verdict('DeltaMSP', 1, { accepted: false, own: [] });
  await study.tally(1);
  for (const mspId of MEMBERS) await study.attest(mspId, 1);
  await study.finalize(1);
  assert.deepEqual((await receipt(study, 'delta')).silent, []);
  assert.equal((await receipt(study, 'delta')).outcome, 'included');
});

test('an aborted round excludes every update, with who gave it up and why', async () => {
  const study = await StudyOnLedger.running();
  await study.open(1);
  await study.update('alpha', 1);
  study.now += HOUR;
  await study.abortRound(1, 'BetaMSP');
  const { outcome, cause, abortedBy, reason, seal } = await receipt(study, 'alpha');
  assert.deepEqual(
    { outcome, cause, abortedBy, reason },
    { outcome: 'excluded', cause: 'round-aborted', abortedBy: 'BetaMSP', reason: 'too few contributed' },
  );
  assert.ok(seal);
  assert.equal((await receipt(study, 'beta')).outcome, 'absent');
  assert.equal((await refusalOf(receipt(study, 'stranger'))).code, 'NOT_A_PARTICIPANT');
});

test("a hospital's receipts come in pages of rounds", async () => {
  const study = await StudyOnLedger.running({ rounds: 3 });
  for (const round of [1, 2, 3]) await study.wholeRound(round);
  const asked = { studyId: STUDY, mspId: 'GammaMSP', pageSize: 2 };
  const first = await study.evaluate(auditor, 'round:listReceipts', asked);
  const { bookmark } = first;
  const second = await study.evaluate(auditor, 'round:listReceipts', { ...asked, bookmark });
  const seen = [...first.items, ...second.items].map(({ round, datasetId }: Receipt) => [round, datasetId]);
  assert.deepEqual(seen, [
    [1, 'gamma'],
    [2, 'gamma'],
    [3, 'gamma'],
  ]);
  assert.equal(second.bookmark, undefined);
});

let once: Promise<{ study: StudyOnLedger; lineage: Lineage }> | undefined;
/** A study of three rounds, one of them given up, and its whole lineage; made once and not changed. */
const published = () => {
  once ??= publish();
  return once;
};

async function publish(): Promise<{ study: StudyOnLedger; lineage: Lineage }> {
  const study = await StudyOnLedger.running({ rounds: 3 });
  await study.wholeRound(1);
  await study.open(2);
  await study.update('alpha', 2);
  study.now += HOUR;
  await study.abortRound(2);
  await study.wholeRound(3);
  await study.submit(as('researcher', 'AlphaMSP'), 'model:publish', { studyId: STUDY });
  const pages: Lineage[] = [];
  for (let bookmark: string | undefined; pages.length === 0 || bookmark !== undefined; ) {
    const page: Lineage = await study.evaluate(auditor, 'model:getLineage', {
      studyId: STUDY,
      pageSize: 2,
      ...(bookmark && { bookmark }),
    });
    pages.push(page);
    bookmark = page.bookmark;
  }
  return { study, lineage: joinLineage(pages) };
}

test('a whole lineage holds under its digest, before and after the consents are settled', async () => {
  const { study, lineage } = await publish();
  const model = await study.evaluate(auditor, 'model:get', { studyId: STUDY });
  assert.deepEqual(model, lineage.model);
  const trusted = lineage.model.lineageSha256!;
  assert.deepEqual(lineageProblems(lineage, { sha256, trusted }), []);
  for (const datasetId of DATASETS) await study.settle(datasetId);
  const settled = await study.evaluate(auditor, 'model:getLineage', { studyId: STUDY });
  assert.deepEqual(lineageProblems(settled, { sha256, trusted }), []);
});

// Each is a change that a ledger's keeper might wish for; none may go unnoticed.
const TAMPERINGS: Readonly<Record<string, (lineage: Lineage) => void>> = {
  "an update's hash": ({ rounds }) => {
    rounds[0]!.updates[0]!.artefact.sha256 = sha256('forged');
  },
  "an update's privacy event": ({ rounds }) => {
    rounds[0]!.updates[0]!.privacyEvent.noiseMultiplier = '60';
  },
  'a score': ({ rounds }) => {
    rounds[2]!.verdicts[0]!.scores[0]!.right = '60';
  },
  'a decision': ({ rounds }) => {
    rounds[0]!.verdicts[1]!.decisions[0] = { datasetId: 'alpha', decision: 'reject', reason: 'malformed' };
  },
  'an update taken out': ({ rounds }) => {
    rounds[0]!.updates.pop();
  },
  'an attestation': ({ rounds }) => {
    rounds[2]!.attestations[0]!.parametersSha256 = sha256('forged');
  },
  'a round taken out': ({ rounds }) => {
    rounds.splice(1, 1);
  },
  'the last rounds withheld': ({ rounds }) => {
    rounds.pop();
  },
  "a round's base": ({ rounds }) => {
    rounds[2]!.round.base = null;
  },
  'the final parameters': ({ model }) => {
    model.parameters.parametersSha256 = sha256('forged');
  },
  "the aborted round's reason": ({ rounds }) => {
    rounds[1]!.round.reason = 'nothing to see';
  },
  "the study's question": ({ study }) => {
    study.question = 'Something else?';
  },
  "a dataset's terms": ({ datasets }) => {
    datasets[0]!.terms.purposes = ['DUO:0000042'];
  },
  "a dictionary's bounds": ({ datasets }) => {
    const [feature] = datasets[0]!.dictionary.features;
    if (feature?.kind === 'numeric') feature.bounds.high = 130;
  },
  'a consent': ({ consents }) => {
    consents[0]!.claimedEpsilon.training = '1';
  },
  'the text that was consented to': ({ consents }) => {
    consents[0]!.studySha256 = sha256('another');
  },
  'the plan that was consented to': ({ consents }) => {
    consents[0]!.planSha256 = sha256('another');
  },
  'a consent taken out': ({ consents }) => {
    consents.pop();
  },
};
for (const [what, tamper] of Object.entries(TAMPERINGS)) {
  test(`tampering is found: ${what}`, async () => {
    const { lineage } = await published();
    const forged = structuredClone(lineage);
    tamper(forged);
    assert.notDeepEqual(forged, lineage);
    assert.notDeepEqual(lineageProblems(forged, { sha256 }), []);
  });
}

// What N colluding validators, or a majority, could write into rows and seal: the rules find it without a digest.
const REWRITINGS: Readonly<Record<string, readonly [RegExp, (lineage: Lineage) => void]>> = {
  'a weight that is not its band’s': [
    /round 1: the weight of delta is not that of its band/,
    ({ rounds }) => {
      rounds[0]!.round.participants[2]!.weight = 30_000;
    },
  ],
  'a hospital among the validators that takes no part': [
    /round 3: its validators are not its participants' hospitals/,
    ({ rounds }) => {
      rounds[2]!.round.validators.push('EpsilonMSP');
    },
  ],
  'a leader out of turn': [
    /round 2: is led out of turn/,
    ({ rounds }) => {
      rounds[1]!.round.leader = 'DeltaMSP';
    },
  ],
  'a round that a consent does not cover': [
    /round 3: the consent of beta ends before it/,
    ({ consents }) => {
      consents.find(({ datasetId }) => datasetId === 'beta')!.rounds = 2;
    },
  ],
  'a consent that costs less than its plan': [
    /the consent of alpha costs other than its plan/,
    ({ consents }) => {
      consents[0]!.costPerRound.training = consents[0]!.costPerRound.training.map(() => '0');
    },
  ],
  "another hospital's dataset": [
    /round 1: delta is not its hospital's/,
    ({ rounds }) => {
      rounds[0]!.round.participants[2]!.mspId = 'GammaMSP';
    },
  ],
};
for (const [what, [problem, rewrite]] of Object.entries(REWRITINGS)) {
  test(`rewriting is found although everything is sealed again: ${what}`, async () => {
    const { lineage } = await published();
    const forged = structuredClone(lineage);
    rewrite(forged);
    const rounds = forged.rounds.map(({ round }) => round);
    forged.model.lineageSha256 = lineageDigest(
      { ...forged, rounds, seals: rounds.map((r) => r.seal!) },
      sha256,
    );
    const problems = lineageProblems(forged, { sha256 });
    assert.ok(!problems.includes("the model's digest is of another history"));
    assert.match(problems.join('\n'), problem);
  });
}

test('a history forged throughout agrees with itself, and not with the digest one trusts', async () => {
  const { lineage } = await published();
  const forged = structuredClone(lineage);
  forged.study.question = 'Something else?';
  for (const consent of forged.consents) {
    consent.studySha256 = studyDigest(forged.study, sha256);
    consent.planSha256 = planDigest(forged.study, sha256);
  }
  const rounds = forged.rounds.map(({ round }) => round);
  forged.model.lineageSha256 = lineageDigest(
    { ...forged, rounds, seals: rounds.map((r) => r.seal!) },
    sha256,
  );
  assert.deepEqual(lineageProblems(forged, { sha256 }), []);
  const trusted = lineage.model.lineageSha256!;
  assert.deepEqual(lineageProblems(forged, { sha256, trusted }), [
    'this is not the history of the trusted digest',
  ]);
});

test('pages of two lineages are not joined', async () => {
  const { lineage } = await published();
  const other = structuredClone(lineage);
  other.study.question = 'Something else?';
  assert.throws(() => joinLineage([lineage, other]), RangeError);
});

test('a seal is of what its descriptions name: updates, verdicts and attestations, and no scores that were named', async () => {
  const study = await StudyOnLedger.running();
  await study.trained(1);
  await study.commitScore('alpha', 1);
  for (const mspId of MEMBERS) await study.verdict(mspId, 1);
  await study.tally(1);
  for (const mspId of MEMBERS) await study.attest(mspId, 1);
  await study.finalize(1);
  const dossier = await study.evaluate(as('auditor', 'BetaMSP'), 'round:getDossier', {
    studyId: STUDY,
    round: 1,
  });
  assert.equal(dossier.scoreCommitments.length, 1);
  const { updates, verdicts, attestations } = dossier;
  assert.equal(dossier.round.seal, sha256(canonicalJson({ updates, verdicts, attestations })));
  for (const { seal } of [RoundDossier.properties.round.properties, Receipt.properties]) {
    assert.match(JSON.stringify(seal), /digest of its updates, verdicts and attestations/i);
  }
});

test('a record is of a study with or without a model: each consent and round, in pages, as lineage has them', async () => {
  const study = await StudyOnLedger.running({ rounds: 2 });
  const recordOf = (argument: object = {}): Promise<StudyRecord> =>
    study.evaluate(auditor, 'study:getRecord', { studyId: STUDY, ...argument });
  const before = validate(StudyRecord, await recordOf());
  assert.deepEqual([before.study.state, before.rounds], ['running', []]);
  assert.deepEqual(
    before.consents.map(({ datasetId }) => datasetId),
    DATASETS,
  );
  await study.trained(1);
  assert.equal(
    (await refusalOf(study.evaluate(auditor, 'model:getLineage', { studyId: STUDY }))).code,
    'MODEL_NOT_FOUND',
  );
  const during = await recordOf();
  assert.deepEqual(
    during.rounds.map(({ round, updates }) => [round.round, updates.length]),
    [[1, DATASETS.length]],
  );
  const reason = 'The question was answered.';
  await study.submit(as('researcher', 'AlphaMSP'), 'study:abort', { studyId: STUDY, reason });
  const after = await recordOf({ pageSize: 1 });
  assert.deepEqual([after.study.state, after.study.reason], ['aborted', reason]);
  assert.deepEqual(after.rounds, during.rounds);
  const unknown = study.evaluate(auditor, 'study:getRecord', { studyId: 'no-such-study' });
  assert.equal((await refusalOf(unknown)).code, 'STUDY_NOT_FOUND');
});
