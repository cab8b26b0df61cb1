// Fabric's chaincode lifecycle: each organisation installs its package and approves the definition, and one commits
// it. What to do is found by asking each peer, since a peer whose disk was emptied catches up with the channel and has
// neither its package nor its organisation's approval, which no block holds.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MAJORITY } from '../config.ts';
import { canonicalRule, parseSignaturePolicy } from '../signature-policy.ts';
import type { ChaincodePackage } from './chaincode-package.ts';
import { FabricCommandError, type FabricCommands } from './fabric-commands.ts';
import type { FabricLayout, PeerNode } from './layout.ts';
import { type ApplicationPolicy, endorsementRuleOf } from './policy-words.ts';

/** Raft elects its first leader within some seconds; approvals reach the other peers a little later. */
const AGREE_MS = 60_000;
/** A new definition, one more where approvals of it were lost before its commit, and the look that all is well. */
const LOOKS_MAX = 4;

export interface Deployment {
  readonly name: string;
  readonly version: string;
  /** `MAJORITY`: the channel's own endorsement policy; otherwise a signature policy. */
  readonly policy: string;
  readonly packages: ReadonlyMap<string, ChaincodePackage>;
}

/** What the channel has agreed on, as a peer says it. */
interface Committed {
  readonly sequence: number;
  readonly version: string;
  /** As `canonicalPolicy` writes it. */
  readonly policy: string;
}

/** One organisation's part, as its own peer says it. */
interface PeerState {
  readonly peer: PeerNode;
  readonly installed: boolean;
  /** The package that runs the committed definition; `lost` where the peer misses its organisation's own approval. */
  readonly approved: string | 'lost' | undefined;
}

export interface DeployPlace {
  readonly commands: FabricCommands;
  readonly layout: FabricLayout;
  /** Called with what was found missing and is repaired, for people. */
  readonly report: (line: string) => void;
}

/**
 * Returns when every organisation's peer has its package, its approval, and the definition.
 *
 * @throws FabricCommandError
 */
export async function deploy(place: DeployPlace, deployment: Deployment): Promise<void> {
  const { name, version, packages } = deployment;
  const { layout, report } = place;
  const wanted = canonicalPolicy(deployment.policy);
  for (let look = 1; ; look += 1) {
    const committed = await committedEverywhere(place, name);
    const states = await Promise.all(layout.peers.map((peer) => stateOf(place, deployment, peer, committed)));
    const isNew = committed === undefined;
    await Promise.all(
      states
        .filter(({ installed }) => !installed)
        .map(async ({ peer }) => {
          if (!isNew)
            report(`the peer of ${peer.organisation.name} had no ${name} installed: installed again`);
          await install(place, deployment, peer);
        }),
    );
    const lost = states.filter(({ approved }) => approved === 'lost');
    const same = committed?.version === version && committed.policy === wanted;
    if (same && lost.length === 0) {
      const other = states.filter(({ peer, approved }) => approved !== packages.get(peer.mspId)!.id);
      if (other.length > 0) await approve(place, deployment, { sequence: committed.sequence, peers: other });
      return;
    }
    if (look === LOOKS_MAX) {
      const names = lost.map(({ peer }) => peer.organisation.name).join(', ');
      throw new FabricCommandError(
        `${name} is at sequence ${committed?.sequence ?? 0}, and ${names} misses its approval`,
      );
    }
    const sequence = (committed?.sequence ?? 0) + 1;
    if (same) {
      const names = lost.map(({ peer }) => peer.organisation.name).join(', ');
      report(
        `the peer of ${names} had lost its organisation's approval of ${name}, which cannot be given again: ` +
          `all approve the same definition as sequence ${sequence}`,
      );
    } else if (committed !== undefined) {
      report(
        `${name} has another version or policy than on the channel: all approve it as sequence ${sequence}`,
      );
    }
    await approve(place, deployment, { sequence, peers: states });
    await commit(place, deployment, sequence);
  }
}

const canonicalPolicy = (policy: string): string =>
  policy === MAJORITY ? MAJORITY : canonicalRule(parseSignaturePolicy(policy));

/** The newest definition that any peer has, once all have it: a peer that was away catches up first. */
async function committedEverywhere(
  { commands, layout }: DeployPlace,
  name: string,
): Promise<Committed | undefined> {
  return commands.insist(AGREE_MS, async () => {
    const found = await Promise.all(
      layout.peers.map((peer) => committedAt(commands, layout.channel, { peer, name })),
    );
    const newest = Math.max(...found.map((one) => one?.sequence ?? 0));
    const behind = layout.peers.filter((_, at) => (found[at]?.sequence ?? 0) < newest);
    if (behind.length > 0) {
      const names = behind.map(({ organisation }) => organisation.name).join(', ');
      throw new FabricCommandError(
        `the peer of ${names} has not caught up with sequence ${newest} of ${name}`,
      );
    }
    return found[0];
  });
}

