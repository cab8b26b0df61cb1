// One certificate authority of an organisation: Fabric CA's server, which runs on the loopback interface for as long as
// it issues and no longer, and Fabric CA's client, which makes each key where it is used. Secrets travel in the
// environment and in files that their owner alone can read, never among arguments, which everybody on a machine sees.
import { execFile, spawn } from 'node:child_process';
import { randomBytes, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { logTail } from '../log-tail.ts';
import { inherited } from '../programs.ts';
import { accepts } from '../readiness.ts';
import { writeWhole } from '../state-file.ts';

const REGISTRAR = 'registrar';
const READY_MS = 60_000;
const COMMAND_MS = 60_000;
/** Fabric CA's own default for authorities, and its default of a year for all else. */
const ROOT_LIFE = '131400h';
const LEAF_LIFE = '8760h';

export interface AuthorityPlace {
  readonly programs: { readonly 'fabric-ca-server': string; readonly 'fabric-ca-client': string };
  readonly home: string;
  /** Its common name, such as `ca.clinic1`. */
  readonly name: string;
  readonly organisation: string;
  readonly port: number;
}

/** What a certificate is asked for. */
export interface Registration {
  readonly id: string;
  /** Becomes the organisational unit, by which Fabric knows peers, orderers and administrators. */
  readonly type: 'peer' | 'orderer' | 'admin' | 'client';
  /** Of the certificate, such as `consilium.role`. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** For a TLS server and client of these names; a signing identity where absent. */
  readonly hosts?: readonly string[];
}

/** PEM files of one enrolment. */
export interface Enrolled {
  readonly certificate: string;
  readonly key: string;
}

export class AuthorityError extends Error {
  override readonly name = 'AuthorityError';
}

export const rootOf = ({ home }: Pick<AuthorityPlace, 'home'>): string => join(home, 'ca-cert.pem');

export class CertificateAuthority {
  readonly #place: AuthorityPlace;
  readonly #stop: () => Promise<void>;

  private constructor(place: AuthorityPlace, stop: () => Promise<void>) {
    this.#place = place;
    this.#stop = stop;
  }

  /** Makes the authority at the first start. @throws AuthorityError with the end of its log. */
  static async start(place: AuthorityPlace): Promise<CertificateAuthority> {
    const { home, port, programs } = place;
    mkdirSync(home, { recursive: true, mode: 0o700 });
    writeConfiguration(place);
    const log = join(home, 'server.log');
    const descriptor = openSync(log, 'a', 0o600);
    // It writes keys as it writes certificates: without this, others of the host could read them.
    const umask = process.umask(0o077);
    const server = spawn(programs['fabric-ca-server'], ['start', '--home', home], {
      cwd: home,
      env: inherited(),
      stdio: ['ignore', descriptor, descriptor],
    });
    process.umask(umask);
    closeSync(descriptor);
    const ended = once(server, 'exit').catch(() => undefined);
    const stop = async () => {
      server.kill('SIGTERM');
      await ended;
    };
    try {
      for (const deadline = Date.now() + READY_MS; !(await accepts(port)); await sleep(50)) {
        const isGone = server.exitCode !== null || server.signalCode !== null || server.pid === undefined;
        if (!isGone && Date.now() < deadline) continue;
        throw new AuthorityError(`${place.name} did not start; the end of its log:\n${logTail(log)}`);
      }
      const authority = new CertificateAuthority(place, stop);
      await authority.#enrolRegistrar();
      return authority;
    } catch (error) {
      await stop();
      throw error;
    }
  }

  stop(): Promise<void> {
    return this.#stop();
  }

  /**
   * Registers and enrols, with a secret that is good once, and leaves the key in `folder` alone.
   *
   * @throws AuthorityError
   */
  async enrol(registration: Registration, folder: string): Promise<Enrolled> {
    const { id, hosts } = registration;
    const secret = newSecret();
    try {
      await this.#register(registration, secret);
      return await this.#enrol({ id, secret, hosts }, folder);
    } catch (error) {
      if (!(error instanceof AuthorityError) || !error.message.includes('already registered')) throw error;
      // An enrolment was interrupted, and its secret is gone: the name stays taken.
      const again = { ...registration, id: `${id}.${randomBytes(4).toString('hex')}` };
      await this.#register(again, secret);
      return await this.#enrol({ id: again.id, secret, hosts }, folder);
    }
  }

  /**
   * A new key and a new certificate for who has one, under the same name, left in `folder`. Who proves to be it does so
   * with the certificate that it has; where that ended, it is registered under a name of its own.
   *
   * @throws AuthorityError, also where the present certificate is revoked
   */
  async reenrol(registration: Registration, present: Enrolled, folder: string): Promise<Enrolled> {
    const certificate = readFileSync(present.certificate);
    if (Date.parse(new X509Certificate(certificate).validTo) < Date.now())
      return this.enrol(registration, folder);
    return this.#leaveIn(folder, async (draft) => {
      for (const [from, to] of [
        [present.certificate, 'signcerts/cert.pem'],
        [present.key, 'keystore/present.pem'],
      ] as const) {
        mkdirSync(join(draft, dirname(to)), { recursive: true, mode: 0o700 });
        copyFileSync(from, join(draft, to));
      }
      // The client puts the host's name into certificates at an enrolment alone.
      const { hosts } = registration;
      const same = hosts === undefined ? ['--csr.hosts', this.#place.organisation] : [];
      await this.#client(['reenroll', ...this.#request({ hosts }), ...same], {
        FABRIC_CA_CLIENT_MSPDIR: draft,
      });
      rmSync(join(draft, 'keystore/present.pem'));
    });
  }

  async #register({ id, type, attributes = {} }: Registration, secret: string): Promise<void> {
    const attrs = Object.entries(attributes).map(([name, value]) => `${name}=${value}:ecert`);
    await this.#client(
      [
        ...['register', '--id.name', id, '--id.type', type, '--id.maxenrollments', '1'],
        ...(attrs.length > 0 ? ['--id.attrs', attrs.join(',')] : []),
      ],
      { FABRIC_CA_CLIENT_ID_SECRET: secret, FABRIC_CA_CLIENT_MSPDIR: this.#registrar },
    );
  }

  get #registrar(): string {
    return join(this.#place.home, 'registrar');
  }

  async #enrolRegistrar(): Promise<void> {
    if (existsSync(join(this.#registrar, 'signcerts/cert.pem'))) return;
    const secret = readFileSync(join(this.#place.home, 'registrar.secret'), 'utf8');
    const draft = `${this.#registrar}.new`;
    rmSync(draft, { recursive: true, force: true });
    await this.#client(['enroll'], { ...this.#urlOf(REGISTRAR, secret), FABRIC_CA_CLIENT_MSPDIR: draft });
    renameSync(draft, this.#registrar);
  }

  #urlOf(id: string, secret: string): Record<string, string> {
    return {
      FABRIC_CA_CLIENT_URL: `https://${encodeURIComponent(id)}:${secret}@localhost:${this.#place.port}`,
    };
  }

  async #enrol(
    {
      id,
      secret,
      hosts,
    }: { readonly id: string; readonly secret: string; readonly hosts: Registration['hosts'] },
    folder: string,
  ): Promise<Enrolled> {
    return this.#leaveIn(folder, (draft) =>
      this.#client(['enroll', ...this.#request({ hosts })], {
        ...this.#urlOf(id, secret),
        FABRIC_CA_CLIENT_MSPDIR: draft,
      }),
    );
  }

  /** What the certificate is to have of its own: whose it is, and for TLS the names. */
  #request({ hosts }: { readonly hosts?: Registration['hosts'] | undefined }): string[] {
    const { organisation } = this.#place;
    const tls = hosts === undefined ? [] : ['--enrollment.profile', 'tls', '--csr.hosts', hosts.join(',')];
    return ['--myhost', organisation, '--csr.names', `O=${organisation}`, ...tls];
  }

  /** Of what the client makes in a folder of its own, the one key and the certificate. */
  async #leaveIn(folder: string, make: (draft: string) => Promise<void>): Promise<Enrolled> {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const draft = mkdtempSync(join(folder, 'enrolling-'));
    try {
      await make(draft);
      const [key] = readdirSync(join(draft, 'keystore'));
      const enrolled = { certificate: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
      // The key first: a certificate that is there has its key.
      writeWhole(enrolled.key, readFileSync(join(draft, 'keystore', key!), 'utf8'), 0o600);
      writeWhole(enrolled.certificate, readFileSync(join(draft, 'signcerts/cert.pem'), 'utf8'));
      return enrolled;
    } finally {
      rmSync(draft, { recursive: true, force: true });
    }
  }

  #client(parameters: readonly string[], environment: Readonly<Record<string, string>>): Promise<void> {
    const { home, port, programs } = this.#place;
    const client = mkdtempSync(join(home, 'client-'));
    const env = {
      ...inherited(),
      FABRIC_CA_CLIENT_HOME: client,
      FABRIC_CA_CLIENT_TLS_CERTFILES: rootOf(this.#place),
      FABRIC_CA_CLIENT_URL: `https://localhost:${port}`,
      FABRIC_CA_CLIENT_LOGLEVEL: 'error',
      ...environment,
    };
    return new Promise((resolve, reject) => {
      const options = { env, timeout: COMMAND_MS };
      execFile(programs['fabric-ca-client'], [...parameters], options, (cause, _, stderr) => {
        rmSync(client, { recursive: true, force: true });
        if (cause === null) return resolve();
        // The cause would say the command again, and the environment is in neither.
        const said = stderr.trim().split('\n').slice(-4).join('\n    ');
        reject(new AuthorityError(`fabric-ca-client ${parameters.join(' ')} failed:\n    ${said}`));
      });
    });
  }
}

