/**
 * Fabric's own samples, unmodified but for the port of the peer: a chaincode served by Fabric's server of Node chaincode,
 * and its application. FABRIC_SAMPLES_DIR names a clone of hyperledger/fabric-samples, where `npm install` (and, for
 * TypeScript, `npm run build`) were run in the folders below; what is not there is reported as not run.
 */
import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { spawnNode } from './fixtures/child-process.ts';
import { serveNodeChaincode } from './fixtures/node-chaincode.ts';
import { RunningNetwork } from './fixtures/running-network.ts';

const SAMPLES = process.env.FABRIC_SAMPLES_DIR;
const ORGANISATIONS = ['org1', 'org2'] as const;
const PORTS = { org1: 'localhost:7051', org2: 'localhost:9051' } as const;
const mspIdOf = (organisation: (typeof ORGANISATIONS)[number]) => `O${organisation.slice(1)}MSP`;

const FLOWS = [
  {
    sample: 'asset-transfer-basic',
    name: 'basic',
    chaincode: 'chaincode-javascript',
    application: 'application-gateway-javascript/src/app.js',
    policy: 'MAJORITY Endorsement',
    says: [/\*\*\* Result: \[/, /ownership from Tom to Saptha/, /Successfully caught the error/],
  },
  {
    sample: 'asset-transfer-basic',
    name: 'basicts',
    chaincode: 'chaincode-typescript',
    application: 'application-gateway-typescript/dist/app.js',
    policy: 'MAJORITY Endorsement',
    says: [/\*\*\* Result: \[/, /ownership from Tom to Saptha/, /Successfully caught the error/],
  },
  {
    sample: 'asset-transfer-events',
    name: 'events',
    chaincode: 'chaincode-javascript',
    application: 'application-gateway-typescript/dist/app.js',
    // As its README deploys it: a deletion reads private properties of the client's organisation.
    policy: "OR('Org1MSP.peer','Org2MSP.peer')",
    says: [/event received: CreateAsset/, /event replayed: TransferAsset/, /event replayed: DeleteAsset/],
  },
] as const;

/** Why a flow cannot be run here, or undefined. */
function obstacle({ sample, chaincode, application }: (typeof FLOWS)[number]): string | undefined {
  if (SAMPLES === undefined || SAMPLES === '') return 'not run: no FABRIC_SAMPLES_DIR';
  const served = join(SAMPLES, sample, chaincode);
  const called = dirname(dirname(join(SAMPLES, sample, application)));
  for (const folder of [served, called]) if (!existsSync(folder)) return `not run: there is no ${folder}`;
  for (const [folder, needs] of [
    [served, 'fabric-shim/package.json'],
    [called, '@hyperledger/fabric-gateway'],
  ] as const) {
    try {
      createRequire(join(folder, 'package.json')).resolve(needs);
    } catch {
      return `not run: \`npm install\` in ${folder}`;
    }
  }
  const { main } = JSON.parse(readFileSync(join(served, 'package.json'), 'utf8'));
  if (!existsSync(join(served, main))) return `not run: \`npm run build\` in ${served}`;
  if (!existsSync(join(SAMPLES, sample, application))) return `not run: \`npm run build\` in ${called}`;
  return undefined;
}

describe("Fabric's samples", () => {
  let network: RunningNetwork;
  let copies: string;
  const chaincodes: (() => Promise<unknown>)[] = [];
  const isNeeded = FLOWS.some((flow) => obstacle(flow) === undefined);

  before(async () => {
    if (!isNeeded) return;
    network = await RunningNetwork.start({
      channel: 'mychannel',
      organisations: ORGANISATIONS.map((one) => ({ mspId: mspIdOf(one), name: `${one}.example.com` })),
    });
    copies = join(network.dir, 'samples');
    for (const one of ORGANISATIONS) layOut(one);
  });
  after(async () => {
    for (const end of chaincodes) await end();
    await network?.close();
  });

  /** The identities under the paths that the samples expect beside them. */
  function layOut(organisation: (typeof ORGANISATIONS)[number]): void {
    const ours = join(network.dir, 'organisations', mspIdOf(organisation));
    const domain = `${organisation}.example.com`;
    const theirs = join(copies, 'test-network/organizations/peerOrganizations', domain);
    for (const folder of ['users', 'peers']) mkdirSync(join(theirs, folder), { recursive: true });
    symlinkSync(join(ours, 'users/operator'), join(theirs, `users/User1@${domain}`));
    symlinkSync(join(ours, 'nodes/peer0'), join(theirs, `peers/peer0.${domain}`));
  }

  /** A copy of the application beside the identities, which calls our ports. @returns its script. */
  function copyApplication(path: string): string {
    const from = join(SAMPLES!, path);
    const to = join(copies, path);
    cpSync(dirname(from), dirname(to), { recursive: true });
    for (const file of readdirSync(dirname(to)).filter((name) => name.endsWith('.js'))) {
      const script = join(dirname(to), file);
      const text = ORGANISATIONS.reduce(
        (before, one) => {
          const ours = network.connection.organisations.find(({ mspId }) => mspId === mspIdOf(one))!;
          return before.replaceAll(PORTS[one], ours.endpoint);
        },
        readFileSync(script, 'utf8'),
      );
      writeFileSync(script, text);
    }
    const installed = createRequire(from).resolve('@hyperledger/fabric-gateway');
    const modules = installed.slice(0, installed.indexOf('/node_modules/') + '/node_modules'.length);
    symlinkSync(modules, join(dirname(dirname(to)), 'node_modules'));
    return to;
  }

  for (const flow of FLOWS) {
    const { sample, name, chaincode, application, policy, says } = flow;
    const skip = obstacle(flow) ?? false;
    it(`${sample}: ${chaincode} answers ${dirname(dirname(application))}`, { skip }, async () => {
      const addresses: Record<string, string> = {};
      for (const one of ORGANISATIONS) {
        const served = await serveNodeChaincode({
          folder: join(SAMPLES!, sample, chaincode),
          id: `${name}:1`,
          mspId: mspIdOf(one),
        });
        chaincodes.push(() => served.process.kill('SIGKILL'));
        addresses[mspIdOf(one)] = served.address;
      }
      await network.deploy(name, addresses, ['--package-id', `${name}:1`, '--policy', policy]);
      const script = copyApplication(join(sample, application));
      const running = spawnNode(script, [], { env: { CHAINCODE_NAME: name, ...unhinted() } });
      let output = '';
      running.child.stdout!.on('data', (chunk) => {
        output += chunk;
      });
      const status = await running.exited;
      const all = `${output}${running.complaints()}`;
      assert.equal(status, 0, all);
      assert.doesNotMatch(all, /FAILED/, basename(script));
      for (const words of says) assert.match(output, words);
    });
  }
});

/** The settings that the applications read, in case this machine has some. */
function unhinted(): Record<string, string> {
  const names = ['CHANNEL_NAME', 'MSP_ID', 'CRYPTO_PATH', 'KEY_DIRECTORY_PATH', 'CERT_DIRECTORY_PATH'];
  return Object.fromEntries(
    [...names, 'TLS_CERT_PATH', 'PEER_ENDPOINT', 'PEER_HOST_ALIAS'].map((one) => [one, '']),
  );
}
