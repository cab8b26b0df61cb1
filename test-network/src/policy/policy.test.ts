import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import { createAuthority, issueIdentity } from '../identities/authority.ts';
import { Membership, type SignedData } from '../msp/identity.ts';
import { createSigningIdentity, type SigningIdentity } from '../msp/signing-identity.ts';
import { outOfRoles, PolicyTextError, parsePolicy, type SignaturePolicyEnvelope } from './policy-text.ts';
import {
  combinationsOf,
  fewestSignatures,
  isSatisfiedBy,
  setsSatisfying,
  setsSatisfyingAll,
  sparingSet,
} from './satisfying-sets.ts';
import { satisfiesPolicy } from './signature-policy.ts';

const MSP_IDS = ['A', 'B', 'C', 'D'];

/** Policies of organisations nested up to two deep. */
const principal = fc.constantFrom(...MSP_IDS).map((mspId) => `'${mspId}.peer'`);
const { tree: policyText } = fc.letrec<{ tree: string }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 2 },
    fc.uniqueArray(principal, { minLength: 1, maxLength: 4 }).map((rules) => `OR(${rules})`),
    fc
      .tuple(
        fc.integer({ min: 1, max: 3 }),
        fc.array(fc.oneof(principal, tie('tree')), { minLength: 1, maxLength: 3 }),
      )
      .map(([count, rules]) => `OutOf(${Math.min(count, rules.length)},${rules})`),
  ),
}));

const candidatesOf = (policy: SignaturePolicyEnvelope, mspIds: readonly string[]) => (index: number) => {
  const bytes = Buffer.from(policy.getIdentitiesList()[index]!.getPrincipal_asU8()).toString('latin1');
  return mspIds.filter((mspId) => bytes.includes(mspId));
};

