// What any Fabric network must bear out of evidence of every kind: of a study without a model, of a model alone, of a
// dataset and of a transaction. Each proves what it claims, and a gateway that has all keys of one organisation cannot
// make one that says something else.
import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { majorityOf } from '@consilium/domain/rules';
import { patientsArgument, revisionArgument, updateArgument } from '@consilium/domain/testing/examples';
import { genesisDigest, reportOf, type Subject, type SubjectKind, verifyBundle } from '@consilium/verify';
import {
  type BundlePart,
  flipped,
  hiding,
  isAnswer,
  rewritten,
} from '@consilium/verify/testing/rewritten-bundle';
import { anyOfPeers } from '../src/ledger/key-policy.ts';
import { ConsortiumStory } from './consortium-story.ts';
import { flipAllOf, keepEvidence } from './every-byte.ts';
import type { EvidenceConformance } from './evidence-conformance.ts';
import { bundleOf, type Gathered, gather, publishModel, readBlocks } from './evidence-gathering.ts';
import { answeredOtherwise, answersIn, forkedBy, rowOf, showing, withoutTail } from './forged-evidence.ts';
import { orderForgery, PeerKey } from './forged-row.ts';

const KINDS: readonly SubjectKind[] = ['study', 'model', 'dataset', 'transaction'];
const NONE = 'not run: the network lends no keys of peers';
const FLIPS = 24;

/** What the files are called where they are kept. */
const FILES: Readonly<Record<SubjectKind, string>> = {
  study: 'study-without-model',
  model: 'model',
  dataset: 'dataset',
  transaction: 'transaction',
};
/** What a forger of each kind would rather not show, and the row that it would rather have otherwise. */
const HIDDEN: Readonly<Record<SubjectKind, string>> = {
  study: 'recordUpdate',
  model: 'tally',
  dataset: 'recordUpdate',
  transaction: 'consent',
};
const COVETED: Readonly<Record<SubjectKind, string>> = {
  study: 'consent',
  model: 'round',
  dataset: 'budget',
  transaction: 'consent',
};
/** Whose answer to another question a forger would rather have believed. */
const OTHER: Readonly<Record<SubjectKind, SubjectKind>> = {
  study: 'model',
  model: 'dataset',
  dataset: 'transaction',
  transaction: 'study',
};

