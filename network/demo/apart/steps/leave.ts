// One hospital leaves: on the ledger first, then its orderer and its organisation leave the channel by ceremonies, the
// others forget it, every peer refuses it, and it deletes its keys. Evidence of what it did goes on to verify.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ledgerPath } from '@consilium/domain';
import { stringify } from 'yaml';
import { organisationDirOf } from '../../../src/hospital/hospital-layout.ts';
import { each } from '../../enrolment.ts';
import { readEvidence } from '../../evidence.ts';
import type { Host } from '../hosts.ts';
import type { Room } from '../room.ts';
import { type Agreed, byCeremony, FIFTH, siteOfFifth } from './join.ts';
import type { Step } from './step.ts';

export const leaveStep: Step = { name: 'leave', when: 'after', run: leaveFifth };

interface Leaving {
  readonly owed: readonly string[];
  readonly record: { readonly leftAt: string | null; readonly openConsents: readonly string[] } | null;
  readonly peers: readonly { readonly mspId: string; readonly answer: string }[];
}

async function leaveFifth(room: Room): Promise<string[]> {
  const problems: string[] = [];
  const host = room.hostOf(FIFTH);
  const { client, hospital } = siteOfFifth(room);
  const { mspId } = hospital;
  const others = room.hosts.all.filter((one) => one !== host);
  const [proposer] = others as [Host];

  await client.post(ledgerPath('member:leave', {}), 'operator', {
    reason: 'The test is over for this clinic.',
  });
  await renewPolicies(room);
  const first = await leaving(room, host);
  if (first.record?.leftAt == null) problems.push('its record does not say that it left');
  if (!first.owed.some((text) => text.startsWith('in the channel')))
    problems.push(`in the channel it owes only: ${first.owed.join('; ')}`);
  const early = await room.ask(host, ['hospital', 'leave', '--confirm', mspId]);
  if (early.status === 0) problems.push('its keys were deleted while it was in the channel');

  const before = room.consortium;
  const { host: name, ports } = before.organisations.find((one) => one.mspId === mspId)!;
  const orderer = ['--orderer', `${name}:${ports?.orderer ?? 7050}`];
  const ceremony = { by: proposer, signers: others };
  problems.push(...(await byCeremony(room, { ...ceremony, name: 'remove-orderer', words: orderer })));
  const words = ['--organisation', mspId];
  problems.push(...(await byCeremony(room, { ...ceremony, name: 'remove-organisation', words })));

  room.agreeOn({ ...before, organisations: before.organisations.filter((one) => one.mspId !== mspId) });
  // Who left keeps the file that it left with.
  room.hosts.write(host, 'consortium.yaml', stringify(before));
  const agreed = (await each(others, (one) => room.command(one, 'agree'))) as Agreed[];
  for (const [at, { forgotten, channel }] of agreed.entries()) {
    const { name: who } = others[at]!;
    if (forgotten.join() !== mspId) problems.push(`${who} forgot ${forgotten.join() || 'nobody'}`);
    for (const { text } of channel ?? [{ text: 'not compared' }]) problems.push(`${who}: ${text}`);
  }

  const { peers } = await leaving(room, host);
  for (const one of peers)
    if (one.answer !== 'refuses') problems.push(`the peer of ${one.mspId} ${one.answer}`);
  if (peers.length !== others.length) problems.push(`${peers.length} peers were asked`);
  await room.command(host, 'down');
  await room.command(host, 'leave', '--confirm', mspId);
  const folder = room.folderOf(host);
  for (const gone of ['nodes', 'users'])
    if (existsSync(join(organisationDirOf(folder, mspId), gone)))
      problems.push(`its ${gone} are there still`);
  for (const kept of [`${FIFTH}/trainer`, 'fabric/peer'])
    if (!existsSync(join(folder, kept))) problems.push(`${kept} is gone`);

  await room.becomeReady(others);
  const evidence = await readEvidence(room.inside[0]!.client, {
    ...{ studyId: room.study!.studyId, genesisSha256: room.genesisSha256, chaincode: 'consilium' },
    file: join(room.hosts.root, 'evidence-after-leaving.ndjson'),
  });
  return [...problems, ...evidence.problems.map((text) => `evidence of before: ${text}`)];
}

/** However it ends: it says what is owed with a status of its own. */
async function leaving(room: Room, host: Host): Promise<Leaving> {
  const { stdout, stderr } = await room.ask(host, ['hospital', 'leave']);
  if (stdout === '') throw new Error(`hospital leave at ${host.name}: ${stderr}`);
  return JSON.parse(stdout) as Leaving;
}

/** While the one that leaves still endorses: the others' rows name those who stay. */
async function renewPolicies(room: Room): Promise<void> {
  const { client } = room.inside[0]!;
  for (const kind of ['dataset', 'block', 'consent', 'round']) {
    const rows = await client.list<object>(ledgerPath('audit:listOldPolicies', { kind }));
    for (const row of rows) await client.post(ledgerPath('audit:renewPolicies', {}), 'operator', row);
  }
}
