import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { canonicalJson } from '@consilium/domain';
import { MemoryArtefactStore, sha256Hex } from '../artefacts/index.ts';
import { runTrainers } from '../testing/running-consortium.ts';
import { smallConsortium } from '../testing/small-consortium.ts';
import { aStudy } from '../testing/study-rows.ts';
import { parseScoreRecord } from './score-record.ts';

const directory = mkdtempSync(join(tmpdir(), 'consilium-score-commitment-'));
after(() => rmSync(directory, { recursive: true }));
let worlds = 0;

/** A hospital alone, whose candidate no score can satisfy, stopped at a step; its consent withdrawn, run to the end. */
async function withdrawnAt(step: string) {
  worlds += 1;
  const store = new MemoryArtefactStore();
  const world = await smallConsortium({
    directory: join(directory, `${worlds}`),
    store,
    mspIds: ['A'],
    study: {
      rounds: 1,
      quorum: { updates: 1, validators: 1 },
      validation: { ...aStudy().validation, minimum: '2' },
    },
  });
  const { consortium } = world;
  const reached = Promise.withResolvers<void>();
  const first = runTrainers(world, () => ({
    store,
    afterStep(taken) {
      if (taken !== step) return;
      reached.resolve();
      throw new Error('the machine is lost here');
    },
  }));
  await reached.promise;
  const release = first.trainers
    .get('A')!
    .journal.release({ studyId: 'study', round: 1, datasetId: 'a-data', pool: 'held-out' });
  await first.stop();
  consortium.setConsent('study', 'a-data', 'withdrawn');
  const round = () => consortium.dossier('study', 1);
  const running = runTrainers(world, () => ({ store, pollMs: 20 }));
  await running.until(() => round().round.state === 'aborted');
  await running.stop();
  return { release: release!, dossier: round() };
}

describe('a score and the consent that it was drawn under', () => {
  it('has no say once that is withdrawn: its hospital judges nothing, and the round is given up', async () => {
    const { dossier } = await withdrawnAt('score: written down');
    assert.equal(dossier.scoreCommitments, undefined);
    assert.deepEqual(dossier.verdicts, []);
  });

  it('has none either where the ledger names the score: whoever endorsed the verdict may have seen it', async () => {
    const { dossier } = await withdrawnAt('round:commitScore: on the ledger');
    assert.equal(dossier.scoreCommitments?.length, 1);
    assert.deepEqual(dossier.verdicts, []);
  });
});

describe("a score's commitment", () => {
  it('is the hash of what is written down, with 32 bytes that nobody is shown', async () => {
    const { release, dossier } = await withdrawnAt('round:commitScore: on the ledger');
    const [commitment] = dossier.scoreCommitments!;
    assert.equal(commitment?.scoreSha256, release.payloadSha256);
    assert.equal(commitment?.scoreSha256, sha256Hex(release.payload));
    const { nonce, ...rest } = parseScoreRecord(release.payload);
    assert.match(nonce ?? '', /^[0-9a-f]{64}$/);
    assert.equal(canonicalJson(dossier).includes(nonce!), false);
    assert.notEqual(sha256Hex(Buffer.from(canonicalJson(rest))), commitment?.scoreSha256);
  });
});
