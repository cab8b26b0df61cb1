import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { domainRefusal, publicMessage } from './refusals.ts';

test('the refusal is found in what a peer says around it', () => {
  const said = ['chaincode response 500, BUDGET_EXCEEDED: 1.5 is left\nstack trace'];
  const refusal = domainRefusal(said, new Error('as the SDK says it'));
  assert.equal(refusal?.code, 'BUDGET_EXCEEDED');
  assert.equal(refusal?.detail, '1.5 is left');
  assert.equal((refusal?.cause as Error | undefined)?.message, 'as the SDK says it');
});

test('where peers differ the commonest refusal is the answer', () => {
  const said = ['ROUND_CLOSED: a', 'ENDORSEMENT_REFUSED: b', 'ENDORSEMENT_REFUSED: c', 'unavailable'];
  assert.equal(domainRefusal(said, undefined)?.code, 'ENDORSEMENT_REFUSED');
  assert.equal(domainRefusal(['unavailable', 'PROBE_REFUSED: as asked'], undefined), undefined);
  assert.equal(domainRefusal([], undefined), undefined);
});

test('a public message has no address and no path, one line and a bounded length', () => {
  fc.assert(
    fc.property(fc.string(), fc.ipV4(), fc.nat(65535), fc.string(), (before, ip, port, after) => {
      const message = publicMessage(`${before} ${ip}:${port} ${after}`);
      assert.ok(!message.includes(`${ip}:${port}`));
      assert.ok(!message.includes('\n'));
      assert.ok(message.length <= 500);
    }),
  );
  assert.equal(publicMessage('open /var/lib/peer/x.pem: denied\nat main.go:7'), 'open …: denied');
  const plain = 'ProposalResponsePayloads do not match';
  assert.equal(publicMessage(plain), plain);
});
