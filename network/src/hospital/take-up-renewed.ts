// How renewed certificates come to count in what runs. The gateway and the links look at their files themselves; a
// peer and chaincode read theirs at their start, and are restarted one after the other.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ownFolder } from '../programs.ts';
import { readState, writeWhole } from '../state-file.ts';
import { restartServices, withoutStopped } from '../supervisor-control.ts';
import type { Hospital } from './hospital-file.ts';
import { askGateway } from './hospital-gateway.ts';
import { type HospitalLayout, ownPeersOf } from './hospital-layout.ts';
import type { RenewedCertificate } from './renewal.ts';
import type { Holder } from './wanted-certificates.ts';

const SEEN_WITHIN_MS = 120_000;
const LOOK_EVERY_MS = 500;

export interface TakeUpPlace {
  readonly hospital: Hospital;
  readonly layout: HospitalLayout;
  readonly report: (line: string) => void;
}

/**
 * Resolves when everything that runs uses the renewed certificates.
 *
 * @returns what does not yet, in sentences; empty where everything does, or nothing runs.
 * @throws Error of a service that does not become ready again
 */
export async function takeUpRenewed(
  renewed: readonly RenewedCertificate[],
  { hospital, layout, report }: TakeUpPlace,
): Promise<string[]> {
  const { own } = hospital;
  const has = (holder: Holder) => renewed.some((one) => one.holder === holder);
  if (has('chaincode')) await releaseAgain(layout);
  if (readState(layout.directory) === undefined) return [];
  const waits: string[] = [];
  if (has('gateway') || has('trainer')) waits.push(...(await seenByGateway(renewed, hospital)));
  const renewedServices = [
    ...(has('chaincode') ? [`chaincode-${own.name}`] : []),
    ...(has('peer') ? [`peer-${own.name}`] : []),
    ...(has('peer1') ? [`peer1-${own.name}`] : []),
  ];
  const restarted = withoutStopped(layout.directory, renewedServices, report);
  if (restarted.length > 0) await restartServices(layout.directory, restarted, report);
  return waits;
}

/**
 * What the peer kept of its builder's work holds its key and certificate for the chaincode, and is read whenever the
 * peer connects: it is made again of the same package.
 */
async function releaseAgain(layout: HospitalLayout): Promise<void> {
  for (const { home } of ownPeersOf(layout))
    await releaseBuilds(join(home, 'data/externalbuilder/builds'), layout);
}

async function releaseBuilds(builds: string, { tls }: Pick<HospitalLayout, 'tls'>): Promise<void> {
  if (!existsSync(builds)) return;
  for (const name of readdirSync(builds)) {
    const file = join(builds, name, 'release/chaincode/server/connection.json');
    if (!existsSync(file)) continue;
    const draft = mkdtempSync(join(tmpdir(), 'consilium-release-'));
    try {
      const { PATH = '' } = process.env;
      const env = { PATH, CONSILIUM_CHAINCODE_TLS: tls.chaincodeClient };
      const release = join(ownFolder, 'builders/own-key/bin/release');
      await promisify(execFile)(release, [join(builds, name, 'bld'), draft], { env });
      writeWhole(file, readFileSync(join(draft, 'chaincode/server/connection.json'), 'utf8'), 0o600);
    } finally {
      rmSync(draft, { recursive: true, force: true });
    }
  }
}

/** The gateway says in its metrics when the certificates end with which it signs. */
async function seenByGateway(renewed: readonly RenewedCertificate[], hospital: Hospital): Promise<string[]> {
  const wanted = new Map(
    renewed
      .filter(({ holder }) => holder === 'gateway' || holder === 'trainer')
      .map(({ id, endsAt }) => [`client ${id.split('@')[0]}`, endsAt.getTime() / 1000]),
  );
  for (const deadline = Date.now() + SEEN_WITHIN_MS; ; await sleep(LOOK_EVERY_MS)) {
    const metrics = await metricsOf(hospital);
    const ends = new Map(
      [...metrics.matchAll(/^consilium_certificate_expiry_timestamp_seconds\{of="([^"]+)"\} (\S+)$/gm)].map(
        ([, of, seconds]) => [of!, Number(seconds)],
      ),
    );
    const unseen = [...wanted].filter(([of, seconds]) => ends.get(of) !== seconds).map(([of]) => of);
    if (unseen.length === 0) return [];
    if (Date.now() > deadline)
      return [
        `the gateway does not sign with the new certificates of ${unseen.join(', ')} yet: read its log`,
      ];
  }
}

async function metricsOf(hospital: Hospital): Promise<string> {
  try {
    return (await askGateway(hospital, '/metrics')).text;
  } catch {
    return '';
  }
}
