import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DICTIONARY } from '../testing/small-consortium.ts';
import { PreparedUnits, type StudyUnits, type UnitsWish, unitsKey } from './prepared-units.ts';

const block = { block: 1, path: '/people/1.ids', patientsSha256: 'aa', members: Uint8Array.of(7) };
const wish: UnitsWish = {
  dictionary: DICTIONARY,
  salt: new Uint8Array(32),
  blocks: [1],
  unit: 'patient',
  people: {
    salt: new Uint8Array(32),
    blocks: [block, { ...block, block: 2, members: Uint8Array.of(1, 2) }],
    withdrawn: new Uint8Array(16),
    leavesOutWithdrawn: false,
    takesNew: false,
  },
};
const file = { sha256: 'ab', name: '/data/patients.csv' };

test('units are known by everything that they follow from', () => {
  const { people } = wish;
  const [first, second] = people.blocks;
  const others: [Partial<UnitsWish>, Partial<typeof file>][] = [
    [{}, { sha256: 'ac' }],
    [{}, { name: '/data/patients.parquet' }],
    [{ dictionary: { ...DICTIONARY, missing: ['?', 'NA'] } }, {}],
    [{ dictionary: { ...DICTIONARY, features: DICTIONARY.features.toReversed() } }, {}],
    [{ salt: new Uint8Array(32).fill(1) }, {}],
    [{ blocks: [1, 2] }, {}],
    [{ blocks: [2] }, {}],
    [{ unit: 'record' }, {}],
    [{ people: { ...people, salt: new Uint8Array(32).fill(1) } }, {}],
    [{ people: { ...people, withdrawn: new Uint8Array(32) } }, {}],
    [{ people: { ...people, withdrawn: new Uint8Array(16).fill(1) } }, {}],
    [{ people: { ...people, withdrawn: new Uint8Array() } }, {}],
    [{ people: { ...people, leavesOutWithdrawn: true } }, {}],
    [{ people: { ...people, takesNew: true } }, {}],
    [{ people: { ...people, blocks: [first!] } }, {}],
    [{ people: { ...people, blocks: [{ ...first!, patientsSha256: 'bb' }, second!] } }, {}],
    [{ people: { ...people, blocks: [{ ...first!, members: Uint8Array.of(3) }, second!] } }, {}],
    [{ people: { ...people, blocks: [{ ...first!, members: new Uint8Array() }, second!] } }, {}],
    [{ people: { ...people, blocks: [{ ...first!, members: undefined }, second!] } as never }, {}],
    // The same bytes, divided otherwise.
    [
      {
        people: {
          ...people,
          blocks: [
            { ...first!, members: Uint8Array.of(7, 1) },
            { ...second!, members: Uint8Array.of(2) },
          ],
        },
      },
      {},
    ],
  ];
  const keys = [
    unitsKey(wish, file),
    ...others.map(([own, of]) => unitsKey({ ...wish, ...own }, { ...file, ...of })),
  ];
  assert.equal(new Set(keys).size, keys.length);
  assert.equal(unitsKey({ ...wish }, { ...file, name: '/another/file.csv' }), keys[0]);
});

const unitsOf = (rows: number): StudyUnits => {
  const side = {
    featureCount: 1,
    rowOffsets: new Uint32Array(0),
    features: new Float32Array(rows),
    labels: new Float64Array(0),
  };
  return { commitment: 'c', training: side, heldOut: { ...side, features: new Float32Array(0) } };
};

test('no more is kept than may be, and what was used longest ago goes first', () => {
  const prepared = new PreparedUnits(100);
  const [a, b, c] = [unitsOf(10), unitsOf(10), unitsOf(10)];
  prepared.keep('a', a);
  prepared.keep('b', b);
  assert.equal(prepared.get('a'), a);
  prepared.keep('c', c);
  assert.deepEqual([prepared.get('a'), prepared.get('b'), prepared.get('c')], [a, undefined, c]);
  prepared.keep('large', unitsOf(26));
  assert.deepEqual([prepared.get('large'), prepared.get('a')], [undefined, a]);
  prepared.keep('whole', unitsOf(25));
  assert.deepEqual([prepared.get('a'), prepared.get('c')], [undefined, undefined]);
  assert.ok(prepared.get('whole'));
  prepared.letGo();
  assert.equal(prepared.get('whole'), undefined);
  prepared.keep('a', a);
  prepared.keep('b', b);
  assert.ok(prepared.get('a') && prepared.get('b'), 'with all the room again');
  prepared.letGo();
  const none = new PreparedUnits(0);
  none.keep('a', a);
  assert.equal(none.get('a'), undefined);
});

test('what is kept twice counts once', () => {
  const prepared = new PreparedUnits(100);
  for (let i = 0; i < 10; i++) prepared.keep('a', unitsOf(10));
  prepared.keep('b', unitsOf(10));
  assert.ok(prepared.get('a') && prepared.get('b'));
  prepared.letGo();
});
