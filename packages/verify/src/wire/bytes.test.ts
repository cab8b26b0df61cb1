import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import {
  base64,
  base64Bytes,
  compareBytes,
  concatBytes,
  hex,
  hexBytes,
  latin1Text,
  looseBase64Bytes,
  sameBytes,
  utf8Bytes,
  utf8Text,
} from './bytes.ts';

/** Of every length up to 70, and longer than a chunk; each byte is somewhere. */
const SAMPLES: readonly Uint8Array[] = [
  Uint8Array.from({ length: 256 }, (_, byte) => byte),
  ...Array.from({ length: 70 }, (_, length) => randomBytes(length)),
  randomBytes(20_001),
];

test('bytes are written in hexadecimal, base64 and Latin-1 as Node writes them, and read back', () => {
  for (const bytes of SAMPLES) {
    const node = Buffer.from(bytes);
    assert.equal(hex(bytes), node.toString('hex'));
    assert.equal(base64(bytes), node.toString('base64'));
    assert.equal(latin1Text(bytes), node.toString('latin1'));
    assert.deepEqual(hexBytes(hex(bytes)), new Uint8Array(bytes));
    assert.deepEqual(base64Bytes(base64(bytes)), new Uint8Array(bytes));
  }
});

test('any bytes become the text that Node makes of them, and a text its bytes', () => {
  for (const bytes of [...SAMPLES, Uint8Array.of(0xef, 0xbb, 0xbf, 0x41), Uint8Array.of(0xf0, 0x9f, 0x41)]) {
    assert.equal(utf8Text(bytes), Buffer.from(bytes).toString('utf8'));
  }
  for (const text of ['', 'Ã©', '\ud800', 'a\udc00b', '\ufeffx', '𝔽']) {
    assert.deepEqual(utf8Bytes(text), new Uint8Array(Buffer.from(text, 'utf8')));
  }
});

test('base64 is read in the one form that is written, and nothing else', () => {
  for (const text of [
    'A',
    'AA',
    'AAA',
    'AA=',
    'A===',
    '====',
    'AA==AAAA',
    'AB==',
    'AAB=',
    'AAA\n',
    'AA-_',
    'AAAé',
  ]) {
    assert.equal(base64Bytes(text), undefined, text);
  }
  assert.deepEqual(base64Bytes(''), new Uint8Array());
  for (const text of ['AB==', 'AAB=', '/+/=']) {
    assert.deepEqual(looseBase64Bytes(text), new Uint8Array(Buffer.from(text, 'base64')), text);
  }
});

test('bytes are compared and joined as Node does it', () => {
  for (const a of SAMPLES.slice(0, 20)) {
    for (const b of SAMPLES.slice(0, 20)) {
      assert.equal(Math.sign(compareBytes(a, b)), Buffer.compare(a, b));
      assert.equal(sameBytes(a, b), Buffer.compare(a, b) === 0);
      assert.deepEqual(concatBytes([a, b]), new Uint8Array(Buffer.concat([a, b])));
    }
  }
});