async function committedAt(
  commands: FabricCommands,
  channel: string,
  { peer, name }: { readonly peer: PeerNode; readonly name: string },
): Promise<Committed | undefined> {
  const { chaincode_definitions: all = [] } = await ask<{ chaincode_definitions?: Definition[] }>(
    commands,
    peer,
    'querycommitted',
    '--channelID',
    channel,
  );
  const found = all.find((one) => one.name === name);
  if (found === undefined) return undefined;
  const policy = await commands.decode<ApplicationPolicy>(
    'protos.ApplicationPolicy',
    Buffer.from(found.validation_parameter, 'base64'),
  );
  return { sequence: found.sequence, version: found.version, policy: endorsementRuleOf(policy) };
}

interface Definition {
  readonly name: string;
  readonly sequence: number;
  readonly version: string;
  readonly validation_parameter: string;
}

async function ask<T>(commands: FabricCommands, peer: PeerNode, ...question: readonly string[]): Promise<T> {
  return JSON.parse(
    await commands.peer(peer, 'lifecycle', 'chaincode', ...question, '--output', 'json'),
  ) as T;
}

async function stateOf(
  { commands, layout }: DeployPlace,
  { name, packages }: Deployment,
  peer: PeerNode,
  committed: Committed | undefined,
): Promise<PeerState> {
  const { installed_chaincodes: list = [] } = await ask<{
    installed_chaincodes?: readonly { readonly package_id: string }[];
  }>(commands, peer, 'queryinstalled');
  const wanted = packages.get(peer.mspId)!.id;
  const installed = list.some(({ package_id: id }) => id === wanted);
  if (committed === undefined) return { peer, installed, approved: undefined };
  const definition = [
    '--channelID',
    layout.channel,
    '--name',
    name,
    '--sequence',
    String(committed.sequence),
  ];
  try {
    const { source } = await ask<Approval>(commands, peer, 'queryapproved', ...definition);
    return { peer, installed, approved: source?.Type?.LocalPackage?.package_id };
  } catch (error) {
    if (!(error instanceof FabricCommandError)) throw error;
    if (isLost(error)) return { peer, installed, approved: 'lost' };
    // Committed by the others without this organisation.
    if (NOT_APPROVED.test(error.message)) return { peer, installed, approved: undefined };
    throw error;
  }
}

interface Approval {
  readonly source?: { readonly Type?: { readonly LocalPackage?: { readonly package_id: string } } };
}

const NOT_APPROVED = /could not fetch approved chaincode definition/;
const isLost = (error: unknown): boolean =>
  error instanceof FabricCommandError &&
  error.message.includes('private data matching public hash version is not available');

interface Step {
  readonly sequence: number;
  readonly peers: readonly { readonly peer: PeerNode }[];
}

const definitionFlags = (
  { commands, layout }: DeployPlace,
  { name, version, policy }: Deployment,
  sequence: number,
): string[] => [
  ...commands.toOrderer,
  ...['--channelID', layout.channel, '--name', name, '--version', version, '--sequence', String(sequence)],
  ...(policy === MAJORITY ? [] : ['--signature-policy', policy]),
];

/** Approvals that were lost before their sequence was committed are left out: the others may commit it without them. */
async function approve(place: DeployPlace, deployment: Deployment, { sequence, peers }: Step): Promise<void> {
  const { commands } = place;
  const flags = definitionFlags(place, deployment, sequence);
  await Promise.all(
    peers.map(({ peer }) =>
      commands.insist(AGREE_MS, async () => {
        const id = ['--package-id', deployment.packages.get(peer.mspId)!.id];
        try {
          await commands.peer(peer, 'lifecycle', 'chaincode', 'approveformyorg', ...flags, ...id);
        } catch (error) {
          const approved = error instanceof FabricCommandError && error.message.includes('unchanged content');
          if (!approved && !isLost(error)) throw error;
        }
      }),
    ),
  );
}

async function commit(place: DeployPlace, deployment: Deployment, sequence: number): Promise<void> {
  const { commands, layout } = place;
  const flags = [...definitionFlags(place, deployment, sequence), ...commands.toAllPeers];
  await commands.insist(AGREE_MS, () =>
    commands.peer(layout.peers[0]!, 'lifecycle', 'chaincode', 'commit', ...flags),
  );
}

async function install(
  { commands, layout }: DeployPlace,
  { name, packages }: Deployment,
  peer: PeerNode,
): Promise<void> {
  const folder = join(layout.directory, 'packages');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}-${peer.organisation.name}.tar.gz`);
  writeFileSync(file, packages.get(peer.mspId)!.bytes);
  await commands.peer(peer, 'lifecycle', 'chaincode', 'install', file);
}
