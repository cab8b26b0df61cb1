// Forgeries of one row: anyone with a peer's key can sign any result, and so can a peer that runs other code. Each
// transaction here changes one row alone, so that it is refused for that row's policy, or not at all; and the same
// change by enough peers is valid, so that nothing else about it is what was refused. Rows of every kind are tried, and
// the compiler asks who guards a kind that is new.
import { strict as assert } from 'node:assert';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { Argument, TransactionName } from '@consilium/domain';
import { majorityOf } from '@consilium/domain/rules';
import {
  aggregate,
  datasetArgument,
  memberArgument,
  patientsArgument,
  studyArgument,
  updateArgument,
  verdictArgument,
} from '@consilium/domain/testing/examples';
import { provenKey } from '@consilium/domain/testing/member-key';
import { anyOfPeers } from '../src/ledger/key-policy.ts';
import type { Noun } from '../src/ledger/rows.ts';
import { ConsortiumStory, type LedgerConformance } from './consortium-story.ts';
import type { Credentials } from './fabric-consortium.ts';
import { orderForgery, PeerKey, type RowChange } from './forged-row.ts';
import { type RowInBlocks, RowsInBlocks } from './rows-in-blocks.ts';

export interface ForgeryConformance extends LedgerConformance {
  /** The key of an organisation's peer, and its certificate. Undefined: none is available. */
  readonly peer?: (mspId: string) => Promise<Credentials>;
}

type Kind = Noun | 'activity' | 'activity-by';
type Guard = 'majority' | 'owner' | 'validators';

/** Whose peers must sign a change: a majority; the owner's with it; or all the validators of a round that asks for all. */
const GUARDS: Readonly<Record<Kind, Guard>> = {
  member: 'majority',
  'member-key': 'majority',
  'present-key': 'majority',
  departure: 'majority',
  'member-vote': 'majority',
  population: 'owner',
  block: 'owner',
  'counted-patients': 'majority',
  dataset: 'owner',
  revision: 'owner',
  budget: 'owner',
  'budget-version': 'majority',
  study: 'majority',
  'open-study': 'majority',
  consent: 'owner',
  'open-consent': 'majority',
  'consent-approval': 'owner',
  decline: 'owner',
  motion: 'majority',
  vote: 'majority',
  round: 'validators',
  update: 'majority',
  'score-commitment': 'majority',
  verdict: 'majority',
  attestation: 'majority',
  equivocation: 'majority',
  model: 'majority',
  'privacy-charge': 'majority',
  commitment: 'majority',
  release: 'majority',
  'study-key': 'majority',
  erasure: 'majority',
  activity: 'majority',
  'activity-by': 'majority',
};
const KINDS = Object.keys(GUARDS) as Kind[];
/** Of kinds with many rows, as many of the forger's latest. */
const ROWS_MAX = 4;
const FORGED = Buffer.from('{}');
const NONE = 'not run: the network lends no keys of peers';

