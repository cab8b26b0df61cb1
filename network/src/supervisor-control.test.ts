// Services of a running supervisor, restarted by another command.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceDefinition } from './service.ts';
import { readState } from './state-file.ts';
import { Supervisor } from './supervisor.ts';
import {
  listenForControl,
  NoSupervisorError,
  restartServices,
  startServices,
  stopServices,
} from './supervisor-control.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-control-'));
after(() => rmSync(root, { recursive: true }));
/** Nothing here is decided by time: this is when a supervisor gives up, on a machine that is busy with much else. */
const PATIENCE_MS = 200_000;

/** Writes what it lives through to one file; ready once it began. With `fail` it ends at once at its second start. */
function dummy(directory: string, name: string, fail = false): ServiceDefinition {
  const say = (what: string) =>
    `require('fs').appendFileSync(${JSON.stringify(join(directory, 'story'))}, '${what} ${name}\\n');`;
  const mark = JSON.stringify(join(directory, `${name}.began`));
  const script = `
    ${fail ? `if (require('fs').existsSync(${mark} + '.once')) process.exit(7);` : ''}
    process.on('SIGTERM', () => { require('fs').rmSync(${mark}); ${say('ended')} process.exit(0); });
    ${say('began')} require('fs').writeFileSync(${mark}, ''); require('fs').writeFileSync(${mark} + '.once', '');
    setInterval(() => undefined, 1000);`;
  return {
    ...{ name, organisation: null, command: [process.execPath, '-e', script], workingDirectory: root },
    ...{ environment: {}, port: null, url: null, log: join(directory, `logs/${name}.log`) },
    isReady: async () => existsSync(join(directory, `${name}.began`)),
    readyTimeoutMs: PATIENCE_MS,
  };
}

async function started(name: string, services: (directory: string) => ServiceDefinition[]) {
  const directory = join(root, name);
  const supervisor = new Supervisor({
    consortium: { name: 'dummies' },
    directory,
    report: () => {},
    plan: async () => ({
      stages: services(directory).map((service) => ({ title: service.name, services: [service] })),
      addresses: { name: 'dummies', channel: 'consortium', ipfsUrl: '', organisations: [] },
    }),
    service: { graceMs: PATIENCE_MS, backoffMs: { first: 3_600_000, most: 3_600_000, forgetAfter: 0 } },
  });
  await supervisor.start();
  const story = () => readFileSync(join(directory, 'story'), 'utf8').trim().split('\n');
  return { directory, supervisor, story };
}

