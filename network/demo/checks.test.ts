import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkInvariants } from './checks.ts';
import { factsOfAGoodStudy, GOOD_PLAN, GOOD_QUOTES, type MutableFacts } from './testing/good-study.ts';

const brokenBy = (spoil: (facts: MutableFacts) => void) => {
  const facts = factsOfAGoodStudy();
  spoil(facts);
  return checkInvariants(facts, { quotes: GOOD_QUOTES }, GOOD_PLAN)
    .filter(({ holds }) => !holds)
    .map(({ name, detail }) => `${name}: ${detail}`);
};

test('a good study has no broken invariant', () => {
  assert.deepEqual(
    brokenBy(() => undefined),
    [],
  );
});

const SPOILT: readonly [string, (facts: MutableFacts) => void, RegExp][] = [
  [
    'an aborted round',
    (facts) => Object.assign(facts.dossiers[1]!.round, { state: 'aborted', reason: 'quorum' }),
    /every round finalised: round 2 is aborted: quorum/,
  ],
  ['a missing round', (facts) => facts.dossiers.pop(), /1 of 2 rounds are there/],
  [
    'an aggregate that one hospital recomputed otherwise',
    (facts) => Object.assign(facts.dossiers[0]!.attestations[1]!, { parametersSha256: 'other' }),
    /round 1: SouthMSP computed another aggregate/,
  ],
  [
    'an aggregate that too few recomputed',
    (facts) => facts.dossiers[0]!.attestations.pop(),
    /round 1: 1 hospitals recomputed/,
  ],
  [
    'an artefact whose bytes differ',
    (facts) => Object.assign(facts.artefacts[0]!.fetched!, { sha256: 'other' }),
    /the graph is not what the ledger names/,
  ],
  [
    'an artefact that is gone',
    (facts) => Object.assign(facts.artefacts[1]!, { fetched: null }),
    /round 1: update of north cannot be fetched/,
  ],
  [
    'another model at one hospital',
    (facts) => Object.assign(facts.modelFiles[1]!, { sha256: 'other' }),
    /SouthMSP has another model/,
  ],
  [
    'a consent that is not settled',
    (facts) => Object.assign(facts.consents[0]!, { state: 'granted' }),
    /north is granted/,
  ],
  [
    'a missing charge',
    (facts) => facts.datasets[0]!.charges.pop(),
    /north \(held-out\): 1 charges in 1 rounds/,
  ],
  [
    'a charge of another kind',
    (facts) => Object.assign(facts.datasets[1]!.charges[0]!.privacyEvent, { noiseMultiplier: '1' }),
    /south \(training\): a charge is not the plan's/,
  ],
  [
    'more spent than quoted',
    (facts) => Object.assign(facts.datasets[0]!.budgets[0]!, { spentEpsilon: '3.1' }),
    /north \(training\): spent 3.1, quoted 3/,
  ],
  [
    'an overdrawn account',
    (facts) => Object.assign(facts.datasets[0]!.budgets[1]!, { spentEpsilon: '4.000001' }),
    /no account is overdrawn: north \(held-out\) has spent 4.000001/,
  ],
  [
    'something still reserved',
    (facts) => Object.assign(facts.datasets[1]!.budgets[0]!, { reserved: ['0', '1'] }),
    /south \(training\) still reserves/,
  ],
];

for (const [what, spoil, message] of SPOILT) {
  test(`${what} breaks an invariant, which says so`, () => {
    assert.match(brokenBy(spoil).join('\n'), message);
  });
}

test('a study with nothing in it does not pass because there is nothing to check', () => {
  const nothing = {
    ...factsOfAGoodStudy(),
    dossiers: [],
    consents: [],
    datasets: [],
    modelFiles: [],
    artefacts: [],
  };
  const checks = checkInvariants(nothing, { quotes: GOOD_QUOTES }, GOOD_PLAN);
  assert.deepEqual(
    checks.filter(({ holds }) => holds),
    [],
  );
});
