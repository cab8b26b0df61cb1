// What the REST service costs: the same transactions through a bare Fabric client and through a gateway process
// with its outbox, with and without Idempotency-Key. One JSON line per measurement. With CONSILIUM_CONNECTION the
// embedded network and the given one are measured in one run.
import { spawn } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { canonicalJson } from '@consilium/chaincode/domain';
import { Client, credentials } from '@grpc/grpc-js';
import { connect, signers } from '@hyperledger/fabric-gateway';
import { createApiKey } from '../src/api-keys.ts';
import type { Connection } from '../src/connection.ts';
import { REGISTER_MEMBER } from '../src/examples.ts';
import { anotherDataset } from '../src/testing/another-dataset.ts';
import { CHAINCODE_NAME, FabricNetwork, notRun, RUN } from '../src/testing/fabric-network.ts';

const TRANSACTIONS = Number(process.env.TRANSACTIONS ?? 200);
const IN_FLIGHT = [1, 16, 64];
const MSP_ID = 'Org1MSP';
const MAIN = fileURLToPath(new URL('../src/main.js', import.meta.url));

interface Subject {
  readonly client: string;
  submit(body: object): Promise<void>;
}

function bareClient({
  channel,
  organisation,
}: Connection): Subject & { register(): Promise<void>; close(): void } {
  const client = new Client(
    organisation.endpoint,
    credentials.createSsl(Buffer.from(organisation.tlsRootCertificate)),
  );
  const contractOf = (role: string) => {
    const own = organisation.clients[role];
    if (own === undefined) throw new Error(`no client for ${role}`);
    const gateway = connect({
      client,
      identity: { mspId: organisation.mspId, credentials: Buffer.from(own.certificate) },
      signer: signers.newPrivateKeySigner(createPrivateKey(own.privateKey)),
    });
    return gateway.getNetwork(channel).getContract(CHAINCODE_NAME);
  };
  const steward = contractOf('steward');
  return {
    client: 'fabric-gateway',
    submit: async (body) => {
      await steward.submitTransaction('dataset:register', canonicalJson(body));
    },
    register: async () => {
      const operator = contractOf('operator');
      const members = Buffer.from(await operator.evaluateTransaction('member:list', '{}')).toString();
      if (members.includes(`"${organisation.mspId}"`)) return;
      await operator.submitTransaction('member:register', canonicalJson(REGISTER_MEMBER));
    },
    close: () => client.close(),
  };
}

async function startGateway(connectionPath: string, directory: string) {
  const keysPath = join(directory, 'keys.json');
  const { key } = createApiKey({ path: keysPath, role: 'steward' });
  const child = spawn(process.execPath, [MAIN], {
    env: {
      PATH: process.env.PATH,
      CONSILIUM_CONNECTION: connectionPath,
      CONSILIUM_MSP_ID: MSP_ID,
      CONSILIUM_CHAINCODE: CHAINCODE_NAME,
      CONSILIUM_API_KEYS: keysPath,
      CONSILIUM_DATA_DIR: directory,
      CONSILIUM_PORT: '0',
      CONSILIUM_REQUESTS_PER_MINUTE: '1000000',
      CONSILIUM_LOG_LEVEL: 'warn',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  const { url } = JSON.parse(readFileSync(join(directory, 'gateway.json'), 'utf8')) as { url: string };
  const subject = (client: string, keyOf: (body: object) => string | undefined): Subject => ({
    client,
    submit: async (body) => {
      const idempotencyKey = keyOf(body);
      const answer = await fetch(`${url}/v1/datasets`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${key}`,
          'content-type': 'application/json',
          ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
        },
        body: JSON.stringify(body),
      });
      const text = await answer.text();
      if (answer.status !== 201) throw new Error(`${answer.status}: ${text}`);
    },
  });
  const stop = async () => {
    child.kill('SIGTERM');
    await once(child, 'exit');
  };
  const idOf = (body: object) => (body as { datasetId: string }).datasetId;
  return { stop, subjects: [subject('rest', () => undefined), subject('rest, idempotent', idOf)] };
}

let sequence = 0;
const nextBody = () => {
  sequence += 1;
  return anotherDataset(`bench-${RUN}-${sequence}`);
};

async function measure(network: string, { client, submit }: Subject, inFlight: number): Promise<void> {
  const durationsMs: number[] = [];
  let left = TRANSACTIONS;
  const begunMs = performance.now();
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      const sentMs = performance.now();
      await submit(nextBody());
      durationsMs.push(performance.now() - sentMs);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  const seconds = (performance.now() - begunMs) / 1000;
  durationsMs.sort((a, b) => a - b);
  const quantile = (q: number) => Math.round(durationsMs[Math.floor(q * (durationsMs.length - 1))] ?? 0);
  const line = {
    bench: 'gateway/submit-throughput',
    network,
    client,
    inFlight,
    transactions: TRANSACTIONS,
    perSecond: Math.round(TRANSACTIONS / seconds),
    p50Ms: quantile(0.5),
    p95Ms: quantile(0.95),
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function compare(name: string, network: FabricNetwork): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'gateway-bench-'));
  const bare = bareClient(network.connection(MSP_ID));
  try {
    await bare.register();
    const gateway = await startGateway(network.connectionPath, directory);
    for (let warm = 0; warm < 20; warm += 1) await bare.submit(nextBody());
    for (const inFlight of IN_FLIGHT) {
      for (const subject of [bare, ...gateway.subjects]) await measure(name, subject, inFlight);
    }
    await gateway.stop();
  } finally {
    bare.close();
    await network.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

if (notRun !== undefined) {
  process.stderr.write(`${notRun}\n`);
} else {
  await compare('embedded', await FabricNetwork.startEmbedded(50));
  if (process.env.CONSILIUM_CONNECTION === undefined) {
    process.stderr.write('not run: a real network, which CONSILIUM_CONNECTION would name\n');
  } else {
    await compare('given', await FabricNetwork.start());
  }
}
