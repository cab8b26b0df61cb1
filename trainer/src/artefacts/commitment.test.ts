import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { commitment, sameDigest, sha256Hex } from './commitment.ts';

describe('a commitment', () => {
  // FIPS 180-4, "abc".
  const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

  it('without a salt is the SHA-256 of the plaintext', () => {
    assert.equal(commitment(Buffer.from('abc')), abc);
    assert.equal(sha256Hex(Buffer.from('abc')), abc);
  });

  it('with a salt differs with the salt, and is that of salt then plaintext', () => {
    const salts = [1, 2].map((fill) => Buffer.alloc(32, fill));
    const [one, other] = salts.map((salt) => commitment(Buffer.from('abc'), salt));
    assert.notEqual(one, other);
    assert.equal(one, sha256Hex(Buffer.concat([salts[0]!, Buffer.from('abc')])));
  });

  it('refuses a salt of another length, which would split in two ways', () => {
    for (const length of [0, 31, 33]) {
      assert.throws(() => commitment(Buffer.from('abc'), Buffer.alloc(length)), RangeError);
    }
  });

  it('compares digests whole', () => {
    assert.equal(sameDigest(abc, abc), true);
    assert.equal(sameDigest(abc, abc.replace('d', 'e')), false);
    assert.equal(sameDigest(abc, abc.slice(1)), false);
  });
});