const newSecret = (): string => randomBytes(24).toString('hex');

/** The registrar's secret is for the authority's first start, and for the registrar's own enrolment. */
function writeConfiguration({ home, name, organisation, port }: AuthorityPlace): void {
  const secretFile = join(home, 'registrar.secret');
  if (!existsSync(secretFile)) writeWhole(secretFile, newSecret(), 0o600);
  const isOwnRole = {
    'hf.Registrar.Roles': '*',
    'hf.Registrar.Attributes': '*',
    'hf.Revoker': true,
    'hf.GenCRL': true,
  };
  const configuration = {
    address: '127.0.0.1',
    port,
    tls: { enabled: true },
    ca: { name, certfile: 'ca-cert.pem' },
    registry: {
      maxenrollments: -1,
      identities: [
        {
          name: REGISTRAR,
          pass: readFileSync(secretFile, 'utf8'),
          type: 'client',
          affiliation: '',
          attrs: isOwnRole,
        },
      ],
    },
    db: { type: 'sqlite3', datasource: 'fabric-ca-server.db' },
    affiliations: {},
    signing: {
      default: { usage: ['digital signature'], expiry: LEAF_LIFE },
      profiles: {
        tls: {
          usage: ['signing', 'key encipherment', 'server auth', 'client auth', 'key agreement'],
          expiry: LEAF_LIFE,
        },
      },
    },
    csr: {
      cn: name,
      keyrequest: { algo: 'ecdsa', size: 256 },
      names: [{ O: organisation }],
      hosts: ['localhost', '127.0.0.1'],
      ca: { expiry: ROOT_LIFE, pathlength: 0 },
    },
    bccsp: { default: 'SW', sw: { hash: 'SHA2', security: 256, filekeystore: { keystore: 'msp/keystore' } } },
    cfg: { identities: { passwordattempts: 10 } },
    operations: { listenAddress: '127.0.0.1:0' },
    metrics: { provider: 'disabled' },
  };
  writeWhole(join(home, 'fabric-ca-server-config.yaml'), stringify(configuration), 0o600);
}
