// Fabric CA's server as an organisation's own authority: it runs on the loopback interface for as long as it issues,
// and no longer.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { logTail } from '../log-tail.ts';
import { inherited } from '../programs.ts';
import { accepts } from '../readiness.ts';
import { writeWhole } from '../state-file.ts';

export const REGISTRAR = 'registrar';
const READY_MS = 60_000;
/** Fabric CA's own default for authorities, and its default of a year for all else. */
const ROOT_LIFE = '131400h';
const LEAF_LIFE = '8760h';
/** No shorter than what it revokes is valid. */
const LIST_LIFE = LEAF_LIFE;

export class AuthorityError extends Error {
  override readonly name = 'AuthorityError';
}

/** What the server needs to know of its place. */
export interface AuthorityServer {
  readonly programs: { readonly 'fabric-ca-server': string };
  readonly home: string;
  readonly name: string;
  readonly organisation: string;
  readonly port: number;
}

export const registrarSecretFile = (home: string): string => join(home, 'registrar.secret');
export const newAuthoritySecret = (): string => randomBytes(24).toString('hex');

/** Starts it. @returns what stops it. @throws AuthorityError with the end of its log. */
export async function startAuthorityServer(place: AuthorityServer): Promise<() => Promise<void>> {
  const { home, port, programs, name } = place;
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
  for (const deadline = Date.now() + READY_MS; !(await accepts(port)); await sleep(50)) {
    const isGone = server.exitCode !== null || server.signalCode !== null || server.pid === undefined;
    if (!isGone && Date.now() < deadline) continue;
    await stop();
    throw new AuthorityError(`${name} did not start; the end of its log:\n${logTail(log)}`);
  }
  return stop;
}

/** The registrar's secret is for the authority's first start, and for the registrar's own enrolment. */
function writeConfiguration({ home, name, organisation, port }: AuthorityServer): void {
  const secretFile = registrarSecretFile(home);
  if (!existsSync(secretFile)) writeWhole(secretFile, newAuthoritySecret(), 0o600);
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
    crl: { expiry: LIST_LIFE },
    cfg: { identities: { passwordattempts: 10 } },
    operations: { listenAddress: '127.0.0.1:0' },
    metrics: { provider: 'disabled' },
  };
  writeWhole(join(home, 'fabric-ca-server-config.yaml'), stringify(configuration), 0o600);
}
