// Who comes into a channel, held against what the reviewer's own consortium.yaml agreed on.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { ConfigGroup } from '@consilium/verify/channel';
import { addOrderer, addOrganisation, changeBlockSize, proposeChange } from './proposals.ts';
import { reviewCeremony } from './review.ts';
import { type FoundedChannel, type Founder, foundedChannel, founder } from './testing/founders.ts';

let channel: FoundedChannel;
let delta: Founder;
let impostor: Founder;
before(async () => {
  channel = await foundedChannel();
  [delta, impostor] = await Promise.all([founder('DeltaMSP'), founder('DeltaMSP')]);
});

type Change = (root: ConfigGroup) => ConfigGroup;
/** Warnings of a review at a place that agreed on these; the one of a place without consortium.yaml where absent. */
function warnings(change: Change, agreed?: readonly Founder['definition'][]): readonly string[] {
  const { founding, configuration, place } = channel;
  const from = { channel: 'consortium', genesis: founding.genesis, configuration };
  const ceremony = proposeChange(from, change);
  return reviewCeremony(ceremony, { ...place, ...(agreed && { agreed }) }).warnings;
}
const withDelta: Change = (root) => addOrganisation(root, delta.definition);

test('a newcomer that comes as it defined itself is no surprise', () => {
  assert.deepEqual(warnings(withDelta, [delta.definition]), []);
  assert.deepEqual(warnings(withDelta), []);
});

test('a newcomer with other authorities than it defined is refused, whoever proposes it', () => {
  const change: Change = (root) => addOrganisation(root, impostor.definition);
  assert.throws(() => warnings(change, [delta.definition]), /DeltaMSP is not what DeltaMSP defined/);
});

test('one whom the own file does not name comes in with a warning, and other changes ask for nobody', () => {
  const [first] = warnings(withDelta, []);
  assert.match(first!, /^DeltaMSP comes in: your consortium\.yaml does not name it/);
  assert.deepEqual(
    warnings((root) => changeBlockSize(root, 5), [delta.definition]).filter((text) => text.includes('Delta')),
    [],
  );
});

test('an orderer comes in with the certificates that its organisation defined, or not at all', () => {
  const [own] = delta.definition.orderers;
  const [other] = impostor.definition.orderers;
  const ordering =
    (node: typeof own): Change =>
    (root) =>
      addOrderer(withDelta(root), 'DeltaMSP', node!);
  const strange = { ...other!, host: own!.host, port: own!.port };
  assert.throws(
    () => warnings(ordering(strange), [delta.definition]),
    /has other certificates than DeltaMSP defined/,
  );
  const said = warnings(ordering(own), [{ ...delta.definition, orderers: [] }]);
  assert.ok(
    said.some((text) => text.startsWith(`the orderer ${own!.host}:${own!.port} comes in`)),
    said.join('\n'),
  );
});
