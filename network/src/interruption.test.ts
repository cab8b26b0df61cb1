import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { EMBEDDED_SUITES, repository } from './conformance/suites.ts';
import { assertBuilt } from './programs.ts';
import { twoClinics, writeThreeHospitals } from './testing/few-hospitals.ts';

const root = mkdtempSync(join(tmpdir(), 'consilium-interruption-'));
after(() => rmSync(root, { recursive: true }));

function whyNot(): string | false {
  if (process.platform !== 'linux') return 'not run: the system does not tell the environment of processes';
  try {
    assertBuilt();
  } catch (error) {
    return `not run: ${(error as Error).message}`;
  }
  return !EMBEDDED_SUITES.every(({ file }) => existsSync(join(repository, file))) && 'not run: no suites';
}
const skip = whyNot();

/** Each look reads what the system says of every process that started meanwhile. */
const LOOK_AGAIN_MS = 200;

const processesNow = () => readdirSync('/proc').filter((pid) => /^\d+$/.test(pid));
/** What ran before: it is nobody's whom a test starts, and is looked at once and not each time. */
const others = new Set(processesNow());

/** The command lines of all that has its temporary files at `place`, a zombie's being empty. */
function runningAt(place: string): string[] {
  return processesNow().flatMap((pid) => {
    if (others.has(pid)) return [];
    try {
      if (!readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`TMPDIR=${place}`)) return [];
      return [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')];
    } catch {
      return [];
    }
  });
}

interface Way {
  readonly how: string;
  readonly status: number;
  readonly interrupt: (child: ChildProcess) => void;
}
const WAYS: readonly Way[] = [
  { how: 'is asked to end', status: 143, interrupt: (child) => child.kill('SIGTERM') },
  { how: 'loses its terminal', status: 129, interrupt: (child) => child.kill('SIGHUP') },
  { how: 'is broken off by Ctrl-C', status: 130, interrupt: (child) => child.kill('SIGINT') },
  {
    how: 'is not read any more',
    status: 141,
    interrupt: ({ stdout, stderr }) => {
      stdout!.destroy();
      stderr!.destroy();
    },
  },
];

/** Runs a command until a chaincode process is among what it started, interrupts it, and tells its exit status. */
async function interruptedWith(
  command: readonly string[],
  { place, interrupt }: { place: string; interrupt: (child: ChildProcess) => void },
): Promise<number | null> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.js'), ...command], {
    env: { ...process.env, TMPDIR: place },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.resume();
  child.stderr.resume();
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const chaincodes = () => runningAt(place).filter((line) => /fabric-shim/.test(line));
  while (chaincodes().length === 0 && child.exitCode === null) await sleep(50);
  assert.equal(child.exitCode, null, 'it ended before it was interrupted');
  interrupt(child);
  return ended;
}

/** Whether all that a command started is gone after an interruption, and with it its temporary files; its status. */
async function statusOf(
  command: readonly string[],
  interrupt: (child: ChildProcess) => void,
): Promise<number | null> {
  const place = mkdtempSync(join(root, `${command[0]}-`));
  const out = join(place, 'out');
  const status = await interruptedWith([...command, out], { place, interrupt });
  // What has heard that its starter is gone may still be about to end; what has not never does.
  while (runningAt(place).length > 0) await sleep(LOOK_AGAIN_MS);
  assert.deepEqual(
    readdirSync(place).filter((name) => name !== 'out'),
    [],
  );
  return status;
}

/** Of a program that does nothing but wait for its interruption, and says a word at times. */
async function statusOfWaiting(interrupt: (child: ChildProcess) => void): Promise<number | null> {
  const program = join(import.meta.dirname, 'testing/waiting-program.js');
  const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  await new Promise((resolve) => child.stdout.once('data', resolve));
  interrupt(child);
  return ended;
}

const hospitals = writeThreeHospitals(join(root, 'hospitals'));
const clinics = join(root, 'clinics.yaml');
writeFileSync(clinics, twoClinics());
const DEMO = ['demo', '--data', hospitals, '--out'];
const [ASKED, , , UNREAD] = WAYS as [Way, Way, Way, Way];

for (const { how, status, interrupt } of WAYS) {
  test(`a demo that ${how} ends all that it started, and says so by its status`, { skip }, async () => {
    assert.equal(await statusOf(DEMO, interrupt), status);
  });
  test(`a command that ${how} hears of it as of one interruption, with that status`, { skip }, async () => {
    assert.equal(await statusOfWaiting(interrupt), status);
  });
}

for (const { how, status, interrupt } of [ASKED, UNREAD]) {
  test(`a conformance that ${how} ends all that it started, and says so by its status`, {
    skip,
  }, async () => {
    assert.equal(await statusOf(['conformance', '--out'], interrupt), status);
  });
}

for (const { how, status, interrupt } of [{ ...ASKED, status: 0 }, UNREAD]) {
  test(`what runs until it is stopped and ${how} ends with ${status}`, { skip }, async () => {
    assert.equal(await statusOf(['up', '--config', clinics, '--foreground', '--dir'], interrupt), status);
  });
}
