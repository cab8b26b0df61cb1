// Five hospitals of which two leave: one as it should, on the ledger first and in the channel then; one in the channel
// first, by the others. Every step that the three who stay take is taken with their peers alone. A network that can
// remove an organisation from its channel does it; on one that cannot, the peers of who left are only not asked.
import { strict as assert } from 'node:assert';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type Argument, DomainError, type Role, type TransactionName } from '@consilium/domain';
import {
  aggregate,
  memberArgument,
  studyArgument,
  updateArgument,
  verdictArgument,
} from '@consilium/domain/testing/examples';
import { provenKey } from '@consilium/domain/testing/member-key';
import { genesisDigest, verifyBundle } from '@consilium/verify';
import { hiding, rewritten } from '@consilium/verify/testing/rewritten-bundle';
import { refusalOf } from '../src/testing/memory-consortium.ts';
import { ConsortiumStory, type LedgerConformance } from './consortium-story.ts';
import { bundleOf, type Gathered, gather } from './evidence-gathering.ts';
import type { Answer, FabricConsortium } from './fabric-consortium.ts';

export interface LeavingConformance extends LedgerConformance {
  /** Removes an organisation from the channel, by an update of its configuration. Undefined: nobody can. */
  readonly remove?: (mspId: string) => Promise<void>;
}

/** How long peers may take to forget another one that has left the channel. */
const FORGET_MS = 90_000;
const UNENDORSED = /ENDORSEMENT_POLICY_FAILURE|no combination of peers|no peer combination|failed to/i;

