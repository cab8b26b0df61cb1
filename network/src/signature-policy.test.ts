import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  canonicalRule,
  endorsementProblem,
  endorsersNeeded,
  PolicySyntaxError,
  parseSignaturePolicy,
} from './signature-policy.ts';

const HERE = ['AMSP', 'BMSP', 'CMSP'];

test('a signature policy is read in each way that Fabric takes it', () => {
  for (const [text, canonical] of [
    ["'AMSP.peer'", 'AMSP.peer'],
    ["AND('AMSP.peer','BMSP.peer')", 'OutOf(2,AMSP.peer,BMSP.peer)'],
    ['or("AMSP.member", "B.MSP-1.peer")', 'OutOf(1,AMSP.member,B.MSP-1.peer)'],
    [
      "OutOf( 2 , 'AMSP.peer', Or('BMSP.peer','CMSP.peer'))",
      'OutOf(2,AMSP.peer,OutOf(1,BMSP.peer,CMSP.peer))',
    ],
  ] as const) {
    assert.equal(canonicalRule(parseSignaturePolicy(text)), canonical);
  }
});

test('text that is no signature policy is refused', () => {
  for (const text of [
    '',
    'AMSP.peer',
    "'AMSP'",
    "'AMSP.boss'",
    "AND('AMSP.peer'",
    'AND()',
    "OutOf('AMSP.peer')",
    "'AMSP.peer' 'BMSP.peer'",
    "Most('AMSP.peer')",
    'AND('.repeat(10_000),
  ]) {
    assert.throws(() => parseSignaturePolicy(text), PolicySyntaxError, text);
  }
});

test('a policy that peers of the organisations can meet has no problem', () => {
  for (const policy of [
    "OR('AMSP.peer')",
    "OutOf(3,'AMSP.peer','BMSP.member','CMSP.peer')",
    "OR(AND('AMSP.peer','AMSP.peer'),'BMSP.peer')",
    // Met by B and C: with A as well, the first branch would use up B's signature.
    "AND(OR(AND('AMSP.peer','BMSP.peer'),'CMSP.peer'),'BMSP.peer')",
  ]) {
    assert.equal(endorsementProblem(policy, HERE), undefined, policy);
  }
});

test('a policy that names nobody, or nobody who endorses, or asks too much, says so with a remedy', () => {
  for (const [policy, text] of [
    ["OR('AMSP.peer','TypoMSP.peer')", /names TypoMSP, which is the mspId of no organisation/],
    ["OR('AMSP.client')", /AMSP\.client, and only peers endorse/],
    ["OutOf(4,'AMSP.peer','BMSP.peer','CMSP.peer')", /4 of 3, which cannot be met/],
    ["OutOf(0,'AMSP.peer')", /nobody has to sign/],
    ["OR(OutOf(0,'AMSP.peer'),'BMSP.peer')", /nobody has to sign/],
    ["AND('AMSP.peer','AMSP.peer')", /counts once/],
    ["AND('AMSP.member',OR('AMSP.peer'))", /counts once/],
    ['MOST', /none of AND, OR, OutOf/],
  ] as const) {
    const problem = endorsementProblem(policy, HERE);
    assert.match(problem?.text ?? '', text, policy);
    assert.notEqual(problem?.remedy ?? '', '', policy);
  }
});

test('a policy is as easy to meet as its easiest way, and fails as easily as its weakest', () => {
  const members = ['A', 'B', 'C', 'D'];
  const needed = (policy: string) => Object.values(endorsersNeeded(policy, members));
  assert.deepEqual(needed('MAJORITY'), [3, 3]);
  assert.deepEqual(needed("OutOf(2,'A.peer','B.peer','C.peer')"), [2, 3]);
  assert.deepEqual(needed("OR('A.peer', AND('B.peer','C.member'))"), [1, 3]);
  // A second mention asks for a second peer, which no organisation here has.
  assert.deepEqual(needed("OutOf(2,'A.peer','A.peer','B.peer')"), [2, 4]);
});
