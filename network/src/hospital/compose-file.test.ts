// The file for Docker Compose, which its own parser judges where it is.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parse } from 'yaml';
import type { ServiceDefinition } from '../service.ts';
import { composeFile } from './compose-file.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-compose-'));
after(() => rmSync(root, { recursive: true }));

/** A program that reads a file of Compose and exits with 0 where it is one. */
const { COMPOSE_CHECK = '' } = process.env;
const hasCompose = spawnSync('docker', ['compose', 'version']).status === 0;
const skip = COMPOSE_CHECK !== '' || hasCompose ? false : 'not run: no Docker Compose, and no COMPOSE_CHECK';

const service = (name: string, command: [string, ...string[]], environment = {}): ServiceDefinition => ({
  ...{
    name,
    command,
    environment: { PATH: '/bin', ...environment },
    organisation: null,
    port: null,
    url: null,
  },
  ...{ workingDirectory: '/srv/consilium', log: '', isReady: async () => true, readyTimeoutMs: 1 },
});

const composed = composeFile({
  organisation: 'clinic1',
  plan: {
    stages: [
      { title: 'IPFS', services: [service('ipfs-clinic1', ['/opt/kubo/ipfs', 'daemon'])] },
      { title: 'peer', services: [service('peer-clinic1', ['/opt/fabric/bin/peer', 'node', 'start'])] },
      { title: 'second', services: [service('peer1-clinic1', ['/opt/fabric/bin/peer', 'node', 'start'])] },
      {
        title: 'trainer',
        services: [
          service('trainer-clinic1', ['/usr/bin/node', 'main.js', 'price: $5'], {
            CONSILIUM_TRAINER_KEY: 'very secret $HOME',
          }),
        ],
      },
    ],
  },
  images: { orderer: 'orderer:1', peer: 'peer:1', ipfs: 'kubo:1', node: 'node:1' },
  folder: '/srv/consilium',
  readOnly: ['/opt/consilium'],
  user: '990:990',
  environmentFile: (name) => join(root, `${name}.env`),
  logs: { maxMebibytes: 10, files: 3 },
});

interface Read {
  readonly services: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

test('each process is a container of its image, as the own user and with no more rights, after those before it', () => {
  const { services } = parse(composed.text) as Read;
  assert.deepEqual(Object.keys(services), [
    'ipfs-clinic1',
    'peer-clinic1',
    'peer1-clinic1',
    'trainer-clinic1',
  ]);
  assert.equal(services['peer1-clinic1']!.image, 'peer:1');
  const { 'peer-clinic1': peer, 'trainer-clinic1': trainer } = services as Record<
    string,
    Record<string, unknown>
  >;
  assert.deepEqual([peer!.image, peer!.entrypoint, peer!.command], ['peer:1', ['peer'], ['node', 'start']]);
  assert.deepEqual(trainer!.depends_on, ['peer1-clinic1']);
  assert.deepEqual(trainer!.command, ['main.js', 'price: $$5']);
  for (const one of Object.values(services)) {
    assert.equal(one.user, '990:990');
    assert.deepEqual([one.read_only, one.cap_drop], [true, ['ALL']]);
  }
});

test('secrets are in files of their own, and not in what is passed around', () => {
  assert.doesNotMatch(composed.text, /very secret|CONSILIUM_TRAINER_KEY/);
  const { [join(root, 'trainer-clinic1.env')]: text } = composed.environments;
  assert.equal(text, "CONSILIUM_TRAINER_KEY='very secret $HOME'\n");
});

test("Compose's own parser takes it", { skip }, () => {
  const file = join(root, 'compose.yaml');
  writeFileSync(file, composed.text);
  for (const [name, text] of Object.entries(composed.environments)) writeFileSync(name, text);
  const check = (path: string) =>
    COMPOSE_CHECK === ''
      ? spawnSync('docker', ['compose', '-f', path, 'config', '-q'], { encoding: 'utf8' })
      : spawnSync(COMPOSE_CHECK, [path], { encoding: 'utf8' });
  const { status, stderr } = check(file);
  assert.equal(status, 0, stderr);
  const wrong = join(root, 'wrong.yaml');
  writeFileSync(wrong, composed.text.replace('cap_drop:', 'cap_dropped:'));
  assert.notEqual(check(wrong).status, 0);
});
