// The own gateway, as hospital.yaml has it.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ConfigError } from '@consilium/command-line';
import { stringify } from 'yaml';
import { ensureSecrets } from '../secrets.ts';
import type { ServiceDefinition } from '../service.ts';
import { readHospital } from './hospital-file.ts';
import { askGateway, gatewayAt, gatewayFiles, gatewayUrlOf, trustGateway } from './hospital-gateway.ts';
import { hospitalLayout } from './hospital-layout.ts';
import { ledgerAt } from './leave-command.ts';
import { type Clinic, initialisedClinics } from './testing/clinics.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-own-gateway-'));
after(() => rmSync(root, { recursive: true }));
let clinics: Clinic[] = [];
before(async () => {
  clinics = await initialisedClinics(root, 2);
});

const service = { environment: { PATH: '/bin' } } as unknown as ServiceDefinition;
const own = (name: string, at = 0) => join(clinics[at]!.layout.tls.link, name);

function hospitalWith(more: object) {
  const path = join(root, 'clinic1/hospital.yaml');
  const file = {
    consortium: 'consortium.yaml',
    organisation: 'clinic1',
    folder: join(root, 'clinic1/place'),
  };
  writeFileSync(path, stringify({ ...file, mailbox: join(root, 'mailbox'), ...more }));
  return readHospital(path);
}

test('TLS and the provider become the variables of the gateway, and the trainer trusts its authority', () => {
  const hospital = hospitalWith({
    gateway: {
      name: 'gateway.clinic1.test',
      listen: '0.0.0.0',
      tls: { certificate: '/etc/g.pem', key: '/etc/g.key', root: '/etc/root.pem' },
    },
    identityProvider: {
      ...{ issuer: 'https://login.clinic1.test/', audience: 'consilium', skewSeconds: 5, typedOnly: 'on' },
      roles: { 'stewards of data': 'steward', it: 'operator' },
    },
  });
  assert.equal(gatewayUrlOf(hospital), 'https://gateway.clinic1.test:8080');
  assert.deepEqual(gatewayAt(hospital, service).environment, {
    PATH: '/bin',
    CONSILIUM_HOST: '0.0.0.0',
    CONSILIUM_TLS_CERTIFICATE: '/etc/g.pem',
    CONSILIUM_TLS_KEY: '/etc/g.key',
    CONSILIUM_OIDC_ISSUER: 'https://login.clinic1.test/',
    CONSILIUM_OIDC_AUDIENCE: 'consilium',
    CONSILIUM_OIDC_ROLES: 'stewards of data=steward,it=operator',
    CONSILIUM_OIDC_SKEW_SECONDS: '5',
    CONSILIUM_OIDC_TYPED_ONLY: 'on',
  });
  assert.equal(trustGateway(hospital, service).environment.NODE_EXTRA_CA_CERTS, '/etc/root.pem');
  const plain = hospitalWith({});
  assert.deepEqual(gatewayAt(plain, service).environment, { PATH: '/bin' });
  assert.equal(trustGateway(plain, service), service);
});

test('the console, its client at the provider and keys over REST become variables too, the secret as a file', () => {
  const provider = {
    issuer: 'https://login.clinic1.test/',
    audience: 'consilium',
    roles: { it: 'operator' },
  };
  const redirectUri = 'https://gateway.clinic1.test/console/signed-in';
  const client = { clientId: 'console', secretFile: '/etc/consilium/console-secret', redirectUri };
  const hospital = hospitalWith({
    apiKeysByRest: 'on',
    identityProvider: { ...provider, console: { ...client, scopes: 'openid roles' } },
  });
  const { environment } = gatewayAt(hospital, service);
  assert.equal(environment.CONSILIUM_API_KEYS_BY_REST, 'on');
  assert.equal(environment.CONSILIUM_CONSOLE, undefined);
  assert.equal(environment.CONSILIUM_OIDC_CLIENT_ID, 'console');
  assert.equal(environment.CONSILIUM_OIDC_CLIENT_SECRET_FILE, '/etc/consilium/console-secret');
  assert.equal(environment.CONSILIUM_OIDC_REDIRECT_URI, redirectUri);
  assert.equal(environment.CONSILIUM_OIDC_SCOPES, 'openid roles');
  assert.deepEqual(gatewayFiles(hospital), ['/etc/consilium/console-secret']);
  assert.equal(gatewayAt(hospitalWith({ console: 'off' }), service).environment.CONSILIUM_CONSOLE, 'off');
  for (const wrong of [
    { console: 'maybe' },
    { apiKeysByRest: true },
    {
      identityProvider: {
        ...provider,
        console: { ...client, redirectUri: 'http://gateway/console/signed-in' },
      },
    },
    { identityProvider: { ...provider, console: { clientId: 'console' } } },
    { identityProvider: { ...provider, typedOnly: true } },
  ]) {
    assert.throws(() => hospitalWith(wrong), ConfigError);
  }
});

test('what would be read as two roles, and halves of a configuration, are refused by field', () => {
  const provider = { issuer: 'https://login.clinic1.test/', audience: 'consilium' };
  for (const roles of [{ 'a,b': 'steward' }, { 'a=b': 'steward' }, { it: 'admin' }, { it: 'trainer' }]) {
    assert.throws(() => hospitalWith({ identityProvider: { ...provider, roles } }), ConfigError);
  }
  assert.throws(() => hospitalWith({ identityProvider: provider }), ConfigError);
  assert.throws(() => hospitalWith({ gateway: { name: 'gateway.clinic1.test' } }), ConfigError);
  assert.throws(() => hospitalWith({ ca: { kind: 'fabric-ca' } }), ConfigError);
});

test('a gateway with TLS is asked by its name, and another authority than the configured is not believed', async () => {
  const files = { cert: readFileSync(own('server.crt')), key: readFileSync(own('server.key')) };
  const server = createServer(files, ({ headers: { authorization } }, response) =>
    response.end(authorization === undefined ? 'ready' : JSON.stringify({ authorization })),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const gatewayWith = (rootOfTls: string, name = clinics[0]!.hospital.own.host) =>
    hospitalWith({
      ports: { gateway: port },
      gateway: { name, tls: { certificate: own('server.crt'), key: own('server.key'), root: rootOfTls } },
    });
  assert.deepEqual(await askGateway(gatewayWith(own('ca.crt')), '/healthz'), { status: 200, text: 'ready' });
  await assert.rejects(askGateway(gatewayWith(own('ca.crt', 1)), '/healthz'));
  await assert.rejects(askGateway(gatewayWith(own('ca.crt'), 'other.clinic.test'), '/healthz'));
  // So is it by a hospital that leaves, of what it owes on the ledger.
  const hospital = gatewayWith(own('ca.crt'));
  const layout = hospitalLayout(hospital);
  const { auditor } = ensureSecrets(layout.directory, 'clinic1').gateway;
  assert.deepEqual(await ledgerAt(hospital, layout)('/members'), { authorization: `Bearer ${auditor}` });
});
