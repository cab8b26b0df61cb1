import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConfigError } from '@consilium/command-line';
import { parseConsortium, readConsortium } from './config.ts';

const good = `
name: two-clinics
channel: consortium
runtime: embedded
organisations:
  - { name: north, mspId: NorthMSP, title: North, gateway: { port: 7001 } }
  - { name: south, mspId: SouthMSP, title: South }
chaincode: { name: consilium, policy: MAJORITY }
`;

const problemsOf = (text: string) => {
  try {
    parseConsortium(text);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
};

test('the default consortium.yaml is accepted and has four hospitals', () => {
  const consortium = readConsortium(join(import.meta.dirname, '../../consortium.yaml'));
  assert.equal(consortium.organisations.length, 4);
  assert.equal(consortium.chaincode.policy, 'MAJORITY');
});

test('every problem is said at once, with its path, its line and a remedy', () => {
  const problems = problemsOf(`
name: Two Clinics
channel: consortium
runtime: kubernetes
organisations:
  - { name: north, mspId: 9North, title: North, gateway: { port: 80 } }
  - { name: south, title: South, colour: red }
chaincode: { name: consilium }
`);
  const byPath = new Map(problems.map((problem) => [problem.field, problem]));
  for (const path of [
    'name',
    'runtime',
    'organisations[0].mspId',
    'organisations[0].gateway.port',
    'organisations[1].mspId',
    'organisations[1].colour',
    'chaincode.policy',
  ]) {
    assert.ok(byPath.has(path), `${path} is not among ${[...byPath.keys()].join(', ')}`);
    assert.notEqual(byPath.get(path)!.remedy ?? '', '', path);
  }
  assert.equal(byPath.size, 7);
  assert.equal(byPath.get('runtime')!.line, 4);
  assert.match(byPath.get('organisations[1].colour')!.remedy ?? '', /known here: name, mspId, title/);
});

test('two organisations with one name, MSP id or port are refused', () => {
  const problems = problemsOf(
    good.replace(
      'south, mspId: SouthMSP, title: South',
      'north, mspId: NorthMSP, title: S, trainer: { port: 7001 }',
    ),
  );
  assert.deepEqual(
    problems.map(({ field }) => field),
    ['organisations[1].name', 'organisations[1].mspId', 'organisations[1].trainer.port'],
  );
});

test('text that is not YAML, and an empty document, are refused with the place', () => {
  const [problem] = problemsOf('name: [unclosed\nchannel: x');
  assert.equal(problem?.field, 'the document');
  assert.ok((problem?.line ?? 0) >= 1);
  assert.ok(problemsOf('').some(({ field }) => field === 'organisations'));
  assert.ok(problemsOf('- a\n- b').length > 0);
});

test('a file that is not there is named', () => {
  assert.throws(() => readConsortium('/nowhere/consortium.yaml'), /\/nowhere\/consortium.yaml.*ENOENT/s);
});

test('native takes Raft with one orderer or three, and BFT with four', () => {
  const native = (orderer: string) =>
    problemsOf(`${good.replace('embedded', 'native')}orderer: { ${orderer} }\n`);
  for (const orderer of [
    '',
    'nodes: 3',
    'ordering: raft, nodes: 1',
    'ordering: bft',
    'ordering: bft, nodes: 4',
  ]) {
    assert.deepEqual(native(orderer), [], orderer);
  }
  for (const orderer of ['nodes: 2', 'nodes: 4', 'ordering: bft, nodes: 3', 'ordering: bft, nodes: 1']) {
    const [problem] = native(orderer);
    assert.equal(problem?.field, 'orderer.nodes', orderer);
    assert.match(problem.remedy ?? '', /write/);
  }
  assert.equal(native('ordering: kafka')[0]?.field, 'orderer.ordering');
  const orderer = good.replace('embedded', 'native').replace('NorthMSP', 'Orderer1MSP');
  assert.equal(problemsOf(orderer)[0]?.field, 'organisations[0].mspId');
});

test('embedded has no ordering to choose', () => {
  const paths = problemsOf(`${good}orderer: { ordering: bft, nodes: 4 }\n`).map(({ field }) => field);
  assert.deepEqual(paths, ['orderer.ordering', 'orderer.nodes']);
});
