// What any Fabric network must bear out of evidence: a study's bundle verifies, no byte of it can be another, and a
// gateway that has all keys of one organisation cannot make one that says something else.
import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { Lineage } from '@consilium/domain';
import { genesisDigest, type Subject, verifyBundle } from '@consilium/verify';
import {
  type BundlePart,
  flipped,
  hiding,
  isAnswer,
  rewritten,
} from '@consilium/verify/testing/rewritten-bundle';
import { anyOfPeers } from '../src/ledger/key-policy.ts';
import { ConsortiumStory, type LedgerConformance } from './consortium-story.ts';
import { flipAllOf, keepEvidence } from './every-byte.ts';
import { bundleOf, gather, publishModel, readBlocks } from './evidence-gathering.ts';
import type { Credentials } from './fabric-consortium.ts';
import { answeredOtherwise, answersIn, forkedBy, rowOf, showing, withoutTail } from './forged-evidence.ts';
import { orderForgery, PeerKey } from './forged-row.ts';
import { hasOpenssl, judgeByOpenssl } from './openssl-opinion.ts';

export interface EvidenceConformance extends LedgerConformance {
  /** The key of an organisation's peer, and its certificate. Undefined: none is available. */
  readonly peer?: (mspId: string) => Promise<Credentials>;
  /** A block as Fabric's own command fetches it from a peer. Undefined: there is no such command. */
  readonly fetchBlock?: (number: number) => Promise<Uint8Array>;
}

/** How many bytes are flipped, each in a whole verification. */
const FLIPS = 160;
const NONE = 'not run: the network lends no keys of peers';

