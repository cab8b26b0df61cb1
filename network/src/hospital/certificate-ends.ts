// When each certificate of an organisation ends, and those of its neighbours that it knows: also those of peers and of
// chaincode, which no metric has.
import { X509Certificate } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Hospital } from './hospital-file.ts';
import { type HospitalLayout, organisationDirOf } from './hospital-layout.ts';

export interface CertificateEnd {
  /** Below the organisation's folder, such as `nodes/peer0/tls/server.crt`; of others with their MSP id before it. */
  readonly of: string;
  readonly isOwn: boolean;
  /** Undefined where the file cannot be read. */
  readonly endsAt: Date | undefined;
}

const LEAVES = /(\/server\.crt|signcerts\/cert\.pem)$/;

/** The first to end is first. */
export function certificateEnds(
  { consortium, own }: Hospital,
  { directory }: HospitalLayout,
): CertificateEnd[] {
  const ends = consortium.organisations.flatMap(({ mspId }) => {
    const folder = organisationDirOf(directory, mspId);
    const isOwn = mspId === own.mspId;
    const roots = ['msp/cacerts/ca.pem', 'msp/tlscacerts/tlsca.pem'].map((name) => join(folder, name));
    const files = [...filesBelow(folder).filter((file) => LEAVES.test(file)), ...roots.filter(existsSync)];
    return files.map((file): CertificateEnd => {
      const name = file.slice(folder.length + 1);
      return { of: isOwn ? name : `${mspId}: ${name}`, isOwn, endsAt: endOf(file) };
    });
  });
  const time = ({ endsAt }: CertificateEnd) => endsAt?.getTime() ?? 0;
  return ends.sort((one, other) => time(one) - time(other));
}

function endOf(file: string): Date | undefined {
  try {
    return new X509Certificate(readFileSync(file)).validToDate;
  } catch {
    return undefined;
  }
}

const filesBelow = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
    : [];

const DAY_MS = 86_400_000;

/** For people: days left, and what. */
export const endsText = (ends: readonly CertificateEnd[], now: Date): string[] =>
  ends.map(({ of, endsAt }) => {
    if (endsAt === undefined) return `${'?'.padStart(6)}  cannot be read             ${of}`;
    const days = Math.floor((endsAt.getTime() - now.getTime()) / DAY_MS);
    return `${String(days).padStart(6)}  ${endsAt.toISOString().slice(0, 19)}Z  ${of}`;
  });

/** In Prometheus' text format, for node_exporter's folder of text files. */
export function endsMetrics(ends: readonly CertificateEnd[]): string {
  const name = 'consilium_hospital_certificate_expiry_timestamp_seconds';
  const lines = ends.flatMap(({ of, endsAt }) =>
    endsAt === undefined ? [] : [`${name}{of="${of}"} ${Math.floor(endsAt.getTime() / 1000)}`],
  );
  return [
    `# HELP ${name} When a certificate ends, in seconds since 1970: of nodes, users and authorities.`,
    `# TYPE ${name} gauge`,
    ...lines,
    '',
  ].join('\n');
}
