// Removes one organisation from a channel by an update of its configuration that a majority of the organisations'
// administrators sign, as an operator's ceremony does: what CONSILIUM_REMOVE names. Everything it needs to know is in a
// file that the judge wrote.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { EXIT } from '@consilium/command-line';

/** What the judge writes down for this program. */
export interface RemovalPlace {
  readonly channel: string;
  readonly peerProgram: string;
  readonly configtxlator: string;
  readonly toOrderer: readonly string[];
  readonly peers: readonly { readonly mspId: string; readonly home: string; readonly adminMspDir: string }[];
}

interface ChannelConfig {
  readonly channel_group: {
    readonly groups: { readonly Application: { readonly groups: Record<string, unknown> } };
  };
}

const run = async (
  program: string,
  parameters: readonly string[],
  environment: Record<string, string> = {},
) => {
  const { PATH = '', HOME = '' } = process.env;
  const env = { PATH, HOME, FABRIC_LOGGING_SPEC: 'error', ...environment };
  const { stdout } = await promisify(execFile)(program, [...parameters], {
    env,
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout;
};

async function remove(place: RemovalPlace, mspId: string): Promise<void> {
  const { channel, peerProgram, configtxlator, toOrderer, peers } = place;
  const folder = mkdtempSync(join(tmpdir(), 'consilium-removal-'));
  const file = (name: string) => join(folder, name);
  const as = (index: number, ...parameters: string[]) => {
    const { home, adminMspDir } = peers[index]!;
    return run(peerProgram, parameters, { FABRIC_CFG_PATH: home, CORE_PEER_MSPCONFIGPATH: adminMspDir });
  };
  const decode = async (type: string, from: string): Promise<unknown> => {
    const out = ['--output', file('out.json')];
    await run(configtxlator, ['proto_decode', '--type', type, '--input', file(from), ...out]);
    return JSON.parse(readFileSync(file('out.json'), 'utf8'));
  };
  const encode = async (type: string, value: unknown, to: string) => {
    writeFileSync(file('in.json'), JSON.stringify(value));
    await run(configtxlator, [
      'proto_encode',
      '--type',
      type,
      '--input',
      file('in.json'),
      '--output',
      file(to),
    ]);
  };
  try {
    await as(0, 'channel', 'fetch', 'config', file('config.block'), '-c', channel, ...toOrderer);
    const block = (await decode('common.Block', 'config.block')) as {
      data: { data: { payload: { data: { config: ChannelConfig } } }[] };
    };
    const { config } = block.data.data[0]!.payload.data;
    const { groups } = config.channel_group.groups.Application;
    const signers = peers
      .map((_, index) => index)
      .filter((index) => peers[index]!.mspId !== mspId && Object.hasOwn(groups, peers[index]!.mspId));
    const needed = Math.floor(Object.keys(groups).length / 2) + 1;
    await encode('common.Config', config, 'before.pb');
    delete groups[mspId];
    await encode('common.Config', config, 'after.pb');
    const pair = ['--original', file('before.pb'), '--updated', file('after.pb')];
    await run(configtxlator, [
      'compute_update',
      '--channel_id',
      channel,
      ...pair,
      '--output',
      file('update.pb'),
    ]);
    const update = await decode('common.ConfigUpdate', 'update.pb');
    const header = { channel_header: { channel_id: channel, type: 2 } };
    const data = { config_update: update };
    await encode('common.Envelope', { payload: { header, data } }, 'envelope.pb');
    for (const signer of signers.slice(0, needed - 1)) {
      await as(signer, 'channel', 'signconfigtx', '-f', file('envelope.pb'));
    }
    const sender = signers[needed - 1]!;
    await as(sender, 'channel', 'update', '-f', file('envelope.pb'), '-c', channel, ...toOrderer);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const [placeFile, mspId] = process.argv.slice(2);
if (placeFile === undefined || mspId === undefined) {
  process.stderr.write('usage: node remove-organisation.js PLACE.json MSPID\n');
  process.exitCode = EXIT.unusable;
} else await remove(JSON.parse(readFileSync(placeFile, 'utf8')) as RemovalPlace, mspId);
