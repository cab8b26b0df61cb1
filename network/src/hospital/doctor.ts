// Looks for what keeps a hospital from working with the others, and says for each what to do. It changes nothing.
import { X509Certificate } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { existsSync, readdirSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { InputError } from '@consilium/command-line';
import { oneLine } from '@consilium/verify/channel';
import { findHospitalPrograms } from '../native/binaries.ts';
import { FabricCommands } from '../native/fabric-commands.ts';
import { fabricVersion } from '../native/fabric-version.ts';
import { type AgreedOrganisation, portsOf } from './agreed-consortium.ts';
import { chaincodeSha256 } from './code-digest.ts';
import { examineSecondPeer } from './examine-second-peer.ts';
import type { Finding, TlsProbe } from './finding.ts';
import type { Hospital } from './hospital-file.ts';
import { type HospitalLayout, ordererDirOf, organisationDirOf } from './hospital-layout.ts';
import { portsText, sharedPorts } from './inside-ports.ts';
import { CONNECT_MS, isListening } from './is-listening.ts';
import { askClock, type ClockReading, clockFindings } from './neighbour-clock.ts';
import { toleranceOf } from './tolerance.ts';

const LEAST_FREE_BYTES = 5 * 2 ** 30;
const SOON_MS = 30 * 86_400_000;
const YEAR_OF_WRITING = 2026;

export type { Finding, TlsProbe } from './finding.ts';

const good = (what: string, text: string): Finding => ({ what, state: 'good', text });
const wrong = (what: string, text: string): Finding => ({ what, state: 'wrong', text });

/** Everything that can be seen from this host. */
export async function examine(hospital: Hospital, layout: HospitalLayout): Promise<Finding[]> {
  const { consortium, own } = hospital;
  const others = consortium.organisations.filter(({ mspId }) => mspId !== own.mspId);
  const seen = await Promise.all(others.map((other) => examineNeighbour(other, layout)));
  const clocks = await Promise.all(others.map((other) => readClock(other, layout)));
  const now = new Date();
  const reachable = seen.filter(({ orderer }) => orderer).length;
  const ownOrderer = await isListening(own.host, portsOf(own).orderer);
  return [
    disk(layout.directory),
    code(hospital),
    await fabric(hospital, layout),
    ...certificates(layout, own),
    ...modes(layout.directory),
    await ownName(own),
    ...ports(hospital),
    ...(await examineSecondPeer(hospital, layout)),
    ...seen.flatMap(({ findings }) => findings),
    ...ownYear(now),
    ...clockFindings(clocks, now),
    quorum(hospital, reachable + (ownOrderer ? 1 : 0)),
  ];
}

function disk(directory: string): Finding {
  const place = existsSync(directory) ? directory : '/';
  const { bavail, bsize } = statfsSync(place);
  const free = bavail * bsize;
  const text = `${(free / 2 ** 30).toFixed(1)} GiB are free at ${place}`;
  return free < LEAST_FREE_BYTES ? wrong('disk', `${text}: make room for at least 5`) : good('disk', text);
}

function code({ consortium }: Hospital): Finding {
  const own = chaincodeSha256();
  return own === consortium.chaincode.sha256
    ? good('code', 'the chaincode is the agreed one')
    : wrong(
        'code',
        `the chaincode here is ${own}, agreed is ${consortium.chaincode.sha256}: build the agreed version`,
      );
}

async function fabric({ consortium }: Hospital, layout: HospitalLayout): Promise<Finding> {
  const what = 'Fabric';
  try {
    const commands = new FabricCommands(
      { programs: findHospitalPrograms(), ccaasBuilder: '' },
      layout.fabric,
    );
    const { text } = await fabricVersion(commands, layout.fabric.ordering);
    if (text.startsWith(`${consortium.fabric}.`)) return good(what, `is ${text}`);
    return wrong(what, `is ${text} here, agreed is ${consortium.fabric}: install that version`);
  } catch (error) {
    return wrong(what, (error as Error).message);
  }
}

/** What cannot work was refused when the files were read. */
function ports(hospital: Hospital): Finding[] {
  const state = sharedPorts(hospital.file, hospital).length === 0 ? 'good' : 'soon';
  return portsText(hospital).map((text) => ({ what: 'ports', state, text: text.replace(/^Ports: /, '') }));
}

/** Every certificate below the organisation's folder, by its end. */
function certificates({ directory }: HospitalLayout, { mspId }: AgreedOrganisation): Finding[] {
  const folder = organisationDirOf(directory, mspId);
  if (!existsSync(folder)) return [wrong('identities', 'there are none: run `hospital init`')];
  const files = filesBelow(folder).filter((file) => /(\/server\.crt|signcerts\/cert\.pem)$/.test(file));
  return files.map((file) => {
    const what = `certificate ${file.slice(folder.length + 1)}`;
    let certificate: X509Certificate;
    try {
      certificate = new X509Certificate(readFileSync(file));
    } catch (error) {
      return wrong(what, `cannot be read (${(error as Error).message}): restore it from a backup`);
    }
    const left = Date.parse(certificate.validTo) - Date.now();
    if (left < 0) return wrong(what, `ended on ${certificate.validTo}: renew it`);
    const text = `is valid until ${certificate.validTo}`;
    return left < SOON_MS ? { what, state: 'soon', text: `${text}: renew it` } : good(what, text);
  });
}

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

/** A key that others of this host could read. */
function modes(directory: string): Finding[] {
  if (!existsSync(directory)) return [];
  const open = filesBelow(directory).filter((file) => isSecret(file) && (statSync(file).mode & 0o077) !== 0);
  const isOpen = (statSync(directory).mode & 0o077) !== 0;
  const findings = open.map((file) => wrong('file modes', `${file} can be read by others: chmod 600 it`));
  if (isOpen) findings.push(wrong('file modes', `${directory} is open to others: chmod 700 it`));
  return findings.length > 0
    ? findings
    : [good('file modes', 'keys and their folder are open to their owner alone')];
}

export const isSecret = (file: string): boolean =>
  /(\.key|_sk|\.secret|\/key\.pem|\/keys\.json|\/swarm\.key|\/IssuerSecretKey|RevocationPrivateKey)$/.test(
    file,
  );

async function ownName({ host }: AgreedOrganisation): Promise<Finding> {
  try {
    const { address } = await lookup(host);
    const isLoopback = /^(127\.|::1$)/.test(address);
    if (!isLoopback) return good('own name', `${host} is ${address}`);
    return wrong(
      'own name',
      `${host} is ${address} here, which no other host reaches: correct /etc/hosts or the DNS`,
    );
  } catch (error) {
    return wrong(
      'own name',
      `${host} has no address here (${(error as Error).message}): enter it in the DNS`,
    );
  }
}

interface Seen {
  readonly findings: readonly Finding[];
  readonly orderer: boolean;
}

async function examineNeighbour(other: AgreedOrganisation, layout: HospitalLayout): Promise<Seen> {
  const { host, mspId } = other;
  const root = rootOf(other, layout);
  const findings: Finding[] = [];
  try {
    findings.push(good(`name of ${mspId}`, `${host} is ${(await lookup(host)).address}`));
  } catch (error) {
    const text = `${host} has no address here (${(error as Error).message}): enter it in the DNS`;
    return { findings: [wrong(`name of ${mspId}`, text)], orderer: false };
  }
  const reached = new Map<string, boolean>();
  for (const [kind, port] of Object.entries(portsOf(other))) {
    const what = `${kind} of ${mspId}`;
    const finding =
      root === undefined
        ? await examinePort(what, host, port)
        : await examineTls(what, { host, port, root, layout });
    findings.push(finding);
    reached.set(kind, finding.state === 'good');
  }
  return { findings, orderer: reached.get('orderer') === true };
}

async function examinePort(what: string, host: string, port: number): Promise<Finding> {
  if (await isListening(host, port))
    return { what, state: 'unknown', text: 'answers; its certificate is not known yet' };
  return wrong(
    what,
    `${host}:${port} does not answer: is it up, and does each firewall between let it through?`,
  );
}

/**
 * A handshake with the own link's certificate: the neighbour's name, root and dates are checked. Whether it takes this
 * host's, TLS 1.3 does not say yet.
 */
function examineTls(what: string, neighbour: NeighbourPort): Promise<Finding> {
  const probe = ownProbe(neighbour);
  if ('missing' in probe) {
    const text = `${probe.missing} is not there to prove this host: run \`hospital init\``;
    return Promise.resolve(wrong(what, text));
  }
  return probeTls(what, probe);
}

/** With the own link's certificate; or which file of it is missing. */
function ownProbe({ host, port, root, layout }: NeighbourPort): TlsProbe | { readonly missing: string } {
  const files = ['server.crt', 'server.key'].map((name) => join(layout.tls.link, name));
  const missing = files.find((file) => !existsSync(file));
  if (missing !== undefined || root === undefined) return { missing: missing ?? 'its TLS root' };
  const [cert, key] = files.map((file) => readFileSync(file, 'utf8'));
  return { host, port, servername: host, ca: [root], cert: cert!, key: key! };
}

/** Of a neighbour's TLS authority; undefined where it is not known here yet. */
function rootOf({ mspId }: AgreedOrganisation, { directory }: HospitalLayout): string | undefined {
  const file = join(ordererDirOf(organisationDirOf(directory, mspId)), 'tls/ca.crt');
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

interface NeighbourPort {
  readonly host: string;
  readonly port: number;
  readonly root: string | undefined;
  readonly layout: HospitalLayout;
}

/** Bytes of a handshake that does not end give a neighbour no more time. */
export function probeTls(what: string, probe: TlsProbe, withinMs = CONNECT_MS): Promise<Finding> {
  const { host, port, ca } = probe;
  const failing = (error: unknown) =>
    // Names in a certificate are the neighbour's words.
    wrong(what, `${host}:${port} fails: ${oneLine((error as Error).message)}`);
  return new Promise((resolve) => {
    let socket: TLSSocket;
    try {
      socket = connectTls({ ...probe, ca: [...ca], ALPNProtocols: ['h2', 'http/1.1'] });
    } catch (error) {
      return resolve(failing(error));
    }
    const end = (finding: Finding) => {
      socket.destroy();
      resolve(finding);
    };
    socket.setTimeout(withinMs, () =>
      end(wrong(what, `${host}:${port} does not answer in time: look at the firewalls`)),
    );
    socket.once('secureConnect', () => end(good(what, `${host}:${port} proves itself by TLS`)));
    socket.once('error', (error) => end(failing(error)));
  });
}

/** Before any neighbour is asked: a clock that was never set. */
function ownYear(now: Date): Finding[] {
  if (now.getUTCFullYear() >= YEAR_OF_WRITING) return [];
  return [wrong('clock', `it is ${now.toISOString()}: set it by NTP`)];
}

async function readClock(other: AgreedOrganisation, layout: HospitalLayout): Promise<ClockReading> {
  const { host, mspId } = other;
  const probe = ownProbe({ host, port: portsOf(other).witness, layout, root: rootOf(other, layout) });
  const ahead = 'missing' in probe ? undefined : await askClock(probe, CONNECT_MS);
  return { mspId, ahead };
}

/** @throws InputError where the other orderers that answer are no quorum without one's own */
export async function assertMargin({ consortium, own }: Hospital): Promise<void> {
  const others = consortium.organisations.filter(({ mspId }) => mspId !== own.mspId);
  const answers = await Promise.all(others.map((one) => isListening(one.host, portsOf(one).orderer)));
  const { count, mayBeDown } = toleranceOf(consortium).orderers;
  const needed = count - mayBeDown;
  const left = answers.filter((does) => does).length;
  if (left >= needed) return;
  const silent = others.filter((_, at) => !answers[at]).map(({ mspId }) => mspId);
  throw new InputError(
    `without this orderer ${left} of ${count} would answer, and ${needed} are needed` +
      `${silent.length > 0 ? `: first bring back ${silent.join(', ')}` : ': nothing can be written meanwhile'}`,
  );
}

function quorum({ consortium }: Hospital, reachable: number): Finding {
  const { count, mayBeDown } = toleranceOf(consortium).orderers;
  const needed = count - mayBeDown;
  const text = `${reachable} of ${count} orderers answer, and ${needed} are needed`;
  if (reachable < needed) return wrong('quorum', `${text}: nothing can be written`);
  if (reachable === needed && mayBeDown > 0)
    return { what: 'quorum', state: 'soon', text: `${text}: no more may go down` };
  return good('quorum', text);
}

const MARKS = { good: '✔', soon: '!', wrong: '✘', unknown: '?' } as const;

/** For people: what is good in few words, and the rest with its remedy. */
export const examinationText = (findings: readonly Finding[]): string[] =>
  findings.map(({ what, state, text }) => `${MARKS[state]} ${what}: ${text}`);
