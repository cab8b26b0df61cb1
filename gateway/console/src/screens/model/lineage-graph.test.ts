import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { Consent, Dataset, ModelAnswer, Round } from './ledger-types.ts';
import {
  fateOf,
  type LineageFacts,
  lineageGraph,
  nodeId,
  nodeNamed,
  openAtFirst,
  runsOf,
} from './lineage-graph.ts';
import { nodeAfter, waysThrough } from './lineage-keys.ts';
import { edgePath, inWindow, NODE, placeLineage } from './lineage-layout.ts';

/** A study of so many rounds and hospitals; the second round was given up, and hospital 0 is left out of the third. */
function facts(rounds: number, hospitals: number): LineageFacts {
  const datasets = Array.from({ length: hospitals }, (_, i) => `data-${String(i).padStart(2, '0')}`);
  return {
    model: { studyId: 'heart', datasets } as unknown as ModelAnswer,
    rounds: Array.from({ length: rounds }, (_, i) => ({
      round: i + 1,
      state: i === 1 ? 'aborted' : 'finalized',
      participants: datasets.map((datasetId) => ({ datasetId, mspId: `${datasetId}MSP`, weight: 1 })),
      updates: i === 1 ? [] : datasets,
      included: i === 1 ? [] : i === 2 ? datasets.slice(1) : datasets,
    })) as unknown as Round[],
    consents: datasets.map((datasetId) => ({ datasetId })) as unknown as Consent[],
    datasets: datasets.map((datasetId) => ({ datasetId })) as unknown as Dataset[],
  };
}

test('every round, and every update of an open one, leads to its consent and its dataset', () => {
  const { nodes, edges } = lineageGraph(facts(6, 4), new Set([nodeId.round(3)]));
  assert.equal(nodes.length, 1 + 6 + 4 + 4 + 4);
  assert.equal(edges.length, 6 + 5 * 4 + 4 + 4 + 4);
  const leftOut = edges.find(({ from }) => from === nodeId.update(3, 'data-00'));
  assert.deepEqual(leftOut, {
    from: nodeId.update(3, 'data-00'),
    to: nodeId.consent('data-00'),
    isLost: true,
  });
  const kept = edges.find(({ from }) => from === nodeId.update(3, 'data-01'));
  assert.equal(kept?.isLost, false);
  assert.ok(edges.filter(({ to }) => to === nodeId.round(2)).every(({ isLost }) => isLost));
});

test('a participant without a consent among those given is no edge into nothing', () => {
  const given = facts(2, 2);
  const { nodes, edges } = lineageGraph({ ...given, consents: given.consents.slice(1) }, new Set());
  const ids = new Set(nodes.map(({ id }) => id));
  assert.ok(edges.every(({ from, to }) => ids.has(from) && ids.has(to)));
  assert.ok(!ids.has(nodeId.consent('data-00')));
});

test('what became of an update is said of each round, also of one that never came', () => {
  const round = {
    included: ['a'],
    updates: ['a', 'b', 'c'],
    withdrawn: ['c'],
  } as unknown as Round;
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].map((id) => fateOf(round, id)),
    ['included', 'left-out', 'withdrawn', 'none'],
  );
});

test('many rounds are few nodes, each of them again one by one where it is opened', () => {
  const many = facts(100, 30);
  assert.deepEqual(
    runsOf(many.rounds).map((run) => run.length),
    Array.from({ length: 10 }, () => 10),
  );
  assert.equal(runsOf(facts(1000, 1).rounds).length, 10);
  assert.equal(runsOf(facts(1000, 1).rounds).flat().length, 1000);
  const closed = lineageGraph(many, openAtFirst(many.rounds));
  assert.equal(closed.nodes.length, 1 + 10 + 30 + 30);
  const open = lineageGraph(many, new Set([nodeId.rounds(11), nodeId.round(15)]));
  assert.equal(open.nodes.length, 1 + 10 + 10 + 30 + 30 + 30);
});

