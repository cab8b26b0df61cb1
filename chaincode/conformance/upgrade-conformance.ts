// A study across a chaincode upgrade: version 1's rows under sequence 1, this package's chaincode under sequence 2,
// the same channel, the same identities, the same rows. In two parts, since networks upgrade in their own ways.
import { strict as assert } from 'node:assert';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { isZeroRdp, lineageProblems } from '@consilium/domain';
import { aggregate, sha256, updateArgument, verdictArgument } from '@consilium/domain/testing/examples';
import { refusalOf } from '../src/testing/memory-consortium.ts';
import { OLD_DATASETS, rowsOfVersion1, OLD_STUDY as studyId } from '../src/testing/rows-of-version-1.ts';
import type { LedgerConformance } from './consortium-story.ts';
import type { FabricConsortium } from './fabric-consortium.ts';

/** To be asked of a ledger that serves version-1-chaincode. */
export function beforeUpgrade(title: string, { setup, teardown }: LedgerConformance): void {
  describe(title, () => {
    after(teardown);

    it('version 1 leaves a study in the middle of its second round', async () => {
      const ledger = await setup();
      const members = ledger.mspIds.toSorted();
      await Promise.all(
        rowsOfVersion1().map((_, i) => {
          const caller = { mspId: members[i % members.length]!, role: 'trainer' } as const;
          return ledger.submitText(undefined, caller, 'upgrade:write', String(i));
        }),
      );
    });
  });
}

/** To be asked of the same ledger, under the next sequence, by this package's chaincode. */
export function afterUpgrade(title: string, { setup, teardown }: LedgerConformance): void {
  describe(title, () => {
    let ledger: FabricConsortium;
    let members: string[];
    before(async () => {
      ledger = await setup();
      members = ledger.mspIds.toSorted();
    });
    after(teardown);
    const trainer = (i: number) => ({ mspId: members[i]!, role: 'trainer' as const });

    /** Waits until an organisation's peer has dialled its new chaincode process. */
    async function answers(mspId: string): Promise<void> {
      for (let attempt = 1; ; attempt++) {
        try {
          await ledger.evaluate(mspId, 'auditor', 'member:get', { mspId });
          return;
        } catch (error) {
          if (attempt === 100) throw error;
          await delay(200);
        }
      }
    }

    it('the next sequence reads it, keeps its policies, and takes it to its model', async () => {
      for (const mspId of members) await answers(mspId);
      const { version, state } = await ledger.evaluate(members[1]!, 'auditor', 'study:get', { studyId });
      assert.deepEqual([version, state], [1, 'running']);
      const update = updateArgument({ studyId, datasetId: 'beta', round: 2 });
      const owner = trainer(1);
      const alone = ledger.submitBy([members[1]!], owner, 'round:recordUpdate', update);
      await assert.rejects(
        alone,
        /ENDORSEMENT_POLICY_FAILURE/,
        "version 1's policy still guards the account",
      );
      const again = updateArgument({ studyId, datasetId: 'alpha', round: 2 });
      const twice = ledger.submit(members[0]!, 'trainer', 'round:recordUpdate', again);
      assert.equal((await refusalOf(twice)).code, 'UPDATE_EXISTS');

      for (const round of [2, 3]) {
        if (round === 3) await ledger.submit(members[0]!, 'trainer', 'round:open', { studyId, round });
        for (const [i, datasetId] of OLD_DATASETS.entries()) {
          if (round === 2 && datasetId === 'alpha') continue;
          const argument = updateArgument({ studyId, datasetId, round });
          await ledger.submit(members[i]!, 'trainer', 'round:recordUpdate', argument);
        }
        await ledger.submit(members[0]!, 'trainer', 'round:close', { studyId, round });
        await Promise.all(
          OLD_DATASETS.map((datasetId, i) => {
            const verdict = { studyId, round, datasets: [...OLD_DATASETS], own: [datasetId] };
            return ledger.submit(members[i]!, 'trainer', 'round:recordVerdict', verdictArgument(verdict));
          }),
        );
        await ledger.submit(members[0]!, 'trainer', 'round:tally', { studyId, round });
        const made = aggregate(`model ${round}`);
        const { parametersSha256 } = made;
        for (const mspId of members) {
          await ledger.submit(mspId, 'trainer', 'round:attest', { studyId, round, parametersSha256 });
        }
        await ledger.submit(members[0]!, 'trainer', 'round:finalize', { studyId, round, aggregate: made });
      }
      await ledger.submit(members[0]!, 'researcher', 'model:publish', { studyId });
      const lineage = await ledger.evaluate(members[2]!, 'auditor', 'model:getLineage', { studyId });
      const trusted = lineage.model.lineageSha256;
      assert.deepEqual(lineageProblems(lineage, { sha256, trusted }), []);
      for (const [i, datasetId] of OLD_DATASETS.entries()) {
        await ledger.submit(members[i]!, 'trainer', 'study:settle', { studyId, datasetId });
        const asked = { datasetId, pool: 'training' } as const;
        const account = await ledger.evaluate(members[0]!, 'auditor', 'privacy:getBudget', asked);
        assert.ok(isZeroRdp(account.reserved));
      }
    });

    it('an account tells its versions from before the upgrade and after it', async () => {
      const account = { noun: 'budget' as const, key: ['beta', 'training'] };
      const ask = (page: object) =>
        ledger.evaluate(members[0]!, 'auditor', 'audit:getHistory', { ...account, ...page });
      const { items } = await ask({});
      const spent = items.map(({ row }: { row: { spent: string[] } }) => BigInt(row.spent[0]!));
      assert.equal(spent.length, 4, 'as version 1 left it, charged twice, settled');
      assert.ok(spent[2] < spent[1] && spent[3] < spent[2]);
      const newest = await ask({ pageSize: 3 });
      const oldest = await ask({ pageSize: 3, bookmark: newest.bookmark });
      assert.deepEqual([...newest.items, ...oldest.items], items);
    });

    it('rows from before the index are found in it once a study is entered', async () => {
      const index = (round?: number) =>
        ledger.submit(members[0]!, 'operator', 'audit:indexStudy', { studyId, ...(round && { round }) });
      assert.equal((await index()).entries, 4);
      assert.equal((await index(1)).entries, 10);
      const question = { by: 'dataset', value: 'beta', pageSize: 200 } as const;
      const { items } = await ledger.evaluate(members[2]!, 'auditor', 'audit:listActivities', question);
      const rounds = items
        .filter(({ transaction }: { transaction: string }) => transaction === 'round:recordUpdate')
        .map(({ round }: { round: number }) => round);
      assert.deepEqual(rounds.toSorted(), [1, 2, 3]);
    });
  });
}
