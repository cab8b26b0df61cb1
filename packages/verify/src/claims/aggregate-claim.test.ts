import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Lineage, Study } from '@consilium/domain';
import { studyArgument } from '@consilium/domain/testing/examples';
import {
  aggregateRound,
  encodeParameters,
  encodeSharedModel,
  federationOf,
  hashSharedModel,
  initialModel,
  quantizeParameters,
} from '@consilium/federation';
import { hex, sha256 } from '../wire/digests.ts';
import { artefactsOf, recomputeAggregates } from './aggregate-claim.ts';

const study = studyArgument({ studyId: 's', datasets: ['a', 'b'] }) as unknown as Study;
const plan = federationOf(study);
const participants = [
  { datasetId: 'a', mspId: 'AMSP', weight: 100 },
  { datasetId: 'b', mspId: 'BMSP', weight: 300 },
];
const base = initialModel(quantizeParameters([0.5, -0.25]), plan);
const deltas = { a: quantizeParameters([0.01, 0.02]), b: quantizeParameters([-0.03, 0.01]) };
const next = aggregateRound(base, new Map(Object.entries(deltas)), { participants, study });
const files = [encodeSharedModel(base, plan), encodeParameters(deltas.a), encodeParameters(deltas.b)];
const digest = (bytes: Uint8Array) => hex(sha256(bytes));

function lineage(aggregate: string, { first = false, included = ['a', 'b'] } = {}): Lineage {
  const update = (datasetId: 'a' | 'b') => ({
    datasetId,
    plaintextSha256: digest(encodeParameters(deltas[datasetId])),
  });
  const round = {
    round: 7,
    state: 'finalized',
    base: first ? null : { parametersSha256: hashSharedModel(base, plan) },
    participants,
    included,
    aggregate: { parametersSha256: aggregate },
  };
  const dossier = { round, updates: [update('a'), update('b')], verdicts: [], attestations: [] };
  return { study, rounds: [dossier] } as unknown as Lineage;
}

test('an aggregate that follows from its updates is recomputed, under whatever names its files are', () => {
  const found = recomputeAggregates(lineage(hashSharedModel(next, plan)), artefactsOf(files.toReversed()));
  assert.deepEqual(found, { problems: [], recomputed: [7], left: [] });
});

test('another aggregate, or one of other updates, is a problem of its round', () => {
  const artefacts = artefactsOf(files);
  const other = recomputeAggregates(lineage(hashSharedModel(base, plan)), artefacts);
  assert.match(other.problems[0]?.text ?? '', /another aggregate/);
  assert.equal(other.problems[0]?.place, 'round 7');
  const fewer = recomputeAggregates(lineage(hashSharedModel(next, plan), { included: ['a'] }), artefacts);
  assert.match(fewer.problems[0]?.text ?? '', /another aggregate/);
});

test('what is not at hand, and what starts from a graph, is left and said', () => {
  const claimed = hashSharedModel(next, plan);
  const without = recomputeAggregates(lineage(claimed), artefactsOf(files.slice(0, 2)));
  assert.deepEqual(without, {
    problems: [],
    recomputed: [],
    left: ['round 7: the update of b is not at hand'],
  });
  const first = recomputeAggregates(lineage(claimed, { first: true }), artefactsOf(files));
  assert.match(first.left[0] ?? '', /the graph's own parameters/);
});
