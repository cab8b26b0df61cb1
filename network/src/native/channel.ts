// Makes the channel's first block once, and has every orderer and peer that is not in the channel yet join it.
import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { stringify } from 'yaml';
import { writeWhole } from '../state-file.ts';
import { channelConfiguration, PROFILE } from './channel-configuration.ts';
import type { FabricCommands } from './fabric-commands.ts';
import type { FabricLayout } from './layout.ts';

/** New orderers and peers answer at once; a loaded machine may take a while. */
const JOIN_MS = 60_000;

export async function makeGenesisBlock(
  commands: FabricCommands,
  layout: FabricLayout,
  capability: 'V3_0' | 'V2_0',
): Promise<void> {
  const { genesisBlock, channel } = layout;
  if (existsSync(genesisBlock)) return;
  const folder = dirname(genesisBlock);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeWhole(
    `${folder}/configtx.yaml`,
    stringify(channelConfiguration(layout, capability), { aliasDuplicateObjects: false }),
  );
  const where = ['-configPath', folder, '-outputBlock', genesisBlock];
  await commands.run('configtxgen', { parameters: ['-profile', PROFILE, '-channelID', channel, ...where] });
}

export async function joinOrderers(
  commands: FabricCommands,
  { orderers, channel, genesisBlock }: FabricLayout,
): Promise<void> {
  await Promise.all(
    orderers.map((orderer) =>
      commands.insist(JOIN_MS, async () => {
        const { channels } = (await commands.osnadmin(orderer, 'channel', 'list')) as {
          readonly channels: readonly { readonly name: string }[] | null;
        };
        if (channels?.some(({ name }) => name === channel)) return;
        const block = ['--channelID', channel, '--config-block', genesisBlock];
        await commands.osnadmin(orderer, 'channel', 'join', ...block);
      }),
    ),
  );
}

export async function joinPeers(
  commands: FabricCommands,
  { peers, channel, genesisBlock }: FabricLayout,
): Promise<void> {
  await Promise.all(
    peers.map((peer) =>
      commands.insist(JOIN_MS, async () => {
        const listed = await commands.peer(peer, 'channel', 'list');
        if (listed.split('\n').some((line) => line.trim() === channel)) return;
        await commands.peer(peer, 'channel', 'join', '--blockpath', genesisBlock);
      }),
    ),
  );
}
