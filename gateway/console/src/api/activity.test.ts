import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fetchAttended } from './activity.ts';

test('a request that nobody is behind says so, beside what it says otherwise', async () => {
  const sent: (RequestInit | undefined)[] = [];
  const send: typeof fetch = async (_, options) => {
    sent.push(options);
    return new Response();
  };
  const options = { method: 'POST', headers: { accept: 'application/json' } };
  await fetchAttended(send, () => true)('/v1/members', options);
  await fetchAttended(send, () => false)('/v1/members', options);
  const [attended, unattended] = sent.map((one) => Object.fromEntries(new Headers(one?.headers)));
  assert.deepEqual(attended, { accept: 'application/json' });
  assert.deepEqual(unattended, { accept: 'application/json', 'x-consilium-background': '1' });
  assert.equal(sent[1]?.method, 'POST');
});
