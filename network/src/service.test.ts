import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { identify, isRunning } from './process-identity.ts';
import { Service, type ServiceDefinition, ServiceFailedError } from './service.ts';

const directory = mkdtempSync(join(tmpdir(), 'consilium-service-'));
const services: Service[] = [];
after(async () => {
  await Promise.all(services.map((service) => service.stop()));
  rmSync(directory, { recursive: true });
});

function dummy(name: string, script: string, isReady: () => Promise<boolean>, readyTimeoutMs = 200_000) {
  const lines: string[] = [];
  const definition: ServiceDefinition = {
    name,
    organisation: null,
    command: [process.execPath, '-e', script],
    workingDirectory: directory,
    environment: { PATH: process.env.PATH ?? '' },
    port: null,
    url: null,
    log: join(directory, `${name}.log`),
    isReady,
    readyTimeoutMs,
  };
  const service = new Service(definition, {
    graceMs: 300,
    backoffMs: { first: 10, most: 50, forgetAfter: 60_000 },
    changed: () => undefined,
    report: (line) => lines.push(line),
  });
  services.push(service);
  return { service, lines };
}

const file = (name: string) => join(directory, name);
const write = (name: string) =>
  `require('fs').writeFileSync(${JSON.stringify(file(name))}, String(process.pid));`;
const forever = 'setInterval(() => undefined, 1000);';
/** Whether a process wrote its number, and not only made the file. */
const isWritten = async (name: string) => existsSync(file(name)) && readFileSync(file(name), 'utf8') !== '';
const until = async (condition: () => boolean) => {
  while (!condition()) await sleep(10);
};

test('a service is running once it says it is ready, and gone once it is stopped', async () => {
  const { service } = dummy('ready', write('ready') + forever, () => isWritten('ready'));
  await service.start();
  const { state, process: identity } = service.record;
  assert.equal(state, 'running');
  assert.ok(identity !== null && isRunning(identity));
  await service.stop();
  assert.equal(service.record.state, 'stopped');
  assert.ok(!isRunning(identity));
});

test('a service that dies before it is ready is reported with the end of its log', async () => {
  const { service } = dummy('dies', 'console.error("no such peer"); process.exit(3)', async () => false);
  await assert.rejects(service.start(), (error: Error) => {
    assert.ok(error instanceof ServiceFailedError);
    assert.match(error.message, /dies exited with code 3/);
    assert.match(error.message, /no such peer/);
    return true;
  });
});

test('a service that is not ready in time is refused, and its process can still be stopped', async () => {
  const { service } = dummy('slow', forever, async () => false, 100);
  await assert.rejects(service.start(), /slow was not ready after/);
  const identity = service.record.process;
  assert.ok(identity !== null && isRunning(identity));
  await service.stop();
  assert.ok(!isRunning(identity));
});

test('a program that does not exist fails the start', async () => {
  const { service } = dummy('absent', '', async () => true);
  const absent = new Service(
    { ...service.definition, command: ['/nowhere/program'] },
    { graceMs: 10, backoffMs: { first: 1, most: 1, forgetAfter: 1 }, changed() {}, report() {} },
  );
  await assert.rejects(absent.start(), /could not be started.*ENOENT/s);
});

test('a service that dies later is reported and restarted, with the same log', async () => {
  const script = `console.log('begun'); ${write('again')} ${forever}`;
  const { service, lines } = dummy('again', script, () => isWritten('again'));
  await service.start();
  const first = service.record.process!;
  process.kill(first.pid, 'SIGKILL');
  await until(() => service.record.restarts === 1 && service.record.state === 'running');
  const second = service.record.process!;
  assert.notEqual(second.pid, first.pid);
  assert.equal(service.record.lastExit, 'was ended by SIGKILL');
  assert.match(lines.join('\n'), /again was ended by SIGKILL; the end of its log:[\s\S]*begun/);
  await until(() => readFileSync(file('again.log'), 'utf8').match(/^begun$/gm)?.length === 2);
});

test('a service that ignores SIGTERM is killed after the grace', async () => {
  const script = `process.on('SIGTERM', () => undefined); ${write('stubborn')} ${forever}`;
  const { service, lines } = dummy('stubborn', script, () => isWritten('stubborn'));
  await service.start();
  const identity = service.record.process!;
  await service.stop();
  assert.ok(!isRunning(identity));
  assert.match(lines.join('\n'), /stubborn did not end in time and was killed/);
});

test('what a service started itself is ended with it', async () => {
  const child = `${write('grandchild')} ${forever}`;
  const start = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}]);`;
  const script = start + forever;
  const { service } = dummy('parent', script, () => isWritten('grandchild'));
  await service.start();
  const grandchild = identify(Number(readFileSync(file('grandchild'), 'utf8')))!;
  assert.ok(isRunning(grandchild));
  await service.stop();
  await until(() => !isRunning(grandchild));
});

test('a stop while a service waits for its restart means that it stays stopped', async () => {
  const { service } = dummy('never', write('never') + forever, () => isWritten('never'));
  await service.start();
  process.kill(service.record.process!.pid, 'SIGKILL');
  await until(() => service.record.state !== 'running');
  await service.stop();
  assert.equal(service.record.state, 'stopped');
  assert.equal(service.record.process, null);
});

test('a service that is not ready after a restart is ended before the next attempt', async () => {
  let isReady = true;
  const { service } = dummy('late', forever, async () => isReady, 500);
  await service.start();
  isReady = false;
  await assert.rejects(service.restart(), /late was not ready after/);
  const late = service.record.process!;
  await until(() => service.record.process !== null && service.record.process.pid !== late.pid);
  assert.ok(!isRunning(late), 'two of it run at once');
  isReady = true;
  await until(() => service.record.state === 'running');
});