export function leavingConformance(title: string, { setup, teardown, remove }: LeavingConformance): void {
  describe(title, () => {
    let ledger: FabricConsortium;
    let story: ConsortiumStory;
    let here: string[];
    let studyId: string;
    /** What peers of the four signed of the study. */
    let signedBefore: Gathered | undefined;
    const reason = 'as the boards decided';
    const first = () => story.members[0]!;
    const fourth = () => story.members[3]!;
    const fifth = () => story.members[4]!;
    const early = (what: string) => `${what}-${story.run}`;

    before(async () => {
      ledger = await setup();
      story = new ConsortiumStory(ledger);
      here = [...story.members];
      studyId = `five-${story.run}`;
    });
    after(teardown);

    /** Only those who are here endorse. What peers have not forgotten yet, or were faster with, is asked again. */
    async function submit<N extends TransactionName>(
      mspId: string,
      role: Role,
      name: N,
      argument: Argument<N>,
    ): Promise<Answer> {
      for (const end = Date.now() + FORGET_MS; ; await delay(500)) {
        try {
          return await ledger.submitBy(
            remove === undefined ? here : undefined,
            { mspId, role },
            name,
            argument,
          );
        } catch (error) {
          if (error instanceof DomainError || here.length === story.members.length || Date.now() > end)
            throw error;
        }
      }
    }
    /** That the three cannot do it, however long their peers have known that the others are gone. */
    const fails = (mspId: string, role: Role, name: 'study:consent', argument: Argument<'study:consent'>) =>
      assert.rejects(ledger.submitBy(here, { mspId, role }, name, argument), (error: Error) => {
        const { message, details = [] } = error as Error & { details?: readonly { message: string }[] };
        assert.ok(!(error instanceof DomainError), message);
        assert.match([message, ...details.map((detail) => detail.message)].join('\n'), UNENDORSED);
        return true;
      });
    const trainer = <N extends TransactionName>(mspId: string, name: N, argument: Argument<N>) =>
      submit(mspId, 'trainer', name, argument);
    const ask = <N extends TransactionName>(name: N, argument: Argument<N>) =>
      ledger.evaluate(first(), 'auditor', name, argument);

    /** What the list of old policies says that anyone may lay again. */
    async function oldPolicies(): Promise<Answer[]> {
      const rows: Answer[] = [];
      for (const kind of ['dataset', 'consent', 'round'] as const) {
        for (let bookmark: string | undefined; ; ) {
          const page = await ask('audit:listOldPolicies', { kind, ...(bookmark && { bookmark }) });
          rows.push(...page.items);
          bookmark = page.bookmark;
          if (bookmark === undefined) break;
        }
      }
      return rows;
    }
    /** Lays again what those who are here own, but for these. */
    async function renewAll(by: string, but: readonly string[]): Promise<number> {
      let laid = 0;
      for (const row of await oldPolicies()) {
        const owner = story.datasets.includes(row.datasetId) ? story.owner(row.datasetId) : first();
        if (but.includes(row.datasetId) || (row.datasetId !== undefined && !here.includes(owner))) continue;
        laid += (await trainer(by, 'audit:renewPolicies', row)).laid;
      }
      return laid;
    }
    async function leaveChannel(mspId: string): Promise<void> {
      await remove?.(mspId);
      here = here.filter((member) => member !== mspId);
      if (remove !== undefined) ledger.forget(mspId);
    }
    async function consentTo(study: string, datasetId: string): Promise<Argument<'study:consent'>> {
      const asked = { studyId: study, datasetId };
      const { claimedEpsilon } = await ledger.evaluate(first(), 'steward', 'privacy:quote', asked);
      return { ...asked, claimedEpsilon };
    }

    it('rows of the first two members name those two, and a study of all five begins', async () => {
      for (const mspId of [first(), fifth()]) {
        await submit(mspId, 'operator', 'member:register', memberArgument(mspId, ledger.channel));
      }
      for (const datasetId of ['kept', 'frozen', 'later'].map(early))
        await story.register(datasetId, first());
      await story.join();
      for (const datasetId of story.datasets) await story.register(datasetId, story.owner(datasetId));
      await story.propose(studyId, { quorum: { updates: 3, validators: 3 }, rounds: 2 });
      for (const datasetId of story.datasets) await story.consent(studyId, datasetId);
      await story.start(studyId);
      for (const what of ['kept', 'frozen', 'later'].map(early)) {
        const quorum = { updates: 1, validators: 1 };
        await submit(
          first(),
          'researcher',
          'study:propose',
          studyArgument({ studyId: what, datasets: [what], quorum }),
        );
      }
      await trainer(first(), 'round:open', { studyId, round: 1 });
      for (const datasetId of story.datasets) {
        await trainer(story.owner(datasetId), 'round:recordUpdate', updateArgument({ studyId, datasetId }));
      }
    });

    it('the fifth leaves on the ledger in the middle of a round, whose quorum is still met', async () => {
      const left = await submit(fifth(), 'operator', 'member:leave', { reason });
      assert.deepEqual([left.mspId, left.by, left.shortOf], [fifth(), 'itself', []]);
      const consent = await ask('study:getConsent', { studyId, datasetId: story.dataset(fifth()) });
      assert.equal(consent.state, 'withdrawn');
      const again = submit(fifth(), 'operator', 'member:register', {
        title: 'back at once',
        ...provenKey(`back ${story.run}`, fifth(), ledger.channel),
      });
      assert.equal((await refusalOf(again)).code, 'MEMBER_STATE');
      const asked = { studyId, datasetId: story.dataset(fifth()) };
      assert.equal((await trainer(first(), 'study:settle', asked)).state, 'settled', 'by another hospital');
    });

    it('anyone lays the policies of the rows again, while its peer still signs', async () => {
      const listed = await oldPolicies();
      assert.ok(listed.some(({ datasetId, studyId: of }) => datasetId === early('kept') && of === undefined));
      assert.ok(listed.some(({ round }) => round === 1));
      assert.ok((await renewAll(story.members[1]!, [early('frozen')])) > 0);
      const left = (await oldPolicies()).filter(({ datasetId }) => datasetId !== story.dataset(fifth()));
      assert.deepEqual(left, [{ datasetId: early('frozen') }], 'but for one that is left as it was');
    });

    it('the channel follows; what was laid again can be changed, and what was not is frozen', async () => {
      await leaveChannel(fifth());
      const kept = await submit(
        first(),
        'steward',
        'study:consent',
        await consentTo(early('kept'), early('kept')),
      );
      assert.equal(kept.state, 'granted');
      await fails(first(), 'steward', 'study:consent', await consentTo(early('frozen'), early('frozen')));
    });

    it('the round goes on without it, to an aggregate of the four', async () => {
      const round = { studyId, round: 1 };
      const closed = await trainer(first(), 'round:close', round);
      assert.deepEqual(closed.withdrawn, [story.dataset(fifth())]);
      const datasets = story.datasets.filter((datasetId) => datasetId !== story.dataset(fifth()));
      assert.deepEqual(closed.updates, datasets);
      for (const mspId of here) {
        const verdict = verdictArgument({ studyId, datasets, own: [story.dataset(mspId)] });
        await trainer(mspId, 'round:recordVerdict', verdict);
      }
      assert.deepEqual((await trainer(first(), 'round:tally', round)).included, datasets);
      const { parametersSha256 } = aggregate('one');
      for (const mspId of here) await trainer(mspId, 'round:attest', { ...round, parametersSha256 });
      const made = { ...round, aggregate: aggregate('one') };
      assert.equal((await trainer(first(), 'round:finalize', made)).state, 'finalized');
    });

    it('the fourth is out of the channel before the ledger knows: the others remove it, and lay its rows again', async () => {
      await trainer(first(), 'round:open', { studyId, round: 2 });
      if (remove !== undefined) signedBefore = await gather(story, { kind: 'study', studyId }, here);
      await leaveChannel(fourth());
      const voted: Answer[] = [];
      for (const voter of here) {
        const vote = { mspId: fourth(), question: 'removal', accept: true, reason } as const;
        voted.push(await submit(voter, 'operator', 'member:vote', vote));
      }
      const { departure } = voted.at(-1)!;
      assert.deepEqual([departure.mspId, departure.by], [fourth(), 'the others']);
      assert.deepEqual((await ask('study:listShort', {})).items, []);
      assert.ok((await renewAll(story.members[2]!, [early('frozen')])) > 0);
      const gone = [fifth(), fourth()].map((mspId) => story.dataset(mspId));
      const left = (await oldPolicies()).filter(({ datasetId }) => !gone.includes(datasetId));
      assert.deepEqual(left, [{ datasetId: early('frozen') }]);
    });

    it('the three take the study to its model, settle, and begin another', async () => {
      const round = { studyId, round: 2 };
      const datasets = here.map((mspId) => story.dataset(mspId));
      for (const mspId of here) {
        const update = updateArgument({ studyId, round: 2, datasetId: story.dataset(mspId) });
        await trainer(mspId, 'round:recordUpdate', update);
      }
      assert.deepEqual((await trainer(first(), 'round:close', round)).updates, datasets);
      for (const mspId of here) {
        const verdict = verdictArgument({ studyId, round: 2, datasets, own: [story.dataset(mspId)] });
        await trainer(mspId, 'round:recordVerdict', verdict);
      }
      await trainer(first(), 'round:tally', round);
      const { parametersSha256 } = aggregate('two');
      for (const mspId of here) await trainer(mspId, 'round:attest', { ...round, parametersSha256 });
      await trainer(first(), 'round:finalize', { ...round, aggregate: aggregate('two') });
      await trainer(first(), 'model:publish', { studyId });
      for (const datasetId of datasets) {
        const settled = await trainer(story.owner(datasetId), 'study:settle', { studyId, datasetId });
        assert.equal(settled.state, 'settled');
      }
      const later = await submit(
        first(),
        'steward',
        'study:consent',
        await consentTo(early('later'), early('later')),
      );
      assert.equal(later.state, 'granted');
      await submit(first(), 'researcher', 'study:start', { studyId: early('later') });
    });

    it('evidence follows the configuration, names an older one, and counts no signature of who has left', async (t) => {
      if (remove === undefined) return t.skip('not run: the channel has one configuration for life');
      const of = { kind: 'study', studyId } as const;
      const gathered = await gather(story, of, here);
      const file = await bundleOf(story, of, gathered);
      const trusted = { genesis: genesisDigest(gathered.blocks[0]!), chaincode: ledger.chaincode };
      const problems = (bytes: Uint8Array) =>
        verifyBundle(bytes, trusted).problems.map(({ place, text }) => `${place}: ${text}`);
      const { problems: none, chain, answered } = verifyBundle(file, trusted);
      assert.deepEqual(none, []);
      const remaining = [...here].sort();
      assert.deepEqual([...(answered?.signedBy ?? [])].sort(), remaining);
      assert.deepEqual([...(chain?.configuration.mspIds ?? [])].sort(), remaining);
      const last = chain!.configurationBlocks.at(-1)!;
      const older = rewritten(file, (parts) => hiding(parts, new Set([last])));
      assert.match(
        problems(older)[0] ?? '',
        new RegExp(`^block \\d+: its orderers say that block ${last} holds the configuration`),
      );
      const { answers } = signedBefore!;
      const old = await bundleOf(story, of, { blocks: gathered.blocks, answers });
      assert.match(problems(old).join('\n'), new RegExp(`${fourth()} is no organisation of the channel`));
    });
  });
}
