// Whether the second of two own peers could take over: without it nothing stops, so that nobody would see otherwise
// that it is not there, has too few blocks, or lacks what it needs to run the chaincode.
import { type Environment, findHospitalPrograms, missingHospitalPrograms } from '../native/binaries.ts';
import { FabricCommands } from '../native/fabric-commands.ts';
import type { PeerNode } from '../native/layout.ts';
import type { Finding } from './finding.ts';
import type { Hospital } from './hospital-file.ts';
import type { HospitalLayout } from './hospital-layout.ts';
import { isListening } from './is-listening.ts';

const what = 'second peer';
/** As many are committed while both are asked. */
const BLOCKS_APART = 10;

const soon = (text: string): Finding => ({ what, state: 'soon', text });

/** None where there is no such peer. */
export async function examineSecondPeer(
  { consortium }: Pick<Hospital, 'consortium'>,
  layout: HospitalLayout,
  environment: Environment = process.env,
): Promise<Finding[]> {
  const { secondPeer, fabric } = layout;
  if (secondPeer === undefined) return [];
  const at = `${secondPeer.host}:${secondPeer.port}`;
  if (!(await isListening(secondPeer.host, secondPeer.port)))
    return [soon(`${at} does not answer: the first peer serves alone; \`hospital logs\` says why`)];
  const missing = missingHospitalPrograms(environment);
  if (missing.length > 0) return [unasked(at, missing)];
  const { peer } = layout;
  const isFirstThere = await isListening(peer.host, peer.port);
  try {
    const commands = new FabricCommands(
      { programs: findHospitalPrograms(environment), ccaasBuilder: '' },
      fabric,
    );
    const heightOf = async (one: PeerNode) =>
      heightIn(await commands.peer(one, 'channel', 'getinfo', '--channelID', fabric.channel));
    const height = await heightOf(secondPeer);
    const behind = isFirstThere ? (await heightOf(peer)) - height : 0;
    if (behind > BLOCKS_APART)
      return [soon(`${at} has ${behind} blocks less than the first: it fetches them`)];
    const { name } = consortium.chaincode;
    const asked = ['queryapproved', '--channelID', fabric.channel, '--name', name];
    await commands.peer(secondPeer, 'lifecycle', 'chaincode', ...asked);
    return [
      { what, state: 'good', text: `${at} answers, with ${height} blocks and the approval of ${name}` },
    ];
  } catch (error) {
    const why = (error as Error).message.replaceAll(/\s+/g, ' ');
    return [
      soon(
        `${at} cannot take over yet: within two minutes it gets the approval from the first while both run (${why})`,
      ),
    ];
  }
}

/** It is the host that lacks something, not the peer. */
const unasked = (at: string, missing: readonly string[]): Finding => ({
  ...{ what, state: 'unknown' },
  text:
    `${at} answers, and cannot be asked whether it could take over: this host has no ${missing.join(', ')}; set ` +
    'FABRIC_BIN_DIR to the folder with the programs of Fabric and Fabric CA',
});

const heightIn = (said: string): number => Number(/"height":\s*"?(\d+)/.exec(said)?.[1] ?? 0);
