// How one organisation comes to agree with the others on the chaincode: it installs its own package at its own peer,
// approves what consortium.yaml says, and waits until enough have. Whoever sees that enough have approved commits.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChaincodePackage } from '../native/chaincode-package.ts';
import { FabricCommandError, type FabricCommands } from '../native/fabric-commands.ts';
import type { AgreedConsortium } from './agreed-consortium.ts';
import { type HospitalLayout, ownPeersOf } from './hospital-layout.ts';

const LOOK_EVERY_MS = 3000;
const LOOK_FOR_OTHERS_EVERY_MS = 30_000;
const FIRST_SEQUENCE = 1;
/** Fabric's peers look once a minute for private data that they lack and another of their organisation may have. */
const LOOKS_FOR_SECOND_PEER = 60;

export interface Agreement {
  readonly chaincode: AgreedConsortium['chaincode'];
  readonly layout: HospitalLayout;
  readonly commands: Pick<FabricCommands, 'peer'>;
  readonly package: ChaincodePackage;
  /** Versions that the channel may still run, while all go to the agreed one by a ceremony. */
  readonly former?: readonly string[];
}

/** The channel has another definition than consortium.yaml. */
export class OtherChaincodeError extends Error {
  override readonly name = 'OtherChaincodeError';
}

/** Installs the package at each of the own peers where it is not yet: no other organisation is asked. */
export async function installChaincode(
  { chaincode, layout, commands, package: own }: Agreement,
  peers = ownPeersOf(layout),
): Promise<void> {
  const folder = join(layout.fabric.directory, 'packages');
  const file = join(folder, `${chaincode.name}.tar.gz`);
  for (const peer of peers) {
    if ((await commands.peer(peer, 'lifecycle', 'chaincode', 'queryinstalled')).includes(own.id)) continue;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(file, own.bytes);
    await commands.peer(peer, 'lifecycle', 'chaincode', 'install', file);
  }
}

interface AgreeOptions {
  readonly signal: AbortSignal;
  readonly report: (line: string) => void;
  readonly lookEveryMs?: number;
}

/**
 * Resolves when the channel has the agreed definition and the own peer this organisation's approval of it. Waits for
 * the others as long as it takes, and reports for whom. A peer whose disk was emptied has lost its approval, which no
 * block holds and which cannot be given again: then all approve the same definition as the next sequence. Where there
 * is a second peer, that one gives it back, and has time for it.
 *
 * @throws OtherChaincodeError, or the signal's reason.
 */
export async function agreeOnChaincode(
  agreement: Agreement,
  { signal, report, lookEveryMs = LOOK_EVERY_MS }: AgreeOptions,
): Promise<void> {
  const { name, version } = agreement.chaincode;
  const say = sayOnce(report);
  let approved: number | undefined;
  let lost: number | undefined;
  let looksLeft = agreement.layout.secondPeer === undefined ? 0 : LOOKS_FOR_SECOND_PEER;
  for (;;) {
    try {
      signal.throwIfAborted();
      const committed = await committedDefinition(agreement);
      if (committed !== undefined && agreement.former?.includes(committed.version)) {
        say(
          `chaincode ${name}: the channel runs ${committed.version} until a ceremony brings it to ${version}`,
        );
        await sleep(lookEveryMs, undefined, { signal });
        continue;
      }
      if (committed !== undefined) refuseOther(committed, agreement.chaincode);
      const present = committed?.sequence ?? FIRST_SEQUENCE;
      const sequence = committed !== undefined && lost === present ? present + 1 : present;
      if (approved !== sequence) {
        if (await approve(agreement, sequence)) approved = sequence;
        else if (committed !== undefined && looksLeft > 0) {
          looksLeft -= 1;
          say(`the own peer lacks this organisation's approval of ${name}, which the second peer gives back`);
          await sleep(lookEveryMs, undefined, { signal });
          continue;
        } else if (committed !== undefined) {
          lost = sequence;
          report(lostWords(name, sequence));
          continue;
        }
      }
      if (committed?.sequence === sequence) return say(`chaincode ${name} is agreed on by the channel`);
      const missing = await commitWithMajority(agreement, sequence);
      if (missing.length > 0)
        say(`chaincode: approved here; a majority is needed, and missing are ${missing.join(', ')}`);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof FabricCommandError)) throw error;
      say(`chaincode is not agreed on yet: ${error.message}`);
    }
    await sleep(lookEveryMs, undefined, { signal });
  }
}

