// The gateway's own TLS: a certificate that is looked at again while it serves, and clients' certificates where the
// hospital asks for them. Files that do not fit leave what was good, and are seen in /readyz, the metrics and the log.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type Server, type TlsOptions } from 'node:tls';

export interface TlsFiles {
  /** PEM: the gateway's certificate, and those between it and an authority that clients know. */
  readonly certificate: string;
  /** PEM, without a password. */
  readonly key: string;
  /** PEM: authorities of the clients' certificates. Where it is there, a client without one is not served. */
  readonly clientAuthorities: string | undefined;
}

interface Material {
  readonly cert: string;
  readonly key: string;
  readonly ca: string | undefined;
  readonly endsAtMs: number;
}

const CERTIFICATES = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const LOOK_EVERY_MS = 2_000;

function named<T>(path: string, work: (path: string) => T): T {
  try {
    return work(path);
  } catch (cause) {
    throw new Error(`${path}: ${(cause as Error).message}`, { cause });
  }
}

function certificatesIn(text: string): X509Certificate[] {
  const found = (text.match(CERTIFICATES) ?? []).map((pem) => new X509Certificate(pem));
  if (found.length === 0) throw new Error('it has no certificate in PEM');
  return found;
}

/** The texts of the files. */
type Texts = Omit<Material, 'endsAtMs'>;

/** @throws Error naming the file that cannot be read */
const textsOf = ({ certificate, key, clientAuthorities }: TlsFiles): Texts => ({
  cert: named(certificate, textIn),
  key: named(key, textIn),
  ca: clientAuthorities === undefined ? undefined : named(clientAuthorities, textIn),
});

const textIn = (path: string): string => readFileSync(path, 'utf8');

/** @throws Error naming the file and what is wrong with it */
function check(texts: Texts, { certificate, key, clientAuthorities }: TlsFiles): Material {
  const [first] = named(certificate, () => certificatesIn(texts.cert)) as [X509Certificate];
  named(key, () => {
    if (!first.checkPrivateKey(createPrivateKey(texts.key)))
      throw new Error(`it is not the key of ${certificate}`);
  });
  if (texts.ca !== undefined) named(clientAuthorities!, () => certificatesIn(texts.ca!));
  createSecureContext(secureOptions(texts));
  return { ...texts, endsAtMs: Date.parse(first.validTo) };
}

const isSame = (a: Texts, b: Texts): boolean => a.cert === b.cert && a.key === b.key && a.ca === b.ca;

const secureOptions = ({ cert, key, ca }: Texts): TlsOptions => ({
  cert,
  key,
  ...(ca !== undefined && { ca }),
});

export class TlsListener {
  readonly #files: TlsFiles;
  readonly #onChange: (problem: string | undefined) => void;
  #material: Material;
  #broken: string | undefined;
  /** What was last checked: certificates and keys are tried where a text is another. */
  #checked: Texts | undefined;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param onChange called once for each state of the files that does not fit; without an error when they were renewed
   * @throws Error for files that do not fit at the start
   */
  constructor(files: TlsFiles, onChange: (problem: string | undefined) => void = () => {}) {
    this.#files = files;
    this.#onChange = onChange;
    this.#checked = textsOf(files);
    this.#material = check(this.#checked, files);
  }

  get endsAtMs(): number {
    return this.#material.endsAtMs;
  }

  /** What the server is made with. */
  options(handshakeTimeout: number): TlsOptions {
    const asksClients = this.#material.ca !== undefined;
    return {
      ...secureOptions(this.#material),
      minVersion: 'TLSv1.2',
      handshakeTimeout,
      ...(asksClients && { requestCert: true, rejectUnauthorized: true }),
    };
  }

  /** What is wrong with the files, or with the certificate that is served; undefined where nothing is. */
  problem(nowMs: number = Date.now()): string | undefined {
    if (this.#broken !== undefined) return this.#broken;
    if (nowMs < this.#material.endsAtMs) return undefined;
    return `the certificate ${this.#files.certificate} ended at ${new Date(this.#material.endsAtMs).toISOString()}`;
  }

  /** Looks at the files from now on, and serves new connections with what they hold. */
  watch(server: Pick<Server, 'setSecureContext'>): void {
    this.#timer ??= setInterval(() => this.look(server), LOOK_EVERY_MS).unref();
  }

  look(server: Pick<Server, 'setSecureContext'>): void {
    const before = this.#checked;
    this.#checked = undefined;
    try {
      this.#checked = textsOf(this.#files);
      if (before !== undefined && isSame(before, this.#checked)) return;
      const next = check(this.#checked, this.#files);
      if (!isSame(next, this.#material)) server.setSecureContext(secureOptions(next));
      this.#material = next;
      this.#broken = undefined;
      this.#onChange(undefined);
    } catch (error) {
      const problem = `TLS goes on with the files before: ${(error as Error).message}`;
      if (problem === this.#broken) return;
      this.#broken = problem;
      this.#onChange(problem);
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
