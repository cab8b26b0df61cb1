import assert from 'node:assert/strict';
import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { hasLowS, rawToLowS, toLowS } from './low-s.ts';

const HALF_ORDER_HEX = '7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8';

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

  it('still verify in the raw form, and are of the same bytes where s was low', () => {
    const raw = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const;
    for (let i = 0; i < 50; i++) {
      const message = Buffer.from(`message ${i}`);
      const signature = sign('sha256', message, raw);
      const low = rawToLowS(signature);
      assert.ok(verify('sha256', message, { ...raw, key: publicKey }, low));
      assert.deepEqual(Buffer.from(rawToLowS(low)), Buffer.from(low));
      assert.ok(Buffer.from(low.subarray(32)).toString('hex') <= HALF_ORDER_HEX);
    }
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