test('a drawing keeps columns and the order of rounds, and no two nodes lie on each other', () => {
  const graph = lineageGraph(facts(100, 30), new Set([nodeId.rounds(11), nodeId.round(15)]));
  const { placed, width, height } = placeLineage(graph);
  const all = [...placed.values()];
  const columns = Map.groupBy(all, ({ column }) => column);
  assert.deepEqual([...columns.keys()].sort(), [0, 1, 2, 3, 4]);
  for (const nodes of columns.values()) {
    assert.equal(new Set(nodes.map(({ x }) => x)).size, 1, 'one column');
    const ys = nodes.map(({ y }) => y).sort((a, b) => a - b);
    for (const [i, y] of ys.entries()) assert.ok(i === 0 || y - ys[i - 1]! >= NODE.height, `${y}`);
  }
  const rounds = columns.get(1)!.map(({ y }) => y);
  assert.deepEqual(
    rounds,
    rounds.toSorted((a, b) => a - b),
    'in the order of the ledger',
  );
  for (const { x, y } of all) assert.ok(x > 0 && x < width && y > 0 && y < height);
});

test('only what can be seen is drawn', () => {
  const drawing = placeLineage(lineageGraph(facts(100, 30), new Set()));
  const model = drawing.placed.get(nodeId.model)!;
  const seen = inWindow(drawing, { left: 0, top: model.y - 100, right: 300, bottom: model.y + 100 });
  assert.ok(seen.some(({ node }) => node.id === nodeId.model));
  assert.ok(seen.length < 10, `${seen.length}`);
});

test('arrow keys lead along edges and back the same way, and stay where nothing is beyond', () => {
  const graph = lineageGraph(facts(6, 4), new Set([nodeId.round(6)]));
  const drawing = placeLineage(graph);
  const go = (from: string, key: Parameters<typeof nodeAfter>[2]['key'], trail: string[] = []) =>
    nodeAfter(drawing, graph.edges, { from, key, trail });
  assert.equal(go(nodeId.model, 'ArrowLeft'), nodeId.model);
  assert.match(go(nodeId.model, 'ArrowRight'), /^round /);
  assert.equal(go(nodeId.round(1), 'ArrowDown'), nodeId.round(2));
  assert.equal(go(nodeId.round(1), 'ArrowUp'), nodeId.round(1));
  assert.equal(go(nodeId.round(3), 'End'), nodeId.round(6));
  assert.equal(go(nodeId.round(3), 'Home'), nodeId.round(1));
  const consent = go(nodeId.update(6, 'data-02'), 'ArrowRight');
  assert.equal(consent, nodeId.consent('data-02'));
  assert.equal(go(consent, 'ArrowRight'), nodeId.dataset('data-02'));
  assert.equal(go(consent, 'ArrowLeft', [nodeId.round(2), nodeId.round(4)]), nodeId.round(4));
  assert.equal(go('gone', 'ArrowRight'), 'gone');
});

test('the ways through an update are those of the model to it, and of it to its dataset, and no other', () => {
  const { edges } = lineageGraph(facts(6, 4), new Set([nodeId.round(6)]));
  const ways = [...waysThrough(edges, nodeId.update(6, 'data-02'))].map(({ from, to }) => `${from} > ${to}`);
  assert.deepEqual(ways.sort(), [
    'consent data-02 > dataset data-02',
    'model > round 6',
    'round 6 > update 6 data-02',
    'update 6 data-02 > consent data-02',
  ]);
});

test('an edge begins at the right of one node and ends at the left of the other', () => {
  assert.equal(
    edgePath({ x: 104, y: 50 }, { x: 404, y: 150 }),
    `M${104 + NODE.width / 2} 50C254 50 254 150 ${404 - NODE.width / 2} 150`,
  );
});

test('a thing is found by its id whether or not the graph shows it, and one that is not there is not', () => {
  const many = facts(100, 3);
  for (const id of [
    'model',
    'rounds 11',
    'round 15',
    'update 15 data-02',
    'consent data-02',
    'dataset data-02',
  ]) {
    assert.equal(nodeNamed(many, id)?.id, id);
  }
  const [drawn] = lineageGraph(many, new Set([nodeId.rounds(11), nodeId.round(15)])).nodes.filter(
    ({ id }) => id === 'update 15 data-02',
  );
  assert.deepEqual(nodeNamed(many, 'update 15 data-02'), drawn);
  for (const id of ['', 'rounds 12', 'round 101', 'update 15 data-99', 'consent x', 'dataset x', 'other 1']) {
    assert.equal(nodeNamed(many, id), undefined, id);
  }
});
