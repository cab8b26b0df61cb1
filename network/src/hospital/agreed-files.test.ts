// The two files of a hospital on its own host: what they refuse, and that each refusal says where and what to write.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ConfigError } from '@consilium/command-line';
import { parseDocument, stringify } from 'yaml';
import { ownFolder } from '../programs.ts';
import { type AgreedConsortium, parseAgreed, portsOf } from './agreed-consortium.ts';
import { checkConfiguration, checkHospital } from './config-check.ts';
import { readHospital } from './hospital-file.ts';
import { hospitalLayout } from './hospital-layout.ts';
import { witnessesOf } from './hospital-witnesses.ts';
import { exampleConsortium } from './testing/example-consortium.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-two-files-'));
after(() => rmSync(root, { recursive: true }));

type Patch = readonly [path: readonly (string | number)[], value?: unknown];
/** Each path is given its value, or is taken away. */
function change(...patches: Patch[]): string {
  const document = parseDocument(stringify(exampleConsortium(4)));
  for (const [path, value] of patches) {
    if (value === undefined) document.deleteIn(path);
    else document.setIn(path, value);
  }
  return document.toString();
}

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.message;
  }
  return assert.fail('was not refused');
}

test('what all agreed on is read, with the digest of its bytes', () => {
  const text = stringify(exampleConsortium(4));
  const { consortium, digest } = parseAgreed(text);
  assert.deepEqual(consortium, exampleConsortium(4));
  assert.match(digest, /^[0-9a-f]{64}$/);
  assert.notEqual(parseAgreed(`${text}# the same\n`).digest, digest);
  const ports = { peer: 7051, orderer: 7050, ipfs: 7060, witness: 7062 };
  assert.deepEqual(portsOf(consortium.organisations[0]!), ports);
});

test('a consortium may be written before its authorities are made', () => {
  const text = change(...[0, 1, 2, 3].map((at): Patch => [['organisations', at, 'roots']]));
  assert.equal(parseAgreed(text).consortium.organisations[0]!.roots, undefined);
});

const { organisations, chaincode } = exampleConsortium(4);
const WRONG: readonly (readonly [title: string, path: Patch[0], value: unknown, says: RegExp])[] = [
  ['no form', ['form'], undefined, /form is missing.*'hospitals-apart'/],
  ['another form', ['form'], 'native', /form \(line 1\)/],
  [
    'this machine for a host',
    ['organisations', 1, 'host'],
    'localhost',
    /organisations\[1\]\.host \(line \d+\)/,
  ],
  ['a host name with a space', ['organisations', 1, 'host'], 'a b.example', /\.host/],
  [
    'one host for two',
    ['organisations', 2, 'host'],
    organisations[0]!.host,
    /same as organisations\[0\]\.host/,
  ],
  ['one MSP id for two', ['organisations', 2, 'mspId'], 'Clinic1MSP', /organisations\[2\]\.mspId/],
  ['one MSP id in two cases', ['organisations', 2, 'mspId'], 'clinic1msp', /organisations\[2\]\.mspId/],
  ['one port for two', ['organisations', 0, 'ports'], { peer: 7050 }, /ports\.\w+ .*7050/],
  [
    'the port of another listener for witnesses',
    ['organisations', 0, 'ports'],
    { ipfs: 7062 },
    /is 7062, as is its ipfs/,
  ],
  [
    'a second peer at the port of the first',
    ['organisations', 0, 'ports'],
    { peer: 7059, peer1: 7059 },
    /organisations\[0\]\.ports\.peer1 \(line \d+\) is 7059, as is its peer/,
  ],
  [
    'a second peer without a port',
    ['organisations', 0, 'ports'],
    { peer1: true },
    /ports\.peer1 \(line \d+\)/,
  ],
  [
    'an organisation that is called as a folder of its own',
    ['organisations', 1, 'name'],
    'logs',
    /organisations\[1\]\.name \(line \d+\) is the name of a folder of our own: choose another than logs/,
  ],
  ['a port below 1024', ['organisations', 0, 'ports'], { peer: 443 }, /ports\.peer/],
  [
    'the authority of another',
    ['organisations', 3, 'roots'],
    organisations[0]!.roots,
    /\[3\]\.roots\.identity/,
  ],
  [
    'one authority for both',
    ['organisations', 3, 'roots', 'tls'],
    organisations[3]!.roots!.identity,
    /\[3\]\.roots/,
  ],
  ['a digest in capitals', ['chaincode', 'sha256'], chaincode.sha256.toUpperCase(), /chaincode\.sha256/],
  ['an unknown field', ['colour'], 'red', /colour \(line \d+\) is unknown/],
  [
    'a policy of strangers',
    ['chaincode', 'policy'],
    "OR('XMSP.peer')",
    /names XMSP, which is the mspId of no organisation/,
  ],
  ['a policy of clients', ['chaincode', 'policy'], "OR('Clinic1MSP.client')", /only peers endorse/],
  ['a policy out of reach', ['chaincode', 'policy'], "OutOf(2, 'Clinic1MSP.peer')", /cannot be met/],
  ['a policy that is no policy', ['chaincode', 'policy'], 'everybody', /chaincode\.policy/],
  ['a version that is a number', ['fabric'], 3.1, /fabric/],
  ['a Fabric that is too old', ['fabric'], '2.5', /fabric .*from 3\.0 on/],
  ['a time without a zone', ['foundedAt'], '2026-01-01T00:00:00', /foundedAt/],
];

