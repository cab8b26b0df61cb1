// How hospitals come to one first block that nobody made alone: each takes up all public definitions and computes the
// block itself. The same definitions make the same bytes, so one digest, compared by telephone, shows that all agree.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { InputError } from '@consilium/command-line';
import { genesisDigest } from '@consilium/verify';
import { firstBlock } from '../ceremonies/founding.ts';
import { writeWhole, writeWholeBytes } from '../state-file.ts';
import { keepAgreed } from './agreed-changes.ts';
import { channelDefinitions } from './channel-definition.ts';
import { type Definition, keepDefinition, readDefinitions } from './definition.ts';
import type { Hospital } from './hospital-file.ts';
import type { HospitalLayout } from './hospital-layout.ts';
import { definitionFile, sealedKeyFile } from './mailbox.ts';
import { newSwarmKey, swarmKeyFile } from './swarm-key.ts';
import { receiveSwarmKey, sendSwarmKey } from './swarm-key-travel.ts';

/**
 * Takes up every organisation's definition, computes the first block, and makes the private swarm's key where
 * consortium.yaml names this organisation first; each other opens the one that was sealed to it. A block that is there
 * stays: another one would be another channel.
 *
 * @returns the digest of the first block
 * @throws InputError saying what is missing, not believed or different.
 */
export function found(hospital: Hospital, layout: HospitalLayout): string {
  const { consortium, file, own } = hospital;
  if (consortium.genesis !== undefined && !existsSync(layout.fabric.genesisBlock)) {
    throw new InputError(
      `consortium.yaml has the channel's genesis ${consortium.genesis}: it was founded already, run \`hospital join\``,
    );
  }
  const definitions = readDefinitions(consortium, file.mailbox, new Date());
  const genesisSha256 = keepBlock(blockOf(hospital, layout, definitions), layout);
  // Only now: what a refused founding would write over belongs to the channel that is there.
  for (const definition of definitions) {
    if (definition.mspId !== own.mspId) keepDefinition(definition, layout.directory);
    writeWhole(
      definitionFile(join(layout.directory, 'definitions'), definition.mspId),
      definition.signedText,
    );
  }
  keepAgreed(hospital, layout);
  if (definitions[0]!.mspId === own.mspId) shareSwarmKey(hospital, layout, definitions);
  else if (!existsSync(swarmKeyFile(layout.ipfsRepo))) takeSwarmKey(hospital, layout, definitions[0]!);
  return genesisSha256;
}

function blockOf(
  { consortium }: Hospital,
  { directory, fabric }: HospitalLayout,
  definitions: readonly Definition[],
): Uint8Array {
  const plan = {
    channel: fabric.channel,
    ordering: fabric.ordering,
    batchTimeoutMs: fabric.batchTimeoutMs,
    maxMessageCount: fabric.maxMessageCount,
    foundedAt: new Date(consortium.foundedAt),
  };
  return firstBlock(plan, channelDefinitions(consortium.organisations, definitions, directory));
}

/** @throws InputError where the channel was founded otherwise before. */
function keepBlock(block: Uint8Array, { fabric: { genesisBlock } }: HospitalLayout): string {
  const digest = genesisDigest(block);
  if (!existsSync(genesisBlock)) {
    mkdirSync(dirname(genesisBlock), { recursive: true, mode: 0o700 });
    writeWholeBytes(genesisBlock, block);
    return digest;
  }
  const before = genesisDigest(readFileSync(genesisBlock));
  if (before === digest) return digest;
  throw new InputError(
    `this host has a channel with the genesis ${before}, and consortium.yaml and the definitions make ${digest}: ` +
      'a channel is changed by its organisations together, and never founded twice ' +
      '(`hospital agree` takes up another file)',
  );
}

function shareSwarmKey(hospital: Hospital, layout: HospitalLayout, definitions: readonly Definition[]): void {
  const { file, own } = hospital;
  const swarmKey = swarmKeyFile(layout.ipfsRepo);
  if (!existsSync(swarmKey)) writeWhole(swarmKey, newSwarmKey(), 0o600);
  for (const definition of definitions) {
    if (definition.mspId === own.mspId) continue;
    sendSwarmKey(layout, { to: definition, file: sealedKeyFile(file.mailbox, definition.mspId) });
  }
}

function takeSwarmKey(hospital: Hospital, layout: HospitalLayout, founder: Definition): void {
  const path = sealedKeyFile(hospital.file.mailbox, hospital.own.mspId);
  if (!existsSync(path)) {
    throw new InputError(`${path} is not there: ${founder.mspId} runs \`hospital found\` first`);
  }
  const swarmKey = receiveSwarmKey(hospital, layout, { from: founder, file: path });
  writeWhole(swarmKeyFile(layout.ipfsRepo), swarmKey, 0o600);
}
