// How hospitals come to one first block that nobody made alone: the first of consortium.yaml computes it from all
// public definitions, and each other computes it too and accepts only a block that says the same.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual, promisify } from 'node:util';
import { InputError } from '@consilium/command-line';
import { genesisDigest } from '@consilium/verify';
import { stringify } from 'yaml';
import { channelConfiguration, PROFILE } from '../native/channel-configuration.ts';
import type { FabricLayout } from '../native/layout.ts';
import { writeWhole, writeWholeBytes } from '../state-file.ts';
import { administratorOf, type Definition, keepDefinition, readDefinitions } from './definition.ts';
import type { Hospital } from './hospital-file.ts';
import type { HospitalLayout } from './hospital-layout.ts';
import { definitionFile, genesisFile, putIntoMailbox, sealedKeyFile } from './mailbox.ts';
import { readSigned, signFile } from './signed-file.ts';
import { newSwarmKey, type Sealed, sealTo, swarmKeyFile, unseal } from './swarm-key.ts';

/** What founding is to the commands of one hospital. */
export interface Founding {
  /** The first block, from what the layout names of every organisation. */
  makeBlock(layout: FabricLayout): Promise<Uint8Array>;
  /** How a block differs from the one that would be made here; undefined where it says the same. */
  differenceOf(block: Uint8Array, layout: FabricLayout): Promise<string | undefined>;
}

interface Programs {
  readonly configtxgen: string;
  readonly configtxlator: string;
}

