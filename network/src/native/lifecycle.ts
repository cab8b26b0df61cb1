// Fabric's chaincode lifecycle: each organisation installs its package and approves the definition, and one
// commits it. What is deployed already stays; a changed policy, version or address goes one step further.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from '../state-file.ts';
import type { ChaincodePackage } from './chaincode-package.ts';
import { FabricCommandError, type FabricCommands } from './fabric-commands.ts';
import type { FabricLayout, PeerNode } from './layout.ts';

/** Raft elects its first leader within some seconds; approvals reach the other peers a little later. */
const AGREE_MS = 60_000;

export interface Deployment {
  readonly name: string;
  readonly version: string;
  /** `MAJORITY`: the channel's own endorsement policy; otherwise a signature policy. */
  readonly policy: string;
  readonly packages: ReadonlyMap<string, ChaincodePackage>;
}

interface Deployed {
  readonly version: string;
  readonly policy: string;
  readonly sequence: number;
  readonly packageIds: Readonly<Record<string, string>>;
}

export async function deploy(
  commands: FabricCommands,
  layout: FabricLayout,
  { name, version, policy, packages }: Deployment,
): Promise<void> {
  const { directory, channel, peers } = layout;
  const record = join(directory, 'deployed', `${name}.json`);
  const before = existsSync(record) ? (JSON.parse(readFileSync(record, 'utf8')) as Deployed) : undefined;
  const packageIds = Object.fromEntries([...packages].map(([mspId, { id }]) => [mspId, id]));
  const same = before?.version === version && before.policy === policy;
  if (same && peers.every(({ mspId }) => before.packageIds[mspId] === packageIds[mspId])) return;

  await Promise.all(peers.map((peer) => install(commands, peer, { directory, name, packages })));
  const committed = await committedSequence(commands, layout, name);
  // A definition that was committed before its record was written counts as the record's.
  const sequence = same ? before.sequence : (before?.sequence ?? 0) + 1;
  const policyFlags = policy === 'MAJORITY' ? [] : ['--signature-policy', policy];
  const definition = ['--channelID', channel, '--name', name, '--version', version];
  const flags = [...commands.toOrderer, ...definition, '--sequence', String(sequence), ...policyFlags];
  const approve = async (peer: PeerNode) => {
    const id = ['--package-id', packageIds[peer.mspId]!];
    try {
      await commands.peer(peer, 'lifecycle', 'chaincode', 'approveformyorg', ...flags, ...id);
    } catch (error) {
      const approved = error instanceof FabricCommandError && error.message.includes('unchanged content');
      if (!approved) throw error;
    }
  };
  await Promise.all(peers.map((peer) => commands.insist(AGREE_MS, () => approve(peer))));
  if (committed < sequence) {
    await commands.insist(AGREE_MS, () =>
      commands.peer(peers[0]!, 'lifecycle', 'chaincode', 'commit', ...flags, ...commands.toAllPeers),
    );
  }
  writeWhole(record, `${JSON.stringify({ version, policy, sequence, packageIds }, null, 2)}\n`);
}

async function install(
  commands: FabricCommands,
  peer: PeerNode,
  { directory, name, packages }: { directory: string; name: string; packages: Deployment['packages'] },
): Promise<void> {
  const { id, bytes } = packages.get(peer.mspId)!;
  if ((await commands.peer(peer, 'lifecycle', 'chaincode', 'queryinstalled')).includes(id)) return;
  const folder = join(directory, 'packages');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}-${peer.organisation.name}.tar.gz`);
  writeFileSync(file, bytes);
  await commands.peer(peer, 'lifecycle', 'chaincode', 'install', file);
}

/** 0 where there is no definition yet. */
async function committedSequence(
  commands: FabricCommands,
  { channel, peers }: FabricLayout,
  name: string,
): Promise<number> {
  const asked = ['querycommitted', '--channelID', channel, '--output', 'json'];
  const answer = JSON.parse(await commands.peer(peers[0]!, 'lifecycle', 'chaincode', ...asked)) as {
    chaincode_definitions?: { name: string; sequence: number }[];
  };
  return answer.chaincode_definitions?.find((one) => one.name === name)?.sequence ?? 0;
}
