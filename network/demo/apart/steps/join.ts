// A fifth hospital joins while a study runs, on a host of its own: its definition travels, the members take it into the
// channel by ceremonies, its orderer orders, and it takes part in a next study. The running study goes on.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GATEWAY_PATHS, LOCAL_ROUTES, ledgerPath } from '@consilium/domain';
import type { DemoHospital } from '../../data-files.ts';
import { each, startStudy } from '../../enrolment.ts';
import type { DatasetRow, QuoteRow, StudyRow } from '../../ledger-rows.ts';
import { progressView } from '../../progress-view.ts';
import { readStudyPlan } from '../../study-plan.ts';
import { watchStudy } from '../../study-watch.ts';
import { RoomCeremony } from '../ceremonies.ts';
import type { Host } from '../hosts.ts';
import type { InsideSite } from '../inside.ts';
import type { Room } from '../room.ts';
import type { Step } from './step.ts';

export const FIFTH = 'basel';
/** Less noise would ask for more of budgets that the first study has used. */
const NOISE = '30';
const FOLLOW_MS = 120_000;

export const joinStep = (round: number): Step => ({ name: 'join', when: { round }, run: joinFifth });

export const nextStudyStep: Step = {
  name: 'next-study',
  when: 'after',
  run: async (room) => {
    const fifth = siteOfFifth(room);
    const { problems } = await studyOf(room, [fifth, room.inside[0]!, room.inside[1]!]);
    return problems;
  },
};

export const siteOfFifth = (room: Room): InsideSite => room.siteOf(room.hostOf(FIFTH));

export interface Agreed {
  readonly newcomers: readonly string[];
  readonly forgotten: readonly string[];
  readonly restarted: readonly string[];
  readonly channel: readonly { readonly text: string }[] | null;
}

async function joinFifth(room: Room): Promise<string[]> {
  const problems: string[] = [];
  const members = [...room.hosts.all];
  const [proposer] = members as [Host];
  const [donor] = room.source.hospitals as [DemoHospital];
  const { host, hospital } = room.addHost({
    ...{ name: FIFTH, mspId: 'BaselMSP', title: 'A fifth clinic, with patients like those of the first' },
    ...{
      datasetId: `${FIFTH}-heart`,
      datasetTitle: 'Heart clinic of a fifth',
      file: donor.source ?? donor.file,
    },
  });
  const { mspId, title } = hospital;
  const ceremony = { words: ['--organisation', mspId], by: proposer, signers: members };
  const draft = {
    ...room.consortium,
    genesis: room.genesisSha256,
    organisations: [...room.consortium.organisations, { name: FIFTH, mspId, title, host: host.hostName }],
  };
  room.agreeOn(draft);
  const { roots } = (await room.command(host, 'init')) as { roots: { identity: string; tls: string } };
  const organisations = draft.organisations.map((one) => (one.mspId === mspId ? { ...one, roots } : one));
  room.agreeOn({ ...draft, organisations });

  problems.push(...(await byCeremony(room, { ...ceremony, name: 'add-organisation' })));
  // One after the other: at no time is more than one gateway away.
  const agreed: Agreed[] = [];
  for (const one of members) agreed.push((await room.command(one, 'agree')) as Agreed);
  for (const [at, { newcomers, restarted }] of agreed.entries()) {
    const { name } = members[at]!;
    if (newcomers.join() !== mspId) problems.push(`${name} took up ${newcomers.join() || 'nobody'}`);
    if (restarted.length !== 3) problems.push(`${name} restarted ${restarted.join() || 'nothing'}`);
  }
  await room.command(host, 'join');
  await room.command(host, 'up');
  await room.becomeReady([host]);
  problems.push(...(await byCeremony(room, { ...ceremony, name: 'add-orderer' })));
  problems.push(...(await orders(room, host)));

  const site = await room.openTo(host, hospital);
  await verifiedFromTheFirst(site, room.inside[0]!);
  await becomeMember(room, site);
  const again = (await room.command(host, 'agree')) as Agreed;
  problems.push(
    ...(again.channel ?? [{ text: 'not compared' }]).map(({ text }) => `its channel differs: ${text}`),
  );
  await room.becomeReady();
  return problems;
}

export interface Proposal {
  /** Of the change, as `propose` takes it; the file is called so. */
  readonly name: string;
  readonly words: readonly string[];
  readonly by: Host;
  readonly signers: readonly Host[];
}

