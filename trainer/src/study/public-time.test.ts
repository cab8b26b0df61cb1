import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, it } from 'node:test';
import { pino } from 'pino';
import { MemoryArtefactStore } from '../artefacts/index.ts';
import { type RunningConsortium, runTrainers } from '../testing/running-consortium.ts';
import { smallConsortium } from '../testing/small-consortium.ts';

const directory = mkdtempSync(join(tmpdir(), 'consilium-public-time-'));
after(() => rmSync(directory, { recursive: true }));

describe('a study with public times', () => {
  let running: RunningConsortium | undefined;
  afterEach(async () => {
    await running?.stop();
    running = undefined;
  });

  it('has its updates and verdicts recorded no sooner, however fast they were computed', async () => {
    const store = new MemoryArtefactStore();
    const world = await smallConsortium({
      directory,
      store,
      study: { rounds: 1, publicTimes: { updateSeconds: 60, verdictSeconds: 30 } },
    });
    const { consortium } = world;
    let nowMs = Date.now();
    consortium.nowMs = () => nowMs;
    running = runTrainers(world, () => ({ store, nowMs: () => nowMs, pollMs: 20 }));
    const stages = () =>
      [...running!.trainers.values()].map(({ service }) => service.board.list()[0]?.stage ?? '');
    const dossier = () => consortium.dossier('study', 1);

    await running.until(() => stages().every((stage) => /an update is recorded no sooner/.test(stage)));
    assert.equal(consortium.charges.length, 0);
    for (const { journal } of running.trainers.values()) assert.equal(journal.releases().length, 1);
    nowMs += 59_999;
    await running.until(() => stages().every((stage) => /an update is recorded no sooner/.test(stage)));
    assert.equal(dossier().updates.length, 0);
    nowMs += 1;
    await running.until(() => stages().every((stage) => /a verdict is recorded no sooner/.test(stage)));
    assert.deepEqual([dossier().updates.length, dossier().verdicts.length], [3, 0]);
    nowMs += 30_000;
    await running.until(() => consortium.consentsOf('study').every(({ state }) => state === 'settled'));
    assert.equal(dossier().round.state, 'finalized');
    assert.equal(consortium.charges.length, 6);
  });

  it('counts from where a draw begins, too, so that nobody who delays it sees how long it took', async () => {
    const store = new MemoryArtefactStore();
    const world = await smallConsortium({
      directory: join(directory, 'delayed'),
      store,
      mspIds: ['A'],
      study: {
        rounds: 1,
        quorum: { updates: 1, validators: 1 },
        publicTimes: { updateSeconds: 60, verdictSeconds: 30 },
      },
    });
    const { consortium } = world;
    let nowMs = Date.now();
    consortium.nowMs = () => nowMs;
    running = runTrainers(world, () => ({
      store,
      nowMs: () => nowMs,
      pollMs: 20,
      afterStep(step) {
        if (step === 'round:open: concluded') nowMs += 70_000;
        // Its bytes come late.
        if (step === 'update: put into IPFS') nowMs += 40_000;
      },
    }));
    const { board } = running.trainers.get('A')!.service;
    const isWaiting = (what: RegExp) => what.test(board.list()[0]?.stage ?? '');
    const isOver = () => consortium.consentsOf('study').every(({ state }) => state === 'settled');
    await running.until(() => isOver() || isWaiting(/an update is recorded no sooner/));
    assert.deepEqual([isOver(), consortium.charges.length], [false, 0]);
    nowMs += 60_000;
    await running.until(() => isOver() || isWaiting(/a verdict is recorded no sooner/));
    assert.deepEqual([isOver(), consortium.charges.length], [false, 1]);
    nowMs += 30_000;
    await running.until(isOver);
    assert.equal(consortium.dossier('study', 1).round.state, 'finalized');
  });

  it('says of an update that was drawn too late to wait that it is late, and no number', async () => {
    const at = join(directory, 'late');
    const store = new MemoryArtefactStore();
    const world = await smallConsortium({
      directory: at,
      store,
      mspIds: ['A'],
      study: {
        rounds: 1,
        quorum: { updates: 1, validators: 1 },
        publicTimes: { updateSeconds: 60, verdictSeconds: 0 },
      },
    });
    const { consortium } = world;
    let nowMs = Date.now();
    consortium.nowMs = () => nowMs;
    const lines: string[] = [];
    const log = pino({ level: 'warn', base: null, timestamp: false }, { write: (line) => lines.push(line) });
    running = runTrainers(world, () => ({
      store,
      log,
      nowMs: () => nowMs,
      afterStep(step) {
        if (step === 'train: begun') nowMs += 61_234;
      },
    }));
    await running.until(() => consortium.consentsOf('study').every(({ state }) => state === 'settled'));
    const late = lines.filter((line) => line.includes('later than its public time'));
    assert.equal(late.length, 1);
    assert.doesNotMatch(late[0]!, /1234|61/);
  });
});
