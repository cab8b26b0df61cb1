// Attacks over the wire: a dishonest member with real certificates and a peer of its own, against a running study.
// Each is refused by its code, or invalid by Fabric's, and the honest members read the same rows as before.
// Tampering with signed transactions, forged signatures and squatted ids are asked by test-network/conformance.
import { strict as assert } from 'node:assert';
import { after, before, describe, it } from 'node:test';
import { canonicalJson } from '@consilium/domain';
import {
  aggregate,
  datasetArgument,
  trainingEvent,
  updateArgument,
  verdictArgument,
} from '@consilium/domain/testing/examples';
import { provenKey } from '@consilium/domain/testing/member-key';
import { refusalOf } from '../src/testing/memory-consortium.ts';
import { ConsortiumStory, type LedgerConformance } from './consortium-story.ts';

export function attackConformance(title: string, { setup, teardown }: LedgerConformance): void {
  describe(title, () => {
    let story: ConsortiumStory;
    let studyId: string;
    let honest: string[];
    let mallory: string;

    before(async () => {
      story = new ConsortiumStory(await setup());
      studyId = `attacked-${story.run}`;
      mallory = story.members.at(-1)!;
      honest = story.members.slice(0, -1);
      await story.join();
      for (const datasetId of story.datasets) await story.register(datasetId, story.owner(datasetId));
      await story.propose(studyId);
      for (const datasetId of story.datasets) await story.consent(studyId, datasetId);
      await story.start(studyId);
      await story.ledger.submit(honest[0]!, 'trainer', 'round:open', { studyId, round: 1 });
    });
    after(teardown);

    /** Everything about the study that an honest member reads. */
    async function rows(): Promise<string> {
      const ask = (name: 'study:get' | 'round:getDossier', argument: object) =>
        story.ledger.evaluate(honest[0]!, 'auditor', name, argument as never);
      const read: unknown[] = [await ask('study:get', { studyId })];
      read.push(await ask('round:getDossier', { studyId, round: 1 }));
      for (const datasetId of story.datasets) {
        for (const pool of ['training', 'held-out'] as const) {
          const account = { datasetId, pool };
          read.push(await story.ledger.evaluate(honest[0]!, 'auditor', 'privacy:getBudget', account));
        }
      }
      return canonicalJson(read);
    }

    /** The attempt meets this code and changes nothing that anyone reads. */
    async function met(code: string, attempt: () => Promise<unknown>): Promise<void> {
      const before = await rows();
      if (code === 'ENDORSEMENT_POLICY_FAILURE') await assert.rejects(attempt(), new RegExp(code));
      else assert.equal((await refusalOf(attempt())).code, code);
      assert.equal(await rows(), before, 'the rows are as they were');
    }
    const own = () => updateArgument({ studyId, datasetId: story.dataset(mallory) });
    const send = (argument: ReturnType<typeof own>) =>
      story.ledger.submit(mallory, 'trainer', 'round:recordUpdate', argument);
    const verdict = (mspId: string, change: object = {}) =>
      verdictArgument({ studyId, datasets: story.datasets, own: [story.dataset(mspId)], ...change });

    it("a gateway that lies about its caller's role", () =>
      met('ROLE_REQUIRED', () => story.ledger.submit(mallory, 'researcher', 'round:recordUpdate', own())));
    it('a name that is no Unicode, or is not that of a row', async () => {
      for (const name of ['\\ud800', '\\u0000', `${studyId}\\u0000`, '\\udbff\\udfff', '__proto__']) {
        const text = `{"noun":"study","key":["${name}"]}`;
        await met('STUDY_NOT_FOUND', () =>
          story.ledger.submitText(undefined, { mspId: mallory, role: 'auditor' }, 'audit:getHistory', text),
        );
      }
    });
    it("another member's key with its proof, an unproven key, and points of small order", async () => {
      const { channel } = story.ledger;
      const rotate = (argument: object) => () =>
        story.ledger.submitText(
          undefined,
          { mspId: mallory, role: 'operator' },
          'member:rotateKey',
          canonicalJson(argument),
        );
      const next = provenKey(`next ${story.run}`, mallory, channel);
      await met('KEY_UNPROVEN', rotate(provenKey(`other ${story.run}`, honest[0]!, channel)));
      await met('KEY_UNPROVEN', rotate(provenKey(`next ${story.run}`, mallory, 'another')));
      for (const encryptionPublicKey of ['A'.repeat(43), `AQ${'A'.repeat(41)}`, '_'.repeat(43)]) {
        await met('INVALID_ARGUMENT', rotate({ ...next, encryptionPublicKey }));
      }
      const before = await story.ledger.evaluate(mallory, 'auditor', 'member:get', { mspId: mallory });
      const after = await rotate(next)();
      assert.deepEqual(
        [after.keyNumber, after.encryptionPublicKey],
        [before.keyNumber + 1, next.encryptionPublicKey],
      );
      await met('KEY_USED', rotate(next));
    });
    it('transient data, and arguments that are larger or deeper than honest ones', async () => {
      const caller = { mspId: mallory, role: 'trainer' } as const;
      const text = canonicalJson(own());
      const submit = (sent: string, transient?: Record<string, string>) => () =>
        story.ledger.submitText([mallory], caller, 'round:recordUpdate', sent, transient);
      await met('INVALID_ARGUMENT', submit(text, { more: 'x'.repeat(1000) }));
      await met('INVALID_ARGUMENT', submit(`${text.slice(0, -1)},"more":"${'x'.repeat(40_000)}"}`));
      await met('INVALID_ARGUMENT', submit('['.repeat(20_000)));
    });
    it('a title that reads as another', () =>
      met('INVALID_ARGUMENT', () =>
        story.ledger.submit(mallory, 'steward', 'dataset:register', {
          ...datasetArgument(`turned-${story.run}`),
          title: 'Heart \u202eyduts',
        }),
      ));
    it("an update in another's name", () =>
      met('NOT_THE_OWNER', () => send({ ...own(), datasetId: story.datasets[0]! })));
    it('an update that claims less than it cost', () =>
      met('PRIVACY_COST_UNDERCLAIMED', () => send({ ...own(), claimedEpsilon: '0.001' })));
    it('an update with less noise than was reserved', () =>
      met('PRIVACY_EVENT_MISMATCH', () =>
        send({ ...own(), privacyEvent: trainingEvent({ noiseMultiplier: '0.5' }), claimedEpsilon: '99' }),
      ));
    it("an account moved by its owner's peer alone", () =>
      met('ENDORSEMENT_POLICY_FAILURE', () =>
        story.ledger.submitBy([mallory], { mspId: mallory, role: 'trainer' }, 'round:recordUpdate', own()),
      ));
    it("an account moved without its owner's peer", () =>
      met('ENDORSEMENT_POLICY_FAILURE', () =>
        story.ledger.submitBy(
          [...story.members.slice(1)],
          { mspId: story.members[0]!, role: 'trainer' },
          'round:recordUpdate',
          updateArgument({ studyId, datasetId: story.datasets[0]! }),
        ),
      ));
    it("another hospital's update as one's own", async () => {
      const copied = updateArgument({ studyId, datasetId: story.datasets[0]! });
      await story.ledger.submit(story.members[0]!, 'trainer', 'round:recordUpdate', copied);
      await met('UPDATE_REPLAYED', () => send({ ...copied, datasetId: story.dataset(mallory) }));
    });
    it('one update after the other', async () => {
      await send(own());
      await met('UPDATE_EXISTS', () => send({ ...own(), plaintextSha256: 'f'.repeat(64) }));
    });
    it('another dictionary for a registered dataset, after the consent', () => {
      const changed = datasetArgument(story.dataset(mallory));
      const dictionary = { ...changed.dictionary, missing: ['0'] };
      return met('DATASET_EXISTS', () =>
        story.ledger.submit(mallory, 'steward', 'dataset:register', { ...changed, dictionary }),
      );
    });
    it("another's rows under a new id", () => {
      const { commitment } = datasetArgument(story.datasets[0]!);
      const mine = { ...datasetArgument(`mine-${story.run}`), commitment };
      return met('COMMITMENT_EXISTS', () =>
        story.ledger.submit(mallory, 'steward', 'dataset:register', mine),
      );
    });
    it('a verdict before the updates are in', () =>
      met('ROUND_CLOSED', () =>
        story.ledger.submit(mallory, 'trainer', 'round:recordVerdict', verdict(mallory)),
      ));
    it("another's consent withdrawn", () =>
      met('NOT_THE_OWNER', () =>
        story.ledger.submit(mallory, 'steward', 'study:withdraw', {
          studyId,
          datasetId: story.datasets[0]!,
          reason: 'mine now',
        }),
      ));

    it('a second score, a second verdict, a second attestation, and an aggregate that nobody computed', async () => {
      const { ledger } = story;
      for (const mspId of honest.slice(1)) {
        const update = updateArgument({ studyId, datasetId: story.dataset(mspId) });
        await ledger.submit(mspId, 'trainer', 'round:recordUpdate', update);
      }
      await ledger.submit(honest[0]!, 'trainer', 'round:close', { studyId, round: 1 });
      const commit = (datasetId: string, scoreSha256: string) =>
        ledger.submit(mallory, 'trainer', 'round:commitScore', { studyId, round: 1, datasetId, scoreSha256 });
      await commit(story.dataset(mallory), 'a'.repeat(64));
      await met('SCORE_COMMITTED', () => commit(story.dataset(mallory), 'b'.repeat(64)));
      await met('NOT_THE_OWNER', () => commit(story.datasets[0]!, 'b'.repeat(64)));
      for (const mspId of story.members) {
        await ledger.submit(mspId, 'trainer', 'round:recordVerdict', verdict(mspId));
      }
      await met('VERDICT_EXISTS', () =>
        ledger.submit(mallory, 'trainer', 'round:recordVerdict', verdict(mallory, { accepted: false })),
      );
      await ledger.submit(honest[0]!, 'trainer', 'round:tally', { studyId, round: 1 });
      const attest = (mspId: string, text: string) =>
        ledger.submit(mspId, 'trainer', 'round:attest', {
          studyId,
          round: 1,
          parametersSha256: aggregate(text).parametersSha256,
        });
      for (const mspId of story.members) await attest(mspId, 'model');
      await met('ATTESTATION_EXISTS', () => attest(mallory, 'forged'));
      const finalize = { studyId, round: 1, aggregate: aggregate('forged') };
      await met('QUORUM_NOT_REACHED', () => ledger.submit(mallory, 'trainer', 'round:finalize', finalize));
    });

    it('a second attestation is proven by its signature, and its signer counts no more', async () => {
      const { ledger } = story;
      const said = { studyId, round: 1, parametersSha256: aggregate('forged').parametersSha256 };
      const signed = ledger.signedProposal(mallory, 'trainer', 'round:attest', said);
      const report = { studyId, round: 1, statement: 'attestation', ...signed } as const;
      const framed = ledger.signedProposal(mallory, 'steward', 'round:attest', said);
      await met('EQUIVOCATION_UNPROVEN', () =>
        ledger.submit(honest[0]!, 'auditor', 'round:reportEquivocation', { ...report, ...framed }),
      );
      const evidence = await ledger.submit(honest[0]!, 'auditor', 'round:reportEquivocation', report);
      assert.equal(evidence.mspId, mallory);
      const finalize = { studyId, round: 1, aggregate: aggregate('model') };
      const refused = ledger.submit(mallory, 'trainer', 'round:finalize', finalize);
      assert.equal((await refusalOf(refused)).code, 'ENDORSEMENT_REFUSED');
      const round = await ledger.submit(honest[0]!, 'trainer', 'round:finalize', finalize);
      assert.deepEqual(round.disqualified, [mallory]);
      const receipt = await ledger.evaluate(mallory, 'auditor', 'round:getReceipt', {
        studyId,
        round: 1,
        datasetId: story.dataset(mallory),
      });
      assert.equal(receipt.outcome, 'included', 'its update was judged by others and stays');
    });

    it('activities are found by dataset, hospital and time, the same at every organisation', async () => {
      const dataset = story.dataset(mallory);
      const pages = await Promise.all(
        story.members.map((mspId) =>
          story.ledger.evaluate(mspId, 'auditor', 'audit:listActivities', {
            by: 'dataset',
            value: dataset,
            pageSize: 4,
          }),
        ),
      );
      for (const page of pages) assert.deepEqual(page, pages[0]);
      const [first] = pages;
      const names = first.items.map(({ transaction }: { transaction: string }) => transaction);
      assert.deepEqual(names, ['dataset:register', 'study:propose', 'study:consent', 'round:open']);
      const rest = await story.ledger.evaluate(mallory, 'auditor', 'audit:listActivities', {
        by: 'dataset',
        value: dataset,
        bookmark: first.bookmark,
      });
      const later = await story.ledger.evaluate(mallory, 'auditor', 'audit:listActivities', {
        by: 'dataset',
        value: dataset,
        from: rest.items[0].at,
      });
      assert.deepEqual(later.items, rest.items);
      assert.equal(rest.items[0].transaction, 'round:recordUpdate');
    });
  });
}
