import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AgreedConsortium } from './agreed-consortium.ts';
import { exampleConsortium } from './testing/example-consortium.ts';
import { toleranceOf, toleranceText } from './tolerance.ts';

const of = (count: number, kind: 'raft' | 'bft', policy = 'MAJORITY'): AgreedConsortium => {
  const example = exampleConsortium(count);
  return { ...example, ordering: { kind }, chaincode: { ...example.chaincode, policy } };
};

test('of three to seven Raft orderers a minority may be down, and none may lie', () => {
  const counts = [3, 4, 5, 6, 7].map((count) => toleranceOf(of(count, 'raft')).orderers);
  assert.deepEqual(
    counts.map(({ mayBeDown }) => mayBeDown),
    [1, 1, 2, 2, 3],
  );
  assert.ok(counts.every(({ mayLie }) => mayLie === 0));
});

test('of three to seven BFT orderers less than a third may lie, and as many as leave a quorum may be down', () => {
  const counts = [3, 4, 5, 6, 7].map((count) => toleranceOf(of(count, 'bft')).orderers);
  assert.deepEqual(
    counts.map(({ mayLie }) => mayLie),
    [0, 1, 1, 1, 2],
  );
  assert.deepEqual(
    counts.map(({ mayBeDown }) => mayBeDown),
    [1, 1, 1, 2, 2],
  );
});

test('two quorums of BFT orderers share an honest one, and Raft majorities share one', () => {
  for (let count = 1; count <= 16; count += 1) {
    for (const kind of ['raft', 'bft'] as const) {
      const { mayBeDown, mayLie } = toleranceOf(of(count, kind)).orderers;
      const shared = 2 * (count - mayBeDown) - count;
      assert.ok(shared > mayLie, `${kind} of ${count}`);
    }
  }
});

test('a majority of three to seven endorses, and the rest may be away', () => {
  const counts = [3, 4, 5, 6, 7].map((count) => toleranceOf(of(count, 'raft')).endorsement);
  assert.deepEqual(
    counts.map(({ fewest, mayBeAway }) => [fewest, mayBeAway]),
    [
      [2, 1],
      [3, 1],
      [3, 2],
      [4, 2],
      [4, 3],
    ],
  );
});

test('a policy in which one organisation is indispensable lets nobody be away', () => {
  const policy = "AND('Clinic1MSP.peer', OutOf(1, 'Clinic2MSP.peer', 'Clinic3MSP.peer'))";
  const { endorsement } = toleranceOf(of(4, 'bft', policy));
  assert.deepEqual(endorsement, { fewest: 2, mayBeAway: 0 });
  const text = toleranceText(of(4, 'bft', policy)).join('\n');
  assert.match(text, /One that is away can stop every transaction/);
  assert.match(text, /one host that is away stops every study/);
});

test('the words say what the numbers say', () => {
  const text = toleranceText(of(4, 'bft')).join('\n');
  assert.match(text, /with 4 orderers and BFT, 1 orderer may be down/);
  assert.match(text, /1 orderer may lie, and count as down too/);
  assert.match(
    text,
    /2 organisations together can write nothing that the others do not endorse; 3 together can/,
  );
  assert.match(text, /peers of 1 organisation may be away/);
  assert.match(text, /3 of 4 organisations must sign a change/);
  assert.match(text, /host of 1 of 4 may be away\. A study of all 4 .* are 3 or less/);
  assert.match(toleranceText(of(3, 'bft')).join('\n'), /protects no more than Raft/);
  assert.match(toleranceText(of(3, 'raft')).join('\n'), /Raft trusts each orderer/);
});
