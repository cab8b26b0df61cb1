// What is read of a certificate is held to what OpenSSL reads of it, also where a bit of it is another.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { before, describe, it } from 'node:test';
import { Authority } from '../testing/test-authority.ts';
import { UnreadableError } from '../wire/protobuf-reader.ts';
import { isIssuedBy, readCertificate } from './certificate.ts';

const pemOf = (der: Uint8Array): Buffer =>
  Buffer.from(
    `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString('base64')}\n-----END CERTIFICATE-----\n`,
  );

function read(der: Uint8Array) {
  try {
    return readCertificate(pemOf(der));
  } catch (error) {
    assert.ok(error instanceof UnreadableError, `${error}`);
    return undefined;
  }
}

function openSslOf(der: Uint8Array): X509Certificate | undefined {
  try {
    const x509 = new X509Certificate(der);
    return x509.publicKey && x509;
  } catch {
    return undefined;
  }
}

describe('a certificate', () => {
  let root: Authority;
  let other: Authority;
  let ders: readonly Uint8Array[];

  before(async () => {
    [root, other] = [await Authority.create('AlphaMSP'), await Authority.create('BetaMSP')];
    const signers = [await root.issue('peer'), await root.issue('client', { role: 'auditor' })];
    ders = [root, ...signers].map(({ pem }) => new X509Certificate(pem).raw);
  });

  it('is read as OpenSSL reads it', () => {
    for (const der of ders) {
      const [mine, openssl] = [read(der)!, openSslOf(der)!];
      assert.equal(mine.isAuthority, openssl.ca);
      assert.equal(mine.validFromDate.getTime(), openssl.validFromDate.getTime());
      assert.equal(mine.validToDate.getTime(), openssl.validToDate.getTime());
      assert.equal(mine.serial, openssl.serialNumber.toLowerCase());
      assert.equal(mine.publicKey.kind, openssl.publicKey.asymmetricKeyDetails?.namedCurve);
      assert.deepEqual(Buffer.from(mine.keyInfo), openssl.publicKey.export({ format: 'der', type: 'spki' }));
      assert.equal(mine.sha256, openssl.fingerprint256.replaceAll(':', '').toLowerCase());
    }
    assert.equal(read(ders[2]!)!.attributes['consilium.role'], 'auditor');
  });

  it('is issued by the authority whose name and key made it, and by no other', () => {
    const [authority, peer] = [read(ders[0]!)!, read(ders[1]!)!];
    assert.ok(isIssuedBy(peer, authority) && isIssuedBy(authority, authority));
    const stranger = readCertificate(Buffer.from(other.pem));
    assert.ok(
      !isIssuedBy(peer, stranger) && !isIssuedBy(authority, stranger) && !isIssuedBy(authority, peer),
    );
    // The name alone does not make it.
    assert.ok(!isIssuedBy({ ...peer, issuer: stranger.subject }, stranger));
  });

  it('with another bit is none, or is issued by nobody, and is never more than what OpenSSL takes it for', () => {
    const authority = read(ders[0]!)!;
    for (const der of ders.slice(1)) {
      let readable = 0;
      for (let at = 0; at < der.length; at++) {
        const altered = Uint8Array.from(der, (byte, place) => (place === at ? byte ^ (1 << (at % 8)) : byte));
        const mine = read(altered);
        if (mine === undefined) continue;
        readable += 1;
        assert.ok(!isIssuedBy(mine, authority), `byte ${at}`);
        const openssl = openSslOf(altered);
        if (openssl === undefined) continue;
        assert.equal(mine.isAuthority, openssl.ca, `byte ${at}`);
        const curve = openssl.publicKey.asymmetricKeyDetails?.namedCurve;
        assert.equal(mine.publicKey.kind, curve, `byte ${at}`);
      }
      assert.ok(readable > 100, `${readable}`);
    }
  });

  it('is refused with bytes behind it, or cut off', () => {
    const [, der] = ders;
    assert.equal(read(Uint8Array.of(...der!, 0)), undefined);
    assert.equal(read(der!.subarray(0, -1)), undefined);
    assert.equal(read(new Uint8Array()), undefined);
  });
});
