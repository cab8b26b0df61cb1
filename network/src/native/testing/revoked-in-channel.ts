// Who is revoked in a channel of real Fabric: a list of an organisation's authority in the channel's configuration.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FabricCommands } from '../fabric-commands.ts';
import type { FabricLayout, PeerNode } from '../layout.ts';

interface Group {
  readonly groups: Record<string, Group>;
  readonly values: Record<string, { readonly value: { readonly config: Record<string, unknown> } }>;
}

/** Where the update is made: by an organisation's administrator, who may change the organisation's own part. */
interface Place {
  readonly commands: FabricCommands;
  readonly layout: FabricLayout;
  readonly peer: PeerNode;
}

/** @param list in PEM; the organisation's only one from now on */
export async function revokeInChannel(list: Uint8Array, { commands, layout, peer }: Place): Promise<void> {
  const { channel } = layout;
  const folder = mkdtempSync(join(tmpdir(), 'consilium-revoking-'));
  try {
    const block = join(folder, 'config.block');
    await commands.peer(peer, 'channel', 'fetch', 'config', block, '-c', channel, ...commands.toOrderer);
    const { data } = await commands.decode<{
      data: { data: { payload: { data: { config: { channel_group: Group } } } }[] };
    }>('common.Block', readFileSync(block));
    const { config } = data.data[0]!.payload.data;
    const original = await commands.encode('common.Config', config);
    const definition = config.channel_group.groups.Application!.groups[peer.mspId]!.values.MSP!;
    definition.value.config.revocation_list = [Buffer.from(list).toString('base64')];
    const updated = await commands.encode('common.Config', config);
    const pair = { original, updated };
    const update = await commands.translate(['compute_update', '--channel_id', channel], pair);
    const payload = {
      header: { channel_header: { channel_id: channel, type: 2 } },
      data: { config_update: await commands.decode('common.ConfigUpdate', update) },
    };
    const file = join(folder, 'update.pb');
    writeFileSync(file, await commands.encode('common.Envelope', { payload }));
    const sent = ['--channelID', channel, '--file', file, ...commands.toOrderer];
    await commands.peer(peer, 'channel', 'update', ...sent);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
