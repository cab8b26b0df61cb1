import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import {
  ROUND_STATES,
  ROUND_TRANSITIONS,
  STUDY_STATES,
  STUDY_TRANSITIONS,
  TRANSACTIONS,
  transition,
} from '@consilium/domain';
import { contracts } from '../index.ts';
import { GENERATED_PARTS, withPart } from './generated-parts.ts';

const docs = resolve(import.meta.dirname, '../../../../docs');
const remedy = 'run: node chaincode/dist/src/documentation/write-documentation.js';

for (const part of GENERATED_PARTS) {
  test(`docs/${part.file} says what the code does about ${part.part}`, () => {
    const document = readFileSync(resolve(docs, part.file), 'utf8');
    assert.equal(document, withPart(document, part), remedy);
  });
}

test('a document without the part is noticed', () => {
  assert.throws(() => withPart('# Nothing here', GENERATED_PARTS[0]!), RangeError);
});

test('the contracts have exactly the transactions of the table', () => {
  const names = contracts.flatMap((contract) => {
    const methods = Object.getOwnPropertyNames(contract.prototype).filter((name) => name !== 'constructor');
    return methods.map((method) => `${new contract().getName()}:${method}`);
  });
  assert.deepEqual(names.sort(), TRANSACTIONS.map(({ name }) => name).sort());
});

test('every state can be reached, and only ends have no way out', () => {
  for (const [initial, states, table, ends] of [
    ['proposed', STUDY_STATES, STUDY_TRANSITIONS, ['aborted', 'completed']],
    ['training', ROUND_STATES, ROUND_TRANSITIONS, ['aborted', 'finalized']],
  ] as const) {
    const reached = new Set<string>([initial]);
    for (const { from, to } of table) if (reached.has(from)) reached.add(to);
    assert.deepEqual([...reached].sort(), [...states].sort());
    const stuck = states.filter((state) => !table.some(({ from }) => from === state));
    assert.deepEqual([...stuck].sort(), ends);
    const keys = table.map(({ from, event }) => `${from} ${event}`);
    assert.equal(new Set(keys).size, keys.length, 'one event leads to one state');
  }
  assert.equal(transition(ROUND_TRANSITIONS, 'training', 'close'), 'validating');
  assert.equal(transition(ROUND_TRANSITIONS, 'finalized', 'abort'), undefined);
});
