// One certificate authority of an organisation, by Fabric CA's client, which makes each key where it is used. Secrets
// travel in the environment and in files that their owner alone can read, never among arguments, which everybody on a
// machine sees.
import { execFile } from 'node:child_process';
import { randomBytes, X509Certificate } from 'node:crypto';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { request } from 'node:https';
import { dirname, join } from 'node:path';
import { inherited } from '../programs.ts';
import { writeWhole } from '../state-file.ts';
import {
  AuthorityError,
  newAuthoritySecret,
  REGISTRAR,
  registrarSecretFile,
  startAuthorityServer,
} from './authority-server.ts';

const COMMAND_MS = 60_000;

/** A Fabric CA that the hospital runs already. */
export interface ExistingAuthority {
  /** https. */
  readonly url: string;
  /** A PEM file: the authority of its server's own TLS. */
  readonly tlsRoot: string;
  /** Who may register others there, and the file of its secret. */
  readonly registrar: string;
  readonly secretFile: string;
  /** Where the server has several. */
  readonly caName?: string;
}

export interface AuthorityPlace {
  readonly programs: { readonly 'fabric-ca-server': string; readonly 'fabric-ca-client': string };
  readonly home: string;
  /** Its common name, such as `ca.clinic1`. */
  readonly name: string;
  readonly organisation: string;
  readonly port: number;
  /** The own one where absent. */
  readonly existing?: ExistingAuthority;
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

/** What Fabric CA takes as reasons. */
export const REVOCATION_REASONS = [
  'unspecified',
  'keycompromise',
  'affiliationchange',
  'superseded',
  'cessationofoperation',
] as const;
export type RevocationReason = (typeof REVOCATION_REASONS)[number];

/** By which an authority knows a certificate that it issued; both in hexadecimal. */
export interface RevokedCertificate {
  readonly serial: string;
  readonly authorityKeyId: string;
}

/** PEM files of one enrolment. */
export interface Enrolled {
  readonly certificate: string;
  readonly key: string;
}

export const rootOf = ({ home }: Pick<AuthorityPlace, 'home'>): string => join(home, 'ca-cert.pem');

export class CertificateAuthority {
  readonly #place: AuthorityPlace;
  readonly #stop: () => Promise<void>;

  private constructor(place: AuthorityPlace, stop: () => Promise<void>) {
    this.#place = place;
    this.#stop = stop;
  }

