// Consents that several stewards of one hospital give together, each with a certificate of the hospital's authority.
import { strict as assert } from 'node:assert';
import { after, before, describe, it } from 'node:test';
import { datasetArgument } from '@consilium/domain/testing/examples';
import { refusalOf } from '../src/testing/memory-consortium.ts';
import { ConsortiumStory, type LedgerConformance } from './consortium-story.ts';
import type { Caller, Credentials } from './fabric-consortium.ts';

export interface StewardsConformance extends LedgerConformance {
  /** A new certificate of the organisation's authority at each call, for one person. Undefined: none is available. */
  readonly enrol?: (mspId: string, person: string, role: 'steward' | 'trainer') => Promise<Credentials>;
}

const NONE = 'not run: the network offers nobody to enrol people';

export function stewardsConformance(title: string, { setup, teardown, enrol }: StewardsConformance): void {
  describe(title, { skip: enrol === undefined && NONE }, () => {
    let story: ConsortiumStory;
    let mspId: string;
    let datasetId: string;
    const studyId = () => `guarded-study-${story.run}`;
    const asked = () => ({ studyId: studyId(), datasetId });
    const person = (name: string, role: 'steward' | 'trainer' = 'steward'): Caller => ({
      mspId,
      role,
      person: name,
    });
    const approve = (caller: Caller) =>
      story.ledger.submitBy(undefined, caller, 'study:approveConsent', asked());
    const consent = async (caller: Caller) => {
      const { claimedEpsilon } = await story.ledger.evaluate(mspId, 'steward', 'privacy:quote', asked());
      const argument = { ...asked(), claimedEpsilon };
      return story.ledger.submitBy(undefined, caller, 'study:consent', argument);
    };

    before(async () => {
      story = new ConsortiumStory(await setup());
      mspId = story.members.at(-1)!;
      datasetId = `guarded-${story.run}`;
      await story.join();
      for (const [name, enrolled, role] of [
        ['ann', 'ann', 'steward'],
        ['ann again', 'ann', 'steward'],
        ['ben', 'ben', 'steward'],
        ['cem', 'cem', 'trainer'],
      ] as const) {
        story.ledger.enrol(mspId, name, await enrol!(mspId, enrolled, role));
      }
      const guarded = { ...datasetArgument(datasetId), consentPolicy: { stewards: 2 } };
      await story.ledger.submitBy(undefined, person('ann'), 'dataset:register', guarded);
      await story.propose(studyId(), { datasets: [datasetId], quorum: { updates: 1, validators: 1 } });
    });
    after(teardown);

    it('one steward alone cannot consent where two must', async () => {
      assert.equal((await refusalOf(consent(person('ann')))).code, 'CONSENT_INCOMPLETE');
      const started = story.ledger.submit(story.members[0]!, 'researcher', 'study:start', {
        studyId: studyId(),
      });
      assert.equal((await refusalOf(started)).code, 'QUORUM_NOT_REACHED');
    });

    it('one person with two certificates is one steward', async () => {
      await approve(person('ann'));
      assert.equal((await refusalOf(approve(person('ann again')))).code, 'APPROVAL_EXISTS');
      assert.equal((await refusalOf(consent(person('ann again')))).code, 'CONSENT_INCOMPLETE');
    });

    it('nobody else takes the place of the second: not a trainer, not a steward of another hospital', async () => {
      assert.equal((await refusalOf(approve(person('cem', 'trainer')))).code, 'ROLE_REQUIRED');
      assert.equal((await refusalOf(consent(person('cem', 'trainer')))).code, 'ROLE_REQUIRED');
      const foreign = { mspId: story.members[0]!, role: 'steward' } as const;
      assert.equal((await refusalOf(consent(foreign))).code, 'NOT_THE_OWNER');
    });

    it('the second completes the consent, which names both', async () => {
      const { state, stewards } = await consent(person('ben'));
      const name = mspId.toLowerCase().replace(/msp$/, '');
      assert.deepEqual([state, stewards], ['granted', [`ann@${name}`, `ben@${name}`]]);
      await story.start(studyId());
      const row = await story.ledger.evaluate(story.members[0]!, 'auditor', 'study:getConsent', asked());
      assert.deepEqual(row.stewards, stewards);
    });
  });
}
