// What a consent to many blocks of patients costs beside one to a single block: the time from sending to every peer's
// commit, and the bytes of the block that holds it. On the embedded network of three organisations, in turns in one
// run. JSON lines, with medians:
//   node chaincode/dist/bench/consent-blocks.js
// BLOCKS (64) of one population, SAMPLES (5) studies each.
import { performance } from 'node:perf_hooks';
import { bandOf } from '@consilium/domain';
import {
  datasetArgument,
  memberArgument,
  newBlock,
  patientsArgument,
  revisionArgument,
  studyArgument,
} from '@consilium/domain/testing/examples';
import { EmbeddedNetwork } from '../conformance/embedded-network.ts';
import type { FabricConsortium } from '../conformance/fabric-consortium.ts';

const BLOCKS = Number(process.env.BLOCKS ?? 64);
const SAMPLES = Number(process.env.SAMPLES ?? 5);
const BAND = { low: 100, high: 149 };
const DATASET = 'patients-of-years';
const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

/** One dataset whose every revision opened another block. */
async function populate(ledger: FabricConsortium, owner: string): Promise<void> {
  const first = patientsArgument(DATASET);
  await ledger.submit(owner, 'steward', 'dataset:register', {
    ...first,
    recordCountBand: BAND,
    newBlock: newBlock(DATASET, 1, BAND),
    privacyBudget: { ...datasetArgument(DATASET, '10').privacyBudget! },
  });
  for (const block of numbers(BLOCKS).slice(1)) {
    const before = numbers(block - 1).map((number) => ({ block: number, recordCountBand: BAND }));
    const recordCountBand = bandOf(block * 120)!;
    const revision = revisionArgument(DATASET, block, { blocks: before, recordCountBand });
    await ledger.submit(owner, 'steward', 'dataset:revise', revision);
  }
}

/** Proposes a study and consents to it with these blocks of patients. */
async function consent(
  ledger: FabricConsortium,
  owner: string,
  { studyId, blocks }: { readonly studyId: string; readonly blocks: number[] },
): Promise<{ readonly ms: number; readonly bytes: number; readonly quoteMs: number }> {
  const quorum = { updates: 1, validators: 1 };
  const study = studyArgument({ studyId, datasets: [DATASET], quorum, rounds: 1 });
  await ledger.submit(owner, 'researcher', 'study:propose', study);
  const asked = { studyId, datasetId: DATASET, blocks };
  const askedAt = performance.now();
  const { claimedEpsilon } = await ledger.evaluate(owner, 'steward', 'privacy:quote', asked);
  const sentAt = performance.now();
  await ledger.submit(owner, 'steward', 'study:consent', { ...asked, claimedEpsilon });
  const ms = performance.now() - sentAt;
  const last = (await ledger.height(owner)) - 1n;
  const events = await ledger.network(owner).getBlockEvents({ startBlock: last });
  try {
    for await (const block of events) {
      return { ms, bytes: block.serializeBinary().length, quoteMs: sentAt - askedAt };
    }
  } finally {
    events.close();
  }
  throw new Error(`block ${last} did not come`);
}

const network = new EmbeddedNetwork();
try {
  const ledger = await network.start();
  const [owner = ''] = ledger.mspIds;
  for (const mspId of ledger.mspIds) {
    await ledger.submit(mspId, 'operator', 'member:register', memberArgument(mspId, ledger.channel));
  }
  await populate(ledger, owner);
  const sizes = [1, BLOCKS];
  const measured = new Map<number, Awaited<ReturnType<typeof consent>>[]>(sizes.map((size) => [size, []]));
  for (const sample of numbers(SAMPLES)) {
    for (const size of sizes) {
      const of = { studyId: `study-${sample}-of-${size}`, blocks: numbers(size) };
      measured.get(size)!.push(await consent(ledger, owner, of));
    }
  }
  for (const [blocks, samples] of measured) {
    const of = (part: 'ms' | 'bytes' | 'quoteMs') => median(samples.map((sample) => sample[part]));
    const line = { bench: 'chaincode/consent-blocks', blocks, samples: samples.length };
    const costs = { quoteMs: Math.round(of('quoteMs')), consentMs: Math.round(of('ms')), bytes: of('bytes') };
    process.stdout.write(`${JSON.stringify({ ...line, ...costs })}\n`);
  }
} finally {
  await network.stop();
}
