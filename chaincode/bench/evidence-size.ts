// How long a study's file of evidence is, and how long making and verifying it takes: a study of 6 rounds and 4
// hospitals, and one of 100 rounds and 30. The contracts run in memory; what they read and write is endorsed, signed
// and ordered by the verifier's synthetic channel, one transaction a block, by a majority of the hospitals. Each file
// is verified in a process of its own. Seconds are of the processor. One line of JSON for each kind of file.
// STUDIES=6x4,100x30 chooses sizes.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canonicalJson, type TransactionName } from '@consilium/domain';
import { majorityOf } from '@consilium/domain/rules';
import {
  aggregate,
  datasetArgument,
  memberArgument,
  studyArgument,
  updateArgument,
  verdictArgument,
} from '@consilium/domain/testing/examples';
import { ChainIndex, makeBundle, type Question, questionsOn, type Subject } from '@consilium/verify';
import { blockBytes } from '@consilium/verify/testing/block-bytes';
import {
  type Organisation,
  organisation,
  SyntheticChannel,
} from '@consilium/verify/testing/synthetic-channel';
import { CHAINCODE, CHANNEL, type Row, transactionOf } from '@consilium/verify/testing/synthetic-transaction';
import { Authority } from '@consilium/verify/testing/test-authority';
import { type Caller, MemoryConsortium } from '../src/testing/memory-consortium.ts';
import type { Results } from '../src/testing/memory-stub.ts';
import { as } from '../src/testing/study-on-ledger.ts';

const SIZES = (process.env.STUDIES ?? '6x4,100x30').split(',').map((size) => size.split('x').map(Number));
const STUDY = 'heart';
/** Where the channel's second block defines the chaincode. */
const DEFINITION: readonly Row[] = [
  { key: `namespaces/fields/${CHAINCODE}/Sequence`, version: { block: 1, place: 0 } },
];
/** As Fabric ends the range of a partial key. */
const LAST = '\u{10ffff}';

/** A consortium in memory whose transactions go onto a channel as they are committed. */
class ChannelledConsortium extends MemoryConsortium {
  readonly channel: SyntheticChannel;
  readonly #organisations: ReadonlyMap<string, Organisation>;
  readonly #blocks = new Map<string, number>();

  constructor(organisations: ReadonlyMap<string, Organisation>, channel: SyntheticChannel) {
    super([...organisations.keys()]);
    this.channel = channel;
    this.#organisations = organisations;
  }

