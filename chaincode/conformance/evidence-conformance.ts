// What any Fabric network must bear out of evidence: a study's bundle verifies, no byte of it can be another, and a
// gateway that has all keys of one organisation cannot make one that says something else.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createPublicKey, sign, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { canonicalJson } from '@consilium/domain';
import { aggregate, updateArgument, verdictArgument } from '@consilium/domain/testing/examples';
import { genesisDigest, LINEAGE_QUESTION, makeBundle, readBlock, verifyBundle } from '@consilium/verify';
import {
  type BundlePart,
  dataHashOf,
  flipped,
  headerBytes,
  hiding,
  isAnswer,
  isBlock,
  Message,
  rewritten,
  type ShownBlock,
} from '@consilium/verify/testing/rewritten-bundle';
import fabricProtos from '@hyperledger/fabric-protos';
import { anyOfPeers } from '../src/ledger/key-policy.ts';
import { ConsortiumStory, type LedgerConformance } from './consortium-story.ts';
import type { Credentials } from './fabric-consortium.ts';
import { endorseOtherwise, orderForgery, PeerKey } from './forged-row.ts';

const { common, gateway } = fabricProtos;

export interface EvidenceConformance extends LedgerConformance {
  /** The key of an organisation's peer, and its certificate. Undefined: none is available. */
  readonly peer?: (mspId: string) => Promise<Credentials>;
}

/** How many bytes are flipped, one after the other; CONSILIUM_FLIPS=all flips every one. */
const FLIPS = process.env.CONSILIUM_FLIPS ?? '160';
const NONE = 'not run: the network lends no keys of peers';
const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

