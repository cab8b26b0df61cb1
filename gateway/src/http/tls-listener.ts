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

function readNamed<T>(path: string, read: (text: string) => T): T {
  try {
    return read(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new Error(`${path}: ${(cause as Error).message}`, { cause });
  }
}

function certificatesIn(text: string): X509Certificate[] {
  const found = (text.match(CERTIFICATES) ?? []).map((pem) => new X509Certificate(pem));
  if (found.length === 0) throw new Error('it has no certificate in PEM');
  return found;
}

/** @throws Error naming the file and what is wrong with it */
function read({ certificate, key, clientAuthorities }: TlsFiles): Material {
  const own = readNamed(certificate, (cert) => ({ cert, first: certificatesIn(cert)[0]! }));
  const secret = readNamed(key, (text) => {
    if (!own.first.checkPrivateKey(createPrivateKey(text)))
      throw new Error(`it is not the key of ${certificate}`);
    return text;
  });
  const ca =
    clientAuthorities === undefined
      ? undefined
      : readNamed(clientAuthorities, (text) => {
          certificatesIn(text);
          return text;
        });
  const material = { cert: own.cert, key: secret, ca, endsAtMs: Date.parse(own.first.validTo) };
  createSecureContext(secureOptions(material));
  return material;
}

const secureOptions = ({ cert, key, ca }: Material): TlsOptions => ({
  cert,
  key,
  ...(ca !== undefined && { ca }),
});

export class TlsListener {
  readonly #files: TlsFiles;
  readonly #onChange: (problem: string | undefined) => void;
  #material: Material;
  #broken: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param onChange called once for each state of the files that does not fit; without an error when they were renewed
   * @throws Error for files that do not fit at the start
   */
  constructor(files: TlsFiles, onChange: (problem: string | undefined) => void = () => {}) {
    this.#files = files;
    this.#onChange = onChange;
    this.#material = read(files);
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
    try {
      const next = read(this.#files);
      const { cert, key, ca } = this.#material;
      const isSame = next.cert === cert && next.key === key && next.ca === ca;
      if (isSame && this.#broken === undefined) return;
      if (!isSame) server.setSecureContext(secureOptions(next));
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
