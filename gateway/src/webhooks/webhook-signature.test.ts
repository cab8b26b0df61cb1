import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newSecret, signatureOf, signedHeaders } from './webhook-signature.ts';

// The vector of the reference libraries (github.com/standard-webhooks/standard-webhooks, "sign function works").
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const CONTENT = {
  id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  timestampSeconds: 1614265330,
  body: '{"test": 2432232314}',
};
const SIGNATURE = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=';

test('a signature is the one that the libraries of Standard Webhooks compute', () => {
  assert.equal(signatureOf(CONTENT, SECRET), SIGNATURE);
});

test('each part of what is signed changes the signature', () => {
  const others = [
    { ...CONTENT, id: 'another' },
    { ...CONTENT, timestampSeconds: CONTENT.timestampSeconds + 1 },
    { ...CONTENT, body: `${CONTENT.body} ` },
  ];
  for (const other of others) assert.notEqual(signatureOf(other, SECRET), SIGNATURE);
  assert.notEqual(signatureOf(CONTENT, newSecret()), SIGNATURE);
});

test('two secrets that count give two signatures, the newest first', () => {
  const second = newSecret();
  const headers = signedHeaders(CONTENT, [second, SECRET]);
  assert.deepEqual(headers['webhook-signature']?.split(' '), [signatureOf(CONTENT, second), SIGNATURE]);
  assert.equal(headers['webhook-timestamp'], '1614265330');
});

test('a secret is 256 random bits', () => {
  const secrets = Array.from({ length: 20 }, newSecret);
  assert.equal(new Set(secrets).size, secrets.length);
  for (const secret of secrets) assert.equal(Buffer.from(secret.slice(6), 'base64').length, 32);
});
