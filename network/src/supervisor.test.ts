import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Consortium } from './config.ts';
import { identify, isRunning } from './process-identity.ts';
import type { Plan } from './runtime.ts';
import type { ServiceDefinition } from './service.ts';
import { readState, writeState } from './state-file.ts';
import { consortiumStatus, statusText } from './status.ts';
import { stopConsortium } from './stop.ts';
import { AlreadyRunningError, Supervisor } from './supervisor.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-supervisor-'));
after(() => rmSync(root, { recursive: true }));
/** Nothing here is decided by time: this is when a supervisor gives up, on a machine that is busy with much else. */
const PATIENCE_MS = 200_000;

const consortium: Consortium = {
  name: 'dummies',
  channel: 'consortium',
  runtime: 'embedded',
  organisations: [{ name: 'north', mspId: 'NorthMSP', title: 'North' }],
  chaincode: { name: 'consilium', policy: 'MAJORITY' },
};

function dummy(directory: string, name: string, ends = ''): ServiceDefinition {
  const file = join(directory, `${name}.pid`);
  const ready = `require('fs').writeFileSync(${JSON.stringify(file)}, String(process.pid));`;
  const order = JSON.stringify(join(directory, 'order'));
  const bye = `process.on('SIGTERM', () => {
    require('fs').appendFileSync(${order}, '${name} ');
    process.exit(0);
  });`;
  return {
    name,
    organisation: null,
    command: [process.execPath, '-e', `${bye} ${ends || ready} setInterval(() => undefined, 1000)`],
    workingDirectory: root,
    environment: {},
    port: null,
    url: null,
    log: join(directory, `logs/${name}.log`),
    isReady: async () => existsSync(file),
    readyTimeoutMs: PATIENCE_MS,
  };
}

function supervisorOf(
  directory: string,
  stages: (directory: string) => Plan['stages'],
  more: Partial<Consortium> = {},
) {
  const lines: string[] = [];
  const supervisor = new Supervisor({
    consortium: { ...consortium, ...more },
    lookAtLogsEveryMs: 20,
    directory,
    report: (line) => lines.push(line),
    plan: async () => ({
      stages: stages(directory),
      addresses: { name: 'dummies', channel: 'consortium', ipfsUrl: '', organisations: [] },
    }),
    service: { graceMs: PATIENCE_MS },
  });
  return { supervisor, lines };
}

const twoStages = (directory: string): Plan['stages'] => [
  { title: 'ledger', services: [dummy(directory, 'ledger')] },
  { title: 'gateways', services: [dummy(directory, 'gateway-a'), dummy(directory, 'gateway-b')] },
];

test('stages start in order, show in the status, and stop in reverse', async () => {
  const directory = join(root, 'order');
  const { supervisor, lines } = supervisorOf(directory, twoStages);
  await supervisor.start();
  assert.deepEqual(
    lines.map((line) => line.split(' ')[0]),
    ['ledger', 'gateways'],
  );
  const status = consortiumStatus(directory);
  assert.equal(status.state, 'running');
  assert.deepEqual(
    status.processes.map(({ name, state }) => `${name} ${state}`),
    ['supervisor running', 'ledger running', 'gateway-a running', 'gateway-b running'],
  );
  for (const { pid, residentBytes, uptimeSeconds } of status.processes) {
    assert.ok(pid !== null && residentBytes! > 1e6 && uptimeSeconds! >= 0);
  }
  assert.match(statusText(status), /dummies: running/);
  await supervisor.stop();
  assert.match(readFileSync(join(directory, 'order'), 'utf8'), /^gateway-[ab] gateway-[ab] ledger $/);
  assert.equal(consortiumStatus(directory).state, 'stopped');
  assert.match(statusText(consortiumStatus(directory)), /Nothing is running/);
});

