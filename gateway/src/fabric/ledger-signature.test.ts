import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { test } from 'node:test';
import { isP256, signWithLowS, smallerS } from './ledger-signature.ts';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

const HALF_ORDER = 0x7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8n;

/** The second integer of a DER signature. */
function secondOf(der: Uint8Array): bigint {
  const at = 4 + der[3]!;
  assert.equal(der[at], 0x02);
  return BigInt(`0x${Buffer.from(der.subarray(at + 2)).toString('hex')}`);
}

test('a signature is DER that verifies, with the smaller s, whatever was signed', () => {
  const lengths = new Set<number>();
  // Enough for integers that are shorter, and for both signs of the first bit.
  for (let i = 0; i < 600; i += 1) {
    const message = Buffer.from(`message ${i}`);
    const signature = signWithLowS(message, privateKey);
    lengths.add(signature.length);
    // OpenSSL takes no other encoding than the canonical one.
    assert.ok(verify('sha256', message, publicKey, signature));
    assert.ok(secondOf(signature) <= HALF_ORDER);
  }
  assert.ok(lengths.size > 1, 'some integers were shorter');
});

test('a signature that another program made gets the smaller s, and verifies as before', () => {
  const halfOrders = {
    'P-256': HALF_ORDER,
    'P-384': BigInt(
      '0x7fffffffffffffffffffffffffffffffffffffffffffffffe3b1a6c0fa1b96efac0d06d9245853bd76760cb5666294b9',
    ),
  };
  for (const [namedCurve, half] of Object.entries(halfOrders)) {
    const keys = generateKeyPairSync('ec', { namedCurve });
    let larger = 0;
    for (let i = 0; i < 300; i += 1) {
      const message = Buffer.from(`message ${i}`);
      const signature = sign('sha256', message, keys.privateKey);
      if (secondOf(signature) > half) larger += 1;
      const lowered = smallerS(signature, keys.publicKey);
      assert.ok(verify('sha256', message, keys.publicKey, lowered));
      assert.ok(secondOf(lowered) <= half);
      if (secondOf(signature) <= half) assert.deepEqual(lowered, signature);
    }
    assert.ok(larger > 50, `${larger} had the larger s`);
  }
});

test('another message does not verify', () => {
  const signature = signWithLowS(Buffer.from('one'), privateKey);
  assert.equal(verify('sha256', Buffer.from('two'), publicKey, signature), false);
});

test('only keys on P-256 are signed with here', () => {
  const pem = (key: ReturnType<typeof generateKeyPairSync>['privateKey']) =>
    createPrivateKey(key.export({ type: 'pkcs8', format: 'pem' }));
  assert.equal(isP256(pem(privateKey)), true);
  assert.equal(isP256(pem(generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey)), false);
  assert.equal(isP256(pem(generateKeyPairSync('ed25519').privateKey)), false);
});
