import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { majorityOf } from '@consilium/domain/rules';
import fc from 'fast-check';
import { satisfies } from '../testing/memory-consortium.ts';
import { anyOfPeers, ownerAndMajority } from './key-policy.ts';

const members = fc.uniqueArray(fc.stringMatching(/^[A-Z][a-z]{1,8}MSP$/), { minLength: 1, maxLength: 9 });

test('N of M is satisfied by any N of the members and by no fewer', () => {
  fc.assert(
    fc.property(members, fc.nat(), fc.nat(), (mspIds, a, b) => {
      const n = (a % mspIds.length) + 1;
      const signers = mspIds.filter((_, i) => (b >> i) % 2 === 1);
      assert.equal(satisfies(anyOfPeers(n, mspIds), [...signers, 'OmegaMSP']), signers.length >= n);
    }),
  );
});

test('a dataset needs its owner and, with it, a majority of all members', () => {
  fc.assert(
    fc.property(members, fc.nat(), (mspIds, b) => {
      const [owner] = mspIds;
      const signers = mspIds.filter((_, i) => (b >> i) % 2 === 1);
      const expected = signers.includes(owner!) && signers.length >= majorityOf(mspIds.length);
      assert.equal(satisfies(ownerAndMajority(owner!, mspIds), signers), expected);
    }),
  );
});

test('a policy is the same bytes in whatever order, and however often, members are named', () => {
  fc.assert(
    fc.property(members, fc.nat(), (mspIds, a) => {
      const n = (a % mspIds.length) + 1;
      const shuffled = [...mspIds.toReversed(), ...mspIds];
      assert.deepEqual(anyOfPeers(n, shuffled), anyOfPeers(n, mspIds));
      assert.deepEqual(ownerAndMajority(mspIds[0]!, shuffled), ownerAndMajority(mspIds[0]!, mspIds));
    }),
  );
});

test('the bytes are those of a 2-of-3 policy over peer roles in Fabric', () => {
  // version 0 is left out; rule: n_out_of { n: 2, rules: signed_by 0, 1, 2 }; identities: MSPRole, PEER (3).
  const rule = '1210120e0802120208001202080112020802';
  const identities = ['AMSP', 'BMSP', 'CMSP'].map(
    (mspId) => `1a0a12080a04${Buffer.from(mspId).toString('hex')}1003`,
  );
  assert.equal(
    Buffer.from(anyOfPeers(2, ['CMSP', 'AMSP', 'BMSP'])).toString('hex'),
    rule + identities.join(''),
  );
});

test('a policy that nobody could satisfy, or anybody, is a mistake', () => {
  assert.throws(() => anyOfPeers(0, ['AMSP']), RangeError);
  assert.throws(() => anyOfPeers(2, ['AMSP', 'AMSP']), RangeError);
  assert.throws(() => anyOfPeers(1.5, ['AMSP', 'BMSP']), RangeError);
});
