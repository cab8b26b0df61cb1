// `hospital agree` and `hospital join`: what they do beside the files, and what they say.
import { placeOfHospital } from '../ceremonies/hospital-place.ts';
import { placeOf } from '../ceremonies/own-place.ts';
import { consortiumStatus } from '../status.ts';
import { restartServices, withoutStopped } from '../supervisor-control.ts';
import { restartChangedReaders } from './changed-readers.ts';
import { type ChannelDifference, channelDifferences } from './channel-differences.ts';
import type { Hospital } from './hospital-file.ts';
import type { HospitalLayout } from './hospital-layout.ts';
import { type HospitalPrograms, planHospital } from './hospital-plan.ts';
import { joinChannel } from './join.ts';
import { takeUp } from './take-up.ts';

/** For programs, and for people. */
export interface Said {
  readonly content: object;
  readonly lines: readonly string[];
}

interface AgreePlace {
  /** Of hospital.yaml. */
  readonly path: string;
  readonly hospital: Hospital;
  readonly layout: HospitalLayout;
  readonly programs: () => HospitalPrograms;
}

/** Takes up the file, restarts what reads it at its start, and holds it against the channel. */
export async function agreeOnFile({ path, hospital, layout, programs }: AgreePlace): Promise<Said> {
  const { changes, newcomers, forgotten } = takeUp(hospital, layout);
  const { mspId } = hospital.own;
  const lines = [
    ...(changes === undefined ? ['No earlier file is kept here: nothing is compared with it.'] : []),
    ...(changes?.length === 0 ? ['It is the file that was taken up before.'] : []),
    ...(changes ?? []).map(({ text }) => `changed: ${text}`),
    ...newcomers.map((one) => `taken up: the definition of ${one}`),
    ...forgotten.map((one) => `forgotten: ${one}`),
  ];
  if (newcomers.length > 0) {
    lines.push(
      `Send to ${newcomers.join(' and ')}: genesis-from-${mspId}.block and swarm-key-…-from-${mspId}.json.`,
    );
  }
  const isRunning = consortiumStatus(layout.directory).state === 'running';
  const restarted = isRunning
    ? await restartReaders({ hospital, layout, programs }, (line) => lines.push(line))
    : [];
  const channel = isRunning ? await differencesNow(path, hospital) : undefined;
  if (restarted.length > 0) lines.push(`restarted: ${restarted.join(', ')}`);
  if (channel === undefined)
    lines.push('The own peer does not run: the channel is compared when you run this again.');
  else if (channel.length === 0) lines.push('The channel is as consortium.yaml says.');
  else lines.push(...channel.map(({ text, remedy }) => `differs: ${text} → ${remedy}`));
  const content = { changes: changes ?? null, newcomers, forgotten, restarted, channel: channel ?? null };
  return { content, lines };
}

function restartReaders(
  { hospital, layout, programs }: Omit<AgreePlace, 'path'>,
  report: (line: string) => void,
): Promise<readonly string[]> {
  return restartChangedReaders(hospital, layout, {
    write: () => planHospital(hospital, layout, programs()),
    restart: (names) => restartThoseThatRun(layout.directory, names, report),
  });
}

/** One that somebody stopped reads the files when it is started. Returns the names of the others. */
export async function restartThoseThatRun(
  directory: string,
  names: readonly string[],
  report: (line: string) => void,
): Promise<readonly string[]> {
  const running = withoutStopped(directory, names, report);
  // No name would be all of them.
  if (running.length > 0) await restartServices(directory, running, () => undefined);
  return running;
}

async function differencesNow(path: string, { consortium }: Hospital): Promise<ChannelDifference[]> {
  const { configuration } = await placeOf(placeOfHospital(path), {});
  return channelDifferences(consortium, configuration!);
}

/** Takes up what others founded. */
export function joinWithFile({ hospital, layout }: Omit<AgreePlace, 'path' | 'programs'>): Said {
  const { genesisSha256, swarmKeyFrom } = joinChannel(hospital, layout);
  const lines = [
    `genesis ${genesisSha256}`,
    `The swarm's key came from ${swarmKeyFrom.join(' and ')}.`,
    'Compare the digest of consortium.yaml with the others by another way than the mailbox; then `hospital up`.',
  ];
  return { content: { genesisSha256, swarmKeyFrom }, lines };
}