/** Computes the block by `configtxgen`, and compares two as `configtxlator` reads them. */
export function foundingByConfigtxgen({ configtxgen, configtxlator }: Programs): Founding {
  const makeBlock = async (layout: FabricLayout) => {
    const folder = temporaryIn(layout.directory);
    try {
      const configuration = channelConfiguration(layout, 'V3_0');
      writeWhole(join(folder, 'configtx.yaml'), stringify(configuration, { aliasDuplicateObjects: false }));
      const file = join(folder, 'genesis.block');
      const where = ['-configPath', folder, '-outputBlock', file];
      await run(configtxgen, ['-profile', PROFILE, '-channelID', layout.channel, ...where]);
      return readFileSync(file);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
  const decode = async (block: Uint8Array, { directory }: FabricLayout): Promise<BlockText> => {
    const folder = temporaryIn(directory);
    try {
      const file = join(folder, 'block');
      writeWholeBytes(file, block);
      const text = join(folder, 'text');
      const where = ['--input', file, '--output', text];
      await run(configtxlator, ['proto_decode', '--type', 'common.Block', ...where]);
      return JSON.parse(readFileSync(text, 'utf8')) as BlockText;
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
  return {
    makeBlock,
    async differenceOf(block, layout) {
      const [given, own] = [await decode(block, layout), await decode(await makeBlock(layout), layout)];
      return difference(saidBy(given), saidBy(own), 'block');
    },
  };
}

interface BlockText {
  readonly header: { readonly number?: string; readonly previous_hash?: string | null };
  readonly data: { readonly data: readonly EnvelopeText[] };
}
interface EnvelopeText {
  readonly payload: {
    readonly data: unknown;
    readonly header: { readonly channel_header: Readonly<Record<string, unknown>> };
  };
  readonly signature?: string | null;
}

/** All that a first block says but its time, its nonce and what follows from them. */
function saidBy({ header, data }: BlockText) {
  return {
    number: header.number ?? '0',
    previous: header.previous_hash ?? null,
    transactions: data.data.map(({ payload, signature }) => {
      const { timestamp: _, tx_id: __, ...channel } = payload.header.channel_header;
      return { channel, configuration: payload.data, signature: signature ?? null };
    }),
  };
}

/** The first place where two values differ. */
function difference(given: unknown, own: unknown, place: string): string | undefined {
  if (isDeepStrictEqual(given, own)) return undefined;
  const areObjects = [given, own].every((one) => typeof one === 'object' && one !== null);
  if (!areObjects) return place;
  const [left, right] = [given, own] as [Record<string, unknown>, Record<string, unknown>];
  for (const key of new Set([...Object.keys(right), ...Object.keys(left)])) {
    const found = difference(left[key], right[key], `${place}.${key}`);
    if (found !== undefined) return found;
  }
  return place;
}

const temporaryIn = (directory: string): string => {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return mkdtempSync(join(directory, 'founding-'));
};

async function run(program: string, parameters: readonly string[]): Promise<void> {
  const { PATH = '', HOME = '' } = process.env;
  const options = { env: { PATH, HOME, FABRIC_LOGGING_SPEC: 'error' } };
  await promisify(execFile)(program, [...parameters], options);
}

export interface Founded {
  readonly genesisSha256: string;
  /** Whether it was made here. */
  readonly made: boolean;
}

const KIND = 'swarm key';

/**
 * Takes up every organisation's definition, and makes the first block and the swarm's key, or accepts them from the
 * organisation that consortium.yaml names first. A block that was accepted once is never replaced.
 *
 * @throws InputError saying what is missing, not believed or different.
 */
export async function found(
  hospital: Hospital,
  layout: HospitalLayout,
  founding: Founding,
): Promise<Founded> {
  const { consortium, file, own } = hospital;
  const definitions = readDefinitions(consortium, file.mailbox);
  for (const definition of definitions) {
    if (definition.mspId !== own.mspId) keepDefinition(definition, layout.directory);
    const signed = readFileSync(definitionFile(file.mailbox, definition.mspId), 'utf8');
    writeWhole(definitionFile(join(layout.directory, 'definitions'), definition.mspId), signed);
  }
  const founder = definitions[0]!;
  const isFounder = founder.mspId === own.mspId;
  const { genesisBlock } = layout.fabric;
  if (!existsSync(genesisBlock)) {
    const block = isFounder
      ? await founding.makeBlock(layout.fabric)
      : await acceptBlock(genesisFile(file.mailbox), founder, { layout, founding });
    mkdirSync(dirname(genesisBlock), { recursive: true, mode: 0o700 });
    writeWholeBytes(genesisBlock, block);
  }
  if (isFounder) {
    putIntoMailbox(genesisFile(file.mailbox), readFileSync(genesisBlock));
    shareSwarmKey(hospital, layout, definitions);
  } else if (!existsSync(swarmKeyFile(layout.ipfsRepo))) {
    const path = sealedKeyFile(file.mailbox, own.mspId);
    if (!existsSync(path))
      throw new InputError(`${path} is not there: ${founder.mspId} runs \`hospital found\` first`);
    const signer = { mspId: founder.mspId, rootSha256: consortium.organisations[0]!.roots!.identity };
    const sealed = readSigned(path, KIND, signer, () => founder.identityRoot) as Sealed;
    const swarmKey = unseal(sealed, { mspId: own.mspId, keyFile: layout.exchangeKey });
    writeWhole(swarmKeyFile(layout.ipfsRepo), swarmKey, 0o600);
  }
  return { genesisSha256: genesisDigest(readFileSync(genesisBlock)), made: isFounder };
}

async function acceptBlock(
  path: string,
  founder: Definition,
  { layout, founding }: { readonly layout: HospitalLayout; readonly founding: Founding },
): Promise<Uint8Array> {
  if (!existsSync(path)) {
    throw new InputError(`${path} is not there: ${founder.mspId} runs \`hospital found\` first`);
  }
  const block = readFileSync(path);
  const different = await founding.differenceOf(block, layout.fabric);
  if (different !== undefined) {
    throw new InputError(
      `${path} is not what consortium.yaml and the definitions say (at ${different}): ask ${founder.mspId}, and ` +
        'compare the digest of consortium.yaml with it',
    );
  }
  return block;
}

function shareSwarmKey(hospital: Hospital, layout: HospitalLayout, definitions: readonly Definition[]): void {
  const { file, own } = hospital;
  const swarmKey = swarmKeyFile(layout.ipfsRepo);
  if (!existsSync(swarmKey)) writeWhole(swarmKey, newSwarmKey(), 0o600);
  for (const definition of definitions) {
    const path = sealedKeyFile(file.mailbox, definition.mspId);
    if (definition.mspId === own.mspId || existsSync(path)) continue;
    const sealed = sealTo(definition, readFileSync(swarmKey, 'utf8'));
    putIntoMailbox(path, signFile(KIND, sealed, administratorOf(layout)));
  }
}
