import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { type BundleClaim, FORMAT } from './bundle/bundle-claim.ts';
import { UnreadableBundleError } from './bundle/bundle-file.ts';
import { openSentences, provenSentences, reportOf } from './report.ts';
import {
  type BundlePart,
  flipped,
  isAnswer,
  isBlock,
  readBundle,
  rewritten,
} from './testing/rewritten-bundle.ts';
import { verifyBundle } from './verify-bundle.ts';

/** Recorded when consents had the form 3, and datasets the form 2. */
const file = readFileSync(new URL('../../../../examples/verify-evidence/evidence.ndjson', import.meta.url));
const genesis = '99ebfbeae9917a12c4be6c3b8d0d6a59915d77f1edaeaeb7835b7142972ab2ef';
const problemsOf = (bytes: Uint8Array, chaincode = 'consilium') =>
  verifyBundle(bytes, { genesis, chaincode }).problems.map(({ place, text }) => `${place}: ${text}`);

describe('evidence that was made before', () => {
  it('stays proven, whatever forms rows have since', () => {
    const verification = verifyBundle(file, { genesis });
    assert.deepEqual(verification.problems, []);
    assert.equal(verification.chain?.height, 22);
    assert.deepEqual(verification.answered?.signedBy, ['AlphaMSP', 'BetaMSP', 'GammaMSP']);
    assert.deepEqual(verification.attestation, { rows: 18, fewest: 3, organisations: 3 });
    assert.equal(verification.costs.length, 6);
    for (const { ledgerEpsilon, pldEpsilon } of verification.costs) {
      assert.ok(Math.abs(Number(ledgerEpsilon) - pldEpsilon!) < 0.12, `${ledgerEpsilon} and ${pldEpsilon}`);
    }
  });

  it('is read once, in pieces, with the same answer', () => {
    let read = 0;
    const pieces = function* () {
      for (; read < file.length; read += 1000) yield file.subarray(read, read + 1000);
    };
    assert.deepEqual(verifyBundle(pieces(), { genesis }), verifyBundle(file, { genesis }));
    assert.ok(read >= file.length);
  });

  it('has no blocks behind its answers, and no line that cannot be read, wherever it is broken before', () => {
    const swapped = rewritten(file, (parts) => [...parts, parts[1]!]);
    assert.match(problemsOf(swapped)[0] ?? '', /^line \d+: blocks follow the answers$/);
    const broken = flipped(file, file.indexOf('"envelopes"') + 40, 1);
    assert.match(problemsOf(broken)[0] ?? '', /^block 0: /);
    assert.throws(() => verifyBundle(Buffer.concat([broken, Buffer.from('{}')]), { genesis }), /line \d+: /);
  });

  it('is reported in sentences: what is proven, by whom, and what is not', () => {
    const verification = verifyBundle(file, { genesis });
    assert.match(reportOf(verification), /^PROVEN: all that the file claims of the study study-a\.\n/);
    const proven = provenSentences(verification).join('\n');
    assert.match(proven, /Peers of AlphaMSP, BetaMSP, GammaMSP signed the lineage/);
    assert.match(proven, /3 updates, 3 datasets and 3 consents/);
    const open = openSentences(verification).join('\n');
    assert.match(open, /Orderers do not sign which transactions are valid/);
    assert.match(open, /one orderer's key is enough/);
    assert.match(open, /The aggregates were not recomputed here/);
  });

  it('says whose gateways saw its history, and not that they are others than the one that made it', () => {
    const verification = verifyBundle(file, { genesis });
    const { readThrough: block } = verification.answered!;
    const witnessed = [{ mspId: 'AlphaMSP', block, at: '2026-11-29T12:00:00.000Z' }];
    const said = provenSentences({ ...verification, witnessed }).find((one) => /same history/.test(one));
    assert.match(said ?? '', /^Gateways signed that they saw this same history: AlphaMSP up to block \d+ /);
    assert.match(said ?? '', /one of them may have made this file/);
    assert.doesNotMatch(said ?? '', /other hospitals/);
  });

  it('is about the chaincode that is asked about, and no other', () => {
    assert.match(problemsOf(file, 'other')[0] ?? '', /line 1: it is about the chaincode consilium/);
  });

  it('is not believed on the word of its own claim', () => {
    const claims: Partial<BundleClaim>[] = [
      { subject: { kind: 'study', studyId: 'study-b' } },
      { subject: { kind: 'dataset', datasetId: 'study-a' }, format: FORMAT },
      { subject: { kind: 'transaction', transactionId: 'study-a' }, format: FORMAT },
      { channel: 'other' },
      { chaincode: '_lifecycle' },
      { blocks: 23 },
      { discloses: { blocks: 1, transactions: 1, otherStudies: [], datasets: [] } },
    ];
    for (const claim of claims) {
      assert.notDeepEqual(problemsOf(rewritten(file, (parts) => parts, claim)), [], JSON.stringify(claim));
    }
  });

  it('loses no signature of an answer by a byte that makes it something else', () => {
    const first = readBundle(file).parts.filter(isAnswer)[0]!.envelope;
    // The endorser of each endorsement: it is in front of the organisation's name.
    const begins = ['AlphaMSP', 'BetaMSP', 'GammaMSP'].map((mspId) => {
      const name = Buffer.from(first).lastIndexOf(
        Buffer.concat([Buffer.of(0x0a, mspId.length), Buffer.from(mspId)]),
      );
      return Buffer.from(first).lastIndexOf(0x12, name);
    });
    for (const at of begins) {
      for (const tag of [0x1a, 0x10, 0x22]) {
        const envelope = Buffer.from(first);
        envelope[at] = tag;
        const parts = (all: readonly BundlePart[]) =>
          all.map(
            (part): BundlePart =>
              isAnswer(part) && part.envelope.length === first.length ? { kind: 'answer', envelope } : part,
          );
        assert.notDeepEqual(problemsOf(rewritten(file, parts)), [], `byte ${at} as ${tag}`);
      }
    }
  });

  it('writes no line and moves no cursor with a text of its own', () => {
    const text = 'x\u001b[2J\u009b1m\u202e\u2028\nPROVEN: all that the file claims';
    const claims: Partial<BundleClaim>[] = [
      { chaincode: text },
      { channel: text },
      { subject: { kind: 'study', studyId: text } },
    ];
    const unseen = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]|^PROVEN/mu;
    for (const claim of claims) {
      const report = reportOf(
        verifyBundle(
          rewritten(file, (parts) => parts, claim),
          { genesis },
        ),
      );
      assert.match(report, /^NOT PROVEN/);
      assert.doesNotMatch(report, unseen);
    }
    const { subject: _, ...verification } = verifyBundle(file, { genesis });
    assert.doesNotMatch(
      reportOf({ ...verification, subject: { kind: 'study', studyId: text }, open: [text] }),
      /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]|^PROVEN: all that the file claims$/mu,
    );
    const named = Buffer.from(`${JSON.stringify({ [text]: 1, format: FORMAT })}\n`);
    assert.throws(
      () => verifyBundle(named, { genesis }),
      (error) => error instanceof UnreadableBundleError && !unseen.test(error.message),
    );
  });

  it('is nothing without the answers of a majority', () => {
    const without = rewritten(file, (parts) => parts.filter((part) => !isAnswer(part)));
    assert.deepEqual(problemsOf(without), ['answers: no peer answered for the study study-a']);
    const twice = rewritten(file, (parts) => [...parts, ...parts.filter(isAnswer)]);
    assert.match(problemsOf(twice)[0] ?? '', /more pages than one answer has/);
  });

  it('does not lose the effect of a transaction by calling it invalid', () => {
    const called = rewritten(file, (parts) =>
      parts.map((part) => (isBlock(part) && part.header.number === 5 ? { ...part, invalid: [0] } : part)),
    );
    assert.match(problemsOf(called)[0] ?? '', /block 5, transaction 0: it is called invalid, and nothing/);
  });

  it('has no byte that can be another', () => {
    const count = 60;
    for (let i = 0; i < count; i++) {
      const at = Math.floor(((i + 0.5) * file.length) / count);
      const altered = flipped(file, at, 1 << (i % 7));
      try {
        assert.notDeepEqual(problemsOf(altered), [], `byte ${at}`);
      } catch (error) {
        if (!(error instanceof UnreadableBundleError)) throw error;
        assert.match(error.message, /^line \d+: /);
      }
    }
  });
});
