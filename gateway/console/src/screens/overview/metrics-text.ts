// The few figures of the gateway's metrics that a person looks for, from Prometheus' text format.

/** One figure with its labels. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /(\w+)="((?:\\.|[^"\\])*)"/g;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', '"': '"', '\\': '\\' };

/** The figures of these names. */
export function readMetrics(text: string, names: readonly string[]): Sample[] {
  return text.split('\n').flatMap((line) => {
    const [, name = '', labels = '', value = ''] = LINE.exec(line) ?? [];
    if (!names.includes(name)) return [];
    const pairs = [...labels.matchAll(LABEL)].map(
      ([, label, said]) =>
        [label, said!.replaceAll(/\\(.)/g, (_, sign: string) => ESCAPES[sign] ?? sign)] as const,
    );
    return [{ name, labels: Object.fromEntries(pairs), value: Number(value) }];
  });
}

/** A certificate and when it ends, in milliseconds since 1970. */
export interface CertificateEnd {
  readonly of: string;
  readonly endsAtMs: number;
}

export const CERTIFICATE_METRICS = [
  'consilium_certificate_expiry_timestamp_seconds',
  'consilium_tls_certificate_ends_seconds',
] as const;

/** Certificates that have ended or will within so many days, the first to end first. */
export function endingCertificates(text: string, now: number, days: number): CertificateEnd[] {
  return readMetrics(text, CERTIFICATE_METRICS)
    .map(({ labels, value }) => ({ of: labels.of ?? 'TLS', endsAtMs: value * 1000 }))
    .filter(({ endsAtMs }) => endsAtMs < now + days * 86_400_000)
    .sort((one, other) => one.endsAtMs - other.endsAtMs);
}
