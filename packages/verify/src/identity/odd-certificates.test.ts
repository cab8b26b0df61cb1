// Certificates as no authority writes them but one that wants to, read as Go reads them: peers judge by what Go reads.
// Each was held to crypto/x509 of Go 1.26.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { before, describe, it } from 'node:test';
import { Authority } from '../testing/test-authority.ts';
import { concatBytes, hexBytes, utf8Bytes } from '../wire/bytes.ts';
import { childrenOf, DER, readDer } from '../wire/der-reader.ts';
import { derElement } from '../wire/der-writer.ts';
import { UnreadableError } from '../wire/protobuf-reader.ts';
import { type Certificate, readCertificate } from './certificate.ts';

/** Places of the fields in what is signed. */
const PLACES = { version: 0, serial: 1, validity: 4, subject: 5, extensions: 7 } as const;
type Field = keyof typeof PLACES;

const sequence = (...parts: readonly Uint8Array[]) => derElement(DER.sequence, concatBytes(parts));
const text = (tag: number, said: string) => derElement(tag, utf8Bytes(said));
const unit = (value: Uint8Array) =>
  sequence(derElement(DER.set, sequence(derElement(DER.oid, hexBytes('55040b')), value)));
const extension = (oid: string, ...rest: readonly Uint8Array[]) =>
  sequence(derElement(DER.oid, hexBytes(oid)), ...rest);
const extensions = (...all: readonly Uint8Array[]) => derElement(0xa3, sequence(...all));
const octets = (digits: string) => derElement(DER.octetString, hexBytes(digits));
const CRITICAL = hexBytes('0101ff');

