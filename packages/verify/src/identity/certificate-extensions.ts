// What a certificate's extensions say, each read as Go reads it: peers refuse a certificate with one that Go cannot
// read, whatever it is about, and judge whole chains by them.
import { latin1Text } from '../wire/bytes.ts';
import { DerCursor } from '../wire/der-cursor.ts';
import { bitsOf, DER, type DerElement, integerOf, oidOf } from '../wire/der-reader.ts';
import { UnreadableError } from '../wire/protobuf-reader.ts';

/** 1.2.3.4.5.6.7.8.1, the name of the extension of Fabric CA. */
const ATTRIBUTES = '2a03040506070801';
/** Usages of a key: issuing is the sixth. */
const ISSUES = 0x04;
const USAGES = 9;
const ANY_USE = '551d2500';
const SERVER_USE = '2b06010505070301';
const INTEGER_BYTES_MAX = 8;
/** Names that a certificate may have: an address of mail, a host, a URI, an address of IP. */
const NAMES = { mail: 0x81, host: 0x82, uri: 0x86, ip: 0x87 } as const;

/** What counts of them for an MSP. */
export interface ExtensionFacts {
  /** Whether it says that its holder is an authority, whatever its key may be used for. */
  readonly saysAuthority: boolean;
  /** Whether its holder may issue certificates. */
  readonly isAuthority: boolean;
  /** How many authorities may be between it and a holder. */
  readonly pathLengthMax: number;
  /** Whether Fabric takes it for its use: that of servers, which is what Go asks for where nobody says. */
  readonly isForServers: boolean;
  readonly subjectKeyId: Uint8Array | undefined;
  /** Of the authority, as the certificate names it. */
  readonly authorityKeyId: Uint8Array | undefined;
  /** What names hosts and the like beside its subject, in DER. */
  readonly otherNames: Uint8Array | undefined;
  /** Whether it says which names its holder may certify. */
  readonly hasNameConstraints: boolean;
  /** What Fabric CA writes. */
  readonly attributes: Uint8Array | undefined;
}

interface Extension {
  readonly isCritical: boolean;
  readonly value: Uint8Array;
}

/** Reads one, and says whether Go does not know what is in it. @throws UnreadableError where Go refuses it */
type Reader = (value: DerCursor, extension: Extension) => boolean | undefined;

/** By the names of the extensions, in hexadecimal. */
const READERS: Readonly<Record<string, Reader>> = {
  '551d0e': notCritical((value) => void value.one(DER.octetString)),
  '551d0f': (value) => void bitsOf(value.one(DER.bitString)),
  '551d11': readOtherNames,
  '551d13': (value) => void constraintsIn(value),
  '551d1e': readNameConstraints,
  '551d1f': readDistributionPoints,
  '551d20': readPolicies,
  '551d21': (value) => {
    for (const one of value.inside(DER.sequence).rest(DER.sequence)) {
      const mapping = new DerCursor(one.contents);
      mapping.one(DER.oid);
      mapping.one(DER.oid);
    }
  },
  '551d23': notCritical((value) => void authorityKeyIn(value)),
  '551d24': (value) => {
    const all = value.inside(DER.sequence);
    for (const tag of [0x80, 0x81]) {
      const number = all.optional(tag);
      if (number !== undefined) shortInteger({ ...number, tag: DER.integer });
    }
  },
  '551d25': (value) => void usesIn(value),
  '551d36': (value) => void shortInteger(value.any()),
  '2b06010505070101': notCritical((value) => {
    for (const one of value.inside(DER.sequence).rest(DER.sequence)) {
      const place = new DerCursor(one.contents);
      place.oid();
      if (place.tag === NAMES.uri) place.any();
    }
  }),
};

/** @param list the sequence of extensions; undefined where there is none. @throws UnreadableError */
export function readExtensions(list: DerCursor | undefined): ExtensionFacts {
  const found = new Map<string, Extension>();
  for (const one of list?.rest(DER.sequence) ?? []) {
    const parts = new DerCursor(one.contents);
    const oid = parts.oid();
    const mark = parts.optional(DER.boolean);
    const isCritical = mark !== undefined && booleanOf(mark);
    if (found.has(oid)) throw unreadable();
    found.set(oid, { isCritical, value: parts.one(DER.octetString).contents });
  }
  for (const [oid, extension] of found) {
    const reader = Object.hasOwn(READERS, oid) ? READERS[oid] : undefined;
    const isUnknown = reader === undefined || reader(new DerCursor(extension.value), extension);
    // What is critical and not known to Go is accepted by no peer.
    if (isUnknown === true && extension.isCritical) throw unreadable();
  }
  const cursorOf = (oid: string): DerCursor | undefined => {
    const extension = found.get(oid);
    return extension && new DerCursor(extension.value);
  };
  const constraints = cursorOf('551d13');
  const { saysAuthority, pathLengthMax } = constraints ? constraintsIn(constraints) : NO_AUTHORITY;
  const usage = cursorOf('551d0f');
  return {
    saysAuthority,
    isAuthority: saysAuthority && (usage === undefined || mayIssue(usage.one(DER.bitString))),
    pathLengthMax,
    isForServers: isForServers(cursorOf('551d25')),
    subjectKeyId: cursorOf('551d0e')?.one(DER.octetString).contents,
    authorityKeyId: authorityKeyIn(cursorOf('551d23')),
    otherNames: found.get('551d11')?.value,
    hasNameConstraints: found.has('551d1e'),
    attributes: found.get(ATTRIBUTES)?.value,
  };
}