  /**
   * Starts the own authority, and makes it at the first start; one that the hospital runs already is asked where it
   * is.
   *
   * @throws AuthorityError with what it says, or the end of its log.
   */
  static async start(place: AuthorityPlace): Promise<CertificateAuthority> {
    mkdirSync(place.home, { recursive: true, mode: 0o700 });
    const stop = place.existing === undefined ? await startAuthorityServer(place) : async () => undefined;
    try {
      const authority = new CertificateAuthority(place, stop);
      if (place.existing !== undefined) await authority.#takeRoot();
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
    const secret = newAuthoritySecret();
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
   * A new key and a new certificate for who has one, under the same name, left in `folder`. Who proves to be it does
   * so with the certificate that it has; where that ended, it is registered under a name of its own.
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

  /**
   * Registers a name for somebody who makes the key elsewhere.
   *
   * @returns the secret, which is good for one certificate
   * @throws AuthorityError, also where the name is taken
   */
  async register(registration: Registration): Promise<string> {
    const secret = newAuthoritySecret();
    await this.#register(registration, secret);
    return secret;
  }

  /** Makes the key of who was registered, and leaves it in `folder` alone. @throws AuthorityError */
  enrolRegistered(
    { id, secret }: { readonly id: string; readonly secret: string },
    folder: string,
  ): Promise<Enrolled> {
    return this.#enrol({ id, secret, hosts: undefined }, folder);
  }

  /** The certificate for a request in PEM, of who has the secret. @throws AuthorityError */
  async certify(
    request: string,
    { id, secret }: { readonly id: string; readonly secret: string },
  ): Promise<string> {
    const { caName } = this.#place.existing ?? {};
    const body = JSON.stringify({
      certificate_request: request,
      ...(caName !== undefined && { caname: caName }),
    });
    const { status, text } = await post(new URL('/api/v1/enroll', this.#url), {
      ...{ body, ca: readFileSync(this.#tlsRoot) },
      authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
    });
    const answer = JSON.parse(text) as {
      readonly result?: { readonly Cert?: string } | null;
      readonly errors?: readonly { readonly message: string }[];
    };
    const certificate = answer.result?.Cert;
    if (certificate !== undefined) return Buffer.from(certificate, 'base64').toString('utf8');
    const why = answer.errors?.map(({ message }) => message).join('; ');
    throw new AuthorityError(`${this.#place.name} does not certify ${id}: ${why ?? `it answers ${status}`}`);
  }

  /**
   * Revokes every certificate of a name.
   *
   * @returns the authority's list of all that it revoked and that has not ended, in PEM
   * @throws AuthorityError
   */
  async revoke(id: string, reason = 'unspecified'): Promise<string> {
    const draft = mkdtempSync(join(this.#place.home, 'revoking-'));
    try {
      cpSync(this.#registrar, draft, { recursive: true });
      await this.#client(['revoke', '--revoke.name', id, '--revoke.reason', reason, '--gencrl'], {
        FABRIC_CA_CLIENT_MSPDIR: draft,
      });
      return readFileSync(join(draft, 'crls/crl.pem'), 'utf8');
    } finally {
      rmSync(draft, { recursive: true, force: true });
    }
  }

  /**
   * Revokes certificates; those that are revoked already stay so.
   *
   * @returns the list of all that this authority revoked and that have not expired, in PEM
   * @throws AuthorityError
   */
  async revokeCertificates(
    certificates: readonly RevokedCertificate[],
    reason: RevocationReason,
  ): Promise<string> {
    const environment = { FABRIC_CA_CLIENT_MSPDIR: this.#registrar };
    for (const { serial, authorityKeyId } of certificates) {
      const which = ['--revoke.serial', serial, '--revoke.aki', authorityKeyId, '--revoke.reason', reason];
      try {
        await this.#client(['revoke', ...which], environment);
      } catch (error) {
        if (!(error instanceof AuthorityError) || !/already revoked/i.test(error.message)) throw error;
      }
    }
    await this.#client(['gencrl'], environment);
    return readFileSync(join(this.#registrar, 'crls/crl.pem'), 'utf8');
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

  /** The root of an authority that is elsewhere: it issues itself, and is the same for ever. */
  async #takeRoot(): Promise<void> {
    const { home, existing } = this.#place;
    const draft = mkdtempSync(join(home, 'asking-'));
    try {
      await this.#client(['getcainfo'], { FABRIC_CA_CLIENT_MSPDIR: draft });
      if (existsSync(join(draft, 'intermediatecerts')))
        throw new AuthorityError(`${existing!.url} is an intermediate authority: name one that is a root`);
      const [name] = readdirSync(join(draft, 'cacerts'));
      const root = readFileSync(join(draft, 'cacerts', name!), 'utf8');
      const file = rootOf(this.#place);
      if (existsSync(file) && readFileSync(file, 'utf8') !== root)
        throw new AuthorityError(`${existing!.url} has another root than ${file}, which all agreed on`);
      writeWhole(file, root);
    } finally {
      rmSync(draft, { recursive: true, force: true });
    }
  }

  async #enrolRegistrar(): Promise<void> {
    if (existsSync(join(this.#registrar, 'signcerts/cert.pem'))) return;
    const { existing, home } = this.#place;
    const name = existing?.registrar ?? REGISTRAR;
    const file = existing?.secretFile ?? registrarSecretFile(home);
    const draft = `${this.#registrar}.new`;
    rmSync(draft, { recursive: true, force: true });
    const url = this.#urlOf(name, readFileSync(file, 'utf8').trim());
    await this.#client(['enroll'], { ...url, FABRIC_CA_CLIENT_MSPDIR: draft });
    renameSync(draft, this.#registrar);
  }

  get #url(): URL {
    const { existing, port } = this.#place;
    return new URL(existing?.url ?? `https://localhost:${port}`);
  }

  get #tlsRoot(): string {
    return this.#place.existing?.tlsRoot ?? rootOf(this.#place);
  }

  #urlOf(id: string, secret: string): Record<string, string> {
    const url = this.#url;
    url.username = encodeURIComponent(id);
    url.password = encodeURIComponent(secret);
    return { FABRIC_CA_CLIENT_URL: url.href.replace(/\/$/, '') };
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
    const { home, programs, existing } = this.#place;
    const client = mkdtempSync(join(home, 'client-'));
    const env = {
      ...inherited(),
      FABRIC_CA_CLIENT_HOME: client,
      FABRIC_CA_CLIENT_TLS_CERTFILES: this.#tlsRoot,
      FABRIC_CA_CLIENT_URL: this.#url.href.replace(/\/$/, ''),
      ...(existing?.caName !== undefined && { FABRIC_CA_CLIENT_CANAME: existing.caName }),
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

interface Post {
  readonly body: string;
  readonly ca: Buffer;
  readonly authorization: string;
}

const post = (url: URL, { body, ca, authorization }: Post): Promise<{ status: number; text: string }> =>
  new Promise((resolve, reject) => {
    const headers = { authorization, 'content-type': 'application/json' };
    const asked = request(url, { method: 'POST', headers, ca, timeout: COMMAND_MS }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
      );
    });
    asked.once('timeout', () => asked.destroy(new Error('it does not answer')));
    asked.once('error', (cause) => reject(new AuthorityError(`${url.host}: ${cause.message}`, { cause })));
    asked.end(body);
  });
