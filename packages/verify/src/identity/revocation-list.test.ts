// Lists count for peers by the algorithm that they name, as certificates do: an authority with a larger key takes a
// longer digest.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import { mspConfig } from '../testing/synthetic-channel.ts';
import { Authority } from '../testing/test-authority.ts';
import { concatBytes, utf8Bytes } from '../wire/bytes.ts';
import { childrenOf, DER, type DerElement, readDer } from '../wire/der-reader.ts';
import { derElement } from '../wire/der-writer.ts';
import { isOnLists, listsOfAuthority } from './authority-lists.ts';
import { readCertificate } from './certificate.ts';
import { Msp } from './msp.ts';
import { readPem } from './pem-reader.ts';
import { readRevocationList } from './revocation-list.ts';

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

/** Authorities of the same name, whose lists are nobody else's. Made once: a key for RSA takes long. */
const STRANGERS = Promise.all([...EC, ED25519, RSA].map((algorithm) => Authority.create('AMSP', algorithm)));

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
      for (const stranger of await STRANGERS) {
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

describe('a list that a member writes oddly, and peers take', () => {
  const all = (tag: number, parts: readonly Uint8Array[]) => derElement(tag, concatBytes(parts));
  const rawOf = (element: DerElement) => childrenOf(element).map(({ raw }) => raw);

  /** A list with its fields changed. Nobody signed it. */
  async function changed(change: (fields: Uint8Array[]) => void) {
    const authority = await Authority.create('AMSP');
    const signer = await authority.issue('peer');
    const list = readDer(readPem(await authority.revoke([signer]))!);
    const [signed, ...rest] = childrenOf(list);
    const fields = rawOf(signed!);
    change(fields);
    const der = all(DER.sequence, [all(DER.sequence, fields), ...rest.map(({ raw }) => raw)]);
    return { read: readRevocationList(der), authority, serial: signer.serialNumber };
  }

  /** The extension that says whose the list is, with another value, and what follows that. */
  const named = (change: (value: Uint8Array) => Uint8Array, more: readonly Uint8Array[] = []) =>
    changed((fields) => {
      const [extensions] = childrenOf(readDer(fields.pop()!));
      const one = childrenOf(extensions!).find(({ contents }) =>
        Buffer.from(contents).includes('551d23', 0, 'hex'),
      )!;
      const [name, value] = childrenOf(one);
      const own = all(DER.sequence, [
        name!.raw,
        derElement(DER.octetString, change(value!.contents)),
        ...more,
      ]);
      fields.push(all(0xa0, [all(DER.sequence, [own])]));
    });

  it('revokes with headers before its digits', async () => {
    const authority = await Authority.create('AMSP');
    const lost = await authority.issue('peer');
    const pem = Buffer.from(await authority.revoke([lost])).toString();
    const list = Buffer.from(pem.replace('CRL-----\n', 'CRL-----\nComment: none\n\n'));
    const msp = new Msp(mspConfig(authority, [list]));
    assert.match(msp.judge(Buffer.from(lost.pem)).invalidBecause ?? '', /revoked/);
  });

  it('is the list that its DER is, and none that a name in it holds', async () => {
    const inner = Buffer.from(await (await Authority.create('BMSP')).revoke([{ serialNumber: '07' }]));
    const { read, serial } = await changed((fields) => {
      const name = all(DER.sequence, [derElement(DER.oid, Uint8Array.of(0x55, 4, 3)), derElement(12, inner)]);
      fields[2] = all(DER.sequence, [all(DER.set, [name])]);
    });
    assert.deepEqual([...read.serials], [serial]);
  });

  it('says whose it is with whatever follows that', async () => {
    const isNamed = async (list: ReturnType<typeof named>) => {
      const { authority, read } = await list;
      assert.deepEqual(read.authorityKeyId, readCertificate(Buffer.from(authority.pem)).subjectKeyId);
    };
    await isNamed(named((value) => value));
    await isNamed(named((value) => concatBytes([value, Uint8Array.of(5, 0)])));
    await isNamed(named((value) => value, [derElement(DER.octetString, utf8Bytes('another'))]));
  });

  it('is nobody’s where it names no key, and keeps all out where that cannot be read', async () => {
    const { read: without } = await named(() => derElement(DER.sequence, new Uint8Array()));
    assert.deepEqual(without.authorityKeyId, new Uint8Array());
    const { read: unreadable } = await named(() => Uint8Array.of(0x30, 9, 1));
    assert.equal(unreadable.authorityKeyId, undefined);
  });
});