test('a full log is moved on while its process writes, and its last words are reported from there', async () => {
  const directory = join(root, 'logs-that-grow');
  const line = JSON.stringify('x'.repeat(1023));
  // As large as it may be, until the last words make it larger: it is moved on once, with all that is ever written.
  const flood = `for (let i = 0; i < 1024; i++) console.log(${line}); console.log('last words');`;
  const later = `setInterval(() => require('fs').existsSync(${JSON.stringify(join(directory, 'die'))}) &&
    process.exit(3), 20);`;
  const { supervisor, lines } = supervisorOf(
    directory,
    (place) => {
      const service = dummy(place, 'peer-1');
      const [program, flag, script] = service.command;
      const command = [program, flag!, `${flood} ${later} ${script}`] as const;
      return [{ title: 'peers', services: [{ ...service, command }] }];
    },
    { logs: { maxMebibytes: 1, files: 1 } },
  );
  await supervisor.start();
  const log = join(directory, 'logs/peer-1.log');
  const until = async (done: () => boolean) => {
    while (!done()) await sleep(20);
  };
  try {
    await until(() => existsSync(`${log}.1`) && readFileSync(log, 'utf8') === '');
    assert.match(readFileSync(`${log}.1`, 'utf8'), /x{1023}\nlast words\n$/);
    writeFileSync(join(directory, 'die'), '');
    await until(() => lines.some((text) => /peer-1 exited with code 3/.test(text)));
  } finally {
    await supervisor.stop();
  }
  assert.match(lines.join('\n'), /exited with code 3; the end of its log:[\s\S]*last words/);
  assert.equal(existsSync(`${log}.2`), false);
});

test('when a stage fails, what was started before is stopped', async () => {
  const directory = join(root, 'failure');
  const { supervisor } = supervisorOf(directory, (place) => [
    { title: 'ledger', services: [dummy(place, 'ledger')] },
    { title: 'gateways', services: [dummy(place, 'gateway-a', 'process.exit(4);')] },
  ]);
  await assert.rejects(supervisor.start(), /gateway-a exited with code 4/);
  const ledger = Number(readFileSync(join(directory, 'ledger.pid'), 'utf8'));
  assert.equal(identify(ledger), undefined);
  assert.equal(readState(directory), undefined);
});

/** A stage of two of which one is enough, and what completes it. `ends` of one is what it does in place of starting. */
function twoPeers(place: string, completed: string[][], ends: Readonly<Record<string, string>>) {
  const services = ['peer-a', 'peer1-a'].map((name) => dummy(place, name, ends[name]));
  return {
    title: 'two peers',
    services,
    oneIsEnough: { remedy: 'read its log' },
    complete: async (_signal: AbortSignal, _report: unknown, running: readonly string[]) =>
      void completed.push([...running]),
  };
}

test('where one is enough, another that does not start is said, tried again, and completed when it runs', async () => {
  const directory = join(root, 'one-is-enough');
  const free = JSON.stringify(join(directory, 'free'));
  const pid = JSON.stringify(join(directory, 'peer1-a.pid'));
  const waits = `if (!require('fs').existsSync(${free})) process.exit(5);
    require('fs').writeFileSync(${pid}, String(process.pid));`;
  const completed: string[][] = [];
  const { supervisor, lines } = supervisorOf(directory, (place) => [
    twoPeers(place, completed, { 'peer1-a': waits }),
    { title: 'gateways', services: [dummy(place, 'gateway-a')] },
  ]);
  await supervisor.start();
  try {
    assert.deepEqual(supervisor.without, ['peer1-a']);
    assert.deepEqual(completed, [['peer-a']]);
    assert.match(lines[0]!, /^peer1-a does not start: read its log\n.*exited with code 5/);
    assert.match(lines[1]!, /^two peers ready .*, without peer1-a$/);
    const states = () =>
      Object.fromEntries(readState(directory)!.services.map(({ name, state }) => [name, state]));
    assert.equal(states()['gateway-a'], 'running');
    writeFileSync(join(directory, 'free'), '');
    while (!lines.includes('peer1-a runs now')) await sleep(20);
    assert.equal(states()['peer1-a'], 'running');
    assert.deepEqual(completed, [['peer-a'], ['peer1-a']]);
    // As after work on its disk.
    await supervisor.stopSome(['peer1-a'], () => undefined);
    await supervisor.startSome(['peer1-a'], () => undefined);
    assert.deepEqual(completed[2], ['peer1-a']);
  } finally {
    await supervisor.stop();
  }
});

test('where one is enough, another that ends again before it takes part keeps nobody from starting', async () => {
  const directory = join(root, 'one-ends-again');
  const pid = JSON.stringify(join(directory, 'peer1-a.pid'));
  // It seems ready, as one does whose port another program has.
  const ends = `require('fs').writeFileSync(${pid}, String(process.pid)); setTimeout(() => process.exit(6), 50);`;
  const { supervisor, lines } = supervisorOf(directory, (place) => [
    {
      ...twoPeers(place, [], { 'peer1-a': ends }),
      complete: async (_signal, _report, [name]) => {
        if (name === 'peer1-a') throw new Error('it does not answer');
      },
    },
    { title: 'gateways', services: [dummy(place, 'gateway-a')] },
  ]);
  await supervisor.start();
  await supervisor.stop();
  assert.deepEqual(supervisor.without, ['peer1-a']);
  assert.ok(lines.includes('peer1-a does not start: read its log\nit does not answer'));
});

