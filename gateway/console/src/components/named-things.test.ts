import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { findNamed, idOfText, OFFERED_MOST } from './named-things.ts';

const items = [
  { id: 'oslo', title: 'Heart clinic' },
  { id: 'bern', title: 'Lung clinic' },
  { id: 'rome', title: 'Lung clinic' },
  { id: 'trap', title: 'oslo' },
];

test('a thing is found by a part of its title or of its id, however it is written', () => {
  assert.deepEqual(
    findNamed(items, ' LUNG ').map(({ id }) => id),
    ['bern', 'rome'],
  );
  assert.deepEqual(
    findNamed(items, 'osl').map(({ id }) => id),
    ['oslo', 'trap'],
  );
  const many = Array.from({ length: 1000 }, (_, i) => ({ id: `d${i}`, title: `Dataset ${i}` }));
  assert.equal(findNamed(many, '').length, OFFERED_MOST);
});

test('a text means the one thing of that title, and an id before any title', () => {
  assert.equal(idOfText(items, 'Heart clinic'), 'oslo');
  assert.equal(idOfText(items, 'oslo'), 'oslo', 'a title that is the id of another takes nothing over');
  assert.equal(idOfText(items, 'Lung clinic'), 'Lung clinic', 'two have it: neither is meant');
  assert.equal(idOfText(items, ' unknown-id '), 'unknown-id');
});
