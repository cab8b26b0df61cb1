import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalRule, parseSignaturePolicy } from '../signature-policy.ts';
import { endorsementRuleOf } from './policy-words.ts';

/** As configtxlator leaves the principal of a chaincode's policy: a common.MSPRole in base64. */
const principal = (mspId: string, role: number) =>
  Buffer.from([0x0a, mspId.length, ...Buffer.from(mspId), ...(role === 0 ? [] : [0x10, role])]).toString(
    'base64',
  );
const identity = (mspId: string, role: number) => ({ principal: principal(mspId, role) });
const of = (n: number, ...signers: number[]) => ({
  n_out_of: { n, rules: signers.map((at) => ({ signed_by: at })) },
});

test('a committed policy reads as the text that it was made of, so that it is not approved again', () => {
  const identities = [identity('NorthMSP', 3), identity('SouthMSP', 0), identity('WestMSP', 1)];
  const committed = endorsementRuleOf({ signature_policy: { rule: of(2, 0, 1, 2), identities } });
  const text = "OutOf(2, 'NorthMSP.peer', 'SouthMSP.member', 'WestMSP.admin')";
  assert.equal(committed, canonicalRule(parseSignaturePolicy(text)));
  const two = { rule: of(2, 0, 1), identities };
  assert.equal(
    endorsementRuleOf({ signature_policy: two }),
    canonicalRule(parseSignaturePolicy("AND('NorthMSP.peer','SouthMSP.member')")),
  );
});

test('the policy of the channel is MAJORITY, and another one of the channel its path', () => {
  const reference = (path: string) => endorsementRuleOf({ channel_config_policy_reference: path });
  assert.equal(reference('/Channel/Application/Endorsement'), 'MAJORITY');
  assert.equal(reference('/Channel/Application/Admins'), '/Channel/Application/Admins');
});

test('principals that are no role of an organisation are like no text', () => {
  for (const bytes of ['', 'AA==', 'CgVOb3J0aA==!', Buffer.from([0x0a, 200, 1]).toString('base64')]) {
    const rule = endorsementRuleOf({
      signature_policy: { rule: { signed_by: 0 }, identities: [{ principal: bytes }] },
    });
    assert.ok(rule === 'an identity.of its own' || rule === 'North.member', rule);
  }
});
