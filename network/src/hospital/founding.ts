// How hospitals come to one first block that nobody made alone: each takes up all public definitions and computes the
// block itself. The same definitions make the same bytes, so one digest, compared by telephone, shows that all agree.
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { InputError } from '@consilium/command-line';
import { genesisDigest } from '@consilium/verify';
import { firstBlock } from '../ceremonies/founding.ts';
import { type OrganisationDefinition, readMspFolder } from '../ceremonies/organisation-definition.ts';
import { writeWhole, writeWholeBytes } from '../state-file.ts';
import { portsOf } from './agreed-consortium.ts';
import { administratorOf, type Definition, keepDefinition, readDefinitions } from './definition.ts';
import type { Hospital } from './hospital-file.ts';
import { type HospitalLayout, organisationDirOf } from './hospital-layout.ts';
import { definitionFile, putIntoMailbox, sealedKeyFile } from './mailbox.ts';
import { readSigned, signFile } from './signed-file.ts';
import { newSwarmKey, type Sealed, sealTo, swarmKeyFile, unseal } from './swarm-key.ts';

const SWARM_KEY = 'swarm key';

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
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const draft = mkdtempSync(join(directory, 'founding-'));
  try {
    for (const definition of definitions) keepDefinition(definition, draft);
    const mspOf = (mspId: string) => readMspFolder(mspId, join(organisationDirOf(draft, mspId), 'msp'));
    return firstBlock(
      plan,
      consortium.organisations.map((organisation, at): OrganisationDefinition => {
        const { mspId, host } = organisation;
        const { orderer, peer } = portsOf(organisation);
        const { identity, tls } = definitions[at]!.orderer;
        const [serverTls, clientTls] = [canonical(tls), canonical(tls)];
        return {
          mspId,
          msp: mspOf(mspId),
          anchorPeers: [{ host, port: peer }],
          orderers: [{ host, port: orderer, identity: canonical(identity), serverTls, clientTls }],
        };
      }),
    );
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** The one text of a certificate, whatever was around it. */
const canonical = (pem: string): string => new X509Certificate(pem).toString();

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
      'a channel is changed by its organisations together, and never founded twice',
  );
}

function shareSwarmKey(hospital: Hospital, layout: HospitalLayout, definitions: readonly Definition[]): void {
  const { file, own } = hospital;
  const swarmKey = swarmKeyFile(layout.ipfsRepo);
  if (!existsSync(swarmKey)) writeWhole(swarmKey, newSwarmKey(), 0o600);
  for (const definition of definitions) {
    if (definition.mspId === own.mspId) continue;
    const sealed = sealTo(definition, readFileSync(swarmKey, 'utf8'));
    putIntoMailbox(
      sealedKeyFile(file.mailbox, definition.mspId),
      signFile(SWARM_KEY, sealed, administratorOf(layout)),
    );
  }
}

function takeSwarmKey(
  { consortium, file, own }: Hospital,
  layout: HospitalLayout,
  founder: Definition,
): void {
  const path = sealedKeyFile(file.mailbox, own.mspId);
  if (!existsSync(path)) {
    throw new InputError(`${path} is not there: ${founder.mspId} runs \`hospital found\` first`);
  }
  const rootSha256 = consortium.organisations[0]!.roots!.identity;
  const signer = { mspId: founder.mspId, rootSha256, at: new Date() };
  const { value } = readSigned(path, SWARM_KEY, signer, () => founder.identityRoot);
  const swarmKey = unseal((value ?? {}) as Sealed, { mspId: own.mspId, keyFile: layout.exchangeKey });
  writeWhole(swarmKeyFile(layout.ipfsRepo), swarmKey, 0o600);
}
