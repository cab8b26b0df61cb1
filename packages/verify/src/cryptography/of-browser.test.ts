// What a browser computes is held to what Node does: over keys, signatures and what is nearly one.
import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { test } from 'node:test';
import { UnreadableError } from '../wire/protobuf-reader.ts';
import * as browser from './of-browser.ts';
import * as node from './of-node.ts';
import { CURVES, DIGESTS, type Digest, type PublicKey } from './public-key.ts';

const SIDES = { browser, node };
const ECDSA = { scheme: 'ecdsa', digest: 'sha256' } as const;
const spkiOf = (key: KeyObject): Uint8Array => new Uint8Array(key.export({ format: 'der', type: 'spki' }));

const KEYS = [
  ...Object.values(CURVES).map((namedCurve) => generateKeyPairSync('ec', { namedCurve })),
  generateKeyPairSync('ed25519'),
].map(({ publicKey, privateKey }) => ({ spki: spkiOf(publicKey), privateKey }));

/** The key on both sides, or that it is none on both. */
function onBoth(spki: Uint8Array): readonly [PublicKey, PublicKey] | undefined {
  const [mine, nodes] = Object.values(SIDES).map(({ readPublicKey }) => {
    try {
      return readPublicKey(spki);
    } catch (error) {
      assert.ok(error instanceof UnreadableError, `${error}`);
      return undefined;
    }
  });
  assert.equal(mine === undefined, nodes === undefined, Buffer.from(spki).toString('hex'));
  assert.equal(mine?.kind, nodes?.kind);
  return mine && nodes && [mine, nodes];
}

test('SHA-256 of parts is the same', () => {
  for (const sizes of [[], [0], [1], [63, 1], [64], [65, 0, 7], [55], [56], [100_000, 3]]) {
    const parts = sizes.map((size) => randomBytes(size));
    assert.deepEqual(browser.sha256(...parts), node.sha256(...parts));
  }
});

for (const { spki, privateKey } of KEYS) {
  const [mine, nodes] = onBoth(spki)!;
  const { kind: curve } = nodes;
  const by = (digest: Digest) => ({ scheme: curve === 'ed25519' ? 'ed25519' : 'ecdsa', digest }) as const;
  const digests = curve === 'ed25519' ? (['sha512'] as const) : DIGESTS;

  test(`signatures of ${curve} hold, and those of other messages, digests and keys do not`, () => {
    for (const digest of digests) {
      const message = randomBytes(100);
      const signature = new Uint8Array(sign(curve === 'ed25519' ? null : digest, message, privateKey));
      const other = Uint8Array.from(message, (byte, at) => (at === 50 ? byte ^ 1 : byte));
      for (const key of [mine, nodes]) {
        assert.ok(key.verifies(by(digest), message, signature));
        assert.ok(!key.verifies(by(digest), other, signature));
        if (curve !== 'ed25519')
          assert.ok(!key.verifies(by(digest === 'sha256' ? 'sha384' : 'sha256'), message, signature));
      }
    }
  });

  test(`whatever is given as a signature of ${curve} is judged alike`, () => {
    const message = randomBytes(33);
    const signature = new Uint8Array(sign(curve === 'ed25519' ? null : 'sha256', message, privateKey));
    const alike = (given: Uint8Array) => {
      const [first, second] = [mine, nodes].map((key) => key.verifies(by('sha256'), message, given));
      assert.equal(first, second, Buffer.from(given).toString('hex'));
      return second;
    };
    let held = 0;
    // One bit of each byte, by turns, and each length of it.
    for (let at = 0; at < signature.length; at++) {
      if (alike(signature.map((byte, place) => (place === at ? byte ^ (1 << (at % 8)) : byte)))) held += 1;
      alike(signature.subarray(0, at));
    }
    assert.equal(held, 0, 'no byte of a signature is free');
    alike(Uint8Array.of(...signature, 0));
    alike(new Uint8Array(signature.length));
    alike(new Uint8Array(64).fill(255));
    for (const numbers of [
      ['00', '01'],
      ['01', '00'],
      ['01', '01'],
      ['81', '01'],
      ['0001', '0001'],
      ['', ''],
    ]) {
      const body = Buffer.concat(
        numbers.map((digits) =>
          Buffer.from(`02${(digits.length / 2).toString(16).padStart(2, '0')}${digits}`, 'hex'),
        ),
      );
      alike(Uint8Array.of(0x30, body.length, ...body));
      alike(Uint8Array.of(0x30, 0x81, body.length, ...body));
      alike(Uint8Array.of(0x30, body.length + 2, ...body, 5, 0));
    }
  });

  test(`a key of ${curve} that was altered is one on both sides, or on neither`, () => {
    for (let at = 0; at < spki.length; at++) {
      onBoth(spki.map((byte, place) => (place === at ? byte ^ (1 << (at % 8)) : byte)));
    }
    onBoth(spki.subarray(0, -1));
    onBoth(Uint8Array.of(...spki, 0));
  });
}

test('the largest and smallest numbers of P-256 are judged alike', () => {
  const { spki } = KEYS[0]!;
  const [mine, nodes] = onBoth(spki)!;
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const number = (value: bigint): Buffer => {
    const digits = value.toString(16);
    const bytes = Buffer.from(digits.length % 2 ? `0${digits}` : digits, 'hex');
    const signed = bytes[0]! & 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
    return Buffer.concat([Buffer.of(2, signed.length), signed]);
  };
  for (const r of [0n, 1n, order - 1n, order, order + 1n, 2n ** 256n - 1n, 2n ** 264n]) {
    for (const s of [0n, 1n, order >> 1n, order - 1n, order, 2n ** 256n]) {
      const body = Buffer.concat([number(r), number(s)]);
      const signature = Uint8Array.of(0x30, body.length, ...body);
      const message = randomBytes(20);
      assert.equal(mine.verifies(ECDSA, message, signature), nodes.verifies(ECDSA, message, signature));
    }
  }
});

test('Ed25519 is judged without the cofactor and with any form of a point, as in Go', () => {
  // Keys of small order, some in a form that is not canonical, with the signatures that they make.
  const smallOrder = [
    '0100000000000000000000000000000000000000000000000000000000000000',
    '0000000000000000000000000000000000000000000000000000000000000000',
    '0000000000000000000000000000000000000000000000000000000000000080',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    '0100000000000000000000000000000000000000000000000000000000000080',
  ].map((digits) => Buffer.from(digits, 'hex'));
  const prefix = Buffer.from('302a300506032b6570032100', 'hex');
  let held = 0;
  for (const key of smallOrder) {
    const both = onBoth(Buffer.concat([prefix, key]));
    if (both === undefined) continue;
    for (const r of smallOrder) {
      for (let message = 0; message < 16; message++) {
        const signature = Buffer.concat([r, Buffer.alloc(32)]);
        const text = Uint8Array.of(message);
        const first: boolean = both[0].verifies({ scheme: 'ed25519', digest: 'sha512' }, text, signature);
        const second: boolean = both[1].verifies({ scheme: 'ed25519', digest: 'sha512' }, text, signature);
        assert.equal(first, second, `${key.toString('hex')} ${r.toString('hex')} ${message}`);
        if (first) held += 1;
      }
    }
  }
  assert.ok(held > 0, 'some of them hold');
});