const lostWords = (name: string, sequence: number): string =>
  `the own peer has lost this organisation's approval of ${name}, as one with an emptied disk does: it approves the ` +
  `same definition as sequence ${sequence + 1}. The others do so by themselves while they run; it takes a majority`;

function sayOnce(report: (line: string) => void): (line: string) => void {
  let said = '';
  return (line) => {
    if (line !== said) report(line);
    said = line;
  };
}

/**
 * Goes on once all agree: where another organisation approves the very definition that the channel has as the next
 * sequence, since its peer has lost the approval, this one approves it too. Anything else in it needs a ceremony.
 *
 * @throws OtherChaincodeError where the channel has another version, or the signal's reason
 */
export async function approveForOthers(
  agreement: Agreement,
  { signal, report, lookEveryMs = LOOK_FOR_OTHERS_EVERY_MS }: AgreeOptions,
): Promise<never> {
  const look = lookerForOthers(agreement, sayOnce(report));
  for (;;) {
    await sleep(lookEveryMs, undefined, { signal });
    await look(signal);
  }
}

/** The same once, for who does not stay: what others approved until now. @throws as approveForOthers */
export const approveOnceForOthers = (
  agreement: Agreement,
  { signal, report }: Pick<AgreeOptions, 'signal' | 'report'>,
): Promise<void> => lookerForOthers(agreement, report)(signal);

function lookerForOthers(agreement: Agreement, say: (line: string) => void) {
  const { chaincode, layout } = agreement;
  let approved: number | undefined;
  return async (signal: AbortSignal): Promise<void> => {
    try {
      const committed = await committedDefinition(agreement);
      if (committed === undefined) return;
      refuseOther(committed, chaincode);
      // A majority can have committed it before this one looked: without its approval the own peer would not run it.
      if (approved !== committed.sequence && (await approve(agreement, committed.sequence)))
        approved = committed.sequence;
      const next = committed.sequence + 1;
      const missing = await missingApprovals(agreement, next);
      if (missing.length === layout.fabric.peers.length) return;
      if (missing.includes(layout.peer.mspId)) {
        const by = layout.fabric.peers.map(({ mspId }) => mspId).filter((mspId) => !missing.includes(mspId));
        say(`${by.join(', ')} approved ${chaincode.name} as it is as sequence ${next}: approved here too`);
        await approve(agreement, next);
      }
      await commitWithMajority(agreement, next);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof FabricCommandError)) throw error;
      // Somebody committed it between two looks: the next one sees that.
      if (/new definition must be sequence/.test(error.message)) return;
      say(`the approvals of others could not be looked at: ${error.message}`);
    }
  };
}

interface Committed {
  readonly name: string;
  readonly sequence: number;
  readonly version: string;
}

async function committedDefinition({
  chaincode,
  layout,
  commands,
}: Agreement): Promise<Committed | undefined> {
  const asked = ['querycommitted', '--channelID', layout.fabric.channel, '--output', 'json'];
  const answer = JSON.parse(await commands.peer(layout.peer, 'lifecycle', 'chaincode', ...asked)) as {
    chaincode_definitions?: readonly Committed[];
  };
  return answer.chaincode_definitions?.find(({ name }) => name === chaincode.name);
}

function refuseOther(committed: Committed, { name, version }: AgreedConsortium['chaincode']): void {
  if (committed.version === version) return;
  throw new OtherChaincodeError(
    `the channel has version ${committed.version} of chaincode ${name}, and consortium.yaml has ${version}: ` +
      'run the release and the consortium.yaml of that version, and go on from there by `hospital upgrade`',
  );
}

