// Policies as people write them, and the words in which a review gives them back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { policyWords } from './configuration-words.ts';
import { lookOf, visible } from './plain-text.ts';
import { readPolicyText } from './policy-text.ts';
import { RefusedCeremonyError } from './refused-ceremony.ts';

const said = (text: string): string => {
  const { type, value } = readPolicyText(text);
  return policyWords(type, { place: 'policy', bytes: value, isNew: true });
};

test('a policy is said as it was written', () => {
  assert.equal(said('MAJORITY Admins'), 'a majority of the Admins below it');
  assert.equal(said('ANY Writers'), 'any of the Writers below it');
  assert.equal(said("'AlphaMSP.admin'"), 'AlphaMSP.admin');
  assert.equal(said("OR('A.peer', 'B.peer')"), '1 of (A.peer, B.peer)');
  assert.equal(
    said(" AND ( 'A.peer' , OR('B.member','A.peer') ) "),
    '2 of (A.peer, 1 of (B.member, A.peer))',
  );
  assert.equal(
    said("OutOf(2, 'A.admin', 'B.admin', 'C-1.d_2.client')"),
    '2 of (A.admin, B.admin, C-1.d_2.client)',
  );
});

test('what is no policy is refused, and so is one that asks for more than it names', () => {
  const wrong = [
    ...[
      '',
      'MAJORITY',
      'most Admins',
      "AND('A.peer'",
      "AND('A.peer'))",
      "AND('A.peer',)",
      "OutOf('A.peer')",
      "'A.boss'",
    ],
    ...[
      "OutOf(2, 'A.peer')",
      "OutOf(0, 'A.peer')",
      "AND('\u0410.peer')",
      "'A.peer' 'B.peer'",
      'AND()',
      "AND('A.peer'),",
    ],
    `${'AND('.repeat(50)}'A.peer'${')'.repeat(50)}`,
  ];
  for (const text of wrong) assert.throws(() => readPolicyText(text), RefusedCeremonyError, text);
});

test('no text makes the reader of policies fail but by refusing it', () => {
  const parts = fc.constantFrom(
    'AND(',
    'OR(',
    'OutOf(',
    "'A.peer'",
    "'B.admin'",
    ',',
    ')',
    '2',
    ' ',
    "'",
    'MAJORITY ',
    'x',
  );
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 12 }), (words) => {
      try {
        said(words.join(''));
      } catch (error) {
        assert.ok(error instanceof RefusedCeremonyError, String(error));
      }
    }),
  );
});

test('names that eyes confuse have one look, and others do not', () => {
  for (const [a, b] of [
    ['AlphaMSP', 'A1phaMSP'],
    ['AlphaMSP', 'AIphaMSP'],
    ['ModernMSP', 'ModemMSP'],
    ['Org0MSP', 'OrgOMSP'],
    ['North-MSP', 'NorthMSP'],
  ] as const) {
    assert.equal(lookOf(a), lookOf(b), `${a} ${b}`);
  }
  assert.notEqual(lookOf('AlphaMSP'), lookOf('BetaMSP'));
  assert.notEqual(lookOf('Org1MSP'), lookOf('Org2MSP'));
  assert.equal(visible('a\u202eb"\u0430'), '"a\\\\u{202e}b\\"\\u{430}"');
});