export function evidenceConformance(title: string, { setup, teardown, peer }: EvidenceConformance): void {
  describe(title, () => {
    let story: ConsortiumStory;
    let mallory: string;
    let studyId: string;
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
      blocks = await readBlocks(story);
      trusted = { genesis: genesisDigest(blocks[0]!), chaincode: story.ledger.chaincode };
      const answers = [await signedLineage(story, studyId, story.members)];
      file = await bundleOf(story, { studyId, blocks, answers });
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

    it('no byte of it can be another without that being found, and the place named', () => {
      const all = FLIPS === 'all';
      const count = all ? file.length : Number(FLIPS);
      for (let i = 0; i < count; i++) {
        // One place in each stretch of equal length, another bit each time.
        const at = all ? i : Math.floor(((i + ((i * 0.618) % 1)) * file.length) / count);
        const place = placeOfProblem(flipped(file, at, 1 << (i % 7)), trusted);
        assert.match(place, /^(line \d+|block \d+|blocks from \d+|answers?|lineage)/, `byte ${at}`);
      }
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
      const { answered } = verifyBundle(file, trusted);
      const lineage = structuredClone(answered!.lineage);
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
      const later = await readBlocks(story);
      const number = Number(blockNumber);
      const answers = [await signedLineage(story, studyId, story.members)];
      const honest = await bundleOf(story, { studyId, blocks: later, answers });
      assert.deepEqual(problems(honest), []);
      refused(
        rewritten(honest, (parts) => showing(parts, later, number)),
        /endorsements of consent\/.* are not those of/,
      );
    });

    it('a forked block is refused, whoever of the hospitals signed it', async (t: TestContext) => {
      if (peer === undefined) return t.skip(NONE);
      const { certificate, privateKey } = await peer(mallory);
      const forked = rewritten(file, (parts) => {
        const at = parts.findLastIndex(isBlock);
        const block = parts[at] as ShownBlock;
        const envelopes = block.envelopes.slice(0, -1).concat(block.envelopes[0]!);
        const header = { ...block.header, dataHash: dataHashOf(envelopes) };
        const { value } = block.orderers!;
        const signatureHeader = signatureHeaderOf(mallory, certificate);
        const signed = Buffer.concat([value, signatureHeader, headerBytes(header)]);
        const nothing = new Uint8Array();
        const signature = lowS(sign('sha256', signed, privateKey));
        const orderers = { value, signatures: [{ signatureHeader, identifierHeader: nothing, signature }] };
        return [...parts.slice(0, at), { ...block, header, envelopes, orderers }, ...parts.slice(at + 1)];
      });
      refused(forked, /^block \d+: its 1 signatures of orderers are not those that the channel asks for/);
    });

    it('a tail that is cut off is missed, by what peers signed that they read', async () => {
      const cut = (bytes: Buffer, answers: readonly BundlePart[]) => {
        const { parts, height } = withoutTail(bytes, 2);
        return rewritten(bytes, () => [...parts, ...answers], { blocks: height });
      };
      const answers: BundlePart[] = [];
      rewritten(file, (parts) => {
        answers.push(...parts.filter(isAnswer));
        return parts;
      });
      assert.match(
        problems(cut(file, answers)).join('\n'),
        /answer 1: .*is of block \d+, which is not shown/,
      );
      const lineage = verifyBundle(file, trusted).answered!.lineage;
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
      const before = await readBlocks(story);
      const answers = [await signedLineage(story, early, story.members)];
      const reason = 'The board has asked for it.';
      await story.ledger.submit(owner, 'steward', 'study:withdraw', { ...asked, reason });
      const later = await readBlocks(story);
      assert.ok(later.length > before.length);
      const old = verifyBundle(await bundleOf(story, { studyId: early, blocks: later, answers }), trusted);
      assert.deepEqual(old.problems, []);
      assert.equal(old.chain?.height, later.length);
      assert.equal(old.answered?.readThrough, before.length - 1);
      assert.match(old.open.join('\n'), new RegExp(`a block after block ${before.length - 1} changed`));
    });

    it('two bundles that are spliced are refused', async () => {
      const other = `other-${story.run}`;
      await publishModel(story, other);
      const all = await readBlocks(story);
      const answers = [await signedLineage(story, other, story.members)];
      const second = await bundleOf(story, { studyId: other, blocks: all, answers });
      assert.deepEqual(problems(second), []);
      const answersOf = (bytes: Buffer): BundlePart[] => {
        const found: BundlePart[] = [];
        rewritten(bytes, (parts) => {
          found.push(...parts.filter(isAnswer));
          return parts;
        });
        return found;
      };
      const foreign = rewritten(second, (parts) => [
        ...parts.filter((part) => !isAnswer(part)),
        ...answersOf(file),
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

    it('openssl finds the same of ten signatures', (t: TestContext) => {
      if (!hasOpenssl) return t.skip('not run: there is no openssl');
      const folder = mkdtempSync(join(tmpdir(), 'openssl-'));
      try {
        const samples = signaturesIn(blocks).slice(-10);
        assert.ok(samples.length > 0);
        for (const { pem, data, signature } of samples) {
          const spki = new X509Certificate(Buffer.from(pem)).publicKey.export({
            type: 'spki',
            format: 'pem',
          });
          assert.ok(createPublicKey(spki));
          const [key, message, signed] = ['key', 'data', 'sig'].map((name) => join(folder, name));
          writeFileSync(key!, spki);
          writeFileSync(message!, data);
          writeFileSync(signed!, signature);
          const verify = ['dgst', '-sha256', '-verify', key!, '-signature', signed!];
          assert.match(execFileSync('openssl', [...verify, message!], { encoding: 'utf8' }), /Verified OK/);
          writeFileSync(message!, Buffer.concat([data, Buffer.of(0)]));
          assert.equal(spawnSync('openssl', [...verify, message!]).status, 1);
        }
      } finally {
        rmSync(folder, { recursive: true });
      }
    });

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

/** A study of one round from its proposal to its model. */
async function publishModel(story: ConsortiumStory, studyId: string): Promise<void> {
  const { ledger, members } = story;
  const each = (send: (mspId: string) => Promise<unknown>) => Promise.all(members.map(send));
  const first = members[0]!;
  const all = members.length;
  await story.propose(studyId, { rounds: 1, quorum: { updates: all, validators: all } });
  for (const datasetId of story.datasets) await story.consent(studyId, datasetId);
  await story.start(studyId);
  const round = { studyId, round: 1 };
  await ledger.submit(first, 'trainer', 'round:open', round);
  await each((mspId) =>
    ledger.submit(
      mspId,
      'trainer',
      'round:recordUpdate',
      updateArgument({ studyId, datasetId: story.dataset(mspId) }),
    ),
  );
  await ledger.submit(first, 'trainer', 'round:close', round);
  await each((mspId) => {
    const verdict = { studyId, datasets: story.datasets, own: [story.dataset(mspId)] };
    return ledger.submit(mspId, 'trainer', 'round:recordVerdict', verdictArgument(verdict));
  });
  await ledger.submit(first, 'trainer', 'round:tally', round);
  const { parametersSha256 } = aggregate('model');
  await each((mspId) => ledger.submit(mspId, 'trainer', 'round:attest', { ...round, parametersSha256 }));
  await ledger.submit(first, 'trainer', 'round:finalize', { ...round, aggregate: aggregate('model') });
  await ledger.submit(first, 'trainer', 'model:publish', { studyId });
}

async function readBlocks({ ledger, members }: ConsortiumStory): Promise<Uint8Array[]> {
  const [first] = members;
  const height = Number(await ledger.height(first!));
  const events = await ledger.network(first!).getBlockEvents({ startBlock: 0n });
  const read: Uint8Array[] = [];
  try {
    for await (const block of events) {
      read.push(block.serializeBinary());
      if (read.length === height) break;
    }
  } finally {
    events.close();
  }
  return read;
}

/** What these organisations' peers sign of the study's lineage, as an endorsed transaction that is never sent. */
async function signedLineage(
  { ledger, members }: ConsortiumStory,
  studyId: string,
  mspIds: readonly string[],
): Promise<Uint8Array> {
  const proposal = ledger
    .network(members[0]!)
    .getContract(ledger.chaincode)
    .newProposal(LINEAGE_QUESTION, {
      arguments: [canonicalJson({ studyId })],
      endorsingOrganizations: [...mspIds],
    });
  const prepared = gateway.PreparedTransaction.deserializeBinary((await proposal.endorse()).getBytes());
  return prepared.getEnvelope()!.serializeBinary();
}

function bundleOf(
  { ledger }: ConsortiumStory,
  options: {
    readonly studyId: string;
    readonly blocks: readonly Uint8Array[];
    readonly answers: readonly Uint8Array[];
  },
): Promise<Buffer> {
  const { studyId, blocks, answers } = options;
  const source = {
    async *blocks(end: number) {
      yield* blocks.slice(0, end);
    },
    block: async (number: number) => blocks[number]!,
  };
  const { channel, chaincode } = ledger;
  const made = makeBundle(source, { channel, chaincode, studyId, height: blocks.length, answers });
  return made.then((file) => Buffer.from(file));
}

function placeOfProblem(bytes: Uint8Array, trusted: { genesis: string; chaincode: string }): string {
  try {
    return verifyBundle(bytes, trusted).problems[0]?.place ?? 'not found';
  } catch (error) {
    assert.equal((error as Error).name, 'UnreadableBundleError');
    return (error as Error).message;
  }
}

/** The key of some row of a kind that the bundle's transactions wrote. */
function rowOf(file: Uint8Array, kind: string): string {
  let found: string | undefined;
  rewritten(file, (parts) => {
    for (const block of parts.filter(isBlock)) {
      const text = Buffer.concat(block.envelopes.map((one) => Buffer.from(one))).toString('latin1');
      const match = new RegExp(`\\u0000${kind}\\u0000[^\\u0000]+\\u0000[^\\u0000]+\\u0000`).exec(text);
      found ??= match?.[0];
    }
    return parts;
  });
  assert.ok(found);
  return found;
}

/** The same parts with one more block shown, all of whose transactions are called valid. */
function showing(parts: readonly BundlePart[], blocks: readonly Uint8Array[], number: number): BundlePart[] {
  const { header, envelopes, orderers } = readBlock(blocks[number]!);
  const block: BundlePart = { kind: 'block', header, envelopes, invalid: [], orderers };
  return parts.flatMap((part): BundlePart[] => {
    if (part.kind === 'hidden') {
      const at = number - part.from;
      const { from, dataHashes } = part;
      if (at < 0 || at >= dataHashes.length) return [part];
      const before = dataHashes.slice(0, at);
      const rest = dataHashes.slice(at + 1);
      return [
        ...(before.length > 0 ? [{ kind: 'hidden' as const, from, dataHashes: before }] : []),
        block,
        ...(rest.length > 0 ? [{ kind: 'hidden' as const, from: number + 1, dataHashes: rest }] : []),
      ];
    }
    return 'header' in part && part.header.number === number ? [block] : [part];
  });
}

/** The parts without the last blocks that are shown. */
function withoutTail(file: Uint8Array, count: number): { parts: readonly BundlePart[]; height: number } {
  let kept: readonly BundlePart[] = [];
  rewritten(file, (parts) => {
    const shown = parts.filter(isBlock);
    const last = shown.at(-1 - count)!;
    kept = parts.slice(0, parts.indexOf(last) + 1);
    return parts;
  });
  const last = kept.at(-1) as ShownBlock;
  return { parts: kept, height: last.header.number + 1 };
}

async function answeredOtherwise(
  envelope: Uint8Array,
  answer: object,
  endorsers: readonly PeerKey[],
): Promise<Uint8Array> {
  const message = common.Envelope.deserializeBinary(envelope);
  await endorseOtherwise(message, endorsers, (outcome) => {
    outcome.getResponse()!.setPayload(Buffer.from(canonicalJson(answer)));
  });
  return message.serializeBinary();
}

function signatureHeaderOf(mspId: string, certificate: string): Uint8Array {
  const identity = new fabricProtos.msp.SerializedIdentity();
  identity.setMspid(mspId);
  identity.setIdBytes(Buffer.from(certificate));
  const header = new common.SignatureHeader();
  header.setCreator(identity.serializeBinary());
  header.setNonce(Buffer.alloc(24, 1));
  return header.serializeBinary();
}

const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** A signature of P-256 with the lower s, as Fabric asks. */
function lowS(der: Buffer): Buffer {
  const first = der[3]!;
  const r = der.subarray(4, 4 + first);
  const s = BigInt(`0x${der.subarray(6 + first).toString('hex')}`);
  const low = s > ORDER >> 1n ? ORDER - s : s;
  const digits = low.toString(16);
  const bytes = Buffer.from(digits.length % 2 ? `0${digits}` : digits, 'hex');
  const signed = bytes[0]! & 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
  const body = Buffer.concat([Buffer.of(2, r.length), r, Buffer.of(2, signed.length), signed]);
  return Buffer.concat([Buffer.of(0x30, body.length), body]);
}

interface Sample {
  readonly pem: Uint8Array;
  readonly data: Uint8Array;
  readonly signature: Uint8Array;
}

/** The senders' signatures on transactions, and the orderers' on blocks, where they name themselves. */
function signaturesIn(blocks: readonly Uint8Array[]): Sample[] {
  return blocks.slice(1).flatMap((bytes) => {
    const { header, envelopes, orderers } = readBlock(bytes);
    const ofSenders = envelopes.map((one): Sample => {
      const envelope = new Message('envelope', one);
      const payload = envelope.message(1, 'payload').message(1, 'header').message(2, 'signature header');
      const pem = payload.message(1, 'identity').bytes(2);
      return { pem, data: envelope.bytes(1), signature: envelope.bytes(2) };
    });
    const ofOrderers = orderers.signatures.flatMap(({ signatureHeader, signature }): Sample[] => {
      if (signatureHeader.length === 0) return [];
      const pem = new Message('signature header', signatureHeader).message(1, 'identity').bytes(2);
      const data = Buffer.concat([orderers.value, signatureHeader, headerBytes(header)]);
      return [{ pem, data, signature }];
    });
    return [...ofSenders, ...ofOrderers];
  });
}