function definitionFlags({ chaincode, layout }: Agreement, sequence: number): string[] {
  const { name, version, policy } = chaincode;
  return [
    ...['--channelID', layout.fabric.channel, '--name', name, '--version', version],
    ...['--sequence', String(sequence)],
    ...(policy === 'MAJORITY' ? [] : ['--signature-policy', policy]),
  ];
}

/**
 * The own orderer first. One that does not order yet, or is away, has no channel to send to; one of several that agree
 * with each other can take it and order nothing, as while it alone asks for another leader. Then another one takes it.
 *
 * @throws FabricCommandError of the own orderer, where none orders it
 */
async function sendThrough(
  { layout, commands }: Agreement,
  command: 'approveformyorg' | 'commit',
  flags: readonly string[],
): Promise<void> {
  const { orderer: own, fabric } = layout;
  const orderers = [own, ...fabric.orderers.filter(({ mspId }) => mspId !== own.mspId)];
  let first: unknown;
  for (const { host, port, tls } of orderers) {
    const through = ['--orderer', `${host}:${port}`, '--tls', '--cafile', tls.root];
    try {
      await commands.peer(layout.peer, 'lifecycle', 'chaincode', command, ...through, ...flags);
      return;
    } catch (error) {
      if (!isOfOrderer(error)) throw error;
      first ??= error;
    }
  }
  throw first;
}

const isOfOrderer = (error: unknown): boolean =>
  error instanceof FabricCommandError &&
  /channel does not exist|SERVICE_UNAVAILABLE|orderer client failed to connect|timed out waiting for txid/.test(
    error.message,
  );

/** Fabric's words to an approval that it has: of the sequence to come, and of the one that the channel has. */
const HAS_IT = /with unchanged content|redefine the current committed sequence \(\d+\) for namespace \S+$/m;

/** Whether the own peer has the approval now; it does not where it lost one of this very sequence. */
async function approve(agreement: Agreement, sequence: number): Promise<boolean> {
  const { package: own } = agreement;
  const flags = [...definitionFlags(agreement, sequence), '--package-id', own.id];
  try {
    await sendThrough(agreement, 'approveformyorg', flags);
    return true;
  } catch (error) {
    if (!(error instanceof FabricCommandError)) throw error;
    if (HAS_IT.test(error.message)) return true;
    if (error.message.includes('private data matching public hash version is not available')) return false;
    throw error;
  }
}

/** MSP ids of those that have not approved. */
async function missingApprovals(agreement: Agreement, sequence: number): Promise<string[]> {
  const { layout, commands } = agreement;
  const flags = [...definitionFlags(agreement, sequence), '--output', 'json'];
  const said = await commands.peer(layout.peer, 'lifecycle', 'chaincode', 'checkcommitreadiness', ...flags);
  const { approvals } = JSON.parse(said) as { approvals: Readonly<Record<string, boolean>> };
  return layout.fabric.peers.map(({ mspId }) => mspId).filter((mspId) => approvals[mspId] !== true);
}

/**
 * At the peers of those that approved: each runs, and a majority of organisations must endorse it.
 *
 * @returns who is missing; nobody where it was committed
 */
async function commitWithMajority(agreement: Agreement, sequence: number): Promise<string[]> {
  const missing = await missingApprovals(agreement, sequence);
  const { peers } = agreement.layout.fabric;
  if (peers.length - missing.length <= peers.length / 2) return missing;
  const endorsing = peers
    .filter(({ mspId }) => !missing.includes(mspId))
    .flatMap(({ host, port, tls }) => ['--peerAddresses', `${host}:${port}`, '--tlsRootCertFiles', tls.root]);
  await sendThrough(agreement, 'commit', [...definitionFlags(agreement, sequence), ...endorsing]);
  return [];
}
