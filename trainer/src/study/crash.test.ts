import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { Journal } from '../journal/journal.ts';
import { type CrashChain, runCrashChain } from '../testing/crash-chain.ts';

const EVERY_STEP = [
  'round:open: written down',
  'round:open: on the ledger',
  'train: written down',
  'update: sealed and written down',
  'round:recordUpdate: written down',
  'round:recordUpdate: on the ledger',
  'round:close: on the ledger',
  'update: put into IPFS',
  'update: its CID written down',
  'score: written down',
  'round:commitScore: written down',
  'round:commitScore: on the ledger',
  'round:recordVerdict: written down',
  'round:recordVerdict: on the ledger',
  'round:tally: on the ledger',
  'attest: recomputed',
  'round:attest: written down',
  'round:attest: on the ledger',
  'finalize: recomputed',
  'aggregate: sealed and written down',
  'round:finalize: written down',
  'round:finalize: on the ledger',
  'aggregate: put into IPFS',
  'aggregate: its CID written down',
  'model:publish: on the ledger',
  'study:settle: on the ledger',
];
// Nothing is written down yet, and patients may have been drawn.
const WHILE_DRAWING = [
  'train: begun',
  'train: private step 1 taken',
  'train: drawn, not written down',
  'score: begun',
  'score: drawn, not written down',
];
// A trainer that died when the ledger had its transaction never comes to these: they need lives of their own.
const AFTER_THE_LEDGER = ['update: charged', 'round:recordVerdict: concluded'];

const NOBODY = ['1/held-out: nobody', '1/training: nobody'];
const PATIENTS = ['1/held-out: patients', '1/training: patients'];

for (const { title, steps, outcomes } of [
  { title: 'a trainer killed between any two steps', steps: EVERY_STEP, outcomes: PATIENTS },
  { title: 'a trainer killed again and again while it draws', steps: WHILE_DRAWING, outcomes: NOBODY },
  {
    title: 'a trainer killed after its releases were charged',
    steps: AFTER_THE_LEDGER,
    outcomes: PATIENTS,
  },
]) {
  describe(title, () => {
    let chain: CrashChain;

    before(async () => {
      chain = await runCrashChain(new RegExp(`^(${steps.join('|')})$`));
    });

    after(async () => {
      await chain.gateway.close();
      rmSync(chain.directory, { recursive: true });
    });

    it('has died at each of them, and the study is complete all the same', () => {
      assert.deepEqual(chain.deaths, steps);
      assert.equal(chain.consortium.studies.get('study')?.state, 'completed');
      assert.equal(chain.consortium.dossier('study', 1).round.state, 'finalized');
    });

    it('has one release per key, and the ledger has charged each once', () => {
      const [hospital] = chain.hospitals;
      using journal = new Journal(hospital!.directory);
      const releases = journal.releases();
      assert.deepEqual(
        releases.map(({ round, pool }) => `${round}/${pool}`),
        ['1/held-out', '1/training'],
      );
      assert.deepEqual(
        chain.consortium.charges.map(({ round, pool }) => `${round}/${pool}`),
        ['1/training', '1/held-out'],
      );
      const [update] = chain.consortium.dossier('study', 1).updates;
      assert.equal(releases[1]?.payloadSha256, update?.plaintextSha256);
    });

    it('has drawn patients once, or nobody where it may have before', () => {
      const [hospital] = chain.hospitals;
      using journal = new Journal(hospital!.directory);
      const drawn = journal.releases().map((key) => `${key.round}/${key.pool}: ${journal.drawOutcome(key)}`);
      assert.deepEqual(drawn, outcomes);
    });

    it('has sent the same update, score and aggregate, byte for byte, each time', () => {
      for (const name of [
        'round:recordUpdate',
        'round:commitScore',
        'round:recordVerdict',
        'round:finalize',
      ]) {
        const bodies = chain.gateway.sent.filter((sent) => sent.name === name).map(({ body }) => body);
        assert.ok(bodies.length >= 1, name);
        assert.equal(new Set(bodies).size, 1, `${name} was sent ${bodies.length} times`);
      }
    });

    it('has recorded every transaction once', () => {
      assert.deepEqual(
        chain.consortium.recorded.map(({ name }) => name),
        [
          'study:recordKeys',
          'round:open',
          'round:recordUpdate',
          'round:close',
          'round:commitScore',
          'round:recordVerdict',
          'round:tally',
          'round:attest',
          'round:finalize',
          'model:publish',
          'study:settle',
        ],
      );
    });
  });
}