/** Nobody is warned that a stranger comes in, and a majority is enough. */
export async function byCeremony(room: Room, { name, words, by, signers }: Proposal): Promise<string[]> {
  const home = join(by.folder, `${name}.json`);
  await room.answer(by, ['propose', name, ...words, '--out', home]);
  const ceremony = RoomCeremony.putIntoMailbox(room, home, join(room.hosts.mailbox, `${name}.json`));
  const { warnings } = await ceremony.review(signers[1]!);
  const count = room.consortium.organisations.length;
  await ceremony.sign(signers.slice(0, Math.floor(count / 2) + 1));
  await ceremony.submit(by);
  return warnings.filter((text) => text.includes('comes in')).map((text) => `${name}: ${text}`);
}

/** Its own agreement with the file says that its orderer orders. */
async function orders(room: Room, host: Host): Promise<string[]> {
  for (const deadline = Date.now() + FOLLOW_MS; ; await sleep(1000, undefined, { signal: room.signal })) {
    const { channel } = (await room.command(host, 'agree')) as Agreed;
    if (channel?.length === 0) return [];
    if (Date.now() > deadline) return (channel ?? []).map(({ text }) => text);
  }
}

interface LedgerFacts {
  readonly height: number;
}

/** Its gateway has checked every block from the first one on, and is where another one is. */
async function verifiedFromTheFirst({ client }: InsideSite, other: InsideSite): Promise<void> {
  const { height } = await other.client.get<LedgerFacts>(GATEWAY_PATHS.ledger);
  for (const deadline = Date.now() + FOLLOW_MS; ; await sleep(500)) {
    const own = await client.get<LedgerFacts>(GATEWAY_PATHS.ledger);
    if (own.height >= height) return;
    if (Date.now() > deadline) throw new Error(`its gateway has checked ${own.height} of ${height} blocks`);
  }
}

async function becomeMember(room: Room, { client, hospital }: InsideSite): Promise<void> {
  const key = await client.get<{ encryptionPublicKey: string }>(LOCAL_ROUTES.getEncryptionKey.path);
  await client.post(ledgerPath('member:register', {}), 'operator', { title: hospital.title, ...key });
  const { datasetId, datasetTitle, file: path } = hospital;
  const { dictionary } = room.source;
  const { budget, accounting, study } = readStudyPlan();
  const prepared = await client.post<{ commitment: string; recordCountBand: object; newBlock?: object }>(
    LOCAL_ROUTES.checkLocalDataset.path,
    'steward',
    { datasetId, path, dictionary },
  );
  const { commitment, recordCountBand, newBlock } = prepared;
  await client.post<DatasetRow>(ledgerPath('dataset:register', {}), 'steward', {
    ...{ datasetId, title: datasetTitle, dictionary, recordCountBand, commitment, accounting },
    ...(newBlock && { newBlock }),
    terms: { purposes: [study.purpose] },
    privacyBudget: budget,
  });
}

/** A study of one round. @returns its id, and what did not hold */
export async function studyOf(room: Room, sites: readonly InsideSite[]) {
  const { study } = readStudyPlan(1);
  const [requester] = sites as [InsideSite];
  const studyId = `next-${randomBytes(3).toString('hex')}`;
  const model = await requester.client.post(LOCAL_ROUTES.buildModelGraph.path, 'researcher', {
    ...readStudyPlan().model,
    dictionary: room.source.dictionary,
  });
  await requester.client.post(ledgerPath('study:propose', {}), 'researcher', {
    ...study,
    training: { ...study.training, noiseMultiplier: NOISE },
    // With so much noise, any higher minimum lets chance end the study.
    validation: { ...(study.validation as object), noiseMultiplier: NOISE, minimum: '0' },
    quorum: { updates: sites.length, validators: sites.length },
    studyId,
    datasets: sites.map(({ hospital }) => hospital.datasetId),
    model,
  });
  await each(sites, async ({ client, hospital: { datasetId } }) => {
    const quote = await client.getOnceThere<QuoteRow>(ledgerPath('privacy:quote', { studyId, datasetId }));
    const { claimedEpsilon, studySha256 } = quote;
    await client.post(ledgerPath('study:consent', { studyId }), 'steward', {
      ...{ datasetId, claimedEpsilon, studySha256 },
    });
  });
  const { height: fromBlock } = await requester.client.get<LedgerFacts>(GATEWAY_PATHS.ledger);
  await startStudy(requester, studyId);
  room.study = { studyId, round: 1 };
  const view = progressView(process.stderr);
  await watchStudy({ sites, studyId, rounds: 1, fromBlock, view, signal: room.signal });
  const { state } = await requester.client.get<StudyRow>(ledgerPath('study:get', { studyId }));
  return { studyId, problems: state === 'completed' ? [] : [`the next study is ${state}`] };
}