for (const [title, path, value, says] of WRONG) {
  test(`a consortium with ${title} is refused with the place`, () => {
    assert.match(
      refusal(() => parseAgreed(change([path, value]))),
      says,
    );
  });
}

function files(own: Record<string, unknown>, consortium: AgreedConsortium = exampleConsortium(4)): string {
  const folder = mkdtempSync(join(root, 'place-'));
  writeFileSync(join(folder, 'consortium.yaml'), stringify(consortium));
  const path = join(folder, 'hospital.yaml');
  writeFileSync(path, stringify({ ...OWN, ...own }));
  return path;
}
const OWN = {
  consortium: 'consortium.yaml',
  organisation: 'clinic2',
  folder: '/srv/consilium',
  mailbox: '/srv/mailbox',
};

test('a hospital finds itself in what all agreed on, and its inside ports have defaults', () => {
  const { own, inside, consortium } = readHospital(files({ ports: { gateway: 9000 } }));
  assert.equal(own.mspId, 'Clinic2MSP');
  assert.equal(inside.gateway, 9000);
  assert.equal(inside.trainer, 8081);
  assert.equal(consortium.organisations.length, 4);
});

test('gateways of hospitals apart witness each other at the agreed names, with the certificate of the links', () => {
  const [one, two, three] = exampleConsortium(3).organisations;
  const organisations = [one!, two!, { ...three!, ports: { witness: 9443 } }];
  const hospital = readHospital(files({ listen: '192.0.2.10' }, { ...exampleConsortium(3), organisations }));
  const tls = '/srv/consilium/fabric/organisations/Clinic2MSP/nodes/link/tls';
  assert.deepEqual(witnessesOf(hospital, hospitalLayout(hospital)), {
    listen: { host: '192.0.2.10', port: 7062 },
    certificate: `${tls}/server.crt`,
    key: `${tls}/server.key`,
    neighbours: [
      {
        ...{ mspId: 'Clinic1MSP', address: 'clinic1.consilium.test:7062' },
        revocationLists: '/srv/consilium/revoked/tls-Clinic1MSP.pem',
      },
      {
        ...{ mspId: 'Clinic3MSP', address: 'clinic3.consilium.test:9443' },
        revocationLists: '/srv/consilium/revoked/tls-Clinic3MSP.pem',
      },
    ],
  });
});

test('a hospital that is not in the consortium, or shares its folder or a port with another, is refused', () => {
  assert.match(
    refusal(() => readHospital(files({ organisation: 'clinic9' }))),
    /organisation is not in .*clinic1/,
  );
  assert.match(
    refusal(() => readHospital(files({ mailbox: '/srv/consilium/out' }))),
    /mailbox .*is within/,
  );
  assert.match(
    refusal(() => readHospital(files({ ports: { gateway: 8081 } }))),
    /ports\.\w+ .*8081/,
  );
  assert.match(
    refusal(() => readHospital(files({ folder: 'relative' }))),
    /folder .*absolute path/,
  );
  assert.match(
    refusal(() => readHospital(files({ consortium: 'nowhere.yaml' }))),
    /nowhere\.yaml .*\n.*cannot be read/,
  );
  assert.match(
    refusal(() => readHospital(join(root, 'nowhere.yaml'))),
    /hospital\.yaml with HOSPITAL=/,
  );
});

const withPorts = (ports: NonNullable<AgreedConsortium['organisations'][number]['ports']>) => ({
  ...exampleConsortium(4),
  organisations: exampleConsortium(4).organisations.map((one, at) => (at === 1 ? { ...one, ports } : one)),
});

