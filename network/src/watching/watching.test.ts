// What watches a network is judged by Prometheus' own tool where it is installed, and by what it must say.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import type { Consortium } from '../config.ts';
import { ownFolder } from '../programs.ts';
import { prometheusConfiguration } from './prometheus-configuration.ts';
import { writeWatching } from './write-watching.ts';

const folder = join(ownFolder, 'watching');
const promtool = [process.env.PROMETHEUS_BIN_DIR ?? '', ...(process.env.PATH ?? '').split(delimiter)]
  .filter((path) => path !== '')
  .map((path) => join(path, 'promtool'))
  .find((path) => existsSync(path));
const skip = promtool === undefined ? 'not run: no promtool (set PROMETHEUS_BIN_DIR)' : false;
const judge = (...parameters: string[]) => promisify(execFile)(promtool!, parameters, { cwd: folder });

const consortium: Consortium = {
  name: 'clinics',
  channel: 'wards',
  runtime: 'native',
  organisations: ['north', 'south'].map((name) => ({ name, mspId: `${name}MSP`, title: name })),
  chaincode: { name: 'consilium', policy: 'MAJORITY' },
};
const ports = {
  ipfs: 1,
  'gateway-north': 2,
  'gateway-south': 3,
  'trainer-north': 4,
  'trainer-south': 5,
  'peer-north': 6,
  'peer-operations-north': 7,
  'peer-operations-south': 8,
  'orderer-operations-1': 9,
};
interface Rules {
  readonly groups: readonly {
    readonly rules: readonly { readonly alert: string; readonly annotations: { readonly runbook: string } }[];
  }[];
}
const alerts = (parse(readFileSync(join(folder, 'alerts.yml'), 'utf8')) as Rules).groups.flatMap(
  ({ rules }) => rules,
);

test('each part that has figures is asked for them, and nothing but the loopback interface', () => {
  const { scrape_configs: jobs } = prometheusConfiguration({ consortium, ports, kubo: true });
  const asked = jobs.flatMap(({ job_name: job, static_configs: all }) =>
    all.map(({ targets, labels }) => [job, labels.part, ...targets]),
  );
  assert.deepEqual(
    asked,
    [
      ['gateway', 'gateway-north', '127.0.0.1:2'],
      ['gateway', 'gateway-south', '127.0.0.1:3'],
      ['trainer', 'trainer-north', '127.0.0.1:4'],
      ['trainer', 'trainer-south', '127.0.0.1:5'],
      ['peer', 'peer-north', '127.0.0.1:7'],
      ['peer', 'peer-south', '127.0.0.1:8'],
      ['orderer', 'orderer-1', '127.0.0.1:9'],
      ['ipfs', 'ipfs-kubo', '127.0.0.1:1'],
    ].toSorted(([a], [b]) => order(a!) - order(b!)),
  );
  const embedded = prometheusConfiguration({
    consortium: { ...consortium, runtime: 'embedded' },
    ports,
    kubo: false,
  });
  assert.deepEqual(
    embedded.scrape_configs.map(({ job_name: job }) => job),
    ['gateway', 'trainer'],
    'the stand-ins have no figures',
  );
});
const order = (job: string) => ['gateway', 'trainer', 'peer', 'orderer', 'ipfs'].indexOf(job);

test('a folder of a started network gets what watches it, without orderers that are only remembered', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'consilium-watching-'));
  t.after(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, 'ports.json'), JSON.stringify({ ...ports, 'orderer-operations-2': 10 }));
  writeWatching(directory, { consortium, services: ['orderer-1', 'ipfs-stand-in'] });
  const text = readFileSync(join(directory, 'watching/prometheus.yml'), 'utf8');
  assert.match(text, /127\.0\.0\.1:9\b/);
  assert.doesNotMatch(text, /127\.0\.0\.1:10\b|ipfs/);
  for (const file of ['alerts.yml', 'dashboard.json'])
    assert.ok(existsSync(join(directory, 'watching', file)));
});

test('each alert has a line to act by, and is tried', () => {
  assert.ok(alerts.length > 10);
  const page = readFileSync(join(ownFolder, '../docs/operating/watching.md'), 'utf8');
  const tried = readFileSync(join(folder, 'alerts-test.yml'), 'utf8');
  for (const { alert, annotations } of alerts) {
    assert.equal(annotations.runbook, `docs/operating/watching.md#${alert.toLowerCase()}`);
    assert.ok(page.includes(`### ${alert}\n`), `${alert} is not in watching.md`);
    assert.ok(tried.includes(`alertname="${alert}"`), `${alert} is not in alerts-test.yml`);
  }
});

test('promtool takes the rules and the configuration, and each alert fires on what it is for', {
  skip,
}, async (t) => {
  await judge('check', 'rules', 'alerts.yml');
  await judge('test', 'rules', 'alerts-test.yml');
  const directory = mkdtempSync(join(tmpdir(), 'consilium-watching-'));
  t.after(() => rmSync(directory, { recursive: true }));
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'ports.json'), JSON.stringify(ports));
  writeWatching(directory, { consortium, services: ['orderer-1', 'ipfs-kubo'] });
  await judge('check', 'config', join(directory, 'watching/prometheus.yml'));
});

test('the dashboard asks for figures that somebody gives', () => {
  const { panels } = JSON.parse(readFileSync(join(folder, 'dashboard.json'), 'utf8')) as {
    panels: { title: string; targets: { expr: string }[] }[];
  };
  assert.ok(panels.length > 10);
  for (const { title, targets } of panels) {
    for (const { expr } of targets) {
      assert.match(expr, /\b(up|consilium_\w+|consensus_\w+|ledger_\w+|process_\w+)\b/, title);
    }
  }
});
