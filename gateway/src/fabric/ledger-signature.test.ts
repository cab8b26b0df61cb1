import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync, verify } from 'node:crypto';
import { test } from 'node:test';
import { isP256, signWithLowS } from './ledger-signature.ts';

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