test('where one is enough and none starts, what was started before is stopped', async () => {
  const directory = join(root, 'none-is-not-enough');
  const completed: string[][] = [];
  const { supervisor } = supervisorOf(directory, (place) => [
    { title: 'ledger', services: [dummy(place, 'ledger')] },
    twoPeers(place, completed, { 'peer-a': 'process.exit(4);', 'peer1-a': 'process.exit(5);' }),
  ]);
  await assert.rejects(supervisor.start(), /peer-a exited with code 4/);
  assert.deepEqual(completed, []);
  assert.equal(identify(Number(readFileSync(join(directory, 'ledger.pid'), 'utf8'))), undefined);
});

/** A process that stands for a supervisor or one of its services. */
async function other() {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], { detached: true });
  await once(child, 'spawn');
  return identify(child.pid!)!;
}

test('what completes a stage is done after its services are ready, and a stop interrupts it', async () => {
  const directory = join(root, 'completes');
  const seen: string[] = [];
  const begun = Promise.withResolvers<void>();
  const { supervisor } = supervisorOf(directory, (place) => [
    {
      title: 'ledgers',
      services: [dummy(place, 'ledger-1')],
      complete: async () => void seen.push(existsSync(join(place, 'ledger-1.pid')) ? 'ready' : 'too early'),
    },
    {
      title: 'peers',
      services: [dummy(place, 'peer-1')],
      complete: (signal) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
          begun.resolve();
        }),
    },
  ]);
  const start = supervisor.start();
  await begun.promise;
  await supervisor.stop();
  await assert.rejects(start, /stopped while it started/);
  assert.deepEqual(seen, ['ready']);
  assert.equal(consortiumStatus(directory).state, 'stopped');
});

test('a second supervisor in the same directory is refused and touches nothing', async () => {
  const directory = join(root, 'second');
  const first = await other();
  writeState(directory, {
    version: 1,
    name: 'dummies',
    phase: 'running',
    startedAt: new Date().toISOString(),
    supervisor: first,
    services: [],
  });
  await assert.rejects(supervisorOf(directory, twoStages).supervisor.start(), AlreadyRunningError);
  assert.ok(isRunning(first));
  assert.equal(await stopConsortium(directory), 1);
  assert.ok(!isRunning(first));
});

test('what a killed supervisor left is shown as orphaned and ended by the next start or down', async () => {
  const directory = join(root, 'orphans');
  const leave = async () => {
    const [gone, service] = [await other(), await other()];
    process.kill(gone.pid, 'SIGKILL');
    const { name, log } = dummy(directory, 'ledger');
    const facts = { organisation: null, port: null, url: null, restarts: 0, lastExit: null, log, name };
    writeState(directory, {
      version: 1,
      name: 'dummies',
      phase: 'running',
      startedAt: new Date().toISOString(),
      supervisor: gone,
      services: [
        { ...facts, state: 'running', process: service, startedAt: null },
        { ...facts, state: 'running', process: { pid: process.pid, began: 'earlier' }, startedAt: null },
      ],
    });
    while (isRunning(gone)) await new Promise((wake) => setTimeout(wake, 10));
    return service;
  };
  const first = await leave();
  assert.equal(consortiumStatus(directory).state, 'orphaned');
  assert.match(statusText(consortiumStatus(directory)), /The supervisor was killed/);
  const { supervisor, lines } = supervisorOf(directory, twoStages);
  await supervisor.start();
  assert.ok(!isRunning(first));
  assert.match(lines[0]!, /ended 1 processes/);
  await supervisor.stop();

  const second = await leave();
  assert.equal(await stopConsortium(directory), 1);
  assert.ok(!isRunning(second));
  assert.equal(await stopConsortium(directory), 0);
});

test('a directory whose name would part a list of folders is refused before anything is there', async () => {
  const directory = join(root, 'with:colon');
  const { supervisor } = supervisorOf(directory, twoStages);
  await assert.rejects(supervisor.start(), /with:colon has a : in its name.*rename it, or move it/);
  assert.equal(existsSync(directory), false);
});