describe('endorsement policies', () => {
  let membership: Membership;
  const peers = new Map<string, SigningIdentity>();
  const clients = new Map<string, SigningIdentity>();
  const message = Buffer.from('payload');

  before(async () => {
    const roots = [];
    for (const mspId of MSP_IDS) {
      const authority = await createAuthority(`ca.${mspId}`, mspId);
      roots.push({ mspId, caCertificatePem: authority.certificatePem });
      for (const [unit, kept] of [
        ['peer', peers],
        ['client', clients],
      ] as const) {
        const pair = await issueIdentity(authority, {
          commonName: unit,
          organizationalUnit: unit,
          organization: mspId,
        });
        kept.set(mspId, createSigningIdentity({ mspId, ...pair }));
      }
    }
    membership = new Membership(roots);
  });

  const signedBy = (...signers: (SigningIdentity | undefined)[]): SignedData[] =>
    signers.map((signer) => ({
      data: message,
      identity: signer!.serialized,
      signature: signer!.sign(message),
    }));
  const holds = (text: string, ...signers: (SigningIdentity | undefined)[]) =>
    satisfiesPolicy(membership, parsePolicy(text, MSP_IDS), signedBy(...signers));

  it('ask for as many organisations as they say', () => {
    const text = "OutOf(2,'A.peer','B.peer','C.peer')";
    assert.ok(holds(text, peers.get('A'), peers.get('C')));
    assert.equal(holds(text, peers.get('A')), false);
    assert.equal(holds(text, peers.get('A'), peers.get('D')), false);
  });

  it('count the same endorser once and clients not at all', () => {
    const text = "AND('A.peer','B.peer')";
    assert.equal(holds(text, peers.get('A'), peers.get('A')), false);
    assert.equal(holds(text, peers.get('A'), clients.get('B')), false);
    assert.equal(holds("AND('A.peer','A.peer')", peers.get('A')), false);
    assert.ok(holds("AND('A.peer','A.member')", peers.get('A'), clients.get('A')));
  });

  it('nest', () => {
    const text = "OR('A.peer', AND('B.peer', OR('C.peer','D.peer')))";
    assert.ok(holds(text, peers.get('A')));
    assert.ok(holds(text, peers.get('B'), peers.get('D')));
    assert.equal(holds(text, peers.get('C'), peers.get('D')), false);
  });

  it('may be named by what the channel asks for', () => {
    const [a, b, c, d] = MSP_IDS.map((mspId) => peers.get(mspId));
    assert.ok(holds('ANY Endorsement', d));
    assert.ok(holds('MAJORITY', a, b, c));
    assert.equal(holds('MAJORITY Endorsement', a, b), false);
    assert.equal(holds('ALL Endorsement', a, b, c), false);
    assert.ok(holds('all', a, b, c, d));
  });

  it('say where their text stops making sense', () => {
    const refusals = [
      ['', /AND, OR or OutOf at 0/],
      ['AND()', /AND, OR or OutOf/],
      ["OR('A')", /principal such as/],
      ["OR('A.king')", /principal such as/],
      ["OutOf('A.peer')", /a number/],
      ["OutOf(3,'A.peer')", /invalid t-out-of-n predicate, t 3, n 1/],
      ["OR('A.peer') twice", /nothing more at 13/],
      ["OR('A.peer'", /"\)" at 11/],
    ] as const;
    for (const [text, expected] of refusals) {
      assert.throws(
        () => parsePolicy(text, MSP_IDS),
        (error: unknown) => error instanceof PolicyTextError && expected.test(error.message),
        text,
      );
    }
  });

  // With a principal named twice Fabric's greedy evaluation may refuse a set that its discovery plans.
  it('that name nobody twice are satisfied by exactly the sets of peers that are planned for them', () => {
    fc.assert(
      fc.property(policyText, (text) => {
        const named = text.match(/[A-D]\.peer/g) ?? [];
        fc.pre(new Set(named).size === named.length);
        const policy = parsePolicy(text, MSP_IDS);
        const sets = setsSatisfying(policy, candidatesOf(policy, MSP_IDS));
        for (const set of sets) {
          const signers = set.map((mspId) => peers.get(mspId));
          assert.ok(satisfiesPolicy(membership, policy, signedBy(...signers)), `${text}: ${set}`);
          for (const left of set) {
            const fewer = set.filter((mspId) => mspId !== left).map((mspId) => peers.get(mspId));
            assert.equal(satisfiesPolicy(membership, policy, signedBy(...fewer)), false, `${text}: ${set}`);
          }
        }
      }),
      { numRuns: 40, maxSkipsPerRun: 1_000 },
    );
  });

  it('are met together by the union of what each asks', () => {
    const sets = setsSatisfyingAll([
      [['A'], ['B']],
      [
        ['A', 'C'],
        ['B', 'C'],
      ],
    ]);
    assert.deepEqual(sets, [
      ['A', 'C'],
      ['B', 'C'],
    ]);
    assert.deepEqual(setsSatisfyingAll([[['A']], []]), []);
  });

  it('are met by one of the minimal sets also when only one is looked for, and by none where there is none', () => {
    fc.assert(
      fc.property(policyText, fc.shuffledSubarray(MSP_IDS, { minLength: 4 }), (text, order) => {
        const named = text.match(/[ABCD](?=\.)/g) ?? [];
        fc.pre(new Set(named).size === named.length);
        const policy = parsePolicy(text, MSP_IDS);
        const candidates = candidatesOf(policy, MSP_IDS);
        const all = setsSatisfying(policy, candidates).map((set) => set.join());
        const one = sparingSet(order, (mspIds) => isSatisfiedBy(policy, candidates, mspIds));
        if (one === undefined) assert.deepEqual(all, []);
        else assert.ok(all.includes([...one].sort().join()), `${text}: ${one}`);
        assert.ok(combinationsOf(policy, candidates) >= all.length);
        const smallest = Math.min(...all.map((set) => (set === '' ? 0 : set.split(',').length)));
        assert.equal(fewestSignatures(policy), smallest);
      }),
      { numRuns: 200, maxSkipsPerRun: 1_000 },
    );
  });

  it('of thirty organisations are counted and met without looking at every combination', () => {
    const many = Array.from({ length: 30 }, (_, at) => `m${String(at).padStart(2, '0')}`);
    const majority = outOfRoles(16, 'peer', many);
    const candidates = candidatesOf(majority, many);
    assert.equal(combinationsOf(majority, candidates), 145_422_675);
    const set = sparingSet(many.toReversed(), (mspIds) => isSatisfiedBy(majority, candidates, mspIds));
    assert.deepEqual(set, many.toReversed().slice(0, 16), 'the last are spared first');
  });
});
