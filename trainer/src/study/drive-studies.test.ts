// What others do costs a trainer no reads in proportion.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { MemoryArtefactStore } from '../artefacts/index.ts';
import { GatewayProblem, type Ledger } from '../gateway/gateway-client.ts';
import { type RunningConsortium, runTrainers } from '../testing/running-consortium.ts';
import { type SmallConsortium, smallConsortium } from '../testing/small-consortium.ts';
import type { TrainerService } from './drive-studies.ts';

const EVENTS = 2000;
const LONGER_THAN_FIRST_PAUSES_MS = 250;
let directory = '';
let world: SmallConsortium;
let running: RunningConsortium;
const reads = new Map<string, number>();

/** The ledger of one trainer, with what is asked of it counted. */
const counted = (ledger: Ledger): Ledger =>
  new Proxy(ledger, {
    get:
      (target, name) =>
      (...args: unknown[]) => {
        const about = `${String(name)} ${String(args[0] ?? '')}`;
        reads.set(about, (reads.get(about) ?? 0) + 1);
        return Reflect.get(target, name).apply(target, args);
      },
  });

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'consilium-service-'));
  const store = new MemoryArtefactStore();
  world = await smallConsortium({ directory, store, mspIds: ['A', 'B', 'C'] });
  const { consortium, study } = world;
  // Seventeen studies of others that ask for everything and that nobody consented to.
  for (let i = 0; i < 17; i++) {
    const studyId = `flood-${i}`;
    consortium.studies.set(studyId, { ...study, studyId, requester: 'C', state: 'running' });
  }
  consortium.studies.set(study.studyId, { ...study, state: 'paused' });
  running = runTrainers(world, ({ mspId }) => ({
    store,
    ledger: mspId === 'A' ? counted(consortium.as(mspId)) : consortium.as(mspId),
    pollMs: 60_000,
  }));
  const isWaiting = ({ service }: { readonly service: TrainerService }) => {
    const [job, ...others] = service.board.list();
    return others.length === 0 && job?.stage.startsWith('waiting') === true;
  };
  await running.until(() => [...running.trainers.values()].every(isWaiting));
  // What the others do at their start is events for the one that is counted, and a look after them may come yet: its
  // timer is due before this one.
  for (let read = -1; read !== sum(/./); await settled()) {
    read = sum(/./);
    await sleep(LONGER_THAN_FIRST_PAUSES_MS);
  }
});

after(async () => {
  await running.stop();
  rmSync(directory, { recursive: true });
});

const sum = (pattern: RegExp): number =>
  [...reads].filter(([about]) => pattern.test(about)).reduce((total, [, count]) => total + count, 0);

/** Everything that loops do without waiting for a timer, done. */
async function settled(): Promise<void> {
  for (let i = 0; i < 50; i++) await new Promise(setImmediate);
}

it('drives the studies that its hospital consented to, and reads no other', () => {
  assert.equal(sum(/flood/), 0);
  const studies = running.trainers
    .get('A')!
    .service.board.list()
    .map(({ studyId }) => studyId);
  assert.deepEqual(studies, [world.study.studyId]);
});

it("a flood of events of others' studies is not followed by reads", async () => {
  const before = sum(/./);
  const { service } = running.trainers.get('A')!;
  for (let i = 0; i < EVENTS; i++) {
    service.notice({ name: 'StudyProposed', data: { studyId: `flood-${i % 17}` } });
    if (i % 100 === 0) await settled();
  }
  assert.equal(sum(/./), before);
});

it('a flood of consents, and of events of its own study, is followed by a handful of reads', async () => {
  const { service } = running.trainers.get('A')!;
  const [listed, read] = [sum(/listOpenConsents/), sum(/getStudy/)];
  for (let i = 0; i < EVENTS; i++) {
    service.notice({ name: 'ConsentGranted', data: { studyId: `flood-${i % 17}` } });
    service.notice({ name: 'MotionMoved', data: { studyId: world.study.studyId } });
    if (i % 10 === 0) await settled();
  }
  // Every wake is a look while there is patience; afterwards each takes twice as long as the one before.
  assert.ok(sum(/listOpenConsents/) - listed <= 12, `${sum(/listOpenConsents/) - listed} lists`);
  assert.ok(sum(/getStudy/) - read <= 12, `${sum(/getStudy/) - read} reads`);
});

it('goes on with its studies on a ledger that has no list of open consents yet', async () => {
  const { consortium, study, hospitals } = world;
  const ledger = new Proxy(consortium.as('A'), {
    get: (target, name) =>
      name === 'listOpenConsents'
        ? async () => {
            throw new GatewayProblem({
              status: 400,
              code: 'INVALID_ARGUMENT',
              detail: 'there is no transaction',
            });
          }
        : Reflect.get(target, name),
  });
  const alone = {
    ...world,
    hospitals: hospitals.slice(0, 1).map((one) => ({ ...one, directory: join(directory, 'old') })),
  };
  const onOld = runTrainers(alone, () => ({ store: new MemoryArtefactStore(), ledger }));
  const board = () => onOld.trainers.get('A')!.service.board.list();
  try {
    await onOld.until(() => board().some(({ studyId }) => studyId === study.studyId));
  } finally {
    await onOld.stop();
  }
});

it('finds a study as soon as its hospital consents to it', async () => {
  const { consortium, study } = world;
  consortium.studies.set('later', { ...study, studyId: 'later', state: 'paused' });
  for (const consent of consortium.consentsOf(study.studyId)) {
    consortium.consents.set(`later/${consent.datasetId}`, { ...consent, studyId: 'later' });
  }
  const { service } = running.trainers.get('B')!;
  service.notice({ name: 'ConsentGranted', data: { studyId: 'later' } });
  await running.until(() => service.board.list().some(({ studyId }) => studyId === 'later'));
});
