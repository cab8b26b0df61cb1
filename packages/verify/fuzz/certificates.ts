// Certificates and revocation lists with changed bytes, some of them signed once more by their authority: each is read
// or refused by name, what OpenSSL reads too means the same to both, and none counts as issued that OpenSSL finds is
// not. Members write these bytes, and could else stop every verifier.
import { X509Certificate } from 'node:crypto';
import { Finding, type FuzzTarget, fuzzProgram, mutateBytes, type Random } from '@consilium/fuzz-loop';
import { type Certificate, isIssuedBy, readCertificate } from '../src/identity/certificate.ts';
import { readRevocationList } from '../src/identity/revocation-list.ts';
import {
  ALGORITHMS,
  type Algorithm,
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
  signedBy,
} from '../src/testing/made-certificate.ts';
import { hexBytes, utf8Bytes } from '../src/wire/bytes.ts';
import { childrenOf, DER, readDer } from '../src/wire/der-reader.ts';
import { derElement } from '../src/wire/der-writer.ts';
import { UnreadableError } from '../src/wire/protobuf-reader.ts';

const ROOT = nameOf('ca.AMSP');
const KEY_ID = '0102';

interface MadeAuthority {
  readonly key: SigningKey;
  readonly algorithm: Algorithm;
  readonly certificate: Certificate;
  readonly x509: X509Certificate;
  /** In DER: its own certificate, and those that it issued. */
  readonly certificates: readonly Uint8Array[];
  readonly list: Uint8Array;
}

function madeBy(key: SigningKey, algorithm: Algorithm): MadeAuthority {
  const signing = { issuer: ROOT, signer: key.privateKey, algorithm };
  const root = makeCertificate({
    ...{ ...signing, subject: ROOT, publicKey: key.publicKey, extensions: ofAuthority(KEY_ID, 1) },
  });
  const host = derElement(0x82, utf8Bytes('peer.example.org'));
  const all = [
    extensionOf('551d0f', hexBytes('03020780'), true),
    extensionOf('551d11', sequence(host)),
    extensionOf('551d23', sequence(derElement(0x80, hexBytes(KEY_ID)))),
    extensionOf('551d25', sequence(oid('2b06010505070301'))),
    extensionOf('2a03040506070801', utf8Bytes('{"attrs":{"consilium.role":"steward"}}')),
  ];
  const leaves = Object.values(KEYS).map((make) =>
    makeCertificate({
      ...{ ...signing, subject: nameOf('someone', ['peer', 'other']), publicKey: make().publicKey },
      extensions: all,
    }),
  );
  const list = makeRevocationList({ ...signing, keyId: KEY_ID, serials: [7, 2 ** 40] });
  const certificate = readCertificate(pemOf(root));
  return {
    key,
    algorithm,
    certificate,
    x509: new X509Certificate(root),
    certificates: [root, ...leaves],
    list,
  };
}

/** Certificates and lists, which only their readers see. */
export const CERTIFICATES: FuzzTarget = {
  name: 'certificates',
  async open() {
    const [ec, rsa] = [KEYS.ec(), KEYS.rsa()];
    const authorities = [
      madeBy(ec, ALGORITHMS.ec[0]!),
      madeBy(rsa, ALGORITHMS.pkcs1[1]!),
      madeBy(rsa, ALGORITHMS.pss[0]!),
      madeBy(KEYS.ed25519(), ALGORITHMS.ed25519),
    ];
    return {
      async run(random) {
        const authority = random.pick(authorities);
        if (random.chance(0.2)) return runList(random, authority);
        const before = random.pick(authority.certificates);
        const der = random.chance(0.5)
          ? mutateBytes(random, before, random.pick(authority.certificates))
          : signedAgain(random, before, authority);
        return judge(der, authority);
      },
    };
  },
};

/** With other bytes in what the authority signs, in one of its fields or around them. */
function signedAgain(random: Random, before: Uint8Array, { key, algorithm }: MadeAuthority): Uint8Array {
  const [signed] = childrenOf(readDer(before));
  const fields = childrenOf(signed!);
  const at = random.below(fields.length);
  const { tag, contents, raw } = fields[at]!;
  const changed = random.chance(0.5)
    ? mutateBytes(random, raw)
    : derElement(tag, mutateBytes(random, contents));
  const parts = fields.map((field, i) => (i === at ? changed : field.raw));
  const more = random.chance(0.2) ? [random.bytes(1 + random.below(4))] : [];
  return signedBy(sequence(...parts, ...more), { algorithm, signer: key.privateKey });
}

function judge(der: Uint8Array, authority: MadeAuthority): string {
  const mine = readOr(der, () => readCertificate(pemOf(der)));
  const openssl = opensslOf(der);
  if (mine === undefined) return openssl === undefined ? 'refused by both' : 'refused here';
  const isIssued = isIssuedBy(mine, authority.certificate);
  if (openssl === undefined) return isIssued ? 'issued, and not read by OpenSSL' : 'read here';
  const differs = (what: string, ours: unknown, theirs: unknown) => {
    if (ours !== theirs) throw new Finding(`${what}: ${ours} here, ${theirs} to OpenSSL`, der);
  };
  differs('digest', mine.sha256, openssl.fingerprint256.replaceAll(':', '').toLowerCase());
  differs('number', BigInt(`0x${mine.serial}`), BigInt(`0x${openssl.serialNumber}`));
  differs('begins', mine.validFromDate.getTime(), openssl.validFromDate.getTime());
  differs('ends', mine.validToDate.getTime(), openssl.validToDate.getTime());
  if (isIssued) differs('issued', true, openssl.verify(authority.x509.publicKey));
  return isIssued ? 'issued' : 'read by both';
}

function runList(random: Random, { list }: MadeAuthority): string {
  const der = mutateBytes(random, list);
  const isPem = random.chance(0.3);
  const read = readOr(der, () => readRevocationList(isPem ? pemOf(der, 'X509 CRL') : der));
  return read === undefined ? 'list refused' : 'list read';
}

function readOr<T>(der: Uint8Array, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof UnreadableError) return undefined;
    throw new Finding(`reading ends in ${String(error)}`, der, { cause: error });
  }
}

function opensslOf(der: Uint8Array): X509Certificate | undefined {
  try {
    const read = new X509Certificate(der);
    // Of bytes behind it OpenSSL says nothing.
    return read.publicKey && readDer(der).tag === DER.sequence ? read : undefined;
  } catch {
    return undefined;
  }
}

await fuzzProgram(import.meta.url, CERTIFICATES);