test('services are restarted one after the other, each when the one before is ready again', async () => {
  const { directory, supervisor, story } = await started('in-turn', (place) =>
    ['peer', 'gateway'].map((name) => dummy(place, name)),
  );
  try {
    assert.equal(statSync(join(directory, 'control.sock')).mode & 0o077, 0);
    const said: string[] = [];
    await Promise.all([
      restartServices(directory, ['gateway'], () => {}),
      restartServices(directory, [], (line) => said.push(line)),
    ]);
    assert.deepEqual(story().slice(0, 2), ['began peer', 'began gateway']);
    const rest = story().slice(2).join(', ');
    const alone = 'ended gateway, began gateway';
    const all = 'ended peer, began peer, ended gateway, began gateway';
    assert.ok(rest === `${alone}, ${all}` || rest === `${all}, ${alone}`, rest);
    assert.deepEqual(
      said.map((line) => line.replace(/\(.*/, '')),
      ['peer was restarted and is ready ', 'gateway was restarted and is ready '],
    );
    const { services } = readState(directory)!;
    assert.ok(services.every(({ state, restarts }) => state === 'running' && restarts === 0));
  } finally {
    await supervisor.stop();
  }
  await assert.rejects(
    restartServices(directory, [], () => {}),
    NoSupervisorError,
  );
});

test('a service that was stopped stays down until it is started, and the others run on', async () => {
  const { directory, supervisor, story } = await started('stop-one', (place) =>
    ['peer', 'gateway'].map((name) => dummy(place, name)),
  );
  const states = () => readState(directory)!.services.map(({ name, state }) => `${name} ${state}`);
  const said: string[] = [];
  const say = (line: string) => said.push(line.replace(/ [(].*/, ''));
  try {
    await stopServices(directory, ['peer'], say);
    assert.deepEqual(states(), ['peer stopped', 'gateway running']);
    await assert.rejects(restartServices(directory, ['peer'], say), /peer is stopped/);
    await startServices(directory, ['peer', 'gateway'], say);
    assert.deepEqual(states(), ['peer running', 'gateway running']);
    assert.deepEqual(story(), ['began peer', 'began gateway', 'ended peer', 'began peer']);
    assert.deepEqual(said, [
      'peer was stopped',
      'peer was started and is ready',
      'gateway is running already',
    ]);
  } finally {
    await supervisor.stop();
  }
  assert.equal(story().filter((line) => line === 'ended peer').length, 2);
});

test('a service goes on as another under its name, one that is not needed ends, and the rest is left alone', async () => {
  const { directory, supervisor, story } = await started('changed', (place) =>
    ['peer', 'former', 'gateway'].map((name) => dummy(place, name)),
  );
  try {
    const pidOf = (name: string) =>
      readState(directory)!.services.find((one) => one.name === name)?.process?.pid;
    const peer = pidOf('peer');
    const next = dummy(directory, 'next');
    await supervisor.change({ ends: ['former'], replaces: [{ ...next, name: 'gateway' }] });
    assert.deepEqual(
      readState(directory)!.services.map(({ name, state }) => `${name} ${state}`),
      ['peer running', 'gateway running'],
    );
    assert.equal(pidOf('peer'), peer);
    assert.deepEqual(story().slice(3), ['ended gateway', 'began next', 'ended former']);
    // It is what is restarted from now on.
    await restartServices(directory, ['gateway'], () => {});
    assert.deepEqual(story().slice(6), ['ended next', 'began next']);
    await assert.rejects(
      restartServices(directory, ['former'], () => {}),
      /no service former/,
    );
    const strange = { ...next, name: 'strange' };
    await assert.rejects(supervisor.change({ ends: ['peer'], replaces: [strange] }), /no service strange/);
    assert.equal(pidOf('peer'), peer);
    // With nothing to replace, nothing is restarted.
    await supervisor.change({ ends: [], replaces: [] });
    assert.equal(pidOf('peer'), peer);
  } finally {
    await supervisor.stop();
  }
});

test('one that is stopped stays so when it is replaced, and starts as the other', async () => {
  const { directory, supervisor, story } = await started('changed-stopped', (place) =>
    ['former', 'gateway', 'trainer'].map((name) => dummy(place, name)),
  );
  try {
    await stopServices(directory, ['gateway'], () => {});
    const replaces = ['gateway', 'trainer'].map((name) => ({ ...dummy(directory, `next-${name}`), name }));
    await supervisor.change({ ends: ['former'], replaces });
    assert.deepEqual(
      readState(directory)!.services.map(({ name, state }) => `${name} ${state}`),
      ['gateway stopped', 'trainer running'],
    );
    const changed = ['ended gateway', 'ended trainer', 'began next-trainer', 'ended former'];
    assert.deepEqual(story().slice(3), changed);
    await startServices(directory, ['gateway'], () => {});
    assert.deepEqual(story().slice(7), ['began next-gateway']);
  } finally {
    await supervisor.stop();
  }
});

test('one that cannot be started again is said, and stays down', async () => {
  const { directory, supervisor } = await started('stop-broken', (place) => [dummy(place, 'peer', true)]);
  try {
    await stopServices(directory, ['peer'], () => {});
    await assert.rejects(
      startServices(directory, ['peer'], () => {}),
      /peer exited with code 7/,
    );
    assert.equal(readState(directory)!.services[0]!.state, 'stopped');
  } finally {
    await supervisor.stop();
  }
});

test('one that does not come back ends the row, is said, and the others run as they did', async () => {
  const { directory, supervisor, story } = await started('broken', (place) => [
    dummy(place, 'peer', true),
    dummy(place, 'gateway'),
  ]);
  try {
    const before = readState(directory)!.services.find(({ name }) => name === 'gateway')!.process;
    await assert.rejects(
      restartServices(directory, [], () => {}),
      /peer exited with code 7/,
    );
    const { services } = readState(directory)!;
    assert.deepEqual(services.find(({ name }) => name === 'gateway')!.process, before);
    assert.equal(services.find(({ name }) => name === 'peer')!.state, 'restarting');
    assert.deepEqual(story(), ['began peer', 'began gateway', 'ended peer']);
  } finally {
    await supervisor.stop();
  }
});

test('unknown names and what is no request are refused, and nothing is restarted', async () => {
  const { directory, supervisor, story } = await started('wrong', (place) => [dummy(place, 'peer')]);
  try {
    await assert.rejects(
      restartServices(directory, ['pear'], () => {}),
      /no service pear: write some of peer/,
    );
    for (const text of ['no json\n', '{"restart": "peer"}\n', 'null\n']) {
      const socket = connect(join(directory, 'control.sock'));
      socket.write(text);
      const [answer] = (await socket.take(1).toArray()) as Buffer[];
      assert.equal(JSON.parse(answer!.toString()).kind, 'failed');
      socket.destroy();
    }
    const flood = connect(join(directory, 'control.sock'));
    flood.on('error', () => undefined);
    const closed = new Promise((resolve) => flood.once('close', resolve));
    flood.write('x'.repeat(1024 * 1024));
    await closed;
    assert.deepEqual(story(), ['began peer']);
  } finally {
    await supervisor.stop();
  }
});

test('a stop in the middle of a restart ends it, and leaves neither a record nor a socket', async () => {
  let isHeld = false;
  const { directory, supervisor, story } = await started('stopped', (place) => {
    const peer = dummy(place, 'peer');
    return [{ ...peer, isReady: async () => !isHeld && (await peer.isReady()) }, dummy(place, 'gateway')];
  });
  isHeld = true;
  const restarting = assert.rejects(
    restartServices(directory, [], () => {}),
    /ended before it had done all|stopped while/,
  );
  while (!story().includes('ended peer')) await sleep(10);
  await supervisor.stop();
  await restarting;
  assert.equal(readState(directory), undefined);
  assert.equal(existsSync(join(directory, 'control.sock')), false);
  assert.equal(story().filter((line) => line === 'began gateway').length, 1);
});

test('a folder that can have no socket is said, and keeps nothing from running', async () => {
  const said: string[] = [];
  const never = async () => assert.fail('was asked');
  const options = {
    ...{ restart: never, stop: never, start: never },
    report: (line: string) => said.push(line),
  };
  for (const folder of [join(root, 'absent'), join(root, 'x'.repeat(120))])
    assert.equal(await listenForControl(folder, options), undefined);
  assert.match(said[0]!, /cannot be restarted one by one: listen E/);
  assert.match(said[1]!, /cannot be restarted one by one: its path is too long/);
});
