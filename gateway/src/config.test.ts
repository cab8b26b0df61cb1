import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ConfigError, sentenceOf } from '@consilium/command-line';
import { DEFAULT_LIMITS, readConfig, VARIABLES } from './config.ts';
import { createApiKey } from './http/key-file.ts';
import { TestAuthority } from './testing/test-certificates.ts';

const PEM = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
const organisation = (mspId: string, roles: readonly string[] = ['steward']) => ({
  mspId,
  name: mspId.toLowerCase(),
  endpoint: 'localhost:7051',
  tlsRootCertificate: PEM,
  clients: Object.fromEntries(roles.map((role) => [role, { certificate: PEM, privateKey: PEM }])),
});

function environment(t: TestContext, connection: unknown) {
  const directory = mkdtempSync(join(tmpdir(), 'config-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const connectionPath = join(directory, 'connection.json');
  const text = typeof connection === 'string' ? connection : JSON.stringify(connection);
  writeFileSync(connectionPath, text);
  const keysPath = join(directory, 'keys.json');
  createApiKey({ path: keysPath, role: 'steward' });
  return {
    CONSILIUM_CONNECTION: connectionPath,
    CONSILIUM_API_KEYS: keysPath,
    CONSILIUM_DATA_DIR: join(directory, 'data'),
  };
}

function problemsOf(variables: Record<string, string | undefined>): readonly string[] {
  try {
    readConfig(variables);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems.map(sentenceOf);
  }
  return [];
}

const ONE = { channel: 'consortium', organisations: [organisation('Org1MSP')] };
const TWO = { channel: 'consortium', organisations: [organisation('Org1MSP'), organisation('Org2MSP')] };

test('the required variables are enough, and everything else has a default', (t) => {
  const config = readConfig(environment(t, ONE));
  assert.equal(config.connection.organisation.mspId, 'Org1MSP');
  assert.equal(config.chaincode, 'consilium');
  assert.deepEqual([config.host, config.port], ['127.0.0.1', 8080]);
  assert.equal(config.trainer, undefined);
  assert.deepEqual(config.limits, DEFAULT_LIMITS);
});

test('every problem is said at once, by its variable', () => {
  const problems = problemsOf({
    CONSILIUM_PORT: '70000',
    CONSILIUM_LOG_LEVEL: 'loud',
    CONSILIUM_TRAINER_URL: 'trainer:80',
    CONSILIUM_BODY_BYTES: '1.5',
  });
  const variables = problems.map((problem) => /^CONSILIUM_\w+/.exec(problem)?.[0]);
  assert.deepEqual(variables.toSorted(), [
    'CONSILIUM_API_KEYS',
    'CONSILIUM_BODY_BYTES',
    'CONSILIUM_CONNECTION',
    'CONSILIUM_DATA_DIR',
    'CONSILIUM_LOG_LEVEL',
    'CONSILIUM_PORT',
    'CONSILIUM_TRAINER_KEY',
    'CONSILIUM_TRAINER_URL',
  ]);
});

test('a connection file of several organisations needs the MSP id', (t) => {
  const variables = environment(t, TWO);
  assert.match(problemsOf(variables).join(), /Org1MSP, Org2MSP.*CONSILIUM_MSP_ID/);
  const config = readConfig({ ...variables, CONSILIUM_MSP_ID: 'Org2MSP' });
  assert.equal(config.connection.organisation.mspId, 'Org2MSP');
  assert.match(problemsOf({ ...variables, CONSILIUM_MSP_ID: 'Org3MSP' }).join(), /no organisation Org3MSP/);
});

test('a key whose role has no identity is refused at the start', (t) => {
  const variables = environment(t, { ...ONE, organisations: [organisation('Org1MSP', ['trainer'])] });
  assert.match(problemsOf(variables).join(), /a key for steward/);
});

test('a connection file that is missing, broken or of another shape is refused without its content', (t) => {
  const variables = environment(t, '-----BEGIN PRIVATE KEY----- secret');
  const [problem] = problemsOf(variables);
  assert.match(problem ?? '', /^CONSILIUM_CONNECTION: .* is not JSON$/);
  const shape = problemsOf(environment(t, { channel: 'x', organisations: [{ mspId: 'Org1MSP' }] }));
  assert.match(shape.join(), /organisations\.0\.endpoint is missing/);
  assert.match(problemsOf({ ...variables, CONSILIUM_CONNECTION: '/nowhere' }).join(), /ENOENT/);
});

test('a trainer needs an address and a key', (t) => {
  const variables = { ...environment(t, ONE), CONSILIUM_TRAINER_URL: 'http://127.0.0.1:9' };
  assert.match(problemsOf(variables).join(), /CONSILIUM_TRAINER_KEY is not set/);
  const config = readConfig({ ...variables, CONSILIUM_TRAINER_KEY: 'k'.repeat(32) });
  assert.deepEqual([config.trainer?.url.port, config.trainer?.key], ['9', 'k'.repeat(32)]);
  const short = { ...variables, CONSILIUM_TRAINER_KEY: 'k'.repeat(31) };
  assert.match(problemsOf(short).join(), /CONSILIUM_TRAINER_KEY must have 32 characters or more/);
});

test('each variable is listed once', () => {
  const names = VARIABLES.map(([name]) => name);
  assert.equal(new Set(names).size, names.length);
});

test('TLS needs a certificate and its key, and both are looked at before it serves', async (t) => {
  const own = environment(t, ONE);
  const files = Object.fromEntries(
    ['CERTIFICATE', 'KEY', 'CLIENT_AUTHORITIES'].map((name) => {
      const path = join(own.CONSILIUM_DATA_DIR, '..', `${name}.pem`);
      return [`CONSILIUM_TLS_${name}`, path];
    }),
  ) as Record<`CONSILIUM_TLS_${'CERTIFICATE' | 'KEY' | 'CLIENT_AUTHORITIES'}`, string>;
  const authority = await TestAuthority.create('hospital');
  const { cert, key } = await authority.issue('gateway');
  writeFileSync(files.CONSILIUM_TLS_CERTIFICATE, cert);
  writeFileSync(files.CONSILIUM_TLS_KEY, key);
  writeFileSync(files.CONSILIUM_TLS_CLIENT_AUTHORITIES, authority.pem);
  assert.equal(readConfig(own).tls, undefined);
  assert.equal(
    readConfig({ ...own, ...files }).tls?.clientAuthorities,
    files.CONSILIUM_TLS_CLIENT_AUTHORITIES,
  );
  const wrong: [Record<string, string | undefined>, RegExp][] = [
    [{ CONSILIUM_TLS_KEY: undefined }, /^CONSILIUM_TLS_KEY is not set, but CONSILIUM_TLS_CERTIFICATE is/],
    [
      { CONSILIUM_TLS_CERTIFICATE: undefined },
      /^CONSILIUM_TLS_KEY is set, but CONSILIUM_TLS_CERTIFICATE is not/,
    ],
    [{ CONSILIUM_TLS_KEY: files.CONSILIUM_TLS_CERTIFICATE }, /^CONSILIUM_TLS_CERTIFICATE.*CERTIFICATE\.pem/],
  ];
  for (const [changes, problem] of wrong)
    assert.match(problemsOf({ ...own, ...files, ...changes })[0] ?? '', problem);
});

test('a provider needs an https address, an audience and roles, and signs with public keys', (t) => {
  const own = {
    ...environment(t, ONE),
    CONSILIUM_OIDC_ISSUER: 'https://login.hospital.example/realms/staff',
    CONSILIUM_OIDC_AUDIENCE: 'consilium',
    CONSILIUM_OIDC_ROLES: 'data stewards=steward, it = operator',
  };
  const { signIn } = readConfig(own);
  assert.deepEqual(
    [...(signIn?.roles ?? [])],
    [
      ['data stewards', 'steward'],
      ['it', 'operator'],
    ],
  );
  assert.deepEqual([signIn?.rolesClaim, signIn?.personClaim, signIn?.skewSeconds], ['roles', undefined, 30]);
  assert.equal(signIn?.typedOnly, false);
  assert.equal(readConfig({ ...own, CONSILIUM_OIDC_TYPED_ONLY: 'on' }).signIn?.typedOnly, true);
  const roles = { CONSILIUM_OIDC_ROLES: 'it=operator' };
  const wrong: [Record<string, string | undefined>, string][] = [
    [{ CONSILIUM_OIDC_ISSUER: 'http://login.hospital.example' }, 'CONSILIUM_OIDC_ISSUER'],
    [{ CONSILIUM_OIDC_ISSUER: 'https://user:secret@login.hospital.example' }, 'CONSILIUM_OIDC_ISSUER'],
    [{ CONSILIUM_OIDC_AUDIENCE: undefined }, 'CONSILIUM_OIDC_AUDIENCE'],
    [{ CONSILIUM_OIDC_ROLES: undefined }, 'CONSILIUM_OIDC_ROLES'],
    [{ CONSILIUM_OIDC_ROLES: 'it=king' }, 'CONSILIUM_OIDC_ROLES'],
    [{ CONSILIUM_OIDC_ROLES: 'operator' }, 'CONSILIUM_OIDC_ROLES'],
    [{ CONSILIUM_OIDC_ROLES: 'it=operator,it=steward' }, 'CONSILIUM_OIDC_ROLES'],
    [{ CONSILIUM_OIDC_ALGORITHMS: 'RS256,HS256' }, 'CONSILIUM_OIDC_ALGORITHMS'],
    [{ CONSILIUM_OIDC_ALGORITHMS: 'none' }, 'CONSILIUM_OIDC_ALGORITHMS'],
    [{ CONSILIUM_OIDC_SKEW_SECONDS: '301' }, 'CONSILIUM_OIDC_SKEW_SECONDS'],
    [{ CONSILIUM_OIDC_TYPED_ONLY: 'yes' }, 'CONSILIUM_OIDC_TYPED_ONLY'],
    [{ CONSILIUM_OIDC_ISSUER: undefined }, 'CONSILIUM_OIDC_AUDIENCE'],
  ];
  for (const [changes, variable] of wrong) {
    const [problem = ''] = problemsOf({ ...own, ...roles, ...changes });
    assert.ok(problem.startsWith(`${variable} `), `${JSON.stringify(changes)}: ${problem}`);
    assert.ok(!problem.includes('secret'));
  }
});

test("people of the console sign in at the provider only with a client's id and an address of this gateway", (t) => {
  const own = {
    ...environment(t, ONE),
    CONSILIUM_OIDC_ISSUER: 'https://login.hospital.example/realms/staff',
    CONSILIUM_OIDC_AUDIENCE: 'consilium',
    CONSILIUM_OIDC_ROLES: 'it=operator',
  };
  assert.equal(readConfig(own).signIn?.client, undefined);
  const secretFile = join(own.CONSILIUM_DATA_DIR, '..', 'secret');
  writeFileSync(secretFile, 'a secret\n');
  const client = {
    CONSILIUM_OIDC_CLIENT_ID: 'console',
    CONSILIUM_OIDC_CLIENT_SECRET_FILE: secretFile,
    CONSILIUM_OIDC_REDIRECT_URI: 'https://gateway.hospital.example/console/signed-in',
  };
  const read = readConfig({ ...own, ...client }).signIn?.client;
  assert.deepEqual(
    [read?.id, read?.secret, read?.scopes, read?.resource],
    ['console', 'a secret', 'openid', undefined],
  );
  const wrong: [Record<string, string | undefined>, string][] = [
    [{ CONSILIUM_OIDC_CLIENT_ID: undefined }, 'CONSILIUM_OIDC_CLIENT_SECRET_FILE'],
    [{ CONSILIUM_OIDC_CLIENT_SECRET_FILE: '/nowhere/secret' }, 'CONSILIUM_OIDC_CLIENT_SECRET_FILE'],
    [{ CONSILIUM_OIDC_CLIENT_SECRET_FILE: '/dev/null' }, 'CONSILIUM_OIDC_CLIENT_SECRET_FILE'],
    [{ CONSILIUM_OIDC_REDIRECT_URI: undefined }, 'CONSILIUM_OIDC_REDIRECT_URI'],
    ...[
      'http://gateway.hospital.example/console/signed-in',
      'https://gateway.hospital.example/console/',
      'https://user@gateway.hospital.example/console/signed-in',
      'https://gateway.hospital.example/console/signed-in?x=1',
      'gateway',
    ].map((uri): [Record<string, string>, string] => [
      { CONSILIUM_OIDC_REDIRECT_URI: uri },
      'CONSILIUM_OIDC_REDIRECT_URI',
    ]),
    [{ CONSILIUM_OIDC_SCOPES: 'profile' }, 'CONSILIUM_OIDC_SCOPES'],
    [{ CONSILIUM_CONSOLE: 'maybe' }, 'CONSILIUM_CONSOLE'],
    [{ CONSILIUM_API_KEYS_BY_REST: 'yes' }, 'CONSILIUM_API_KEYS_BY_REST'],
  ];
  for (const [changes, variable] of wrong) {
    const problems = problemsOf({ ...own, ...client, ...changes });
    assert.ok(
      problems.some((problem) => problem.startsWith(variable)),
      `${JSON.stringify(changes)}: ${problems}`,
    );
    assert.ok(!problems.join().includes('a secret'));
  }
  const { console: isOn, apiKeysByRest } = readConfig(own);
  assert.deepEqual([isOn, apiKeysByRest], [true, false]);
});
