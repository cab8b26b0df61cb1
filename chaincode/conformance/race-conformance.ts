// Studies that race for one dataset's budget, through the unmodified client and whatever order the network gives
// their transactions: together they can never have more than there is, and nothing that was spent is lost.
import { strict as assert } from 'node:assert';
import { after, before, describe, it } from 'node:test';
import {
  type Argument,
  addRdp,
  compareDecimals,
  DomainError,
  type TransactionName,
  timesRdp,
  zeroRdp,
} from '@consilium/domain';
import { patientsArgument, populationArgument, updateArgument } from '@consilium/domain/testing/examples';
import { ConsortiumStory, type LedgerConformance } from './consortium-story.ts';

const STUDIES = 5;
/** What honest clients do when others were faster: ask again. */
const CONFLICT = /MVCC_READ_CONFLICT|PHANTOM_READ_CONFLICT|payloads do not match/i;
const ATTEMPTS_MAX = 50;

export function raceConformance(title: string, { setup, teardown }: LedgerConformance): void {
  describe(title, () => {
    let story: ConsortiumStory;
    let owner: string;
    let datasetId: string;
    let studies: string[];
    const auditor = (pool: 'training' | 'held-out' = 'training') =>
      story.ledger.evaluate(owner, 'auditor', 'privacy:getBudget', { datasetId, pool });

    before(async () => {
      story = new ConsortiumStory(await setup());
      owner = story.members[0]!;
      await story.join();
    });
    after(teardown);

    /** Sends again while others were faster; answers with how often, or with the refusal. */
    async function insist(attempt: () => Promise<unknown>): Promise<number | DomainError> {
      for (let conflicts = 0; conflicts < ATTEMPTS_MAX; conflicts++) {
        try {
          await attempt();
          return conflicts;
        } catch (error) {
          if (error instanceof DomainError) return error;
          const { message, details = [] } = error as Error & { details?: readonly { message: string }[] };
          const said = [message, ...details.map((detail) => detail.message)].join('\n');
          if (!CONFLICT.test(said)) throw error;
        }
      }
      return assert.fail('always too late');
    }

    it(`of ${STUDIES} studies that consent at once, as many succeed as the budget can bear`, async () => {
      datasetId = `raced-${story.run}`;
      studies = Array.from({ length: STUDIES }, (_, i) => `race-${story.run}-${i}`);
      await story.register(datasetId, owner, '3');
      const quorum = { updates: 1, validators: 1 };
      for (const studyId of studies)
        await story.propose(studyId, { datasets: [datasetId], quorum, rounds: 2 });
      const quotes = await Promise.all(
        studies.map((studyId) =>
          story.ledger.evaluate(owner, 'steward', 'privacy:quote', { studyId, datasetId }),
        ),
      );
      assert.ok(
        quotes.every(({ fits }) => fits),
        'each of them fits alone',
      );
      const outcomes = await Promise.all(
        studies.map((studyId, i) =>
          insist(() =>
            story.ledger.submit(owner, 'steward', 'study:consent', {
              studyId,
              datasetId,
              claimedEpsilon: quotes[i].claimedEpsilon,
            }),
          ),
        ),
      );
      const refused = outcomes.filter((outcome) => outcome instanceof DomainError);
      const granted = studies.filter((_, i) => !(outcomes[i] instanceof DomainError));
      assert.ok(refused.every(({ code }) => code === 'BUDGET_EXCEEDED'));
      assert.ok(granted.length >= 1 && granted.length < STUDIES, `${granted.length} were granted`);
      const account = await auditor();
      const { costPerRound } = await story.ledger.evaluate(owner, 'auditor', 'study:getConsent', {
        studyId: granted[0]!,
        datasetId,
      });
      assert.deepEqual(account.reserved, timesRdp(costPerRound.training, 2 * granted.length));
      assert.ok(compareDecimals(account.committedEpsilon, account.budget.epsilon) <= 0, 'not overdrawn');
      studies = granted;
    });

    it('studies of two datasets that race for one block of their population have no more than it can bear', async () => {
      const populationId = `raced-people-${story.run}`;
      const [clinic, imaging] = [`clinic-${story.run}`, `imaging-${story.run}`] as const;
      const submit = <N extends TransactionName>(name: N, argument: Argument<N>) =>
        story.ledger.submit(owner, 'steward', name, argument);
      await submit('population:register', populationArgument(populationId, '3'));
      const first = patientsArgument(clinic, populationId);
      await submit('dataset:register', first);
      const { newBlock, ...second } = patientsArgument(imaging, populationId);
      const { block, recordCountBand } = newBlock!;
      await submit('dataset:register', { ...second, blocks: [{ block, recordCountBand }] });
      const raced = Array.from({ length: STUDIES }, (_, i) => ({
        studyId: `shared-${story.run}-${i}`,
        datasetId: i % 2 === 0 ? clinic : imaging,
      }));
      const quorum = { updates: 1, validators: 1 };
      for (const { studyId, datasetId: wanted } of raced) {
        await story.propose(studyId, { datasets: [wanted], quorum, rounds: 2 });
      }
      const { claimedEpsilon } = await story.ledger.evaluate(owner, 'steward', 'privacy:quote', raced[0]!);
      const outcomes = await Promise.all(
        raced.map((given) =>
          insist(() => submit('study:consent', { ...given, claimedEpsilon, blocks: [block] })),
        ),
      );
      const granted = raced.filter((_, i) => !(outcomes[i] instanceof DomainError));
      assert.ok(granted.length >= 1 && granted.length < STUDIES, `${granted.length} were granted`);
      for (const outcome of outcomes) {
        if (outcome instanceof DomainError) assert.equal(outcome.code, 'BUDGET_EXCEEDED');
      }
      const asked = (of: string) => ({ datasetId: of, pool: 'training' as const, block });
      const account = await story.ledger.evaluate(owner, 'auditor', 'privacy:getBudget', asked(clinic));
      const same = await story.ledger.evaluate(owner, 'auditor', 'privacy:getBudget', asked(imaging));
      assert.deepEqual(same, account, 'both datasets have one account');
      const { costPerRound } = await story.ledger.evaluate(owner, 'auditor', 'study:getConsent', granted[0]!);
      assert.deepEqual(account.reserved, timesRdp(costPerRound.training, 2 * granted.length));
      assert.ok(compareDecimals(account.committedEpsilon, account.budget.epsilon) <= 0, 'not overdrawn');
    });

    it('what the running ones spend at once is all counted', async () => {
      for (const studyId of studies) {
        await story.start(studyId);
        await story.ledger.submit(owner, 'trainer', 'round:open', { studyId, round: 1 });
      }
      const before = await auditor();
      const outcomes = await Promise.all(
        studies.map((studyId) => {
          const update = updateArgument({ studyId, datasetId });
          return insist(() => story.ledger.submit(owner, 'trainer', 'round:recordUpdate', update));
        }),
      );
      assert.ok(outcomes.every((outcome) => typeof outcome === 'number'));
      const account = await auditor();
      const { costPerRound } = await story.ledger.evaluate(owner, 'auditor', 'study:getConsent', {
        studyId: studies[0]!,
        datasetId,
      });
      assert.deepEqual(before.spent, zeroRdp());
      assert.deepEqual(account.spent, timesRdp(costPerRound.training, studies.length));
      assert.deepEqual(addRdp(account.spent, account.reserved), before.reserved, 'nothing leaks');
      const { items } = await story.ledger.evaluate(owner, 'auditor', 'privacy:listEvents', { datasetId });
      assert.equal(items.length, studies.length);
    });
  });
}