test('a port that all agreed on is of no program inside the host too, which is said where somebody wrote it', () => {
  const refused = (own: Record<string, unknown>, consortium?: AgreedConsortium) =>
    refusal(() => readHospital(files(own, consortium)));
  for (const kind of ['peer', 'orderer', 'ipfs', 'witness'] as const) {
    const own = refused({ ports: { trainer: portsOf(organisations[1]!)[kind] } });
    assert.match(
      own,
      new RegExp(
        'hospital\\.yaml has 1 problem:\n  ports\\.trainer \\(line \\d+\\) is \\d+, ' +
          `as is ${kind} in consortium\\.yaml: give each`,
      ),
    );
    const agreed = refused({}, withPorts({ [kind]: 8081 }));
    assert.match(
      agreed,
      new RegExp(
        'consortium\\.yaml has 1 problem:\n' +
          `  organisations\\[1\\]\\.ports\\.${kind} \\(line \\d+\\) is 8081, as is trainer`,
      ),
    );
    assert.match(agreed, /write another `trainer` under `ports` in hospital\.yaml, or agree on another port/);
  }
  // Of the others' hosts nothing is compared with this one's.
  const others = exampleConsortium(4);
  others.organisations[0]!.ports = { peer: 8081 };
  assert.equal(readHospital(files({}, others)).inside.trainer, 8081);
  // What moved out of the way is no problem.
  assert.equal(
    readHospital(files({ ports: { trainer: 8082 } }, withPorts({ peer: 8081 }))).own.ports?.peer,
    8081,
  );
});

test('each link to another hospital has a port of its own in the row', () => {
  const at = (ports: Record<string, number>) => () => readHospital(files({ ports }));
  assert.match(refusal(at({ trainer: 7103 })), /ports\.trainer \(line \d+\) is 7103, as is one of links/);
  assert.match(
    refusal(at({ links: 7050 })),
    /ports\.links \(line \d+\) has 7050 in its row, as is orderer in/,
  );
  assert.match(
    refusal(() => readHospital(files({}, withPorts({ ipfs: 7102 })))),
    /ipfs .* is 7102, as is one of links/,
  );
  // The own place in the row stays free.
  assert.equal(at({ trainer: 7101 })().inside.trainer, 7101);
});

test('two addresses of one host may have one port, which a doctor and config-check say', () => {
  const path = files({ listen: '192.0.2.10' }, withPorts({ peer: 8081, orderer: 8080 }));
  const { sentences } = checkHospital(path);
  const ports = sentences.filter((one) => one.startsWith('Ports: '));
  assert.equal(ports.length, 2);
  assert.match(
    ports[0]!,
    /ports\.orderer in consortium\.yaml is 8080, as is gateway\. It works only while `listen` is 192\.0\.2\.10/,
  );
  const gateway = {
    name: 'gateway.clinic2.example',
    listen: '192.0.2.10',
    tls: { certificate: '/c', key: '/k', root: '/r' },
  };
  const both = files({ listen: '192.0.2.10', gateway }, withPorts({ orderer: 8080 }));
  assert.match(
    refusal(() => readHospital(both)),
    /ports\.orderer \(line \d+\) is 8080, as is gateway/,
  );
  // Authorities that run elsewhere listen to nothing here.
  const elsewhere = files({ ca: { kind: 'by-hand' } }, withPorts({ ipfs: 7071 }));
  assert.match(
    checkHospital(elsewhere).sentences.at(-1)!,
    /each port of this host, agreed or inside, is of one program/,
  );
});

test('what all agreed on is compared with the ports that hosts have inside by default, before any host is there', () => {
  const folder = mkdtempSync(join(root, 'place-'));
  const file = join(folder, 'consortium.yaml');
  writeFileSync(file, stringify(withPorts({ orderer: 7053, ipfs: 7057 })));
  const ports = checkConfiguration(file).sentences.filter((one) => one.startsWith('Ports: '));
  assert.equal(ports.length, 1);
  assert.match(
    ports[0]!,
    /^Ports: organisations\[1\]\.ports\.orderer \(line \d+\) is 7053, as is ordererAdmin inside/,
  );
  assert.match(ports[0]!, /Clinic2MSP has to write another there under `ports` in its hospital\.yaml/);
});

test('the examples that explain every field are read', () => {
  const folder = join(ownFolder, 'hospitals-apart');
  const { own, consortium } = readHospital(join(folder, 'hospital.yaml'));
  assert.equal(own.name, 'aldermoor');
  assert.equal(consortium.organisations.length, 4);
});
