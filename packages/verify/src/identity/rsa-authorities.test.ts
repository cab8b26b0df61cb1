// Authorities with keys of RSA: Fabric takes the identities that they issue, and no signature of theirs for anything
// else. Each was held to Fabric's own MSP (3.1.5, of Go 1.26).
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { type KeyObject, sign, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, it, type TestContext } from 'node:test';
import {
  ALGORITHMS,
  type Algorithm,
  KEYS,
  makeCertificate,
  makeRevocationList,
  nameOf,
  ofAuthority,
  oid,
  pemOf,
  type SigningKey,
  sequence,
} from '../testing/made-certificate.ts';
import { lowS } from '../testing/signature-forms.ts';
import { mspConfig } from '../testing/synthetic-channel.ts';
import { concatBytes, hexBytes, utf8Text } from '../wire/bytes.ts';
import { DER } from '../wire/der-reader.ts';
import { derElement } from '../wire/der-writer.ts';
import { isIssuedBy, readCertificate } from './certificate.ts';
import { Membership } from './membership.ts';
import { Msp } from './msp.ts';

const DATA = Uint8Array.of(1, 2, 3);
const ROOT = nameOf('ca.AMSP');
const KEY_ID = '0102';

describe('an authority with a key of RSA', () => {
  let root: SigningKey;
  let stranger: SigningKey;
  let holder: SigningKey;

  before(() => {
    [root, stranger, holder] = [KEYS.rsa(), KEYS.rsa(), KEYS.ec()];
  });

  const rootOf = (key: SigningKey, algorithm: Algorithm) =>
    makeCertificate({
      ...{ issuer: ROOT, subject: ROOT, publicKey: key.publicKey, signer: key.privateKey, algorithm },
      extensions: ofAuthority(KEY_ID),
    });
  const issuedBy = (signer: KeyObject, algorithm: Algorithm, publicKey = holder.publicKey) =>
    makeCertificate({ issuer: ROOT, subject: nameOf('p', ['peer']), publicKey, signer, algorithm });
  const mspOf = (der: Uint8Array, lists: readonly Uint8Array[] = []) =>
    new Msp(mspConfig({ mspId: 'AMSP', pem: utf8Text(pemOf(der)) }, lists));
  const refusalOf = (
    msp: Msp,
    der: Uint8Array,
    signature: Uint8Array = lowS(sign('sha256', DATA, holder.privateKey)),
  ) =>
    new Membership([msp]).refusalOf({ identity: { mspId: 'AMSP', pem: pemOf(der) }, data: DATA, signature });

  for (const algorithm of [...ALGORITHMS.pkcs1, ...ALGORITHMS.pss]) {
    it(`issues identities by ${algorithm.name}, and nobody else does in its name`, () => {
      const msp = mspOf(rootOf(root, algorithm));
      assert.equal(msp.unjudgedBecause, undefined);
      const der = issuedBy(root.privateKey, algorithm);
      assert.equal(refusalOf(msp, der), undefined);
      assert.match(refusalOf(msp, issuedBy(stranger.privateKey, algorithm))!, /no authority that issued/);
      const last = der.length - 1;
      for (const at of [last, last - 100, last - 255]) {
        const altered = der.map((byte, place) => (place === at ? byte ^ 4 : byte));
        assert.match(refusalOf(msp, altered)!, /no authority that issued/, `byte ${at}`);
      }
    });
  }

  it('issues none by SHA-1, nor with a salt of another length', () => {
    const msp = mspOf(rootOf(root, ALGORITHMS.pkcs1[0]!));
    for (const algorithm of [ALGORITHMS.pkcs1Sha1, ALGORITHMS.pssOdd]) {
      assert.match(refusalOf(msp, issuedBy(root.privateKey, algorithm))!, /no authority/, algorithm.name);
    }
  });

  it('issues none by an algorithm that is another than its key', () => {
    const msp = mspOf(rootOf(root, ALGORITHMS.pkcs1[0]!));
    const forged = { ...ALGORITHMS.ec[0]!, sign: ALGORITHMS.pkcs1[0]!.sign };
    assert.match(refusalOf(msp, issuedBy(root.privateKey, forged))!, /no authority/);
  });

  it('gives nobody with a key of RSA a signature that counts', () => {
    const algorithm = ALGORITHMS.pkcs1[0]!;
    const msp = mspOf(rootOf(root, algorithm));
    const der = issuedBy(root.privateKey, algorithm, stranger.publicKey);
    const signature = new Uint8Array(sign('sha256', DATA, stranger.privateKey));
    assert.match(refusalOf(msp, der, signature)!, /a kind that signs nothing/);
    const signed = [{ identity: { mspId: 'AMSP', pem: pemOf(der) }, data: DATA, signature }];
    assert.deepEqual(new Membership([msp]).signersOf(signed), []);
  });

  it('revokes by its lists, also by SHA-1, and nobody else does', () => {
    const algorithm = ALGORITHMS.pkcs1[1]!;
    const der = issuedBy(root.privateKey, algorithm);
    const list = (signer: KeyObject, by: Algorithm) =>
      makeRevocationList({ issuer: ROOT, keyId: KEY_ID, serials: [7], signer, algorithm: by });
    for (const by of [...ALGORITHMS.pkcs1, ...ALGORITHMS.pss, ALGORITHMS.pkcs1Sha1]) {
      const msp = mspOf(rootOf(root, algorithm), [list(root.privateKey, by)]);
      assert.match(refusalOf(msp, der) ?? '', /revoked/, by.name);
      assert.equal(
        refusalOf(mspOf(rootOf(root, algorithm), [list(stranger.privateKey, by)]), der),
        undefined,
      );
    }
  });

  it('that is too large to check anything by has no identities, and stops nobody', () => {
    // What a modulus is made of tells nobody: peers take any number for one.
    const rootWith = (modulusBytes: number) => {
      const number = (bytes: Uint8Array) => derElement(DER.integer, bytes);
      const modulus = number(new Uint8Array(modulusBytes + 1).fill(0xff, 1));
      const key = concatBytes([Uint8Array.of(0), sequence(modulus, number(hexBytes('7fffffff')))]);
      const algorithm = sequence(oid('2a864886f70d010101'), hexBytes('0500'));
      return makeCertificate({
        ...{ issuer: ROOT, subject: ROOT, publicKey: root.publicKey, signer: root.privateKey },
        ...{ algorithm: ALGORITHMS.pkcs1[0]!, extensions: ofAuthority(KEY_ID) },
        change: (fields) => fields.splice(6, 1, sequence(algorithm, derElement(DER.bitString, key))),
      });
    };
    assert.equal(mspOf(rootWith(1024)).unjudgedBecause, undefined);
    for (const bytes of [1025, 2 ** 20]) {
      const msp = mspOf(rootWith(bytes));
      assert.equal(msp.unjudgedBecause, 'its key of RSA has more than 8192 bits');
      assert.match(refusalOf(msp, issuedBy(root.privateKey, ALGORITHMS.pkcs1[0]!))!, /cannot be judged/);
    }
  });

  it('is trusted as a root also where another one signed it', () => {
    const cross = makeCertificate({
      ...{ issuer: nameOf('elsewhere'), subject: ROOT, publicKey: root.publicKey },
      ...{ signer: stranger.privateKey, algorithm: ALGORITHMS.pkcs1[0]!, extensions: ofAuthority(KEY_ID) },
    });
    assert.equal(refusalOf(mspOf(cross), issuedBy(root.privateKey, ALGORITHMS.pkcs1[2]!)), undefined);
  });

  it('that OpenSSL made issues what OpenSSL says, with any bit of it another too', (t: TestContext) => {
    const folder = mkdtempSync(join(tmpdir(), 'rsa-'));
    const file = (name: string) => join(folder, name);
    const openssl = (...given: string[]) => spawnSync('openssl', given, { cwd: folder, encoding: 'utf8' });
    try {
      if (openssl('version').status !== 0) return t.skip('not run: there is no openssl');
      const ok = (...given: string[]) => assert.equal(openssl(...given).status, 0, given.join(' '));
      const pss = ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:digest'];
      for (const [digest, options] of [
        ['-sha256', []],
        ['-sha384', []],
        ['-sha512', []],
        ['-sha256', pss],
      ] as const) {
        ok(
          ...'req -x509 -newkey rsa:2048 -nodes -days 999 -subj /CN=ca -keyout ca.key -out ca.crt'.split(' '),
          digest,
          ...options,
        );
        ok(...'ecparam -name prime256v1 -genkey -noout -out p.key'.split(' '));
        ok(...'req -new -key p.key -subj /CN=p/OU=peer -out p.csr'.split(' '));
        ok(
          ...'x509 -req -in p.csr -CA ca.crt -CAkey ca.key -days 999 -set_serial 7 -out p.crt'.split(' '),
          digest,
          ...options,
        );
        ok(...'verify -CAfile ca.crt p.crt'.split(' '));
        const [ca, peer] = ['ca.crt', 'p.crt'].map((name) => readFileSync(file(name)));
        const msp = mspOf(new X509Certificate(ca!).raw);
        assert.equal(msp.judge(peer!).invalidBecause, undefined);
        const key = new X509Certificate(ca!).publicKey;
        const der = new X509Certificate(peer!).raw;
        for (let at = 4; at < der.length; at += 3) {
          const altered = der.map((byte, place) => (place === at ? byte ^ (1 << (at % 8)) : byte));
          const opinions = [
            () => new X509Certificate(altered).verify(key),
            () => isIssuedBy(readCertificate(pemOf(altered)), readCertificate(ca!)),
          ];
          const [theirs, mine] = opinions.map((opinion) => {
            try {
              return opinion();
            } catch {
              return false;
            }
          });
          assert.equal(mine, false, `byte ${at}`);
          assert.equal(theirs, false, `byte ${at}`);
        }
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
