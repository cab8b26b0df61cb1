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

test('an organisation whose folder would be one of our own is refused', () => {
  for (const name of ['ledger', 'logs', 'fabric', 'ipfs']) {
    const [problem, ...more] = problemsOf(good.replace('name: south', `name: ${name}`));
    assert.equal(problem?.field, 'organisations[1].name');
    assert.match(problem!.remedy ?? '', /choose another/);
    assert.deepEqual(more, []);
  }
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

test('an endorsement policy that nobody can meet is refused with its line and a remedy', () => {
  const policyOf = (policy: string) => problemsOf(good.replace('MAJORITY', JSON.stringify(policy)));
  assert.deepEqual(policyOf("OR('NorthMSP.peer','SouthMSP.peer')"), []);
  for (const policy of [
    "OR('EastMSP.peer')",
    "AND('NorthMSP.peer','NorthMSP.peer')",
    "OR('NorthMSP.client')",
    'x',
  ]) {
    const [problem] = policyOf(policy);
    assert.equal(problem?.field, 'chaincode.policy', policy);
    assert.equal(problem.line, 8);
    assert.notEqual(problem.remedy ?? '', '');
  }
});

test('values that do not fit are refused in words for people', () => {
  const [compose] = problemsOf(good.replace('embedded', 'compose'));
  assert.equal(compose?.text, 'is compose, which is not built yet');
  assert.match(compose.remedy ?? '', /'embedded'.*'native'/);
  const texts = problemsOf(`
name: Two Clinics
channel: 7
runtime: [native]
organisations: { north: {} }
chaincode:
logs: 5
`).map(({ field, text }) => `${field} ${text}`);
  assert.deepEqual(
    texts.toSorted(),
    [
      'channel is 7, which does not fit',
      'chaincode is empty',
      'logs is 5, which does not fit',
      'name is Two Clinics, which does not fit',
      'organisations has fields of its own',
      'runtime is a list of 1',
    ].toSorted(),
  );
});
