// A whole study on a Fabric network, with the refusals that need a real one: certificates, endorsement by
// organisations, key-level policies. A function of {setup, teardown}, so that it judges any network.
import { strict as assert } from 'node:assert';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { epsilonOf, isZeroRdp, type ProposeStudy } from '@consilium/domain';
import { majorityOf } from '@consilium/domain/rules';
import {
  aggregate,
  datasetArgument,
  memberArgument,
  studyArgument,
  trainingEvent,
  updateArgument,
  verdictArgument,
} from '@consilium/domain/testing/examples';
import { refusalOf } from '../src/testing/memory-consortium.ts';
import type { LedgerConformance } from './consortium-story.ts';
import type { FabricConsortium } from './fabric-consortium.ts';

/** The questions, in order: each builds on the one before, as a study does. */
export function studyConformance(title: string, { setup, teardown }: LedgerConformance): void {
  describe(title, () => {
    const run = randomBytes(4).toString('hex');
    const studyId = `study-${run}`;
    let ledger: FabricConsortium;
    let members: string[];
    let datasets: string[];
    let argument: ProposeStudy;
    const owner = (datasetId: string): string => members[datasets.indexOf(datasetId)]!;
    const own = (mspId: string): string[] => datasets.filter((datasetId) => owner(datasetId) === mspId);

    before(async () => {
      ledger = await setup();
      members = ledger.mspIds.toSorted();
      datasets = members.map((_, i) => `data-${run}-${i}`);
      const validators = majorityOf(members.length);
      const quorum = { updates: validators, validators };
      argument = studyArgument({ studyId, datasets, quorum, rounds: 2 });
    });
    after(teardown);

    const round = (mspId: string, name: 'open' | 'close' | 'tally', number: number) =>
      ledger.submit(mspId, 'trainer', `round:${name}`, { studyId, round: number });
    const attest = (mspId: string, number: number, parameters: string) =>
      ledger.submit(mspId, 'trainer', 'round:attest', {
        studyId,
        round: number,
        parametersSha256: aggregate(parameters).parametersSha256,
      });
    const finalize = (mspId: string, number: number, parameters: string) =>
      ledger.submit(mspId, 'trainer', 'round:finalize', {
        studyId,
        round: number,
        aggregate: aggregate(parameters),
      });

    /** A round up to its tally, in which only some accept the candidate. */
    async function tallied(number: number, accepts: (mspId: string) => boolean): Promise<void> {
      await round(members[0]!, 'open', number);
      await Promise.all(
        datasets.map((datasetId) =>
          ledger.submit(
            owner(datasetId),
            'trainer',
            'round:recordUpdate',
            updateArgument({ studyId, round: number, datasetId }),
          ),
        ),
      );
      await round(members[0]!, 'close', number);
      await Promise.all(
        members.map((mspId) => {
          const verdict = { studyId, round: number, datasets, own: own(mspId), accepted: accepts(mspId) };
          return ledger.submit(mspId, 'trainer', 'round:recordVerdict', verdictArgument(verdict));
        }),
      );
      await round(members[0]!, 'tally', number);
    }

    it('members and datasets are registered, and registering again is refused', async () => {
      for (const mspId of members) {
        try {
          await ledger.submit(mspId, 'operator', 'member:register', memberArgument(mspId, ledger.channel));
        } catch (error) {
          assert.match(String(error), /MEMBER_EXISTS/);
        }
      }
      for (const datasetId of datasets) {
        await ledger.submit(owner(datasetId), 'steward', 'dataset:register', datasetArgument(datasetId));
      }
      const again = ledger.submit(members[1]!, 'steward', 'dataset:register', datasetArgument(datasets[0]!));
      assert.equal((await refusalOf(again)).code, 'DATASET_EXISTS');
    });

    it("a role is what the certificate says, not what the client's program wishes", async () => {
      const attempt = ledger.submit(
        members[0]!,
        'researcher',
        'dataset:register',
        datasetArgument(`x-${run}`),
      );
      assert.equal((await refusalOf(attempt)).code, 'ROLE_REQUIRED');
    });

    it('a study is proposed, consented to and started', async () => {
      await ledger.submit(members[0]!, 'researcher', 'study:propose', argument);
      for (const datasetId of datasets) {
        const asked = { studyId, datasetId };
        const quote = await ledger.evaluate(owner(datasetId), 'steward', 'privacy:quote', asked);
        const { claimedEpsilon } = quote;
        await ledger.submit(owner(datasetId), 'steward', 'study:consent', { ...asked, claimedEpsilon });
      }
      const claimedEpsilon = { training: '9', heldOut: '9' };
      const foreign = ledger.submit(members[1]!, 'steward', 'study:consent', {
        studyId,
        datasetId: datasets[0]!,
        claimedEpsilon,
      });
      assert.equal((await refusalOf(foreign)).code, 'NOT_THE_OWNER');
      const started = await ledger.submit(members[0]!, 'researcher', 'study:start', { studyId });
      assert.equal(started.state, 'running');
    });

    it('a round is finalised by all', async () => {
      await tallied(1, () => true);
      await Promise.all(members.map((mspId) => attest(mspId, 1, 'one')));
      const argument = { studyId, round: 1, aggregate: aggregate('one') };
      const alone = { mspId: members[0]!, role: 'trainer' } as const;
      const attempt = ledger.submitBy([members[0]!], alone, 'round:finalize', argument);
      await assert.rejects(attempt, /ENDORSEMENT_POLICY_FAILURE/, 'one signature is not enough');
      assert.equal((await finalize(members[0]!, 1, 'one')).state, 'finalized');
    });

    it('a hospital that rejects cannot finalise through its own peer; the others can without it', async () => {
      const rejecting = members.at(-1)!;
      await tallied(2, (mspId) => mspId !== rejecting);
      for (const mspId of members) await attest(mspId, 2, 'two');
      assert.equal((await refusalOf(finalize(rejecting, 2, 'two'))).code, 'ENDORSEMENT_REFUSED');
      assert.equal((await refusalOf(finalize(members[0]!, 2, 'forged'))).code, 'QUORUM_NOT_REACHED');
      assert.equal((await finalize(members[0]!, 2, 'two')).state, 'finalized');
    });

    it('a second update is refused and costs nothing', async () => {
      const [datasetId] = datasets;
      const asked = { datasetId: datasetId!, pool: 'training' } as const;
      const before = await ledger.evaluate(members[0]!, 'auditor', 'privacy:getBudget', asked);
      const again = updateArgument({ studyId, round: 1, datasetId: datasetId! });
      const attempt = ledger.submit(members[0]!, 'trainer', 'round:recordUpdate', again);
      assert.equal((await refusalOf(attempt)).code, 'UPDATE_EXISTS');
      assert.deepEqual(await ledger.evaluate(members[0]!, 'auditor', 'privacy:getBudget', asked), before);
    });

    it("a dataset's account cannot be moved without its owner's peer", async () => {
      await ledger.submit(members[0]!, 'trainer', 'model:publish', { studyId });
      const [datasetId] = datasets;
      const others = members.slice(1);
      const caller = { mspId: members[0]!, role: 'trainer' } as const;
      const settle = { studyId, datasetId: datasetId! };
      const attempt = ledger.submitBy(others, caller, 'study:settle', settle);
      await assert.rejects(attempt, /ENDORSEMENT_POLICY_FAILURE/);
    });

    it('what is left is returned, and the account is the sum of its charges', async () => {
      for (const datasetId of datasets) {
        const mspId = owner(datasetId);
        await ledger.submit(mspId, 'trainer', 'study:settle', { studyId, datasetId });
        const asked = { datasetId, pool: 'training' } as const;
        const account = await ledger.evaluate(mspId, 'auditor', 'privacy:getBudget', asked);
        assert.ok(isZeroRdp(account.reserved));
        const expected = epsilonOf([{ event: trainingEvent(), count: 2 }], account.budget.delta);
        assert.equal(account.spentEpsilon, expected);
        const charges = await ledger.evaluate(mspId, 'auditor', 'privacy:listEvents', { datasetId });
        assert.equal(charges.items.length, 4);
      }
    });

    it('one hospital among all finalises a study of its own, with the signatures of a majority', async () => {
      const [mspId, datasetId] = [members[0]!, datasets[0]!];
      const alone = { studyId: `alone-${run}`, round: 1 };
      const quorum = { updates: 1, validators: 1 };
      const { studyId: id } = alone;
      await ledger.submit(
        mspId,
        'researcher',
        'study:propose',
        studyArgument({ studyId: id, datasets: [datasetId], quorum, rounds: 1 }),
      );
      const asked = { studyId: id, datasetId };
      const { claimedEpsilon } = await ledger.evaluate(mspId, 'steward', 'privacy:quote', asked);
      await ledger.submit(mspId, 'steward', 'study:consent', { ...asked, claimedEpsilon });
      await ledger.submit(mspId, 'researcher', 'study:start', { studyId: id });
      await ledger.submit(mspId, 'trainer', 'round:open', alone);
      await ledger.submit(mspId, 'trainer', 'round:recordUpdate', updateArgument(asked));
      await ledger.submit(mspId, 'trainer', 'round:close', alone);
      const verdict = verdictArgument({ studyId: id, datasets: [datasetId], own: [datasetId] });
      await ledger.submit(mspId, 'trainer', 'round:recordVerdict', verdict);
      await ledger.submit(mspId, 'trainer', 'round:tally', alone);
      const { parametersSha256 } = aggregate('alone');
      await ledger.submit(mspId, 'trainer', 'round:attest', { ...alone, parametersSha256 });
      const finalize = { ...alone, aggregate: aggregate('alone') };
      assert.equal((await ledger.submit(mspId, 'trainer', 'round:finalize', finalize)).state, 'finalized');
    });

    it('lineage and history come in pages, the same at every organisation', async () => {
      const first = await Promise.all(
        members.map((mspId) =>
          ledger.evaluate(mspId, 'auditor', 'model:getLineage', { studyId, pageSize: 1 }),
        ),
      );
      for (const lineage of first) assert.deepEqual(lineage, first[0]);
      const { bookmark, rounds } = first[0];
      const next = { studyId, pageSize: 1, bookmark };
      const second = await ledger.evaluate(members[0]!, 'auditor', 'model:getLineage', next);
      assert.deepEqual([rounds[0].round.round, second.rounds[0].round.round], [1, 2]);

      const row = { noun: 'round' as const, key: [studyId, '1'], pageSize: 2 };
      const newest = await ledger.evaluate(members[0]!, 'auditor', 'audit:getHistory', row);
      const older = await ledger.evaluate(members[0]!, 'auditor', 'audit:getHistory', {
        ...row,
        bookmark: newest.bookmark,
      });
      const states = [...newest.items, ...older.items].map((version) => version.row.state);
      assert.deepEqual(states, ['finalized', 'aggregating', 'validating', 'training']);

      const account = { noun: 'budget' as const, key: [datasets[0]!, 'training'], pageSize: 3 };
      const latest = await Promise.all(
        members.map((mspId) => ledger.evaluate(mspId, 'auditor', 'audit:getHistory', account)),
      );
      for (const newest of latest) assert.deepEqual(newest, latest[0]);
      const versions = [...latest[0].items];
      for (let cursor = latest[0].bookmark; cursor !== undefined; ) {
        const before = { ...account, bookmark: cursor };
        const older = await ledger.evaluate(members[0]!, 'auditor', 'audit:getHistory', before);
        versions.push(...older.items);
        cursor = older.bookmark;
      }
      const asked = { datasetId: datasets[0]!, pool: 'training' } as const;
      const { spent } = await ledger.evaluate(members[0]!, 'auditor', 'privacy:getBudget', asked);
      const spentThen = versions.map(({ row }) => BigInt(row.spent[0]));
      assert.equal(spentThen[0], BigInt(spent[0]), 'the newest is the account as it is');
      assert.ok(
        spentThen.every((sum, i) => i === 0 || sum <= spentThen[i - 1]!),
        'newest first',
      );
      assert.deepEqual(spentThen.slice(-2), [0n, 0n], 'registered and reserved');
      assert.equal(new Set(versions.map(({ transactionId }) => transactionId)).size, versions.length);

      const page = await ledger.evaluate(members[0]!, 'auditor', 'dataset:list', { pageSize: 2 });
      assert.equal(page.items.length, 2);
      const rest = await ledger.evaluate(members[0]!, 'auditor', 'dataset:list', {
        pageSize: 200,
        bookmark: page.bookmark,
      });
      const listed = [...page.items, ...rest.items].map((dataset) => dataset.datasetId);
      for (const datasetId of datasets) assert.ok(listed.includes(datasetId));
    });
  });
}