const unreadable = (): UnreadableError => new UnreadableError('not a readable certificate');
const NO_AUTHORITY = { saysAuthority: false, pathLengthMax: Number.POSITIVE_INFINITY };

function notCritical(reader: Reader): Reader {
  return (value, extension) => {
    if (extension.isCritical) throw unreadable();
    return reader(value, extension);
  };
}

function booleanOf({ contents }: DerElement): boolean {
  const [value] = contents;
  if (contents.length !== 1 || (value !== 0 && value !== 0xff)) throw unreadable();
  return value === 0xff;
}

const authorityKeyIn = (value: DerCursor | undefined): Uint8Array | undefined =>
  value?.inside(DER.sequence).optional(0x80)?.contents;

function shortInteger(element: DerElement): Uint8Array {
  const bytes = integerOf(element);
  if (bytes.length > INTEGER_BYTES_MAX) throw unreadable();
  return bytes;
}

function constraintsIn(value: DerCursor): Pick<ExtensionFacts, 'saysAuthority' | 'pathLengthMax'> {
  const parts = value.inside(DER.sequence);
  const says = parts.optional(DER.boolean);
  const saysAuthority = says !== undefined && booleanOf(says);
  const length = parts.optional(DER.integer);
  if (length === undefined) return { ...NO_AUTHORITY, saysAuthority };
  const bytes = shortInteger(length);
  if (bytes[0]! >= 0x80) throw unreadable();
  return { saysAuthority, pathLengthMax: bytes.reduce((number, byte) => number * 256 + byte, 0) };
}

/** Where it names no usage at all, all are its own. */
function mayIssue(bits: DerElement): boolean {
  const [first = 0, second = 0] = bits.contents.subarray(1);
  // Nine usages, the first one highest: a bit that is not of the string is zero.
  const isAny = first !== 0 || (second & (0x100 - (1 << (16 - USAGES)))) !== 0;
  return !isAny || (first & ISSUES) !== 0;
}

function usesIn(value: DerCursor): string[] {
  return [...value.inside(DER.sequence).rest()].map(oidOf);
}

function isForServers(value: DerCursor | undefined): boolean {
  const uses = value === undefined ? [] : usesIn(value);
  return uses.length === 0 || uses.some((use) => use === ANY_USE || use === SERVER_USE);
}

/** Whether none of them is of a kind that Go knows. */
function readOtherNames(value: DerCursor): boolean {
  let known = 0;
  for (const { tag, contents } of value.inside(DER.sequence).rest()) {
    if (tag === NAMES.ip) {
      if (contents.length !== 4 && contents.length !== 16) throw unreadable();
    } else if (tag === NAMES.mail || tag === NAMES.host || tag === NAMES.uri) ascii(contents);
    else continue;
    known += 1;
  }
  return known === 0;
}

function ascii(bytes: Uint8Array): string {
  if (bytes.some((byte) => byte >= 0x80)) throw unreadable();
  return latin1Text(bytes);
}

/** Whether one of them is of a kind that Go does not know. */
function readNameConstraints(value: DerCursor): boolean {
  const parts = value.inside(DER.sequence);
  const all = [0xa0, 0xa1].flatMap((tag) => parts.optional(tag) ?? []);
  if (!value.isAtEnd || !parts.isAtEnd || all.every(({ contents }) => contents.length === 0)) {
    throw unreadable();
  }
  let isUnknown = false;
  for (const { contents } of all) {
    for (const subtree of new DerCursor(contents).rest(DER.sequence)) {
      const { tag, contents: base } = new DerCursor(subtree.contents).any();
      if (tag === NAMES.ip) {
        if (base.length !== 8 && base.length !== 32) throw unreadable();
        if (!isMask(base.subarray(base.length / 2))) throw unreadable();
      } else if (tag === NAMES.mail || tag === NAMES.host || tag === NAMES.uri) ascii(base);
      else isUnknown = true;
    }
  }
  return isUnknown;
}

/** Ones, and then zeros alone. */
const isMask = (bytes: Uint8Array): boolean =>
  /^1*0*$/.test([...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join(''));

function readDistributionPoints(value: DerCursor): undefined {
  for (const one of value.inside(DER.sequence).rest(DER.sequence)) {
    const name = new DerCursor(one.contents).optional(0xa0);
    if (name === undefined) continue;
    const full = new DerCursor(name.contents).inside(0xa0);
    while (full.tag === NAMES.uri) full.any();
  }
}

function readPolicies(value: DerCursor): undefined {
  const names = new Set<string>();
  for (const one of value.inside(DER.sequence).rest(DER.sequence)) {
    const { contents } = new DerCursor(one.contents).one(DER.oid);
    const name = latin1Text(contents);
    // Numbers in it may be of any size, each in its shortest form.
    const isShortest = contents.every((byte, i) => byte !== 0x80 || (contents[i - 1] ?? 0) >= 0x80);
    if (names.has(name) || (contents.at(-1) ?? 0x80) >= 0x80 || !isShortest) throw unreadable();
    names.add(name);
  }
}
