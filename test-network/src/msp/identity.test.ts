import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { type Authority, createAuthority, issueIdentity } from '../identities/authority.ts';
import { Membership } from './identity.ts';
import { createSigningIdentity, serializeIdentity } from './signing-identity.ts';

describe('membership', () => {
  let authority: Authority;
  let stranger: Authority;
  let membership: Membership;
  const request = { commonName: 'someone', organization: 'org1' } as const;

  before(async () => {
    authority = await createAuthority('ca.org1', 'org1');
    stranger = await createAuthority('ca.org1', 'org1');
    membership = new Membership([{ mspId: 'Org1MSP', caCertificatePem: authority.certificatePem }]);
  });

  it('knows an identity and its role', async () => {
    for (const unit of ['peer', 'client', 'admin', 'orderer'] as const) {
      const { certificatePem } = await issueIdentity(authority, { ...request, organizationalUnit: unit });
      const identity = membership.deserialize(serializeIdentity('Org1MSP', certificatePem));
      assert.equal(identity.role, unit);
      assert.equal(identity.invalidBecause, undefined);
    }
  });

  it('accepts what an identity signed, and nothing else', async () => {
    const pair = await issueIdentity(authority, { ...request, organizationalUnit: 'client' });
    const signing = createSigningIdentity({ mspId: 'Org1MSP', ...pair });
    const identity = membership.deserialize(signing.serialized);
    const signature = signing.sign(Buffer.from('message'));
    assert.ok(identity.verify(Buffer.from('message'), signature));
    assert.equal(identity.verify(Buffer.from('another'), signature), false);
  });

  it('counts a signer once, and not with a signature of another', async () => {
    const pair = await issueIdentity(authority, { ...request, organizationalUnit: 'peer' });
    const other = await issueIdentity(authority, { ...request, organizationalUnit: 'peer' });
    const data = Buffer.from('message');
    const [signing, forging] = [pair, other].map((one) =>
      createSigningIdentity({ mspId: 'Org1MSP', ...one }),
    );
    const honest = { data, identity: signing!.serialized, signature: signing!.sign(data) };
    const forged = { data, identity: forging!.serialized, signature: signing!.sign(data) };
    assert.equal(membership.validSigners([honest, honest, forged]).length, 1);
  });

  it('does not know a certificate of another authority of the same name', async () => {
    const { certificatePem } = await issueIdentity(stranger, { ...request, organizationalUnit: 'client' });
    const serialized = serializeIdentity('Org1MSP', certificatePem);
    assert.throws(() => membership.deserialize(serialized), /unknown authority/);
  });

  it('does not take an authority, or a certificate without a role, for an identity', async () => {
    const { certificatePem } = await issueIdentity(authority, request);
    for (const pem of [certificatePem, authority.certificatePem]) {
      const identity = membership.deserialize(serializeIdentity('Org1MSP', pem));
      assert.notEqual(identity.invalidBecause, undefined);
      assert.equal(identity.role, undefined);
    }
  });

  it('does not know organisations outside the channel', async () => {
    const { certificatePem } = await issueIdentity(authority, { ...request, organizationalUnit: 'client' });
    assert.throws(() => membership.deserialize(serializeIdentity('Org9MSP', certificatePem)), /Org9MSP/);
  });
});