describe('a certificate that an authority writes oddly', () => {
  let der: Uint8Array;

  before(async () => {
    const signer = await (await Authority.create('AMSP')).issue('peer');
    der = new X509Certificate(signer.pem).raw;
  });

  function read(changes: Partial<Readonly<Record<Field, Uint8Array>>>): Certificate | undefined {
    const [signed, ...rest] = childrenOf(readDer(der));
    const fields = childrenOf(signed!).map(({ raw }) => raw);
    for (const [field, bytes] of Object.entries(changes)) fields[PLACES[field as Field]] = bytes;
    const odd = sequence(sequence(...fields), ...rest.map(({ raw }) => raw));
    const pem = `-----BEGIN CERTIFICATE-----\n${Buffer.from(odd).toString('base64')}\n-----END CERTIFICATE-----\n`;
    try {
      return readCertificate(Buffer.from(pem));
    } catch (error) {
      assert.ok(error instanceof UnreadableError, `${error}`);
      return undefined;
    }
  }

  it('is of the unit that its alphabet says, and none where the alphabet has no such letter', () => {
    const unitOf = (value: Uint8Array) => read({ subject: unit(value) })?.organizationalUnits[0];
    assert.equal(unitOf(text(12, 'päär')), 'päär');
    assert.equal(unitOf(text(19, 'peer')), 'peer');
    assert.equal(unitOf(text(22, 'pe@r')), 'pe@r');
    assert.equal(unitOf(derElement(20, Uint8Array.of(0x70, 0xe9))), 'pé');
    assert.equal(unitOf(derElement(30, hexBytes('0070006500650072'))), 'peer');
    assert.equal(unitOf(derElement(30, hexBytes('00700065006500720000'))), 'peer');
    for (const none of [
      text(19, 'pe@r'),
      text(22, 'é'),
      text(18, 'peer'),
      text(28, 'peer'),
      derElement(12, Uint8Array.of(0xc3, 0x28)),
      derElement(12, hexBytes('eda080')),
      derElement(30, hexBytes('007000')),
      derElement(30, hexBytes('d83dde00')),
    ]) {
      assert.equal(unitOf(none), undefined, Buffer.from(none).toString('hex'));
    }
  });

  it('is valid from a time in any zone and without seconds, and from none that no calendar has', () => {
    const from = (tag: number, said: string) =>
      read({ validity: sequence(text(tag, said), text(24, '20990101000000Z')) })?.validFromDate.toISOString();
    assert.equal(from(23, '240229123456Z'), '2024-02-29T12:34:56.000Z');
    assert.equal(from(23, '500101000000Z'), '1950-01-01T00:00:00.000Z');
    assert.equal(from(23, '2401010000Z'), '2024-01-01T00:00:00.000Z');
    assert.equal(from(23, '240101000000+0100'), '2023-12-31T23:00:00.000Z');
    assert.equal(from(24, '20240101000000-0030'), '2024-01-01T00:30:00.000Z');
    assert.equal(from(24, '00500101000000Z'), '0050-01-01T00:00:00.000Z');
    for (const none of [
      '240230000000Z',
      '230229000000Z',
      '240101240000Z',
      '240101236000Z',
      '240101235960Z',
    ]) {
      assert.equal(from(23, none), undefined, none);
      assert.equal(from(24, `20${none}`), undefined, none);
    }
    for (const none of ['240101000000+0000', '240101000000', '240001000000Z', '240101000000+0160']) {
      assert.equal(from(23, none), undefined, none);
    }
    assert.equal(from(24, '202401010000Z'), undefined);
    assert.equal(from(24, '20240101000000.5Z'), undefined);
  });

  it('has extensions of its third version alone, each once and of its form', () => {
    const key = extension('551d0e', octets('04020102'));
    const isRead = (...all: readonly Uint8Array[]) => read({ extensions: extensions(...all) }) !== undefined;
    assert.deepEqual(read({ extensions: extensions(key) })?.subjectKeyId, Uint8Array.of(1, 2));
    const old = read({ version: hexBytes('a003020101'), extensions: extensions(key) });
    assert.deepEqual([old !== undefined, old?.subjectKeyId], [true, undefined]);
    for (const version of ['a003020103', 'a00402020002', 'a0030201ff']) {
      assert.equal(read({ version: hexBytes(version) }), undefined, version);
    }
    assert.ok(isRead(extension('2a03', octets('00'))));
    assert.ok(!isRead(key, key), 'twice');
    assert.ok(!isRead(extension('2a03', CRITICAL, octets('00'))), 'critical, and not known to peers');
    assert.ok(!isRead(extension('2a03', hexBytes('010101'), octets('00'))), 'no boolean');
    assert.ok(!isRead(extension('2a03', text(12, 'x'))), 'no octets');
    assert.ok(!isRead(extension('2a80', octets('00'))), 'no name');
    assert.ok(!isRead(extension('551d0e', octets('0c0178'))), 'no identifier of a key');
    assert.ok(!isRead(extension('551d23', octets('0500'))), 'no identifier of an authority');
    assert.ok(!isRead(extension('551d0f', octets('03020901'))), 'no usages');
  });

  it('says that it is an authority also where its key may issue nothing', () => {
    const usage = (bits: string) => extension('551d0f', CRITICAL, octets(`030200${bits}`));
    const constraints = (value: string) => extension('551d13', CRITICAL, octets(value));
    const judged = (...all: readonly Uint8Array[]) => {
      const found = read({ extensions: extensions(...all) });
      return found && [found.saysAuthority, found.isAuthority];
    };
    assert.deepEqual(judged(constraints('30030101ff'), usage('80')), [true, false]);
    assert.deepEqual(judged(constraints('30030101ff'), usage('04')), [true, true]);
    assert.deepEqual(judged(constraints('30030101ff')), [true, true]);
    assert.deepEqual(judged(constraints('3000'), usage('04')), [false, false]);
    assert.equal(judged(constraints('3003010101')), undefined);
  });

  it('has a number that is not below zero and as short as can be', () => {
    assert.equal(read({ serial: hexBytes('02020080') })?.serial, '80');
    assert.equal(read({ serial: hexBytes('020100') })?.serial, '00');
    for (const none of ['0200', '020180', '02020001']) {
      assert.equal(read({ serial: hexBytes(none) }), undefined, none);
    }
  });
});
