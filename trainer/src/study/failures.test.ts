import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, it } from 'node:test';
import { planDigest, type Study } from '@consilium/domain';
import { sha256Hex } from '../artefacts/index.ts';
import { GatewayClient } from '../gateway/gateway-client.ts';
import { GatewayServer } from '../testing/gateway-server.ts';
import { type RunningConsortium, runTrainers } from '../testing/running-consortium.ts';
import { type SmallConsortium, smallConsortium } from '../testing/small-consortium.ts';
import { UnreliableStore } from '../testing/unreliable-store.ts';

const directory = mkdtempSync(join(tmpdir(), 'consilium-failures-'));
after(() => rmSync(directory, { recursive: true }));
let worlds = 0;
const ONE_ROUND: Partial<Study> = { rounds: 1 };
const ALONE: Partial<Study> = { rounds: 1, quorum: { updates: 1, validators: 1 } };

const aWorld = async (options: { study?: Partial<Study>; mspIds?: string[]; hidden?: number } = {}) => {
  worlds += 1;
  const store = new UnreliableStore();
  const world = await smallConsortium({
    directory: join(directory, `${worlds}`),
    store,
    study: ONE_ROUND,
    ...options,
  });
  return { store, world };
};

const isSettled = ({ consortium }: SmallConsortium) =>
  consortium.consentsOf('study').every(({ state }) => state === 'settled');
const errorOf = (running: RunningConsortium, mspId = 'A') =>
  running.trainers.get(mspId)!.service.board.list()[0]?.error?.code;
const chargesOf = ({ consortium }: SmallConsortium) =>
  consortium.charges.map(({ datasetId, pool }) => `${datasetId}/${pool}`).sort();

