// Signatures of RSA are held to those that OpenSSL makes and judges, and to Go's rules where it is another.
import assert from 'node:assert/strict';
import { constants, generateKeyPairSync, type KeyObject, randomBytes, sign, verify } from 'node:crypto';
import { describe, it } from 'node:test';
import { concatBytes, hex, hexBytes } from '../wire/bytes.ts';
import { sha256 } from '../wire/digests.ts';
import { readPublicKey } from './of-node.ts';
import { DIGESTS, type Digest } from './public-key.ts';
import { rsaKey } from './rsa-key.ts';

const spkiOf = (key: KeyObject) => new Uint8Array(key.export({ format: 'der', type: 'spki' }));
const SCHEMES = ['pkcs1', 'pss'] as const;
const SALTS: Readonly<Partial<Record<Digest, number>>> = { sha256: 32, sha384: 48, sha512: 64 };
const withKey = (scheme: (typeof SCHEMES)[number], digest: Digest, key: KeyObject) =>
  scheme === 'pkcs1' ? key : { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: SALTS[digest]! };

describe('a key of RSA', () => {
  for (const modulusLength of [1024, 1025, 1536, 2048, 2049]) {
    it(`of ${modulusLength} bits takes what OpenSSL signs with it, and nothing that is another`, () => {
      const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength });
      const key = readPublicKey(spkiOf(publicKey));
      assert.equal(key.kind, 'rsa');
      for (const scheme of SCHEMES) {
        for (const digest of DIGESTS) {
          // The salt and two digests of SHA-512 are longer than the smallest keys.
          if (scheme === 'pss' && digest === 'sha512' && modulusLength < 1536) continue;
          const message = randomBytes(100);
          const signature = new Uint8Array(sign(digest, message, withKey(scheme, digest, privateKey)));
          assert.ok(key.verifies({ scheme, digest }, message, signature));
          assert.ok(!key.verifies({ scheme, digest }, message.subarray(1), signature));
          assert.ok(!key.verifies({ scheme, digest }, message, signature.subarray(1)));
          assert.ok(!key.verifies({ scheme, digest }, message, Uint8Array.of(0, ...signature)));
          for (const other of DIGESTS.filter((one) => one !== digest)) {
            assert.ok(!key.verifies({ scheme, digest: other }, message, signature));
          }
          const otherScheme = SCHEMES.find((one) => one !== scheme)!;
          assert.ok(!key.verifies({ scheme: otherScheme, digest }, message, signature));
          for (let i = 0; i < 24; i++) {
            const at = randomBytes(2).readUInt16BE() % signature.length;
            const altered = signature.map((byte, place) => (place === at ? byte ^ (1 << (i % 8)) : byte));
            assert.equal(key.verifies({ scheme, digest }, message, altered), false);
            assert.equal(verify(digest, message, withKey(scheme, digest, publicKey), altered), false);
          }
        }
      }
      for (const scheme of ['ecdsa', 'ed25519'] as const) {
        const signature = new Uint8Array(sign('sha256', Buffer.from('x'), privateKey));
        assert.ok(!key.verifies({ scheme, digest: 'sha256' }, Buffer.from('x'), signature));
      }
    });
  }

  it('with the exponent 3 takes no signature that anybody makes without the key', () => {
    // Bleichenbacher's forgery: a cube whose first bytes look right, and whose rest is free.
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 });
    const key = readPublicKey(spkiOf(publicKey));
    const message = Buffer.from('forged');
    const said = concatBytes([
      ...['0001ffffffffffffffff00', '3031300d060960864801650304020105000420'].map(hexBytes),
      sha256(message),
    ]);
    const wanted = BigInt(`0x${hex(said).padEnd(512, '0')}`);
    let root = 1n << 683n;
    for (let step = 1n << 682n; step > 0n; step >>= 1n) if ((root - step) ** 3n >= wanted) root -= step;
    const cube = (root ** 3n).toString(16).padStart(512, '0');
    assert.ok(cube.startsWith(hex(said).slice(0, 100)), 'the beginning is as it should be');
    const forged = hexBytes(root.toString(16).padStart(512, '0'));
    assert.ok(!key.verifies({ scheme: 'pkcs1', digest: 'sha256' }, message, forged));
  });

  it('of numbers that Go does not use takes nothing', () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const message = Buffer.from('x');
    const signature = new Uint8Array(sign('sha256', message, privateKey));
    const { n } = publicKey.export({ format: 'jwk' });
    const modulus = BigInt(`0x${Buffer.from(n!, 'base64url').toString('hex')}`);
    const takes = (numbers: Parameters<typeof rsaKey>[0], given = signature) =>
      rsaKey(numbers).verifies({ scheme: 'pkcs1', digest: 'sha256' }, message, given);
    assert.ok(takes({ modulus, exponent: 65537n }));
    // What is signed with the exponent 1 is the padding itself.
    const padded = (size: number) =>
      concatBytes([
        hexBytes('0001'),
        new Uint8Array(size - 54).fill(255),
        hexBytes('003031300d060960864801650304020105000420'),
        sha256(message),
      ]);
    assert.ok(!takes({ modulus, exponent: 1n }, padded(128)));
    assert.ok(!takes({ modulus, exponent: 65537n }, padded(128)));
    assert.ok(!takes({ modulus: modulus + 1n, exponent: 65537n }));
    assert.ok(!takes({ modulus, exponent: 2n ** 31n + 1n }));
    // And a number beyond the modulus is no second form of a signature.
    const beyond = BigInt(`0x${hex(signature)}`) + modulus;
    if (beyond < 1n << 1024n) {
      assert.ok(!takes({ modulus, exponent: 65537n }, hexBytes(beyond.toString(16).padStart(256, '0'))));
    }
    const small = generateKeyPairSync('rsa', { modulusLength: 1016 });
    const own = new Uint8Array(sign('sha256', message, small.privateKey));
    assert.ok(verify('sha256', message, small.publicKey, own));
    const key = readPublicKey(spkiOf(small.publicKey));
    assert.ok(!key.verifies({ scheme: 'pkcs1', digest: 'sha256' }, message, own));
  });
});
