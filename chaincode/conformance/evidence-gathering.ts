// Files of evidence made as a gateway makes them, for suites that judge them: blocks read from a peer, and answers that
// peers sign as endorsed transactions which are never sent.
import { canonicalJson, type TransactionName } from '@consilium/domain';
import { aggregate, updateArgument, verdictArgument } from '@consilium/domain/testing/examples';
import { ChainIndex, makeBundle, type Question, questionsOn, type Subject } from '@consilium/verify';
import fabricProtos from '@hyperledger/fabric-protos';
import type { ConsortiumStory } from './consortium-story.ts';

const { gateway } = fabricProtos;

/** A study of one round from its proposal to its model. */
export async function publishModel(story: ConsortiumStory, studyId: string): Promise<void> {
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

/** All blocks of the channel so far, from the first on; waits for block `through` where the peer has not got it yet. */
export async function readBlocks({ ledger, members }: ConsortiumStory, through = 0): Promise<Uint8Array[]> {
  const [first] = members;
  const height = Math.max(Number(await ledger.height(first!)), through + 1);
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

/** What these organisations' peers sign of a question, as an endorsed transaction that is never sent. */
export async function signedAnswer(
  { ledger, members }: ConsortiumStory,
  { name, argument }: Question,
  mspIds: readonly string[],
): Promise<Uint8Array> {
  const proposal = ledger
    .network(members[0]!)
    .getContract(ledger.chaincode)
    .newProposal(name, { arguments: [canonicalJson(argument)], endorsingOrganizations: [...mspIds] });
  const prepared = gateway.PreparedTransaction.deserializeBinary((await proposal.endorse()).getBytes());
  return prepared.getEnvelope()!.serializeBinary();
}

/** What is gathered of a subject; where the ledger went on since, its blocks and answers of then. */
export interface Gathered {
  readonly blocks: readonly Uint8Array[];
  readonly answers: readonly Uint8Array[];
}

/** The answers of these members on a subject, and the blocks after they answered. */
export async function gather(
  story: ConsortiumStory,
  subject: Subject,
  signers: readonly string[] = story.members,
): Promise<Gathered> {
  const before = await readBlocks(story);
  const index = await indexOf(before, subject, story);
  const [first] = story.members;
  const ask = ({ name, argument }: Question): Promise<unknown> =>
    story.ledger.evaluate(first!, 'auditor', name as TransactionName, argument as never);
  const answers: Uint8Array[] = [];
  for (const question of await questionsOn(subject, index, ask)) {
    answers.push(await signedAnswer(story, question, signers));
  }
  return { blocks: await readBlocks(story), answers };
}

const sourceOf = (blocks: readonly Uint8Array[]) => ({
  async *blocks(end: number) {
    yield* blocks.slice(0, end);
  },
  block: async (number: number) => blocks[number]!,
});

async function indexOf(
  blocks: readonly Uint8Array[],
  subject: Subject,
  { ledger }: ConsortiumStory,
): Promise<ChainIndex> {
  const index = new ChainIndex(subject, ledger.chaincode);
  await index.read(sourceOf(blocks), blocks.length);
  return index;
}

/** The file of these blocks and answers. */
export async function bundleOf(
  story: ConsortiumStory,
  subject: Subject,
  { blocks, answers }: Gathered,
): Promise<Buffer> {
  const { channel, chaincode } = story.ledger;
  const index = await indexOf(blocks, subject, story);
  const options = { channel, chaincode, subject, index, height: blocks.length, answers };
  return Buffer.from(await makeBundle(sourceOf(blocks), options));
}
