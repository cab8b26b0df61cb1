// Holds a consortium.yaml against the channel that it belongs to, before anything of it is started and once the peers
// can be asked: what cannot be done by starting processes is refused, the cutting of blocks is updated, and the rest is
// said.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { writeWholeBytes } from '../state-file.ts';
import { channelConfiguration, PROFILE } from './channel-configuration.ts';
import {
  type BlockCutting,
  blockCuttingDifferences,
  blockCuttingOf,
  type ChannelConfig,
  type ChannelShape,
  type ConfigurationBlock,
  configOf,
  type Difference,
  otherDifferences,
  shapeDifferences,
  shapeOf,
  withBlockCutting,
} from './channel-words.ts';
import type { FabricCommands } from './fabric-commands.ts';
import type { FabricVersion } from './fabric-version.ts';
import { type FabricLayout, HOST } from './layout.ts';

/** Orderers that just started may have no leader yet, and a loaded machine takes a while. */
const UPDATE_MS = 60_000;

/** The channel is not what the file says, and starting processes cannot make it so. */
export class DifferentChannelError extends Error {
  override readonly name = 'DifferentChannelError';

  constructor(differences: readonly Difference[], as: string) {
    const lines = differences.map(({ words, remedy }) => `  ${words} → ${remedy}`);
    super(`consortium.yaml is not that of the channel (${as}):\n${lines.join('\n')}`);
  }
}

const shapeWanted = ({ channel, ordering, orderers, peers }: FabricLayout): ChannelShape => ({
  channel,
  ordering,
  orderers: orderers.map(({ port }) => `${HOST}:${port}`),
  organisations: peers.map(({ mspId }) => mspId),
});

const cuttingWanted = ({ batchTimeoutMs, maxMessageCount }: FabricLayout): BlockCutting => ({
  timeout: durationText(batchTimeoutMs),
  maxMessageCount,
});

/** As Go writes it, and so configtxgen: 200ms, 1.5s, 1m0s. */
export function durationText(ms: number): string {
  if (ms < 1000) return `${ms}ms`;
  const seconds = `${(ms % 60_000) / 1000}s`;
  return ms < 60_000 ? seconds : `${Math.floor(ms / 60_000)}m${seconds}`;
}

/** The channel's newest configuration block at the last start. */
const copyOf = ({ directory }: FabricLayout): string => join(directory, 'channel/configuration.block');

/**
 * Before anything is written or started: against the configuration at the last start, or the first one.
 *
 * @throws DifferentChannelError
 */
export async function refuseOtherChannel(commands: FabricCommands, layout: FabricLayout): Promise<void> {
  const file = [copyOf(layout), layout.genesisBlock].find((one) => existsSync(one));
  if (file === undefined) return;
  const block = await commands.decode<ConfigurationBlock>('common.Block', readFileSync(file));
  const differences = shapeDifferences(shapeOf(block), shapeWanted(layout));
  if (differences.length === 0) return;
  const as = 'as it was at the last start: if it was changed since, start it once more with the file of then';
  throw new DifferentChannelError(differences, as);
}

/**
 * Against the channel itself, as the peers have it.
 *
 * @throws DifferentChannelError, FabricCommandError
 */
export async function agreeWithChannel(
  commands: FabricCommands,
  layout: FabricLayout,
  options: { readonly version: FabricVersion; readonly report: (line: string) => void },
): Promise<void> {
  const { version, report } = options;
  const { block, bytes } = await newestConfiguration(commands, layout);
  writeWholeBytes(copyOf(layout), bytes);
  const differences = shapeDifferences(shapeOf(block), shapeWanted(layout));
  if (differences.length > 0) throw new DifferentChannelError(differences, 'as its peers have it now');
  const config = configOf(block);
  const made = await configurationMade(commands, layout, version);
  for (const { words, remedy } of otherDifferences(config, made)) report(`${words} → ${remedy}`);
  const wanted = cuttingWanted(layout);
  const cutting = blockCuttingDifferences(blockCuttingOf(config), wanted);
  if (cutting.length === 0) return;
  for (const words of cutting) report(`${words}: the configuration of the channel is updated`);
  await updateConfiguration(commands, layout, { from: config, to: withBlockCutting(config, wanted) });
  writeWholeBytes(copyOf(layout), (await newestConfiguration(commands, layout)).bytes);
}

