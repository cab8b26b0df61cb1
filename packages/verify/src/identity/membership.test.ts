// Identities are the ones that Fabric has, whatever form their holders write their certificates and signatures in.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { before, describe, it } from 'node:test';
import { highS, lowS } from '../testing/signature-forms.ts';
import { mspConfig } from '../testing/synthetic-channel.ts';
import { Authority, type Signer } from '../testing/test-authority.ts';
import { concatBytes } from '../wire/bytes.ts';
import { childrenOf, DER, readDer } from '../wire/der-reader.ts';
import { derElement } from '../wire/der-writer.ts';
import { Membership } from './membership.ts';
import { Msp } from './msp.ts';

const DATA = Uint8Array.of(1, 2, 3);

const pemOf = (der: Uint8Array): Uint8Array =>
  Buffer.from(
    `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString('base64')}\n-----END CERTIFICATE-----\n`,
  );

describe('the members of an organisation', () => {
  let authority: Authority;
  let membership: Membership;
  let signer: Signer;
  let der: Uint8Array;

  before(async () => {
    authority = await Authority.create('AMSP');
    membership = new Membership([new Msp(mspConfig(authority))]);
    signer = await authority.issue('peer');
    der = new X509Certificate(signer.pem).raw;
  });

  /** The certificate with another signature of its authority, or another form of it. */
  function reissued(
    change: (signature: Uint8Array) => Uint8Array,
    { unused = 0, of = der }: { readonly unused?: number; readonly of?: Uint8Array } = {},
  ): Uint8Array {
    const [signed, algorithm, bits] = childrenOf(readDer(of));
    const contents = concatBytes([Uint8Array.of(unused), change(bits!.contents.subarray(1))]);
    const parts = [signed!.raw, algorithm!.raw, derElement(DER.bitString, contents)];
    return derElement(DER.sequence, concatBytes(parts));
  }

  const signersOf = (...ders: readonly Uint8Array[]) =>
    membership.signersOf(
      ders.map((one) => ({
        identity: { mspId: 'AMSP', pem: pemOf(one) },
        data: DATA,
        signature: signer.sign(DATA),
      })),
    );
  const refusalOf = (certificate: Uint8Array, signature: Uint8Array) =>
    membership.refusalOf({ identity: { mspId: 'AMSP', pem: pemOf(certificate) }, data: DATA, signature });

  it('are kept judged, and what large texts of others were is not', () => {
    const own = { mspId: 'AMSP', pem: Buffer.from(signer.pem) };
    const judged = membership.judge(own);
    assert.equal(membership.judge(own), judged);
    // Any sender may write them, each once: 4,096 of the largest would fill the memory of whoever checks.
    for (let i = 0; i < 17; i++) {
      const pem = new Uint8Array(2 ** 20).fill(i);
      assert.throws(() => membership.judge({ mspId: 'AMSP', pem }), /not a certificate in PEM/);
    }
    assert.notEqual(membership.judge(own), judged);
    assert.equal(membership.judge(own).certificate.sha256, judged.certificate.sha256);
  });

  it('are one signer, whichever of the two signatures of their authority their certificate shows', () => {
    const [low, high] = [reissued(lowS), reissued((signature) => highS(lowS(signature)))];
    assert.notDeepEqual(low, high);
    assert.equal(signersOf(low, high).length, 1);
    assert.equal(signersOf(high)[0]!.certificate.sha256, signersOf(low)[0]!.certificate.sha256);
  });

  it('are not its authorities, whichever of the two signatures the certificate of one shows', () => {
    const root = new X509Certificate(authority.pem).raw;
    for (const form of [lowS, (signature: Uint8Array) => highS(lowS(signature))]) {
      assert.match(refusalOf(reissued(form, { of: root }), signer.sign(DATA))!, /of an authority/);
    }
  });

  it('are the administrators that are listed, whichever of the two signatures the list shows', () => {
    for (const listed of [lowS, (signature: Uint8Array) => highS(lowS(signature))]) {
      const config = mspConfig(authority, [], [pemOf(reissued(listed))]);
      const ofAdmins = new Membership([new Msp(config)]);
      for (const shown of [lowS, (signature: Uint8Array) => highS(lowS(signature))]) {
        const identity = ofAdmins.judge({ mspId: 'AMSP', pem: pemOf(reissued(shown)) });
        assert.ok(ofAdmins.isAdmin(identity));
      }
    }
  });

  it('are accepted where the bits of that signature are shifted, as peers accept them', () => {
    // The first byte is 0x30: its first two bits are zero.
    const shifted = (signature: Uint8Array) =>
      signature.map((byte, i) => (byte << 1) | ((signature[i + 1] ?? 0) >> 7));
    assert.equal(refusalOf(reissued(shifted, { unused: 1 }), signer.sign(DATA)), undefined);
    assert.match(
      refusalOf(
        reissued((signature) => signature, { unused: 8 }),
        signer.sign(DATA),
      )!,
      /not/,
    );
    assert.match(
      refusalOf(
        reissued(() => new Uint8Array(), { unused: 1 }),
        signer.sign(DATA),
      )!,
      /not/,
    );
  });

  it('are refused where a length of their certificate is written longer than it must be', () => {
    const { contents } = readDer(der);
    assert.equal(der[1], 0x82);
    const longer = concatBytes([Uint8Array.of(0x30, 0x83, 0), der.subarray(2, 4), contents]);
    assert.match(refusalOf(longer, signer.sign(DATA))!, /a longer length/);
    assert.equal(signersOf(der, longer).length, 1);
  });

  it('sign with whatever follows r and s, which peers pass over, and with no other s', () => {
    const signature = signer.sign(DATA);
    const { contents } = readDer(signature);
    const odd = [
      concatBytes([signature, Uint8Array.of(0)]),
      concatBytes([signature, signature]),
      derElement(DER.sequence, concatBytes([contents, Uint8Array.of(5, 0)])),
      derElement(DER.sequence, concatBytes([contents, Uint8Array.of(255)])),
    ];
    for (const one of [signature, ...odd]) assert.equal(refusalOf(der, one), undefined);
    const [r, s] = childrenOf(readDer(signature));
    for (const one of [
      highS(signature),
      signature.subarray(0, -1),
      derElement(DER.sequence, r!.raw),
      derElement(
        DER.sequence,
        concatBytes([r!.raw, Uint8Array.of(2, s!.contents.length + 1, 0), s!.contents]),
      ),
      derElement(DER.sequence, concatBytes([r!.raw, Uint8Array.of(2, 1, 0)])),
      derElement(DER.sequence, concatBytes([derElement(DER.integer, new Uint8Array(60).fill(1)), s!.raw])),
      concatBytes([Uint8Array.of(0x30, 0x81), signature.subarray(1)]),
      new Uint8Array(),
    ]) {
      assert.match(refusalOf(der, one)!, /does not hold/, Buffer.from(one).toString('hex'));
    }
  });
});
