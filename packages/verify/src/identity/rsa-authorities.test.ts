// Authorities with keys of RSA: Fabric takes the identities that they issue, and no signature of theirs for anything
// else. Each was held to Fabric's own MSP (3.1.5, of Go 1.26).
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { type KeyObject, sign, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, it, type TestContext } from 'node:test';
import fabricProtos from '@hyperledger/fabric-protos';
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
import { isIssuedBy, knownIssuance, readCertificate } from './certificate.ts';
import { Membership } from './membership.ts';
import { Msp } from './msp.ts';

const { msp: protos } = fabricProtos;

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

  /** What a modulus is made of tells nobody: peers take any number for one. */
  function authorityWith(modulus: Uint8Array, name = ROOT): Uint8Array {
    const number = (bytes: Uint8Array) => derElement(DER.integer, concatBytes([Uint8Array.of(0), bytes]));
    const numbers = sequence(number(modulus), derElement(DER.integer, hexBytes('7fffffff')));
    const key = derElement(DER.bitString, concatBytes([Uint8Array.of(0), numbers]));
    const algorithm = sequence(oid('2a864886f70d010101'), hexBytes('0500'));
    return makeCertificate({
      ...{ issuer: name, subject: name, publicKey: root.publicKey, signer: root.privateKey },
      ...{ algorithm: ALGORITHMS.pkcs1[0]!, extensions: ofAuthority(KEY_ID) },
      change: (fields) => fields.splice(6, 1, sequence(algorithm, key)),
    });
  }

  it('that is too large to check anything by has no identities, and stops nobody', () => {
    const rootWith = (modulusBytes: number) => authorityWith(new Uint8Array(modulusBytes).fill(0xff));
    assert.equal(mspOf(rootWith(1024)).unjudgedBecause, undefined);
    for (const bytes of [1025, 2 ** 20]) {
      const msp = mspOf(rootWith(bytes));
      assert.equal(msp.unjudgedBecause, 'its key of RSA has more than 8192 bits');
      assert.match(refusalOf(msp, issuedBy(root.privateKey, ALGORITHMS.pkcs1[0]!))!, /cannot be judged/);
    }
  });

  describe('of which an organisation names many', () => {
    const [NAMED_MAX, OF_NAME_MAX] = [100, 8];
    /** Keys of their own, which nobody has. */
    const many = (count: number, nameAt: (i: number) => Uint8Array) =>
      Array.from({ length: count }, (_, i) =>
        pemOf(authorityWith(new Uint8Array(256).fill(0xff, 0, 255).fill(2 * i + 1, 255), nameAt(i))),
      );
    const configOf = (intermediates: readonly Uint8Array[]): Uint8Array => {
      const config = new protos.FabricMSPConfig();
      config.setName('AMSP');
      config.setRootCertsList([pemOf(rootOf(root, ALGORITHMS.pkcs1[0]!))]);
      config.setIntermediateCertsList([...intermediates]);
      const wrapped = new protos.MSPConfig();
      wrapped.setConfig(config.serializeBinary());
      return wrapped.serializeBinary();
    };
    /** How many signatures of authorities were checked meanwhile. */
    const checksOf = (work: () => void): number => {
      const before = knownIssuance.checks;
      work();
      return knownIssuance.checks - before;
    };

    it('costs no check twice, in whatever configuration it is named again', () => {
      const config = configOf(many(OF_NAME_MAX - 1, () => ROOT));
      let msp: Msp | undefined;
      const first = checksOf(() => {
        msp = new Msp(config);
      });
      assert.equal(msp?.unjudgedBecause, undefined);
      assert.ok(first >= OF_NAME_MAX && first <= OF_NAME_MAX ** 2, `${first} checks`);
      assert.equal(
        checksOf(() => new Msp(config)),
        0,
      );
      const ofIdentity = checksOf(() => {
        const der = issuedBy(root.privateKey, ALGORITHMS.pkcs1[0]!);
        assert.match(refusalOf(msp!, der)!, /its authority issues authorities only/);
      });
      assert.ok(ofIdentity >= 1 && ofIdentity <= OF_NAME_MAX, `${ofIdentity} checks`);
    });

    it('costs one check each where their names differ', () => {
      const config = configOf(many(NAMED_MAX - 1, (i) => nameOf(`ca${i}`)));
      const checks = checksOf(() => assert.equal(new Msp(config).unjudgedBecause, undefined));
      assert.ok(checks >= NAMED_MAX - 1 && checks <= 2 * NAMED_MAX, `${checks} checks`);
    });

    it('has no identities where so many have one name that to try each for each takes a minute', () => {
      for (const count of [OF_NAME_MAX, NAMED_MAX - 1]) {
        let msp: Msp | undefined;
        const checks = checksOf(() => {
          msp = new Msp(configOf(many(count, () => ROOT)));
        });
        assert.match(msp!.unjudgedBecause!, /more than 8 authorities of one name with keys of RSA/);
        assert.equal(checks, 0);
        assert.match(refusalOf(msp!, issuedBy(root.privateKey, ALGORITHMS.pkcs1[0]!))!, /cannot be judged/);
      }
    });
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