  /** Run by the sender's peer; others of the majority are taken to find the same. */
  async transact(caller: Caller, name: TransactionName, argument: object): Promise<void> {
    this.now += 1000;
    const { endorsements, refusals, proposal } = await this.endorse(caller, name, argument as never, [
      caller.mspId,
    ]);
    const [own] = endorsements;
    if (own === undefined) throw refusals[0]!.error;
    const others = this.mspIds.filter((mspId) => mspId !== caller.mspId);
    const signers = [caller.mspId, ...others.slice(0, majorityOf(this.mspIds.length) - 1)];
    const endorsed = { proposal, refusals, endorsements: signers.map((mspId) => ({ ...own, mspId })) };
    const text = canonicalJson(argument);
    const code = this.commit(name, text, endorsed);
    if (code !== 'VALID') throw new Error(`${name}: ${code}`);
    const block = this.channel.height;
    this.channel.transact({
      ...this.#setsOf(own.results),
      endorsers: signers.map((mspId) => this.#organisations.get(mspId)!.peer),
      sender: this.#organisations.get(caller.mspId)!.client,
      input: [name, text],
      seconds: Math.floor(this.now / 1000),
    });
    for (const [key] of [...own.results.writes, ...own.results.policies]) this.#blocks.set(key, block);
    for (const [key, value] of own.results.writes) if (value === '') this.#blocks.delete(key);
  }

  /** What all peers sign of a question. */
  async answer({ name, argument }: Question): Promise<Uint8Array> {
    const caller = as('auditor', this.mspIds[0]!);
    const { endorsements, refusals } = await this.endorse(
      caller,
      name as TransactionName,
      argument as never,
      [caller.mspId],
    );
    const [own] = endorsements;
    if (own === undefined) throw refusals[0]!.error;
    return transactionOf({
      ...this.#setsOf(own.results),
      endorsers: this.channel.peers,
      sender: this.#organisations.get(caller.mspId)!.client,
      input: [name, canonicalJson(argument)],
      response: own.response,
    });
  }

  #setsOf({ reads, writes, policies, ranges, found }: Results) {
    const rows = new Map<string, Row>();
    const add = (key: string, more: Partial<Row> = {}) =>
      rows.set(key, { ...this.#rowOf(key), ...rows.get(key), ...more });
    for (const [key] of reads) add(key);
    for (const [key, value] of writes) {
      add(key, value === '' ? { isDeleted: true } : { value: Buffer.from(value, 'utf8').toString('latin1') });
    }
    for (const [key, policy] of policies) add(key, { policy: Buffer.from(policy, 'base64') });
    const read = ranges.map((start, i) => ({
      start,
      end: `${start}${LAST}`,
      reads: found[i]!.map(([key]) => this.#rowOf(key)),
    }));
    return { rows: [...rows.values()], ranges: read, definition: DEFINITION };
  }

  #rowOf(key: string): Row {
    const block = this.#blocks.get(key);
    return block === undefined ? { key } : { key, version: { block, place: 0 } };
  }
}

async function consortiumOf(hospitals: number): Promise<ChannelledConsortium> {
  const mspIds = Array.from({ length: hospitals }, (_, i) => `H${String(i).padStart(2, '0')}MSP`);
  const organisations = new Map<string, Organisation>();
  for (const mspId of mspIds) organisations.set(mspId, await organisation(await Authority.create(mspId)));
  const ordererAuthority = await Authority.create('OrdererMSP');
  const orderers = [await ordererAuthority.issue('orderer')];
  const options = { orderers, ordererAuthority, consensus: 'etcdraft' } as const;
  return new ChannelledConsortium(organisations, new SyntheticChannel([...organisations.values()], options));
}

const datasetOf = (mspId: string): string => `data-${mspId.slice(1, 3)}`;

/** A study from the registration of its hospitals to its model and the settlement of its consents. */
async function live(consortium: ChannelledConsortium, rounds: number): Promise<void> {
  const { mspIds } = consortium;
  const [first] = mspIds;
  const datasets = mspIds.map(datasetOf);
  const each = async (send: (mspId: string) => Promise<void>) => {
    for (const mspId of mspIds) await send(mspId);
  };
  await each((mspId) => consortium.transact(as('operator', mspId), 'member:register', memberArgument(mspId)));
  await each((mspId) =>
    consortium.transact(
      as('steward', mspId),
      'dataset:register',
      datasetArgument(datasetOf(mspId), '100000'),
    ),
  );
  const quorum = { updates: mspIds.length, validators: majorityOf(mspIds.length) };
  const study = studyArgument({ studyId: STUDY, datasets, quorum, rounds });
  await consortium.transact(as('researcher', first!), 'study:propose', study);
  await each(async (mspId) => {
    const of = { studyId: STUDY, datasetId: datasetOf(mspId) };
    const { claimedEpsilon } = await consortium.evaluate(as('steward', mspId), 'privacy:quote', of);
    await consortium.transact(as('steward', mspId), 'study:consent', { ...of, claimedEpsilon });
  });
  await consortium.transact(as('researcher', first!), 'study:start', { studyId: STUDY });
  for (let round = 1; round <= rounds; round++) {
    const of = { studyId: STUDY, round };
    const leader = as('trainer', mspIds[(round - 1) % mspIds.length]!);
    await consortium.transact(leader, 'round:open', of);
    await each((mspId) =>
      consortium.transact(
        as('trainer', mspId),
        'round:recordUpdate',
        updateArgument({ ...of, datasetId: datasetOf(mspId) }),
      ),
    );
    await consortium.transact(leader, 'round:close', of);
    await each((mspId) =>
      consortium.transact(
        as('trainer', mspId),
        'round:recordVerdict',
        verdictArgument({ ...of, datasets, own: [datasetOf(mspId)] }),
      ),
    );
    await consortium.transact(leader, 'round:tally', of);
    const model = aggregate(`model ${round}`);
    const attested = { ...of, parametersSha256: model.parametersSha256 };
    await each((mspId) => consortium.transact(as('trainer', mspId), 'round:attest', attested));
    await consortium.transact(leader, 'round:finalize', { ...of, aggregate: model });
  }
  await consortium.transact(as('trainer', first!), 'model:publish', { studyId: STUDY });
  await each((mspId) =>
    consortium.transact(as('steward', mspId), 'study:settle', {
      studyId: STUDY,
      datasetId: datasetOf(mspId),
    }),
  );
}

async function timed<T>(work: () => T | Promise<T>): Promise<[T, number]> {
  const start = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(start);
  return [result, Math.round((user + system) / 1000) / 1000];
}

const VERIFIER = join(import.meta.dirname, 'on-evidence/verify-file.js');

/** What verifying a file takes, beside nothing else. */
function verified(file: Uint8Array, genesis: string) {
  const folder = mkdtempSync(join(tmpdir(), 'evidence-size-'));
  try {
    const path = join(folder, 'evidence.ndjson');
    writeFileSync(path, file);
    return JSON.parse(execFileSync(process.execPath, [VERIFIER, path, genesis], { encoding: 'utf8' }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function measure(consortium: ChannelledConsortium, subject: Subject, rounds: number): Promise<void> {
  const { channel } = consortium;
  const source = {
    async *blocks(end: number) {
      for (const block of channel.blocks.slice(0, end)) yield blockBytes(block);
    },
    block: async (number: number) => blockBytes(channel.blocks[number]!),
  };
  const index = new ChainIndex(subject, CHAINCODE);
  const [, indexSeconds] = await timed(() => index.read(source, channel.height));
  const ask = ({ name, argument }: Question) =>
    consortium.evaluate(as('auditor', consortium.mspIds[0]!), name as TransactionName, argument as never);
  const answers: Uint8Array[] = [];
  for (const question of await questionsOn(subject, index, ask))
    answers.push(await consortium.answer(question));
  const options = { channel: CHANNEL, chaincode: CHAINCODE, subject, index, height: channel.height, answers };
  const [file, bundleSeconds] = await timed(() => makeBundle(source, options));
  const { problems, transactions, processorSeconds, peakMemoryMib } = verified(file, channel.genesis);
  if (problems.length > 0) throw new Error(JSON.stringify(problems.slice(0, 3)));
  process.stdout.write(
    `${JSON.stringify({
      bench: 'evidence-size',
      kind: subject.kind,
      rounds,
      hospitals: consortium.mspIds.length,
      blocks: channel.height,
      transactions,
      fileBytes: file.length,
      indexSeconds,
      bundleSeconds,
      verifySeconds: processorSeconds,
      verifyPeakMib: peakMemoryMib,
      makingPeakMib: Math.round(process.resourceUsage().maxRSS / 1024),
    })}\n`,
  );
}

for (const [rounds = 1, hospitals = 4] of SIZES) {
  const consortium = await consortiumOf(hospitals);
  await live(consortium, rounds);
  const subjects: Subject[] = [
    { kind: 'study', studyId: STUDY },
    { kind: 'model', studyId: STUDY },
    { kind: 'dataset', datasetId: datasetOf(consortium.mspIds[0]!) },
  ];
  for (const subject of subjects) await measure(consortium, subject, rounds);
}
