import assert from 'node:assert/strict';
import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { hasLowS, toLowS } from './low-s.ts';

describe('ECDSA signatures with a low s', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

  it('still verify, whatever was signed', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (message) => {
        const signature = toLowS(sign('sha256', message, privateKey));
        assert.ok(hasLowS(signature));
        assert.ok(verify('sha256', message, publicKey, signature));
      }),
      { numRuns: 50 },
    );
  });

  it('are distinguished from their twins with a high s', () => {
    const message = Buffer.from('message');
    for (;;) {
      const signature = sign('sha256', message, privateKey);
      if (Buffer.from(toLowS(signature)).equals(signature)) continue;
      assert.equal(hasLowS(signature), false);
      break;
    }
  });

  it('are not found in bytes that are no signature', () => {
    for (const bytes of ['', '30', '3006020101020101ff', '3006020100020101']) {
      assert.equal(hasLowS(Buffer.from(bytes, 'hex')), false, bytes);
    }
    assert.throws(() => toLowS(Buffer.from('nothing of the kind')), RangeError);
  });
});