describe('a trainer in trouble', () => {
  let running: RunningConsortium | undefined;
  afterEach(async () => {
    await running?.stop();
    running = undefined;
  });

  it('waits for an IPFS node that does not answer, says so, and goes on without a second draw', async () => {
    const { store, world } = await aWorld({ study: ALONE, mspIds: ['A'] });
    await store.put(new Uint8Array([1]));
    running = runTrainers(world, () => ({
      store,
      afterStep: (step) => {
        if (step === 'train: written down') store.reachable = false;
      },
    }));
    const { journal } = running.trainers.get('A')!;
    await running.until(() => errorOf(running!) === 'TRAINER_IPFS_UNREACHABLE');
    const [drawn] = journal.releases();
    store.reachable = true;
    await running.until(() => isSettled(world));
    assert.deepEqual(chargesOf(world), ['a-data/held-out', 'a-data/training']);
    const [update] = world.consortium.dossier('study', 1).updates;
    assert.equal(update?.plaintextSha256, drawn?.payloadSha256, 'the bytes drawn before the outage');
  });

  it('waits for room on a full disk, says so, loses nothing and goes on', async () => {
    // Wide enough that an update needs pages of its own.
    const { store, world } = await aWorld({ study: ALONE, mspIds: ['A'], hidden: 1000 });
    running = runTrainers(world, () => ({ store }));
    const { journal, service } = running.trainers.get('A')!;
    journal.limitPages(1);
    await running.until(() => errorOf(running!) === 'TRAINER_DISK_FULL');
    const [job] = service.board.list();
    assert.match(job?.error?.detail ?? '', /free some space/);
    assert.deepEqual(chargesOf(world), [], 'nothing is charged that is not written down');
    journal.limitPages(1 << 20);
    await running.until(() => isSettled(world));
    assert.deepEqual(chargesOf(world), ['a-data/held-out', 'a-data/training']);
  });

  it('rejects an update whose artefact has another hash, and the round goes on without it', async () => {
    const { store, world } = await aWorld();
    running = runTrainers(world, ({ mspId }) => {
      if (mspId !== 'B') return { store };
      const meddled = new UnreliableStore();
      meddled.get = (ref) => store.get(ref);
      meddled.put = async (bytes) => {
        const ref = await store.put(bytes);
        store.forge(ref.cid, new Uint8Array(ref.sizeBytes));
        return ref;
      };
      return { store: meddled };
    });
    await running.until(() => isSettled(world));
    const { round, verdicts } = world.consortium.dossier('study', 1);
    assert.deepEqual(round.included, ['a-data', 'c-data']);
    for (const { decisions } of verdicts) {
      assert.deepEqual(decisions[1], { datasetId: 'b-data', decision: 'reject', reason: 'hash-mismatch' });
    }
    assert.equal(round.state, 'finalized');
  });

  it('rejects an update that IPFS does not deliver, after waiting for it', async () => {
    const { store, world } = await aWorld();
    const lose = new UnreliableStore();
    running = runTrainers(world, ({ mspId }) => {
      if (mspId !== 'C') return { store, patienceMs: 100 };
      lose.get = (ref) => store.get(ref);
      lose.put = async (bytes) => {
        const ref = await store.put(bytes);
        store.lost.add(ref.cid);
        return ref;
      };
      return { store: lose, patienceMs: 100 };
    });
    await running.until(() => isSettled(world));
    const [first] = world.consortium.dossier('study', 1).verdicts;
    const expected = { datasetId: 'c-data', decision: 'reject', reason: 'artefact-unreachable' };
    assert.deepEqual(first?.decisions[2], expected);
  });

  it('rejects updates beyond the norm bound, scores nothing, and the round is aborted', async () => {
    const study = { ...ONE_ROUND, aggregation: { rule: 'fedavg', maxUpdateNormL2: '0.000001' } as const };
    const { store, world } = await aWorld({ study });
    const { consortium } = world;
    running = runTrainers(world, () => ({ store }));
    await running.until(() => consortium.rounds.get('study/1')?.round.state === 'aborted');
    const { verdicts } = consortium.dossier('study', 1);
    for (const { decisions, accepted, scores } of verdicts) {
      assert.equal(accepted, false);
      assert.deepEqual(scores, [], 'held-out patients are not asked in vain');
      assert.ok(decisions.every((d) => d.decision === 'reject' && d.reason === 'norm-exceeded'));
    }
    assert.equal(chargesOf(world).length, 3, 'training alone is charged');
  });

  it('rejects a candidate that scores below the minimum, with the charged score as the proof', async () => {
    const validation = { metric: 'accuracy', noiseMultiplier: '0.5', minimum: '1.5' } as const;
    const { store, world } = await aWorld({ study: { ...ONE_ROUND, validation } });
    const { consortium } = world;
    running = runTrainers(world, () => ({ store }));
    await running.until(() => consortium.rounds.get('study/1')?.round.state === 'aborted');
    for (const { accepted, scores } of consortium.dossier('study', 1).verdicts) {
      assert.equal(accepted, false);
      assert.equal(scores.length, 1);
    }
  });

  it('judges no more when the consent is withdrawn while its verdict is under way, and settles', async () => {
    const validation = { metric: 'accuracy', noiseMultiplier: '0.5', minimum: '1.5' } as const;
    const { store, world } = await aWorld({ study: { ...ONE_ROUND, validation } });
    const { consortium } = world;
    running = runTrainers(world, ({ mspId }) => ({
      store,
      afterStep: (step) => {
        if (mspId === 'C' && step === 'round:commitScore: on the ledger') {
          consortium.setConsent('study', 'c-data', 'withdrawn');
        }
      },
    }));
    await running.until(() => consortium.rounds.get('study/1')?.round.state === 'aborted');
    await running.until(() => consortium.consents.get('study/c-data')?.state === 'settled');
    const judges = consortium.dossier('study', 1).verdicts.map(({ mspId }) => mspId);
    assert.deepEqual(judges.sort(), ['A', 'B']);
  });

  it('does not train on a file that is not the one committed to, and goes on when it is restored', async () => {
    const { store, world } = await aWorld({ study: ALONE, mspIds: ['A'] });
    const { path } = world.hospitals[0]!;
    const original = readFileSync(path);
    appendFileSync(path, 'p999,50,0,1\n');
    running = runTrainers(world, () => ({ store }));
    await running.until(() => errorOf(running!) === 'TRAINER_DATASET_CHANGED');
    assert.deepEqual(running.trainers.get('A')!.journal.releases(), []);
    writeFileSync(path, original);
    await running.until(() => isSettled(world));
  });

  it('says which line of a broken file is wrong, and no value of it', async () => {
    const { store, world } = await aWorld({ study: ALONE, mspIds: ['A'] });
    const { path } = world.hospitals[0]!;
    appendFileSync(path, 'p999,987654,0,1\n');
    running = runTrainers(world, () => ({ store }));
    await running.until(() => errorOf(running!) === 'TRAINER_DATASET_REFUSED');
    const detail = running.trainers.get('A')!.service.board.list()[0]?.error?.detail ?? '';
    assert.match(detail, /VALUE_OUT_OF_BOUNDS \(line \d+, column age\)/);
    assert.doesNotMatch(detail, /987654/);
  });

  it('sends no update when the consent is withdrawn while it trains', async () => {
    const { store, world } = await aWorld();
    const { consortium } = world;
    running = runTrainers(world, ({ mspId }) => ({
      store,
      afterStep: (step) => {
        if (mspId === 'C' && step === 'train: written down') {
          consortium.setConsent('study', 'c-data', 'withdrawn');
        }
      },
    }));
    await running.until(() => isSettled(world));
    const { updates, round } = consortium.dossier('study', 1);
    assert.deepEqual(updates.map(({ datasetId }) => datasetId).sort(), ['a-data', 'b-data']);
    assert.equal(round.state, 'finalized');
    const usage = running.trainers.get('C')!.journal.artefactUsage();
    assert.equal(usage.count, 0, 'its draw has not left the hospital');
  });

  it('trains under no other plan than the one consented to', async () => {
    const { store, world } = await aWorld();
    const { consents } = world.consortium;
    const plan = planDigest(world.study, (text) => sha256Hex(Buffer.from(text, 'utf8')));
    for (const [key, consent] of consents) {
      const another = consent.datasetId === 'c-data';
      consents.set(key, { ...consent, planSha256: another ? '0'.repeat(64) : plan });
    }
    running = runTrainers(world, () => ({ store }));
    await running.until(() => errorOf(running!, 'C') === 'STUDY_CHANGED');
    const { journal } = running.trainers.get('C')!;
    const key = { studyId: 'study', round: 1, datasetId: 'c-data', pool: 'training' } as const;
    assert.equal(journal.release(key), undefined, 'nothing was drawn');
    assert.equal(journal.artefactUsage().count, 0);
    await running.until(() => world.consortium.dossier('study', 1).updates.length === 2);
  });

  it('asks again for transactions whose answers were lost, and each is recorded once', async () => {
    const { store, world } = await aWorld({ study: ALONE, mspIds: ['A'] });
    const { consortium } = world;
    const gateway = new GatewayServer({ consortium, mspId: 'A', key: 'key' });
    const lost = new Set<string>();
    gateway.loses = ({ name }) => !lost.has(name) && Boolean(lost.add(name));
    const ledger = new GatewayClient({ url: await gateway.listen(), key: 'key' });
    running = runTrainers(world, () => ({ store, ledger }));
    await running.until(() => isSettled(world));
    const names = consortium.recorded.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
    assert.equal(lost.size, names.length, 'every answer was lost once');
    assert.deepEqual(chargesOf(world), ['a-data/held-out', 'a-data/training']);
    await gateway.close();
  });

  it('waits for a gateway that is down, and goes on when it is back', async () => {
    const { store, world } = await aWorld({ study: ALONE, mspIds: ['A'] });
    const { consortium } = world;
    const options = { consortium, mspId: 'A', key: 'key' };
    const first = new GatewayServer(options);
    const url = await first.listen();
    let down: Promise<void> | undefined;
    running = runTrainers(world, () => ({
      store,
      ledger: new GatewayClient({ url, key: 'key' }),
      afterStep: (step) => {
        if (step === 'update: sealed and written down') down ??= first.close();
      },
    }));
    await running.until(() => errorOf(running!) === 'TRAINER_GATEWAY_UNREACHABLE');
    await down;
    const second = new GatewayServer(options);
    await second.listen(Number(new URL(url).port));
    await running.until(() => isSettled(world));
    assert.deepEqual(chargesOf(world), ['a-data/held-out', 'a-data/training']);
    await second.close();
  });

  it('does not depend on a leader that puts something else into IPFS than was agreed on', async () => {
    const { store, world } = await aWorld({ study: { rounds: 2 } });
    const { consortium } = world;
    running = runTrainers(world, ({ mspId }) => {
      if (mspId !== 'A') return { store };
      const meddling = new UnreliableStore();
      let puts = 0;
      meddling.get = (ref) => store.get(ref);
      meddling.put = async (bytes) => {
        const ref = await store.put(bytes);
        puts += 1;
        // Its second artefact is the aggregate of the first round, which it leads.
        if (puts === 2) store.forge(ref.cid, new Uint8Array(ref.sizeBytes));
        return ref;
      };
      return { store: meddling };
    });
    await running.until(() => isSettled(world));
    const { aggregate, leader } = consortium.dossier('study', 1).round;
    assert.equal(leader, 'A');
    assert.ok(aggregate !== undefined);
    await assert.rejects(store.get(aggregate.artefact), { code: 'ARTEFACT_HASH_MISMATCH' });
    assert.equal(consortium.dossier('study', 2).round.state, 'finalized');
    assert.equal(chargesOf(world).length, 2 * 3 * 2);
  });

  it('takes over from a leader that is silent', async () => {
    const { store, world } = await aWorld();
    const { consortium } = world;
    running = runTrainers(world, ({ mspId }) => {
      // The one after the next in line waits longer than any machine takes to let the next have its turn.
      if (mspId !== 'A') return { store, takeoverMs: mspId === 'B' ? 100 : 60_000, pollMs: 20 };
      const ledger = consortium.as(mspId);
      const silent = new Set(['round:open', 'round:close', 'round:tally', 'round:finalize', 'model:publish']);
      const submit: typeof ledger.submit = async (name, argument, key) => {
        if (silent.has(name)) return { transactionId: 'never sent' };
        return ledger.submit(name, argument, key);
      };
      return { store, ledger: { ...ledger, submit } };
    });
    await running.until(() => isSettled(world));
    const opened = consortium.recorded.find(({ name }) => name === 'round:open');
    assert.equal(opened?.mspId, 'B');
    assert.equal(consortium.dossier('study', 1).round.state, 'finalized');
  });
});
