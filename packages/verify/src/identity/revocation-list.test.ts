// Lists count for peers by the algorithm that they name, as certificates do: an authority with a larger key takes a
// longer digest.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import { mspConfig } from '../testing/synthetic-channel.ts';
import { Authority } from '../testing/test-authority.ts';
import { isOnLists, listsOfAuthority } from './authority-lists.ts';
import { Msp } from './membership.ts';

const EC = [
  { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' },
  { name: 'ECDSA', namedCurve: 'P-521', hash: 'SHA-512' },
  { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-384' },
];
const ED25519 = { name: 'Ed25519' };
const RSA = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-384',
  modulusLength: 2048,
  publicExponent: Uint8Array.of(1, 0, 1),
};
const nameOf = ({ name, namedCurve = '', hash = '' }: Partial<(typeof EC)[0]>) =>
  [name, namedCurve, hash].filter((one) => one !== '').join(' ');

describe('a list of an authority', () => {
  for (const algorithm of [...EC, ED25519]) {
    it(`revokes an identity where it is signed by ${nameOf(algorithm)}`, async () => {
      const authority = await Authority.create('AMSP', algorithm);
      const [lost, kept] = [await authority.issue('peer'), await authority.issue('peer')];
      const msp = new Msp(mspConfig(authority, [await authority.revoke([lost])]));
      assert.match(msp.judge(Buffer.from(lost.pem)).invalidBecause ?? '', /revoked/);
      assert.equal(msp.judge(Buffer.from(kept.pem)).invalidBecause, undefined);
    });
  }

  for (const algorithm of [...EC, ED25519, RSA]) {
    it(`names a host where it is signed by ${nameOf(algorithm)}, and those of others do not`, async () => {
      const authority = await Authority.create('AMSP', algorithm);
      const [lost, kept] = [await authority.issueTls(), await authority.issueTls()];
      const root = new X509Certificate(authority.pem);
      const [lostHost, keptHost] = [lost, kept].map(({ certificate }) => new X509Certificate(certificate));
      const revoked = [{ serialNumber: lostHost!.serialNumber }];
      const own = Buffer.from(await authority.revoke(revoked)).toString();
      const strangers: string[] = [];
      for (const other of [...EC, ED25519, RSA]) {
        const stranger = await Authority.create('AMSP', other);
        strangers.push(Buffer.from(await stranger.revoke(revoked)).toString());
      }
      assert.equal(isOnLists([...strangers, own].join('\n'), lostHost!, root), true);
      assert.equal(isOnLists(own, keptHost!, root), false);
      assert.deepEqual(listsOfAuthority(strangers.join('\n'), root), []);
    });
  }

  it('names a host whatever kind its key is of, and no other', async () => {
    // An authority's own certificate is one with its key.
    for (const algorithm of [RSA, ED25519]) {
      const host = new X509Certificate((await Authority.create('TLS', algorithm)).pem);
      const authority = await Authority.create('AMSP');
      const root = new X509Certificate(authority.pem);
      const naming = async (serialNumber: string) =>
        isOnLists(Buffer.from(await authority.revoke([{ serialNumber }])).toString(), host, root);
      assert.equal(await naming(host.serialNumber), true);
      assert.equal(await naming('07'), false);
    }
  });
});