export function evidenceConformance(
  title: string,
  { setup, teardown, peer, fetchBlock }: EvidenceConformance,
): void {
  describe(title, () => {
    let story: ConsortiumStory;
    let mallory: string;
    let studyId: string;
    let ofStudy: Subject;
    let file: Buffer;
    let trusted: { genesis: string; chaincode: string };
    let blocks: Uint8Array[];

    const problems = (bytes: Uint8Array): string[] =>
      verifyBundle(bytes, trusted).problems.map(({ place, text }) => `${place}: ${text}`);
    /** Refused, and the first reason is this. */
    const refused = (bytes: Uint8Array, reason: RegExp): void =>
      assert.match(problems(bytes)[0] ?? '', reason);

    before(async () => {
      story = new ConsortiumStory(await setup());
      mallory = story.members.at(-1)!;
      await story.join();
      for (const datasetId of story.datasets) await story.register(datasetId, story.owner(datasetId));
      studyId = `proven-${story.run}`;
      await publishModel(story, studyId);
      ofStudy = { kind: 'study', studyId };
      const gathered = await gather(story, ofStudy);
      blocks = [...gathered.blocks];
      trusted = { genesis: genesisDigest(blocks[0]!), chaincode: story.ledger.chaincode };
      file = await bundleOf(story, ofStudy, gathered);
      await keepEvidence('study-with-model', file, trusted);
    });
    after(teardown);

    it('the evidence of a study proves all that it claims', () => {
      assert.deepEqual(problems(file), []);
      const { answered, attestation, costs, discloses, chain } = verifyBundle(file, trusted);
      assert.deepEqual(answered?.signedBy, story.members);
      assert.equal(attestation?.fewest, story.members.length);
      assert.equal(costs.length, 2 * story.datasets.length);
      assert.equal(chain?.height, blocks.length);
      assert.ok(discloses.transactions < blocks.length * 10);
    });

    it('another genesis block than the trusted one is refused', () => {
      const other = verifyBundle(file, { ...trusted, genesis: 'ab'.repeat(32) }).problems[0];
      assert.match(other?.text ?? '', /abab.* is trusted/);
    });

    it('no byte of it can be another without that being found, and the place named', async (t: TestContext) => {
      for (let i = 0; i < FLIPS; i++) {
        // One place in each stretch of equal length, another bit each time.
        const at = Math.floor(((i + ((i * 0.618) % 1)) * file.length) / FLIPS);
        const place = placeOfProblem(flipped(file, at, 1 << (i % 7)), trusted);
        assert.match(place, /^(line \d+|block \d+|blocks from \d+|answers?|lineage)/, `byte ${at}`);
      }
      await flipAllOf(t, 'study-with-model', { file, trusted });
    });

    it('a missing update is found by what peers read, and by the seal of its round', async () => {
      const updates = new Set(
        verifyBundle(file, trusted)
          .transactions.filter(
            ({ function: name }) => name === 'round:recordUpdate' || name === 'recordUpdate',
          )
          .map(({ block }) => block),
      );
      assert.ok(updates.size > 0);
      const [one] = updates;
      refused(
        rewritten(file, (parts) => hiding(parts, new Set([one!]))),
        /is not shown|block that is not shown|shows other things|which is not/,
      );
      const lineage = lineageIn(file);
      lineage.rounds[0]!.updates.pop();
      const forged = await forgedAnswer(file, lineage, [mallory]);
      if (forged === undefined) return;
      assert.match(
        problems(rewritten(file, (parts) => [...parts.filter((part) => !isAnswer(part)), forged])).join('\n'),
        /peers of \S+ signed them, and a majority of \d is asked for\n.*updates are missing or added/s,
      );
    });

    it('an answer that is no lineage at all is refused by its place', async () => {
      for (const said of [{}, { rounds: null }, [], { model: {}, study: {}, rounds: [{}] }]) {
        const forged = await forgedAnswer(file, said, story.members);
        if (forged === undefined) return;
        const bytes = rewritten(file, (parts) => [...parts.filter((part) => !isAnswer(part)), forged]);
        refused(bytes, /^answer 1: it is no lineage that this version can read/);
      }
    });

    it('a row that one organisation laid down under a policy of its own is refused', async (t: TestContext) => {
      if (peer === undefined) return t.skip(NONE);
      const target = rowOf(file, 'consent');
      const key = new PeerKey(mallory, await peer(mallory));
      const change = { key: target, value: Buffer.from('{}'), policy: anyOfPeers(1, [mallory]) };
      const { blockNumber } = await orderForgery(story.ledger, mallory, change, [key]);
      const number = Number(blockNumber);
      const later = await readBlocks(story, number);
      const honest = await bundleOf(story, ofStudy, await gather(story, ofStudy));
      assert.deepEqual(problems(honest), []);
      refused(
        rewritten(honest, (parts) => showing(parts, later, number)),
        /endorsements of consent\/.* are not those of/,
      );
    });

    it('a forked block is refused, whoever of the hospitals signed it', async (t: TestContext) => {
      if (peer === undefined) return t.skip(NONE);
      const forger = { mspId: mallory, ...(await peer(mallory)) };
      const forked = forkedBy(forger, file, (envelopes) => envelopes.slice(0, -1).concat(envelopes[0]!));
      refused(forked, /^block \d+: its 1 signatures of orderers are not those that the channel asks for/);
    });

    it('a tail that is cut off is missed, by what peers signed that they read', async () => {
      const cut = (bytes: Buffer, answers: readonly BundlePart[]) => {
        const { parts, height } = withoutTail(bytes, 2);
        return rewritten(bytes, () => [...parts, ...answers], { blocks: height });
      };
      const answers = answersIn(file);
      assert.match(
        problems(cut(file, answers)).join('\n'),
        /answer 1: .*is of block \d+, which is not shown/,
      );
      const lineage = lineageIn(file);
      const own = await forgedAnswer(file, lineage, [mallory]);
      if (own === undefined) return;
      assert.match(problems(cut(file, [own])).join('\n'), /a majority of \d is asked for|which is not shown/);
    });

    it('answers from before a withdrawal are said to speak of the blocks up to then, however long the chain is', async () => {
      const early = `early-${story.run}`;
      const [owner, datasetId] = [story.members[0]!, story.datasets[0]!];
      const asked = { studyId: early, datasetId };
      await publishModel(story, early);
      await story.ledger.submit(owner, 'steward', 'study:settle', asked);
      const of: Subject = { kind: 'study', studyId: early };
      const { blocks: before, answers } = await gather(story, of);
      const reason = 'The board has asked for it.';
      await story.ledger.submit(owner, 'steward', 'study:withdraw', { ...asked, reason });
      const later = await readBlocks(story);
      assert.ok(later.length > before.length);
      const old = verifyBundle(await bundleOf(story, of, { blocks: later, answers }), trusted);
      assert.deepEqual(old.problems, []);
      assert.equal(old.chain?.height, later.length);
      assert.equal(old.answered?.readThrough, before.length - 1);
      assert.match(old.open.join('\n'), new RegExp(`a block after block ${before.length - 1} changed`));
    });

    it('two bundles that are spliced are refused', async () => {
      const other = `other-${story.run}`;
      await publishModel(story, other);
      const ofOther: Subject = { kind: 'study', studyId: other };
      const second = await bundleOf(story, ofOther, await gather(story, ofOther));
      assert.deepEqual(problems(second), []);
      const foreign = rewritten(second, (parts) => [
        ...parts.filter((part) => !isAnswer(part)),
        ...answersIn(file),
      ]);
      assert.match(problems(foreign).join('\n'), /answer 1: it does not answer/);
      const mixed = rewritten(file, (parts) => {
        const tail: BundlePart[] = [];
        rewritten(second, (others) => {
          tail.push(...others.slice(-3));
          return others;
        });
        return [...parts.slice(0, 4), ...tail];
      });
      refused(mixed, /is expected here|does not follow/);
    });

    it('openssl finds the same of ten signatures on blocks that Fabric’s own command fetched', async (t) => {
      if (!hasOpenssl) return t.skip('not run: there is no openssl');
      if (fetchBlock === undefined)
        return t.skip('not run: the network has no peer command that fetches blocks');
      await judgeByOpenssl(t, { read: blocks, fetchBlock });
    });

    it('openssl finds the same of ten signatures on blocks that a client read', async (t) => {
      if (!hasOpenssl) return t.skip('not run: there is no openssl');
      await judgeByOpenssl(t, { read: blocks, fetchBlock: async (number) => blocks[number]! });
    });

    /** What peers answered of the study. */
    function lineageIn(bytes: Uint8Array): Lineage {
      const { history } = verifyBundle(bytes, trusted);
      assert.equal(history?.kind, 'lineage');
      const { kind: _, ...lineage } = structuredClone(history);
      return lineage as Lineage;
    }

    /** The same question, answered otherwise by these alone; undefined where there are no keys. */
    async function forgedAnswer(
      bytes: Uint8Array,
      lineage: object,
      signers: readonly string[],
    ): Promise<BundlePart | undefined> {
      if (peer === undefined) return undefined;
      let envelope = new Uint8Array();
      rewritten(bytes, (parts) => {
        envelope = Uint8Array.from(parts.find(isAnswer)!.envelope);
        return parts;
      });
      const keys = await Promise.all(signers.map(async (mspId) => new PeerKey(mspId, await peer(mspId))));
      return { kind: 'answer', envelope: await answeredOtherwise(envelope, lineage, keys) };
    }
  });
}

function placeOfProblem(bytes: Uint8Array, trusted: { genesis: string; chaincode: string }): string {
  try {
    return verifyBundle(bytes, trusted).problems[0]?.place ?? 'not found';
  } catch (error) {
    assert.equal((error as Error).name, 'UnreadableBundleError');
    return (error as Error).message;
  }
}
