// How a hospital joins a channel that others founded: it takes up their definitions under the agreed roots, and the
// first block by the digest that all agreed on. From there its own orderer and peer check every block.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { InputError } from '@consilium/command-line';
import { genesisDigest } from '@consilium/verify';
import { readReceived } from '../received-file.ts';
import { writeWhole, writeWholeBytes } from '../state-file.ts';
import { keepAgreed } from './agreed-changes.ts';
import { type Definition, keepDefinition, readDefinitions } from './definition.ts';
import type { Hospital } from './hospital-file.ts';
import type { HospitalLayout } from './hospital-layout.ts';
import { definitionFile, genesisFile, sealedKeyFile } from './mailbox.ts';
import { swarmKeyFile } from './swarm-key.ts';
import { receiveSwarmKey } from './swarm-key-travel.ts';

const MOST_BYTES = 16 * 1024 * 1024;

export interface Joined {
  readonly genesisSha256: string;
  /** MSP ids of those that sealed the swarm's key to this hospital: all sealed the same. */
  readonly swarmKeyFrom: readonly string[];
}

/**
 * Takes up what is in the mailbox.
 *
 * @returns the digest of the first block, and who sealed the swarm's key
 * @throws InputError saying what is missing, not believed or different; nothing is taken up then
 */
export function joinChannel(hospital: Hospital, layout: HospitalLayout): Joined {
  const { consortium, file, own } = hospital;
  if (consortium.genesis === undefined) {
    throw new InputError('consortium.yaml has no `genesis`: all write the digest of the first block into it');
  }
  const { block, digest } = firstBlock(hospital, layout);
  const definitions = readDefinitions(consortium, file.mailbox, new Date());
  const others = definitions.filter(({ mspId }) => mspId !== own.mspId);
  const { swarmKey, from } = swarmKeyOf(hospital, layout, others);
  for (const definition of others) keepDefinition(definition, layout.directory);
  for (const { mspId, signedText } of definitions) {
    writeWhole(definitionFile(join(layout.directory, 'definitions'), mspId), signedText);
  }
  if (!existsSync(swarmKeyFile(layout.ipfsRepo))) writeWhole(swarmKeyFile(layout.ipfsRepo), swarmKey, 0o600);
  mkdirSync(dirname(layout.fabric.genesisBlock), { recursive: true, mode: 0o700 });
  writeWholeBytes(layout.fabric.genesisBlock, block);
  keepAgreed(hospital, layout);
  return { genesisSha256: digest, swarmKeyFrom: from };
}

/** The one that this host has, or the first in the mailbox that has the digest that all agreed on. */
function firstBlock(hospital: Hospital, { fabric: { genesisBlock } }: HospitalLayout) {
  const { consortium, file } = hospital;
  const digest = consortium.genesis!;
  const received = consortium.organisations.map(({ mspId }) => genesisFile(file.mailbox, mspId));
  const paths = [genesisBlock, ...received].filter((path) => existsSync(path));
  const problems = [];
  for (const path of paths) {
    try {
      const block = path === genesisBlock ? readFileSync(path) : readReceived(path, MOST_BYTES);
      const problem = problemOf(block, digest);
      if (problem === undefined) return { block, digest };
      problems.push(`${path} ${problem}`);
    } catch (error) {
      // What one member put there keeps nobody from what another did.
      problems.push(`${path} cannot be read: ${(error as Error).message}`);
    }
  }
  if (problems.length > 0) throw new InputError(problems);
  throw new InputError(
    `no genesis-from-….block is in ${file.mailbox}: a member runs \`hospital agree\` with this consortium.yaml, ` +
      'which writes it',
  );
}

function problemOf(block: Uint8Array, genesis: string): string | undefined {
  try {
    const digest = genesisDigest(block);
    return digest === genesis
      ? undefined
      : `has the digest ${digest}, and consortium.yaml has the genesis ${genesis}`;
  } catch (error) {
    return `is no first block of a channel: ${(error as Error).message}`;
  }
}

/** @throws InputError where nobody sealed it, or two sealed different ones */
function swarmKeyOf(hospital: Hospital, layout: HospitalLayout, others: readonly Definition[]) {
  const { own, file } = hospital;
  const sealed = others
    .map((from) => ({ from, file: sealedKeyFile(file.mailbox, own.mspId, from.mspId) }))
    .filter((one) => existsSync(one.file));
  if (sealed.length === 0) {
    throw new InputError(
      `no swarm-key-${own.mspId}-from-….json is in ${file.mailbox}: a member runs \`hospital agree\`, which seals it`,
    );
  }
  const keys = sealed.map((one) => receiveSwarmKey(hospital, layout, one));
  const other = keys.findIndex((key) => key !== keys[0]);
  const names = sealed.map(({ from }) => from.mspId);
  if (other === -1) return { swarmKey: keys[0]!, from: names };
  throw new InputError(
    `${names[0]} and ${names[other]} sealed different keys of the swarm: ask the others which one runs, and ` +
      "remove the other's file from the mailbox",
  );
}