interface Fetched {
  readonly bytes: Uint8Array;
  readonly block: ConfigurationBlock;
}

/** Of all peers' the one with the highest sequence: a peer that was away has an older one until it caught up. */
async function newestConfiguration(commands: FabricCommands, layout: FabricLayout): Promise<Fetched> {
  const all = await Promise.all(
    layout.peers.map((peer) =>
      commands.insist(UPDATE_MS, async () => {
        const bytes = await commands.inFolder(async (folder) => {
          const fetched = join(folder, 'configuration.block');
          await commands.peer(peer, 'channel', 'fetch', 'config', fetched, '--channelID', layout.channel);
          return readFileSync(fetched);
        });
        return { bytes, block: await commands.decode<ConfigurationBlock>('common.Block', bytes) };
      }),
    ),
  );
  const sequence = ({ block }: Fetched) => Number(configOf(block).sequence);
  return all.reduce((newest, one) => (sequence(one) > sequence(newest) ? one : newest));
}

/** What the channel's first configuration would be today. */
async function configurationMade(
  commands: FabricCommands,
  layout: FabricLayout,
  version: FabricVersion,
): Promise<ChannelConfig> {
  return commands.inFolder(async (folder) => {
    const text = stringify(channelConfiguration(layout, version.channelCapability), {
      aliasDuplicateObjects: false,
    });
    writeFileSync(join(folder, 'configtx.yaml'), text);
    const block = join(folder, 'made.block');
    const where = ['-configPath', folder, '-outputBlock', block];
    const profile = ['-profile', PROFILE, '-channelID', layout.channel];
    await commands.run('configtxgen', { parameters: [...profile, ...where] });
    return configOf(await commands.decode<ConfigurationBlock>('common.Block', readFileSync(block)));
  });
}

/** By the administrators of a majority of the orderers, whose section it is. @throws FabricCommandError */
async function updateConfiguration(
  commands: FabricCommands,
  layout: FabricLayout,
  { from, to }: { readonly from: ChannelConfig; readonly to: ChannelConfig },
): Promise<void> {
  const { channel, orderers, peers } = layout;
  const update = await commands.translate(['compute_update', '--channel_id', channel], {
    original: await commands.encode('common.Config', from),
    updated: await commands.encode('common.Config', to),
  });
  const envelope = await commands.encode('common.Envelope', {
    payload: {
      header: { channel_header: { channel_id: channel, type: 2 } },
      data: { config_update: await commands.decode<object>('common.ConfigUpdate', update) },
    },
  });
  await commands.inFolder(async (folder) => {
    const file = join(folder, 'update.pb');
    writeFileSync(file, envelope);
    const majority = orderers.slice(0, Math.floor(orderers.length / 2) + 1);
    const as = ({ mspId, organisationDir }: (typeof orderers)[number], ...parameters: string[]) =>
      commands.run('peer', {
        parameters,
        environment: {
          FABRIC_CFG_PATH: peers[0]!.home,
          CORE_PEER_LOCALMSPID: mspId,
          CORE_PEER_MSPCONFIGPATH: join(organisationDir, 'users/admin/msp'),
        },
      });
    for (const signer of majority.slice(1)) await as(signer, 'channel', 'signconfigtx', '-f', file);
    const flags = ['-f', file, '--channelID', channel, ...commands.toOrderer];
    await commands.insist(UPDATE_MS, () => as(majority[0]!, 'channel', 'update', ...flags));
  });
}
