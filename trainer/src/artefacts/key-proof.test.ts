import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import { encryptionKeyProblem } from '@consilium/domain';
import { provesKey } from '@consilium/domain/key-proof';
import { proveKey } from './key-proof.ts';
import { generateMemberKeys } from './member-keys.ts';

const about = { mspId: 'OsloMSP', channel: 'consortium' };

describe('the proof of a key', () => {
  it('is believed by the ledger, for any key pair that this runtime makes', () => {
    for (let i = 0; i < 40; i++) {
      const proven = proveKey(generateMemberKeys(), about);
      assert.equal(encryptionKeyProblem(proven.encryptionPublicKey), undefined);
      assert.ok(provesKey({ ...about, ...proven }));
    }
  });

  it('is another each time, and holds for nothing else', () => {
    const [keys, others] = [generateMemberKeys(), generateMemberKeys()];
    const { encryptionPublicKey, keyProof } = proveKey(keys, about);
    assert.notEqual(proveKey(keys, about).keyProof, keyProof);
    const claim = { ...about, encryptionPublicKey, keyProof };
    assert.ok(!provesKey({ ...claim, mspId: 'LimaMSP' }));
    assert.ok(!provesKey({ ...claim, channel: 'another' }));
    assert.ok(!provesKey({ ...claim, encryptionPublicKey: others.publicKey }));
    assert.ok(!provesKey({ ...claim, keyProof: proveKey(others, about).keyProof }));
  });

  it('needs the private half: that of another pair proves nothing', () => {
    const { publicKey } = generateMemberKeys();
    const { privateKey } = generateKeyPairSync('x25519');
    assert.ok(!provesKey({ ...about, ...proveKey({ publicKey, privateKey }, about) }));
  });
});
