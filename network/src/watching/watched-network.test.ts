// A real Prometheus watches a real network: every part answers it, and no alert fires where all is well.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { whyNoFabric } from '../native/binaries.ts';
import { runNetwork } from '../native/testing/native-command.ts';

const prometheus = [process.env.PROMETHEUS_BIN_DIR ?? '', ...(process.env.PATH ?? '').split(delimiter)]
  .filter((path) => path !== '')
  .map((path) => join(path, 'prometheus'))
  .find((path) => existsSync(path));
const skip =
  whyNoFabric() || (prometheus === undefined ? 'not run: no prometheus (set PROMETHEUS_BIN_DIR)' : false);

const root = mkdtempSync(join(tmpdir(), 'consilium-watched-'));
const directory = join(root, 'consortium');
after(async () => {
  await runNetwork(['down', '--dir', directory]);
  rmSync(root, { recursive: true });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  assert.ok(typeof address === 'object' && address !== null);
  return address.port;
}

interface Target {
  readonly health: 'up' | 'down' | 'unknown';
  readonly lastError: string;
  readonly labels: { readonly job: string; readonly part: string };
}

test('a real Prometheus is answered by every part of a real network, and knows who leads', {
  skip,
}, async () => {
  const config = join(root, 'consortium.yaml');
  writeFileSync(
    config,
    `name: one-clinic
channel: consortium
runtime: native
organisations: [{ name: north, mspId: NorthMSP, title: North Clinic }]
chaincode: { name: consilium, policy: MAJORITY }
`,
  );
  const up = await runNetwork(['up', '--config', config, '--dir', directory]);
  assert.equal(up.code, 0, up.err);
  const address = `127.0.0.1:${await freePort()}`;
  const watching = spawn(
    prometheus!,
    [
      `--config.file=${join(directory, 'watching/prometheus.yml')}`,
      `--storage.tsdb.path=${join(root, 'prometheus')}`,
      `--web.listen-address=${address}`,
    ],
    { stdio: 'ignore' },
  );
  const exited = once(watching, 'exit');
  try {
    const ask = async <T>(path: string): Promise<T> =>
      ((await (await fetch(`http://${address}/api/v1/${path}`)).json()) as { data: T }).data;
    let targets: readonly Target[] = [];
    for (let asked = 0; asked < 120; asked += 1) {
      targets = await ask<{ activeTargets: readonly Target[] }>('targets').then(
        ({ activeTargets }) => activeTargets,
        () => [],
      );
      if (targets.length > 0 && targets.every(({ health }) => health === 'up')) break;
      await sleep(1000);
    }
    const wanted = ['gateway-north', 'orderer-1', 'peer-north', 'trainer-north'];
    for (const part of wanted)
      assert.ok(
        targets.some(({ labels }) => labels.part === part),
        part,
      );
    for (const { labels, health, lastError } of targets)
      assert.equal(health, 'up', `${labels.part}: ${lastError}`);
    const query = 'query?query=consensus_etcdraft_is_leader';
    const { result } = await ask<{ result: { metric: { part: string }; value: [number, string] }[] }>(query);
    assert.deepEqual(
      result.map(({ metric, value }) => [metric.part, value[1]]),
      [['orderer-1', '1']],
    );
    const { alerts } = await ask<{ alerts: readonly { state: string; labels: { alertname: string } }[] }>(
      'alerts',
    );
    assert.deepEqual(
      alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels.alertname),
      [],
    );
  } finally {
    watching.kill('SIGTERM');
    await exited;
  }
});
