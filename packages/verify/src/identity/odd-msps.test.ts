// Organisations defined as nobody's tools do it, and peers take them: one member alone defines its own, and must not
// stop those who check, nor be given more than peers give it. Each was held to Fabric's own MSP (3.1.5, of Go 1.26).
import assert from 'node:assert/strict';
import { sign } from 'node:crypto';
import { before, describe, it } from 'node:test';
import fabricProtos from '@hyperledger/fabric-protos';
import { satisfies } from '../policy/signature-policy.ts';
import {
  ALGORITHMS,
  extensionOf,
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
import { highS, lowS, withByteAfterS } from '../testing/signature-forms.ts';
import { concatBytes, hexBytes, utf8Bytes } from '../wire/bytes.ts';
import { childrenOf, DER, readDer } from '../wire/der-reader.ts';
import { derElement } from '../wire/der-writer.ts';
import { Membership } from './membership.ts';
import { Msp } from './msp.ts';

const { msp: protos } = fabricProtos;
type Config = InstanceType<typeof protos.FabricMSPConfig>;
type Fields = Parameters<typeof makeCertificate>[0];

const DATA = Uint8Array.of(1, 2, 3);
const ROOT = nameOf('ca.AMSP');
const KEY_ID = '0102';
const ALGORITHM = ALGORITHMS.ec[0]!;

describe('an organisation that is defined oddly', () => {
  let root: SigningKey;
  let inner: SigningKey;
  let holder: SigningKey;

  before(() => {
    [root, inner, holder] = [KEYS.ec(), KEYS.ec(), KEYS.ec()];
  });

  const rootCertificate = (fields: Partial<Fields> = {}) =>
    makeCertificate({
      ...{ issuer: ROOT, subject: ROOT, publicKey: root.publicKey, signer: root.privateKey },
      ...{ algorithm: ALGORITHM, extensions: ofAuthority(KEY_ID), ...fields },
    });
  const leaf = (units: readonly string[] = ['peer'], fields: Partial<Fields> = {}) =>
    makeCertificate({
      ...{ issuer: ROOT, subject: nameOf('someone', units), publicKey: holder.publicKey },
      ...{ signer: root.privateKey, algorithm: ALGORITHM, ...fields },
    });
  const unit = (name: string, certificate: Uint8Array = new Uint8Array()) => {
    const identifier = new protos.FabricOUIdentifier();
    identifier.setOrganizationalUnitIdentifier(name);
    identifier.setCertificate(certificate);
    return identifier;
  };

  /** With the usual root and roles, where nothing changes them. */
  function mspOf(change: (config: Config) => void = () => {}, type = 0): Msp {
    const config = new protos.FabricMSPConfig();
    config.setName('AMSP');
    config.setRootCertsList([pemOf(rootCertificate())]);
    const units = new protos.FabricNodeOUs();
    units.setEnable(true);
    units.setClientOuIdentifier(unit('client'));
    units.setPeerOuIdentifier(unit('peer'));
    units.setAdminOuIdentifier(unit('admin'));
    config.setFabricNodeOus(units);
    change(config);
    const wrapped = new protos.MSPConfig();
    wrapped.setType(type);
    wrapped.setConfig(config.serializeBinary());
    return new Msp(wrapped.serializeBinary());
  }
  const signedBy = (
    der: Uint8Array,
    signature: Uint8Array = lowS(sign('sha256', DATA, holder.privateKey)),
  ) => ({
    identity: { mspId: 'AMSP', pem: pemOf(der) },
    data: DATA,
    signature,
  });
  const refusalOf = (msp: Msp, ...one: Parameters<typeof signedBy>) =>
    new Membership([msp]).refusalOf(signedBy(...one));
  function rolesOf(msp: Msp, der: Uint8Array): string[] {
    const membership = new Membership([msp]);
    return (['member', 'admin', 'client', 'peer', 'orderer'] as const).filter((role) =>
      satisfies({ rule: { signedBy: 0 }, principals: [{ mspId: 'AMSP', role }] }, { membership }, [
        signedBy(der),
      ]),
    );
  }

  it('of anonymous credentials has identities of which nothing can be said, and stops nobody', () => {
    const msp = mspOf(() => {}, 1);
    assert.equal(msp.mspId, 'AMSP');
    assert.match(msp.unjudgedBecause!, /anonymous \(Idemix\)/);
    assert.match(refusalOf(msp, leaf())!, /identities of AMSP cannot be judged: they are anonymous/);
    const membership = new Membership([msp]);
    const signed = [signedBy(leaf())];
    assert.deepEqual(membership.signersOf(signed), []);
    const possible = membership.possibleSignersOf(signed);
    assert.deepEqual(
      possible.map(({ mspId }) => mspId),
      ['AMSP'],
    );
    // A transaction of thousands of rows, each with a rule of its own, asks so often.
    assert.equal(membership.possibleSignersOf(signed), possible);
    assert.throws(() => mspOf(() => {}, 2), /no kind that peers know/);
  });

  it('whose certificates or lists cannot be read has no identities either, and stops nobody', () => {
    const odd = Buffer.from('odd');
    for (const change of [
      (config: Config) => config.setRootCertsList([odd]),
      (config: Config) => config.setIntermediateCertsList([odd]),
      (config: Config) => config.setAdminsList([odd]),
      (config: Config) => config.setRevocationListList([odd]),
    ]) {
      const msp = mspOf(change);
      assert.match(msp.unjudgedBecause!, /not a /);
      assert.match(refusalOf(msp, leaf())!, /cannot be judged/);
    }
  });

  it('that names so many authorities that to try them all takes minutes has no identities, and stops nobody', () => {
    const authority = (name: Uint8Array) => pemOf(rootCertificate({ issuer: name, subject: name }));
    const many = (count: number) => Array.from({ length: count }, (_, i) => authority(nameOf(`ca${i}`)));
    assert.equal(mspOf((config) => config.setIntermediateCertsList(many(99))).unjudgedBecause, undefined);
    for (const change of [
      (config: Config) => config.setIntermediateCertsList(many(100)),
      (config: Config) => config.setRootCertsList(many(101)),
      (config: Config) => config.setAdminsList(many(100)),
      (config: Config) =>
        config.setOrganizationalUnitIdentifiersList(many(100).map((pem) => unit('peer', pem))),
    ]) {
      const msp = mspOf(change);
      assert.match(msp.unjudgedBecause!, /names more than 100 authorities, administrators and units/);
      assert.match(refusalOf(msp, leaf())!, /cannot be judged/);
    }
  });

  it('gives two roles by one unit, as peers do, and by two units none', () => {
    const same = mspOf((config) => config.getFabricNodeOus()!.setAdminOuIdentifier(unit('peer')));
    assert.deepEqual(rolesOf(same, leaf()), ['member', 'admin', 'peer']);
    assert.deepEqual(rolesOf(mspOf(), leaf()), ['member', 'peer']);
    assert.deepEqual(rolesOf(mspOf(), leaf(['peer', 'client'])), []);
    assert.deepEqual(rolesOf(mspOf(), leaf(['peer', 'peer'])), []);
    assert.deepEqual(rolesOf(mspOf(), leaf(['peer', 'elsewhere'])), ['member', 'peer']);
  });

  it('with roles in force and none named has members alone', () => {
    const msp = mspOf((config) => {
      const units = new protos.FabricNodeOUs();
      units.setEnable(true);
      config.setFabricNodeOus(units);
      config.setAdminsList([pemOf(leaf())]);
    });
    assert.deepEqual(rolesOf(msp, leaf(['client'])), ['member']);
    assert.deepEqual(rolesOf(msp, leaf([])), ['member']);
    assert.deepEqual(rolesOf(msp, leaf()).slice(0, 1), ['member']);
  });

  it('names the authority of a unit in either of its two forms', () => {
    const [signed, algorithm, bits] = childrenOf(readDer(rootCertificate()));
    const form = (change: (signature: Uint8Array) => Uint8Array) =>
      sequence(
        signed!.raw,
        algorithm!.raw,
        derElement(DER.bitString, concatBytes([Uint8Array.of(0), change(bits!.contents.subarray(1))])),
      );
    const [low, high] = [form(lowS), form((signature) => highS(lowS(signature)))];
    for (const [listed, named] of [
      [low, high],
      [high, low],
      [high, high],
    ] as const) {
      const msp = mspOf((config) => {
        config.setRootCertsList([pemOf(listed), pemOf(listed)]);
        config.getFabricNodeOus()!.setPeerOuIdentifier(unit('peer', pemOf(named)));
      });
      assert.deepEqual(rolesOf(msp, leaf()), ['member', 'peer']);
    }
    const other = makeCertificate({
      ...{ issuer: nameOf('o'), subject: nameOf('o'), publicKey: inner.publicKey, signer: inner.privateKey },
      ...{ algorithm: ALGORITHM, extensions: ofAuthority('03') },
    });
    const msp = mspOf((config) => {
      config.setRootCertsList([pemOf(low), pemOf(other)]);
      config.getFabricNodeOus()!.setPeerOuIdentifier(unit('peer', pemOf(other)));
    });
    assert.deepEqual(rolesOf(msp, leaf()), []);
  });

  it('keeps an administrator that it lists and has revoked, and no other identity', () => {
    const list = makeRevocationList({
      ...{ issuer: ROOT, keyId: KEY_ID, serials: [7], signer: root.privateKey, algorithm: ALGORITHM },
    });
    const admin = leaf(['client']);
    const listing = mspOf((config) => {
      config.setRevocationListList([list]);
      config.setAdminsList([pemOf(admin)]);
    });
    assert.match(refusalOf(listing, admin)!, /revoked/);
    assert.deepEqual(rolesOf(listing, admin), ['admin']);
    assert.deepEqual(rolesOf(listing, leaf(['admin'])), []);
    assert.deepEqual(
      rolesOf(
        mspOf((config) => config.setRevocationListList([list])),
        admin,
      ),
      [],
    );
  });

  it('signs over SHA-3 where it says so, and over nothing else', () => {
    const family = (name: string) =>
      mspOf((config) => {
        const digests = new protos.FabricCryptoConfig();
        digests.setSignatureHashFamily(name);
        config.setCryptoConfig(digests);
      });
    const over = (digest: string) => lowS(sign(digest, DATA, holder.privateKey));
    assert.equal(refusalOf(family('SHA3'), leaf(), over('sha3-256')), undefined);
    assert.match(refusalOf(family('SHA3'), leaf(), over('sha256'))!, /does not hold/);
    assert.match(refusalOf(family('SHA2'), leaf(), over('sha3-256'))!, /does not hold/);
    assert.match(refusalOf(family('SHA4'), leaf(), over('sha256'))!, /does not hold/);
  });

  it('takes keys of Ed25519 where the channel does', () => {
    const key = KEYS.ed25519();
    const der = leaf(['peer'], { publicKey: key.publicKey });
    const signature = new Uint8Array(sign(null, DATA, key.privateKey));
    assert.equal(refusalOf(mspOf(), der, signature), undefined);
    const config = new protos.FabricMSPConfig();
    config.setName('AMSP');
    config.setRootCertsList([pemOf(rootCertificate())]);
    const wrapped = new protos.MSPConfig();
    wrapped.setConfig(config.serializeBinary());
    const before = new Msp(wrapped.serializeBinary(), { takesEd25519: false });
    assert.match(refusalOf(before, der, signature)!, /a kind that signs nothing/);
  });

  it('issues within its own time, for servers, and with as many authorities between as it allows', () => {
    const uses = (...names: string[]) => extensionOf('551d25', sequence(...names.map(oid)));
    const [server, client, any] = ['2b06010505070301', '2b06010505070302', '551d2500'];
    const ofRoot = (fields: Partial<Fields>) =>
      mspOf((config) => config.setRootCertsList([pemOf(rootCertificate(fields))]));
    const takes = (msp: Msp, der: Uint8Array) => refusalOf(msp, der) === undefined;
    assert.ok(!takes(ofRoot({ from: '200101000002Z' }), leaf()), 'before its authority');
    assert.ok(takes(ofRoot({ from: '200101000001Z' }), leaf()));
    assert.ok(!takes(ofRoot({ to: '200101000000Z' }), leaf()), 'after its authority');
    assert.ok(takes(ofRoot({ to: '200101000001Z' }), leaf()), 'of that second it is');
    assert.ok(!takes(mspOf(), leaf(['peer'], { to: '200101000000Z' })), 'over before it begins');
    for (const [names, isTaken] of [
      [[server!], true],
      [[any!], true],
      [[client!, server!], true],
      [[client!], false],
      [['2a03'], false],
      [[], true],
    ] as const) {
      const extensions = [uses(...names)];
      assert.equal(takes(mspOf(), leaf(['peer'], { extensions })), isTaken, names.join());
      const above = ofRoot({ extensions: [...ofAuthority(KEY_ID), ...extensions] });
      assert.equal(takes(above, leaf()), isTaken, `above ${names.join()}`);
    }
    const middle = makeCertificate({
      ...{ issuer: ROOT, subject: nameOf('inner'), publicKey: inner.publicKey, signer: root.privateKey },
      ...{ algorithm: ALGORITHM, extensions: ofAuthority('05') },
    });
    const below = leaf(['peer'], { issuer: nameOf('inner'), signer: inner.privateKey });
    const between = (pathLength?: number) =>
      mspOf((config) => {
        config.setRootCertsList([pemOf(rootCertificate({ extensions: ofAuthority(KEY_ID, pathLength) }))]);
        config.setIntermediateCertsList([pemOf(middle)]);
      });
    assert.ok(takes(between(), below) && takes(between(1), below));
    assert.ok(!takes(between(0), below));
    assert.match(refusalOf(between(), leaf())!, /issues authorities only/);
  });

  it('issues nothing to whom several of its roots could have', () => {
    const renewed = rootCertificate({ serial: 8, extensions: ofAuthority('0909') });
    const msp = mspOf((config) => config.setRootCertsList([pemOf(rootCertificate()), pemOf(renewed)]));
    assert.match(refusalOf(msp, leaf())!, /or several/);
    const one = pemOf(rootCertificate());
    assert.equal(
      refusalOf(
        mspOf((config) => config.setRootCertsList([one, one])),
        leaf(),
      ),
      undefined,
    );
  });

  it('issues certificates with whatever follows their fields, which peers pass over', () => {
    const odd = (bytes: Uint8Array) => leaf(['peer'], { change: (fields) => void fields.push(bytes) });
    for (const bytes of [
      Uint8Array.of(0xff),
      Uint8Array.of(5, 0),
      Uint8Array.of(0x30, 0x80),
      utf8Bytes('more'),
    ]) {
      const der = withSignature(odd(bytes), lowS);
      assert.equal(refusalOf(mspOf(), der), undefined, Buffer.from(bytes).toString('hex'));
    }
    // Where Fabric has to write it again, it reads it with another reader.
    const high = (bytes: Uint8Array) => withSignature(odd(bytes), (one) => highS(lowS(one)));
    assert.equal(refusalOf(mspOf(), high(Uint8Array.of(5, 0))), undefined);
    assert.match(refusalOf(mspOf(), high(Uint8Array.of(0xff)))!, /not a readable certificate/);
  });

  it('revokes by a list with whatever follows r and s, and by SHA-1', () => {
    const plain = { issuer: ROOT, keyId: KEY_ID, serials: [7], signer: root.privateKey };
    for (const algorithm of [ALGORITHM, ALGORITHMS.ecSha1]) {
      const odd = {
        ...algorithm,
        sign: (...given: Parameters<typeof algorithm.sign>) => withByteAfterS(algorithm.sign(...given)),
      };
      for (const by of [algorithm, odd]) {
        const msp = mspOf((config) =>
          config.setRevocationListList([makeRevocationList({ ...plain, algorithm: by })]),
        );
        assert.match(refusalOf(msp, leaf()) ?? '', /revoked/, by.name);
      }
    }
    const stranger = makeRevocationList({ ...plain, signer: inner.privateKey, algorithm: ALGORITHM });
    assert.equal(
      refusalOf(
        mspOf((config) => config.setRevocationListList([stranger])),
        leaf(),
      ),
      undefined,
    );
  });

  it('has one form of what no digest covers, of P-224 too, whose signatures may be as long as those of Ed25519', () => {
    const key = KEYS.p224();
    const membership = new Membership([mspOf()]);
    const der = leaf(['peer'], { publicKey: key.publicKey });
    // As long as can be but for one byte, which anyone could put behind it, and with the smaller s.
    let signature = new Uint8Array();
    while (signature.length !== 63 || membership.refusalOf(signedBy(der, signature)) !== undefined) {
      signature = new Uint8Array(sign('sha256', DATA, key.privateKey));
    }
    const longer = Uint8Array.of(...signature, 0);
    assert.equal(membership.refusalOf(signedBy(der, longer)), undefined, 'peers take it');
    assert.equal(membership.refusalOfUncovered(signedBy(der, signature)), undefined);
    assert.match(membership.refusalOfUncovered(signedBy(der, longer))!, /not in the shortest form/);
  });

  it('issues by SHA-1 nothing', () => {
    assert.match(refusalOf(mspOf(), leaf(['peer'], { algorithm: ALGORITHMS.ecSha1 }))!, /no authority/);
  });
});

function withSignature(der: Uint8Array, change: (signature: Uint8Array) => Uint8Array): Uint8Array {
  const [signed, algorithm, bits] = childrenOf(readDer(der));
  const signature = concatBytes([hexBytes('00'), change(bits!.contents.subarray(1))]);
  return sequence(signed!.raw, algorithm!.raw, derElement(DER.bitString, signature));
}
