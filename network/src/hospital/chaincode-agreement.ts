// How one organisation comes to agree with the others on the chaincode: it installs its own package at its own peer,
// approves what consortium.yaml says, and waits until enough have. Whoever sees that enough have approved commits.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChaincodePackage } from '../native/chaincode-package.ts';
import { FabricCommandError, type FabricCommands } from '../native/fabric-commands.ts';
import type { AgreedConsortium } from './agreed-consortium.ts';
import type { HospitalLayout } from './hospital-layout.ts';

const LOOK_EVERY_MS = 3000;
const FIRST_SEQUENCE = 1;

export interface Agreement {
  readonly chaincode: AgreedConsortium['chaincode'];
  readonly layout: HospitalLayout;
  readonly commands: FabricCommands;
  readonly package: ChaincodePackage;
  /** Versions that the channel may still run, while all go to the agreed one by a ceremony. */
  readonly former?: readonly string[];
}

/** The channel has another definition than consortium.yaml. */
export class OtherChaincodeError extends Error {
  override readonly name = 'OtherChaincodeError';
}

/** Installs the package at the own peer where it is not yet: no other organisation is asked. */
export async function installChaincode({
  chaincode,
  layout,
  commands,
  package: own,
}: Agreement): Promise<void> {
  const { peer, fabric } = layout;
  if ((await commands.peer(peer, 'lifecycle', 'chaincode', 'queryinstalled')).includes(own.id)) return;
  const folder = join(fabric.directory, 'packages');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, `${chaincode.name}.tar.gz`);
  writeFileSync(file, own.bytes);
  await commands.peer(peer, 'lifecycle', 'chaincode', 'install', file);
}

/**
 * Resolves when the channel has the agreed definition and this organisation has approved it. Waits for the others as
 * long as it takes, and reports for whom.
 *
 * @throws OtherChaincodeError, or the signal's reason.
 */
export async function agreeOnChaincode(
  agreement: Agreement,
  { signal, report }: { readonly signal: AbortSignal; readonly report: (line: string) => void },
): Promise<void> {
  let said = '';
  const say = (line: string) => {
    if (line !== said) report(line);
    said = line;
  };
  let isApproved = false;
  for (;;) {
    try {
      signal.throwIfAborted();
      const committed = await committedDefinition(agreement);
      if (committed !== undefined && agreement.former?.includes(committed.version)) {
        const { name, version } = agreement.chaincode;
        say(
          `chaincode ${name}: the channel runs ${committed.version} until a ceremony brings it to ${version}`,
        );
        await sleep(LOOK_EVERY_MS, undefined, { signal });
        continue;
      }
      if (committed !== undefined) refuseOther(committed, agreement.chaincode);
      if (!isApproved) await approve(agreement, committed?.sequence ?? FIRST_SEQUENCE);
      isApproved = true;
      if (committed !== undefined)
        return say(`chaincode ${agreement.chaincode.name} is agreed on by the channel`);
      const missing = await missingApprovals(agreement);
      const { peers } = agreement.layout.fabric;
      if (peers.length - missing.length > peers.length / 2) await commit(agreement, missing);
      else say(`chaincode: approved here; a majority is needed, and missing are ${missing.join(', ')}`);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof FabricCommandError)) throw error;
      say(`chaincode is not agreed on yet: ${error.message}`);
    }
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
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
 * The own orderer first. One that does not order yet, or is away, has no channel to send to: then another one takes it.
 *
 * @throws FabricCommandError of the own orderer, where none takes it
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
  /channel does not exist|SERVICE_UNAVAILABLE|orderer client failed to connect/.test(error.message);

async function approve(agreement: Agreement, sequence: number): Promise<void> {
  const { package: own } = agreement;
  const flags = [...definitionFlags(agreement, sequence), '--package-id', own.id];
  try {
    await sendThrough(agreement, 'approveformyorg', flags);
  } catch (error) {
    const isThere = error instanceof FabricCommandError && error.message.includes('unchanged content');
    if (!isThere) throw error;
  }
}

/** MSP ids of those that have not approved. */
async function missingApprovals(agreement: Agreement): Promise<string[]> {
  const { layout, commands } = agreement;
  const flags = [...definitionFlags(agreement, FIRST_SEQUENCE), '--output', 'json'];
  const said = await commands.peer(layout.peer, 'lifecycle', 'chaincode', 'checkcommitreadiness', ...flags);
  const { approvals } = JSON.parse(said) as { approvals: Readonly<Record<string, boolean>> };
  return layout.fabric.peers.map(({ mspId }) => mspId).filter((mspId) => approvals[mspId] !== true);
}

/** At the peers of those that approved: each runs, and a majority of organisations must endorse it. */
async function commit(agreement: Agreement, missing: readonly string[]): Promise<void> {
  const { layout } = agreement;
  const peers = layout.fabric.peers
    .filter(({ mspId }) => !missing.includes(mspId))
    .flatMap(({ host, port, tls }) => ['--peerAddresses', `${host}:${port}`, '--tlsRootCertFiles', tls.root]);
  await sendThrough(agreement, 'commit', [...definitionFlags(agreement, FIRST_SEQUENCE), ...peers]);
}