export function evidenceKindsConformance(
  title: string,
  { setup, teardown, peer }: EvidenceConformance,
): void {
  describe(title, () => {
    let story: ConsortiumStory;
    let mallory: string;
    let trusted: { genesis: string; chaincode: string };
    const subjects = new Map<SubjectKind, Subject>();
    const gathered = new Map<SubjectKind, Gathered>();
    const files = new Map<SubjectKind, Buffer>();
    const name = (what: string) => `${what}-${story.run}`;

    const problems = (bytes: Uint8Array): string[] =>
      verifyBundle(bytes, trusted).problems.map(({ place, text }) => `${place}: ${text}`);
    const refused = (bytes: Uint8Array, reason: RegExp): void =>
      assert.match(problems(bytes)[0] ?? 'proven', reason);

    before(async () => {
      story = new ConsortiumStory(await setup());
      mallory = story.members.at(-1)!;
      await story.join();
      for (const datasetId of story.datasets) {
        const argument = patientsArgument(datasetId);
        await story.ledger.submit(story.owner(datasetId), 'steward', 'dataset:register', argument);
      }
      await publishModel(story, name('modelled'));
      await endWithoutModel(story, name('ended'));
      trusted = { genesis: genesisDigest((await readBlocks(story))[0]!), chaincode: story.ledger.chaincode };
      await make('study', { kind: 'study', studyId: name('ended') });
      await make('model', { kind: 'model', studyId: name('modelled') });
      await make('dataset', { kind: 'dataset', datasetId: story.datasets[0]! });
      const shown = verifyBundle(files.get('study')!, trusted).transactions;
      const { transactionId } = shown.find(({ function: one }) => one.endsWith('consent'))!;
      await make('transaction', { kind: 'transaction', transactionId });
    });
    after(teardown);

    async function make(kind: SubjectKind, subject: Subject): Promise<void> {
      subjects.set(kind, subject);
      gathered.set(kind, await gather(story, subject));
      files.set(kind, await bundleOf(story, subject, gathered.get(kind)!));
      await keepEvidence(FILES[kind], files.get(kind)!, trusted);
    }

    it('a study without a model is proven: what was consented, what was charged, and how it ended', () => {
      const verification = verifyBundle(files.get('study')!, trusted);
      assert.deepEqual(verification.problems, []);
      const { history, costs, attestation } = verification;
      assert.equal(history?.kind, 'record');
      assert.equal(history.study.state, 'aborted');
      assert.deepEqual(
        history.consents.map(({ datasetId, state }) => [datasetId, state]),
        consentingTo(story).map((datasetId, i) => [datasetId, i === 0 ? 'settled' : 'granted']),
      );
      assert.deepEqual(
        history.rounds.map(({ updates }) => updates.length),
        [1],
      );
      assert.ok(costs.some(({ datasetId, pool }) => datasetId === story.datasets[0] && pool === 'training'));
      assert.equal(attestation?.fewest, story.members.length);
      const report = reportOf(verification);
      assert.match(report, /PROVEN: all that the file claims of the study ended-/);
      assert.match(report, /It was aborted at .* \("The question was answered\."\)\. It has no model\./);
      assert.match(
        report,
        new RegExp(
          `It asked for ${story.datasets.slice(consentingTo(story).length).join(', ')} too, and has no consent`,
        ),
      );
      assert.match(report, /Of its rounds, 1 began: 1 \(training, 1 update\)\. No other did\./);
    });

    it('a model alone is proven by less than its study, and shows no consent, update or other study', async () => {
      const verification = verifyBundle(files.get('model')!, trusted);
      assert.deepEqual(verification.problems, []);
      assert.equal(verification.history?.kind, 'lineage');
      assert.deepEqual(verification.discloses.otherStudies, []);
      const functions = new Set(verification.transactions.map(({ function: one }) => one.split(':').at(-1)));
      for (const hidden of ['recordUpdate', 'recordVerdict', 'register', 'consent']) {
        assert.ok(!functions.has(hidden), hidden);
      }
      assert.ok(functions.has('finalize') && functions.has('publish'));
      const of: Subject = { kind: 'study', studyId: name('modelled') };
      const whole = await bundleOf(story, of, await gather(story, of));
      assert.deepEqual(problems(whole), []);
      assert.ok(files.get('model')!.length < 0.8 * whole.length);
    });

    it('a dataset is proven: every study, consent and charge, and what is left of each account', async () => {
      const verification = verifyBundle(files.get('dataset')!, trusted);
      assert.deepEqual(verification.problems, []);
      const { use } = verification;
      const [datasetId] = story.datasets;
      assert.deepEqual(
        use?.studies.map(({ studyId, consent: { state, revision, blocks }, charges }) => [
          ...[studyId, state, revision, blocks],
          charges.map(({ cause, pool }) => `${cause} ${pool}`).sort(),
        ]),
        [
          [name('ended'), 'settled', 1, [1], ['update training']],
          [name('modelled'), 'granted', 1, [1], ['update training', 'verdict held-out']],
        ],
      );
      for (const account of use?.accounts ?? []) {
        const { pool, block, leftEpsilon, spentEpsilon } = account;
        const asked = { datasetId: datasetId!, pool, block };
        const told = await story.ledger.evaluate(story.members[1]!, 'auditor', 'privacy:getBudget', asked);
        assert.deepEqual([leftEpsilon, spentEpsilon], [told.leftEpsilon, told.spentEpsilon]);
      }
      assert.equal(use?.accounts.length, 2);
      assert.match(reportOf(verification), /2 studies had its consent, and no other/);
      assert.deepEqual(verification.discloses.otherStudies, []);
    });

    it('a transaction is proven: who sent it, who endorsed it, and what it wrote', () => {
      const verification = verifyBundle(files.get('transaction')!, trusted);
      assert.deepEqual(verification.problems, []);
      const { transaction, attestation } = verification;
      assert.equal(transaction?.sender, story.members[0]);
      assert.match(String(transaction?.sentBy), /\S/);
      const majority = Math.floor(story.members.length / 2) + 1;
      assert.ok(transaction!.endorsers.length >= majority);
      assert.equal(attestation?.fewest, story.members.length);
      const keys = transaction!.written.map(({ key }) => key.split('/')[0]);
      for (const kind of ['consent', 'budget', 'budget-version', 'activity'])
        assert.ok(keys.includes(kind), kind);
      assert.match(reportOf(verification), /sent it, and dated it .*\. It asked for study:consent/);
    });

    it('the consent of an owner that withdrew is proven as it is', async () => {
      const [, datasetId] = story.datasets;
      const studyId = name('withdrawn');
      await story.propose(studyId, { rounds: 1 });
      await story.consent(studyId, datasetId!);
      const reason = 'The board has asked for it.';
      await story.ledger.submit(story.owner(datasetId!), 'steward', 'study:withdraw', {
        studyId,
        datasetId: datasetId!,
        reason,
      });
      for (const of of [
        { kind: 'dataset', datasetId: datasetId! },
        { kind: 'study', studyId },
      ] as const) {
        const {
          problems: found,
          use,
          history,
        } = verifyBundle(await bundleOf(story, of, await gather(story, of)), trusted);
        assert.deepEqual(found, []);
        const consent =
          use?.studies.find((one) => one.studyId === studyId)?.consent ??
          (history?.kind === 'record' ? history.consents[0] : undefined);
        assert.equal(consent?.state, 'withdrawn');
      }
    });

    it('answers of different times are said to be so, and prove nothing of later than each', async () => {
      const { ledger, datasets } = story;
      const datasetId = datasets[1]!;
      const of: Subject = { kind: 'dataset', datasetId };
      const studyId = name('mixed');
      await story.propose(studyId, { rounds: 1 });
      await story.consent(studyId, datasetId);
      const before = await gather(story, of);
      const reason = 'The board has asked for it.';
      await ledger.submit(story.owner(datasetId), 'steward', 'study:withdraw', {
        studyId,
        datasetId,
        reason,
      });
      const withdrawn = (await readBlocks(story)).length - 1;
      await story.propose(name('after'), { rounds: 1 });
      await story.consent(name('after'), datasetId);
      const now = await gather(story, of);
      const asks = (answer: Uint8Array, what: string) => Buffer.from(answer).includes(what);
      const isOld = (answer: Uint8Array) => asks(answer, 'study:getConsent') && asks(answer, studyId);
      const old = before.answers.find(isOld)!;
      const answers = now.answers.map((answer) => (isOld(answer) ? old : answer));
      const mixed = verifyBundle(await bundleOf(story, of, { blocks: now.blocks, answers }), trusted);
      assert.equal(mixed.use?.studies.find((one) => one.studyId === studyId)?.consent.state, 'granted');
      assert.ok(mixed.answered!.readThrough < withdrawn, 'the withdrawal is said to be unseen');
      assert.match(
        reportOf(mixed),
        new RegExp(`consent to ${studyId}, block (${[...Array(withdrawn).keys()].join('|')});`),
      );
      // The accounts of before miss the consent that was given since.
      const accountOfBefore = before.answers.filter((answer) => asks(answer, 'privacy:getBudget'));
      for (const account of accountOfBefore) {
        const pool = asks(account, '"held-out"') ? '"held-out"' : '"training"';
        const isSame = (answer: Uint8Array) => asks(answer, 'privacy:getBudget') && asks(answer, pool);
        const stale = now.answers.map((answer) => (isSame(answer) ? account : answer));
        assert.notDeepEqual(problems(await bundleOf(story, of, { blocks: now.blocks, answers: stale })), []);
      }
    });

    it('what a dataset was before its next revision stays proven', async () => {
      const { ledger, members } = story;
      const datasetId = story.dataset(members[1]!);
      await ledger.submit(members[1]!, 'steward', 'dataset:revise', revisionArgument(datasetId, 2));
      for (const of of [
        { kind: 'dataset', datasetId },
        { kind: 'study', studyId: name('modelled') },
      ] as const) {
        const verification = verifyBundle(await bundleOf(story, of, await gather(story, of)), trusted);
        assert.deepEqual(verification.problems, []);
        if (of.kind !== 'dataset') continue;
        assert.equal(verification.use?.revisions, 2);
        assert.equal(verification.use?.accounts.length, 4);
      }
    });

    for (const kind of KINDS) {
      describe(`of ${kind === 'study' ? 'a study without a model' : `a ${kind}`}`, () => {
        const file = (): Buffer => files.get(kind)!;
        const forged = async (bytes: Uint8Array, said: object): Promise<BundlePart> => {
          const [answer] = answersIn(bytes);
          const key = new PeerKey(mallory, await peer!(mallory));
          assert.ok(answer?.kind === 'answer');
          return { kind: 'answer', envelope: await answeredOtherwise(answer.envelope, said, [key]) };
        };

        it('a missing row or charge is found, with the block that is not shown', () => {
          const hidden = new Set(
            verifyBundle(file(), trusted)
              .transactions.filter(({ function: one }) => one.endsWith(HIDDEN[kind]))
              .map(({ block }) => block),
          );
          assert.ok(hidden.size > 0);
          const [one] = hidden;
          const found = problems(rewritten(file(), (parts) => hiding(parts, new Set([one!]))));
          // Where the file says what it shows, and where the row is missed.
          assert.match(found.join('\n'), /is not shown|in no block that is shown|no block that is shown/);
        });

        it('an answer that one organisation made is no majority', async (t: TestContext) => {
          if (peer === undefined) return t.skip(NONE);
          const others = answersIn(file()).slice(1);
          const own = await forged(file(), {});
          const bytes = rewritten(file(), (parts) => [
            ...parts.filter((part) => !isAnswer(part)),
            own,
            ...others,
          ]);
          assert.match(problems(bytes).join('\n'), /majority|differently/);
        });

        it('a row that one organisation laid down under a policy of its own is refused', async (t: TestContext) => {
          if (peer === undefined) return t.skip(NONE);
          const key = new PeerKey(mallory, await peer(mallory));
          const target = rowOf(file(), COVETED[kind]);
          const change = { key: target, value: Buffer.from('{}'), policy: anyOfPeers(1, [mallory]) };
          const { blockNumber } = await orderForgery(story.ledger, mallory, change, [key]);
          const of = subjects.get(kind)!;
          const later = await gather(story, of);
          const honest = await bundleOf(story, of, later);
          assert.deepEqual(problems(honest), []);
          refused(
            rewritten(honest, (parts) => showing(parts, later.blocks, Number(blockNumber))),
            new RegExp(`endorsements of ${COVETED[kind]}/.* are not those of`),
          );
        });

        it('a forked block is refused, whoever of the hospitals signed it', async (t: TestContext) => {
          if (peer === undefined) return t.skip(NONE);
          const forger = { mspId: mallory, ...(await peer(mallory)) };
          const bytes = forkedBy(forger, file(), (envelopes) => envelopes.concat(envelopes[0]!));
          refused(bytes, /^block \d+: (its 1 signatures of orderers are not|it does not follow)/);
        });

        it('a tail that is cut off is missed, by what peers signed that they read', () => {
          const { parts, height } = withoutTail(file(), 1);
          const cut = rewritten(file(), () => [...parts, ...answersIn(file())], { blocks: height });
          assert.match(
            problems(cut).join('\n'),
            kind === 'transaction'
              ? /no block that is shown holds it/
              : /is of block \d+, which is not shown/,
          );
        });

        it('two files that are spliced are refused', () => {
          const other = files.get(OTHER[kind])!;
          const blocksOf = (bytes: Uint8Array): BundlePart[] => {
            const found: BundlePart[] = [];
            rewritten(bytes, (parts) => {
              found.push(...parts.filter((part) => !isAnswer(part)));
              return parts;
            });
            return found;
          };
          const spliced = rewritten(file(), (parts) => [
            ...parts.slice(0, 4),
            ...blocksOf(other).slice(-3),
            ...answersIn(file()),
          ]);
          refused(
            spliced,
            /is expected here|are expected here|does not follow|shows other things|is not shown/,
          );
          assert.notDeepEqual(
            problems(rewritten(file(), () => [...blocksOf(other), ...answersIn(file())])),
            [],
          );
        });

        it('an answer to another question is none', () => {
          const foreign = answersIn(files.get(OTHER[kind])!);
          const bytes = rewritten(file(), (parts) => [
            ...parts.filter((part) => !isAnswer(part)),
            ...foreign,
          ]);
          assert.match(
            problems(bytes).join('\n'),
            /answer 1: (it does not answer a question on|.*which is not shown)/,
          );
        });

        it('an answer that is left out is missed', () => {
          const all = answersIn(file());
          for (const [i, left] of all.entries()) {
            const bytes = rewritten(file(), (parts) => [
              ...parts.filter((part) => !isAnswer(part)),
              ...all.filter((one) => one !== left),
            ]);
            assert.notDeepEqual(problems(bytes), [], `answer ${i + 1}`);
          }
        });

        it('no byte can be another without that being found', async (t: TestContext) => {
          const bytes = file();
          for (let i = 0; i < FLIPS; i++) {
            const at = Math.floor(((i + ((i * 0.618) % 1)) * bytes.length) / FLIPS);
            try {
              assert.notDeepEqual(problems(flipped(bytes, at, 1 << (i % 7))), [], `byte ${at}`);
            } catch (error) {
              if ((error as Error).name !== 'UnreadableBundleError') throw error;
            }
          }
          await flipAllOf(t, FILES[kind], { file: bytes, trusted });
        });
      });
    }
  });
}

/** Enough for a study to start, and not all. */
const consentingTo = ({ datasets, members }: ConsortiumStory): readonly string[] =>
  datasets.slice(0, majorityOf(members.length));

/** A study that ends in its first round: enough of its datasets consented, one trained, and one of them settled. */
async function endWithoutModel(story: ConsortiumStory, studyId: string): Promise<void> {
  const { ledger, members, datasets } = story;
  const [first, second] = members;
  const [one] = datasets;
  await story.propose(studyId, { rounds: 2 });
  for (const datasetId of consentingTo(story)) await story.consent(studyId, datasetId);
  await story.start(studyId);
  await ledger
    .submit(second!, 'trainer', 'round:open', { studyId, round: 1 })
    .catch(() => ledger.submit(first!, 'trainer', 'round:open', { studyId, round: 1 }));
  await ledger.submit(first!, 'trainer', 'round:recordUpdate', updateArgument({ studyId, datasetId: one! }));
  const reason = 'The question was answered.';
  await ledger.submit(first!, 'researcher', 'study:abort', { studyId, reason });
  await ledger.submit(first!, 'steward', 'study:settle', { studyId, datasetId: one! });
}