export function forgeryConformance(title: string, { setup, teardown, peer }: ForgeryConformance): void {
  describe(title, { skip: peer === undefined && NONE }, () => {
    let story: ConsortiumStory;
    let mallory: string;
    let own: string;
    let guarded: string;
    let studyId: string;
    let wasFirst: boolean;
    /** By organisation: who signs, and what its peer has committed. */
    const keys = new Map<string, PeerKey>();
    const peers = new Map<string, RowsInBlocks>();
    const world = () => peers.get(story.members[0]!)!;

    before(async () => {
      const ledger = await setup();
      story = new ConsortiumStory(ledger);
      mallory = story.members.at(-1)!;
      own = story.dataset(mallory);
      guarded = `guarded-${story.run}`;
      studyId = `forged-${story.run}`;
      for (const mspId of story.members) {
        keys.set(mspId, new PeerKey(mspId, await peer!(mspId)));
        peers.set(mspId, new RowsInBlocks(ledger, mspId));
      }
      const { items } = await ledger.evaluate(mallory, 'auditor', 'member:list', {});
      wasFirst = items.length === 0;
      if (wasFirst)
        await ledger.submit(mallory, 'operator', 'member:register', memberArgument(mallory, ledger.channel));
      else await story.join();
      await ledger.submit(mallory, 'steward', 'dataset:register', patientsArgument(own));
    });
    after(teardown);

    /** Orders each change, signed by these; the codes that every organisation's peer gave it must be this one. */
    async function met(code: string, forgeries: readonly [RowChange, readonly string[]][]): Promise<void> {
      const sent = await Promise.all(
        forgeries.map(([change, mspIds]) =>
          orderForgery(
            story.ledger,
            mallory,
            change,
            mspIds.map((mspId) => keys.get(mspId)!),
          ),
        ),
      );
      const last = sent.reduce((most, { blockNumber }) => (blockNumber > most ? blockNumber : most), 0n);
      await readTo(last);
      for (const [mspId, blocks] of peers) {
        for (const [i, { transactionId }] of sent.entries()) {
          const [{ key }, signers] = forgeries[i]!;
          const what = `${JSON.stringify(key)} signed by ${signers.join(', ')}, at the peer of ${mspId}`;
          assert.equal(blocks.outcome(transactionId), code, what);
        }
      }
    }
    async function readTo(last: bigint): Promise<void> {
      await Promise.all([...peers.values()].map((blocks) => blocks.readTo(last)));
    }
    /** The rows of a kind that the forger's own transactions wrote last, with their keys. */
    function rowsOf(kind: Kind): [key: string, row: RowInBlocks][] {
      const rows = [...world().rows].filter(
        ([key, { author }]) => key.startsWith(`\u0000${kind}\u0000`) && author === mallory,
      );
      assert.ok(rows.length > 0, `there is a ${kind}`);
      return rows.slice(-ROWS_MAX);
    }
    const others = (mspId: string) => story.members.filter((member) => member !== mspId);
    function suffice(guard: Guard, signers: readonly string[]): boolean {
      if (guard === 'validators') return signers.length === story.members.length;
      const majority = signers.length >= majorityOf(story.members.length);
      return majority && (guard === 'majority' || signers.includes(mallory));
    }
    /** The forger's peer alone, and all but one organisation's wherever that is not enough. */
    const tooFew = (guard: Guard): string[][] =>
      [[mallory], ...story.members.map(others)].filter((signers) => !suffice(guard, signers));
    const enough = (guard: Guard): string[] =>
      story.members
        .map((_, i) => [mallory, ...others(mallory).slice(0, i)])
        .find((signers) => suffice(guard, signers))!;
    const overwritten = (key: string): RowChange => ({ key, value: FORGED });
    const deleted = (key: string): RowChange => ({ key, value: 'deleted' });
    const released = (key: string): RowChange => ({ key, policy: anyOfPeers(1, [mallory]) });
    const submit = <N extends TransactionName>(
      role: 'trainer' | 'steward' | 'researcher' | 'auditor' | 'operator',
      name: N,
      argument: Argument<N>,
      mspId = mallory,
    ) => story.ledger.submit(mspId, role, name, argument);
    /** What every organisation's chaincode answers about the study and the forger's accounts. */
    async function answers(): Promise<unknown> {
      const all = await Promise.all(
        story.members.map(async (mspId) => {
          const ask = <N extends TransactionName>(name: N, argument: Argument<N>) =>
            story.ledger.evaluate(mspId, 'auditor', name, argument);
          return [
            await ask('model:getLineage', { studyId }),
            await ask('privacy:getBudget', { datasetId: own, pool: 'training' }),
            await ask('privacy:getBudget', { datasetId: own, pool: 'held-out' }),
            await ask('audit:listActivities', { by: 'study', value: studyId, pageSize: 200 }),
          ];
        }),
      );
      for (const answer of all) assert.deepEqual(answer, all[0]);
      return all[0];
    }

    /** A member is removed by the forger's vote, and returns by it: so there are a departure and votes of the forger's. */
    async function removedAndBack(mspId: string): Promise<void> {
      for (const question of ['removal', 'return'] as const) {
        const vote = { mspId, question, accept: true, reason: 'to leave rows behind' };
        for (const voter of others(mspId)) await submit('operator', 'member:vote', vote, voter);
      }
      const { channel } = story.ledger;
      const key = provenKey(`returned ${story.run}`, mspId, channel);
      await submit('operator', 'member:register', { title: mspId, ...key }, mspId);
    }

    it('whoever registered first rules its own rows until others that joined since take part', async (t: TestContext) => {
      if (!wasFirst) return t.skip('not run: others are members already');
      const early = { studyId: `early-${story.run}`, datasets: [own] };
      const alone = { quorum: { updates: 1, validators: 1 } };
      await submit('researcher', 'study:propose', studyArgument({ ...early, ...alone }));
      await story.consent(early.studyId, own);
      await submit('researcher', 'study:start', { studyId: early.studyId });
      await story.join();
      await readTo((await story.ledger.height(mallory)) - 1n);
      const kinds = ['dataset', 'population', 'block', 'revision', 'budget', 'consent'] as const;
      const rows = kinds.flatMap(rowsOf);
      assert.equal(rows.length, 7, 'one of each, and two accounts');
      const again = rows.map(([key, { value }]): [RowChange, string[]] => [{ key, value }, [mallory]]);
      await met('VALID', again);
      const motion = {
        studyId: early.studyId,
        kind: 'amend',
        amendment: { validationMinimum: '0' },
      } as const;
      await submit('steward', 'motion:move', { ...motion, reason: 'others are to join' });
      await submit('steward', 'motion:vote', { studyId: early.studyId, motion: 1, accept: true });
      await met('ENDORSEMENT_POLICY_FAILURE', again);
    });

    it('a study up to its model leaves rows of every kind, whose author is the forger', async () => {
      await removedAndBack(story.members[0]!);
      for (const datasetId of story.datasets.slice(0, -1)) {
        await story.register(datasetId, story.owner(datasetId));
      }
      await submit('steward', 'dataset:register', {
        ...datasetArgument(guarded),
        consentPolicy: { stewards: 2 },
      });
      const all = story.members.length;
      await story.propose(studyId, {
        datasets: [...story.datasets, guarded],
        quorum: { updates: all, validators: all },
        rounds: 1,
      });
      const reason = 'two stewards have to agree';
      await submit('steward', 'study:decline', { studyId, datasetId: guarded, code: 'ethics', reason });
      await submit('steward', 'study:approveConsent', { studyId, datasetId: guarded });
      const { channel } = story.ledger;
      await submit('operator', 'member:rotateKey', provenKey(`forger ${story.run}`, mallory, channel));
      const waiting = { studyId: `waiting-${story.run}`, datasets: [own] };
      await submit(
        'researcher',
        'study:propose',
        studyArgument({ ...waiting, quorum: { updates: 1, validators: 1 } }),
      );
      for (const datasetId of story.datasets) await story.consent(studyId, datasetId);
      await story.start(studyId);
      for (const mspId of story.members) await story.recordKeys(studyId, mspId);
      const amendment = { validationMinimum: '0' };
      await submit('steward', 'motion:move', { studyId, kind: 'amend', amendment, reason: 'stays open' });
      await submit('steward', 'motion:vote', { studyId, motion: 1, accept: true });
      const round = { studyId, round: 1 };
      await submit('trainer', 'round:open', round);
      const each = (send: (mspId: string) => Promise<unknown>) => Promise.all(story.members.map(send));
      await each((mspId) => {
        const update = updateArgument({ studyId, datasetId: story.dataset(mspId), sealedToMemberKeys: [] });
        return submit('trainer', 'round:recordUpdate', update, mspId);
      });
      await submit('trainer', 'round:close', round);
      await each((mspId) => {
        const score = { ...round, datasetId: story.dataset(mspId), scoreSha256: 'a'.repeat(64) };
        return submit('trainer', 'round:commitScore', score, mspId);
      });
      await each((mspId) => {
        const verdict = { studyId, datasets: story.datasets, own: [story.dataset(mspId)] };
        return submit('trainer', 'round:recordVerdict', verdictArgument(verdict), mspId);
      });
      await submit('trainer', 'round:tally', round);
      const { parametersSha256 } = aggregate('model');
      await each((mspId) => submit('trainer', 'round:attest', { ...round, parametersSha256 }, mspId));
      await submit('trainer', 'round:finalize', { ...round, aggregate: aggregate('model') });
      const said = { ...round, parametersSha256: aggregate('another').parametersSha256 };
      const signed = story.ledger.signedProposal(story.members[0]!, 'trainer', 'round:attest', said);
      await submit('auditor', 'round:reportEquivocation', { ...round, statement: 'attestation', ...signed });
      await submit('trainer', 'model:publish', { studyId });
      const [first = ''] = story.members;
      const given = { studyId, datasetId: story.dataset(first) };
      await submit('trainer', 'study:settle', given, first);
      await submit('steward', 'study:withdraw', { ...given, reason: 'a patient asked' }, first);
      const { sha256 } = updateArgument(given).artefact;
      const artefacts = [{ round: 1, sha256, unpinned: true, keysDestroyed: true }];
      await submit('trainer', 'study:attestErasure', { ...given, artefacts });

      await readTo((await story.ledger.height(mallory)) - 1n);
      for (const kind of KINDS) rowsOf(kind);
      const pools = rowsOf('budget').filter(([key]) => key.includes(own));
      assert.equal(pools.length, 2, 'both accounts of the dataset that was registered first');
    });

    for (const kind of KINDS) {
      it(`${kind} rows are not written over, deleted or given another policy by too few peers`, async () => {
        const before = world().snapshot();
        const forgeries = rowsOf(kind).flatMap(([key]) =>
          [overwritten, deleted, released].flatMap((change) =>
            tooFew(GUARDS[kind]).map((signers): [RowChange, string[]] => [change(key), signers]),
          ),
        );
        await met('ENDORSEMENT_POLICY_FAILURE', forgeries);
        for (const blocks of peers.values()) assert.equal(blocks.snapshot(), before, 'no row is another');
      });
    }

    it('rows that are not there yet are not written by one peer alone', async () => {
      const before = world().snapshot();
      const made = KINDS.map((kind) => `${rowsOf(kind)[0]![0]}9\u0000`);
      await met(
        'ENDORSEMENT_POLICY_FAILURE',
        made.map((key) => [overwritten(key), [mallory]]),
      );
      assert.equal(world().snapshot(), before);
      const majority = enough('majority');
      await met(
        'VALID',
        made.map((key) => [overwritten(key), majority]),
      );
      await met(
        'VALID',
        made.map((key) => [deleted(key), majority]),
      );
      assert.equal(world().snapshot(), before);
    });

    it('the same changes by enough peers are valid, and a policy of one peer alone lets it write', async () => {
      const before = world().snapshot();
      const said = await answers();
      const rows = KINDS.map((kind) => {
        const [key, row] = rowsOf(kind)[0]!;
        return { key, row, signers: enough(GUARDS[kind]) };
      });
      try {
        await met(
          'VALID',
          rows.map(({ key, signers }) => [overwritten(key), signers]),
        );
        await met(
          'VALID',
          rows.map(({ key, signers }) => [released(key), signers]),
        );
        await met(
          'VALID',
          rows.map(({ key }) => [overwritten(key), [mallory]]),
        );
        await met(
          'VALID',
          rows.map(({ key }) => [deleted(key), [mallory]]),
        );
      } finally {
        await met(
          'VALID',
          rows.map(({ key, row: { value, policy } }) => [{ key, value, policy }, story.members]),
        );
      }
      assert.equal(world().snapshot(), before, 'all is as it was');
      assert.deepEqual(await answers(), said);
    });

    it('a version of an account that all other members overwrite or delete is not believed', async () => {
      const said = await answers();
      const versions = rowsOf('budget-version');
      for (const value of [FORGED, 'deleted'] as const) {
        await met(
          'VALID',
          versions.map(([key]) => [{ key, value }, others(mallory)]),
        );
        assert.deepEqual(await answers(), said);
      }
      await met(
        'VALID',
        versions.map(([key, { value }]) => [{ key, value }, others(mallory)]),
      );
    });
  });
}
