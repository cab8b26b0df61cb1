// Every transaction with every role, as the table says: docs/reference/ledger.md is made from the same table.
import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { ROLES, type Role, TRANSACTIONS } from '@consilium/domain';
import { refusalOf } from '../testing/memory-consortium.ts';
import { StudyOnLedger } from '../testing/study-on-ledger.ts';

/** The code that a call meets whose argument is empty, or nothing where it is answered. */
async function met(study: StudyOnLedger, name: (typeof TRANSACTIONS)[number]['name'], role: string | null) {
  const caller = { mspId: 'AlphaMSP', role: role as Role | null };
  const { kind } = TRANSACTIONS.find((transaction) => transaction.name === name)!;
  const call = kind === 'submit' ? study.submit(caller, name, '{}') : study.evaluate(caller, name, '{}');
  return call.then(
    () => undefined,
    async (error: unknown) => (await refusalOf(Promise.reject(error))).code,
  );
}

for (const { name, roles } of TRANSACTIONS) {
  test(`${name} takes ${roles.join(', ')}, and no other role`, async () => {
    const study = await StudyOnLedger.prepared();
    study.baseline();
    for (const role of ROLES) {
      const refused = (await met(study, name, role)) === 'ROLE_REQUIRED';
      assert.equal(refused, !(roles as readonly string[]).includes(role), role);
    }
    for (const role of [null, '', 'admin', 'Steward', 'steward,operator', 'constructor']) {
      assert.equal(await met(study, name, role), 'ROLE_REQUIRED', `${role}`);
    }
    assert.equal(study.snapshot(), study.remembered);
  });
}

test('who may change something is one role, or a few; who may ask is everyone with a role', () => {
  for (const { kind, roles } of TRANSACTIONS) {
    if (kind === 'evaluate') assert.deepEqual(roles, ROLES);
    else assert.ok(roles.length >= 1 && roles.length < ROLES.length);
  }
});

test('who is no member is refused before its argument is read', async () => {
  const study = await StudyOnLedger.prepared();
  study.baseline();
  const stranger = (role: Role) => ({ mspId: 'StrangerMSP', role });
  for (const { name, kind, roles } of TRANSACTIONS) {
    if (kind === 'evaluate' || name === 'member:register') continue;
    for (const [text, code] of [
      ['not JSON', 'NOT_A_MEMBER'],
      ['['.repeat(10_000), 'NOT_A_MEMBER'],
      [`"${'x'.repeat(1_000_000)}"`, 'INVALID_ARGUMENT'],
    ] as const) {
      const refusal = await refusalOf(study.submit(stranger(roles[0]!), name, text, ['AlphaMSP']));
      assert.equal(refusal.code, code, name);
    }
  }
  for (const { name, kind } of TRANSACTIONS) {
    if (kind === 'submit') continue;
    const refusal = await refusalOf(
      study.evaluate(stranger('auditor'), name, '['.repeat(100_000), 'AlphaMSP'),
    );
    assert.match(refusal.detail, /argument must be at most 4096 bytes/, name);
  }
  assert.equal(study.snapshot(), study.remembered);
});
