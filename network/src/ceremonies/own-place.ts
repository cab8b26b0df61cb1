// What an organisation's own place knows, from a file beside its keys: who signs, its peer, the orderers, and the
// digest of the channel's first block. The channel's configuration comes from its own peer, which checked every block
// of it.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { ConfigError } from '@consilium/command-line';
import { lastConfigurationOf } from '@consilium/verify';
import { Type } from 'typebox';
import { Errors } from 'typebox/value';
import { parse } from 'yaml';
import type { SigningIdentity } from './ceremony-signatures.ts';
import { type FabricNode, FabricNodeError, fetchBlock } from './fabric-nodes.ts';
import type { OrganisationDefinition } from './organisation-definition.ts';
import { refuse } from './refused-ceremony.ts';
import { configurationIn, digestOfFirstBlock, type Place } from './review.ts';

const closed = { additionalProperties: false } as const;
const Text = Type.String({ minLength: 1 });
const Node = Type.Object(
  { address: Type.String({ pattern: '^[^\\s:]+:\\d{1,5}$' }), tlsRoots: Text },
  closed,
);
const PlaceFile = Type.Object(
  {
    mspId: Text,
    channel: Text,
    genesis: Type.Optional(Type.String({ pattern: '^[0-9a-f]{64}$' })),
    administrator: Text,
    peer: Type.Optional(Node),
    orderers: Type.Optional(Type.Array(Node, { minItems: 1 })),
  },
  closed,
);

/** The file, with its paths resolved and its certificates read; keys are read when something is signed. */
export interface OwnPlace {
  readonly file: string;
  readonly mspId: string;
  readonly channel: string;
  readonly genesis: string | undefined;
  /** The administrator's folder `msp`. */
  readonly administrator: string;
  readonly peer: FabricNode | undefined;
  /** Asked in its place where it does not answer; absent where the organisation has one peer. */
  readonly secondPeer?: FabricNode;
  readonly orderers: readonly FabricNode[];
  /** Of all that its consortium.yaml names and that are defined here; absent where there is no such file. */
  readonly agreed?: readonly OrganisationDefinition[];
  /** The id of the package of a chaincode's version that the own peer has, where the place knows it. */
  readonly packageOf?: (name: string, version: string) => string | undefined;
}

/** @throws ConfigError naming every field that is wrong */
export function readOwnPlace(file: string): OwnPlace {
  let fields: unknown;
  try {
    fields = parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new ConfigError(file, `cannot be read: ${(cause as Error).message}`, { cause });
  }
  const problems = [...Errors(PlaceFile, fields)].map(({ instancePath, message }) => ({
    field: instancePath.slice(1),
    text: message,
  }));
  if (problems.length > 0) throw new ConfigError(file, problems);
  const read = fields as Type.Static<typeof PlaceFile>;
  const path = (name: string) => resolve(dirname(file), name);
  const nodeOf = ({ address, tlsRoots }: FabricNode): FabricNode => ({
    address,
    tlsRoots: readFileSync(path(tlsRoots), 'utf8'),
  });
  return {
    file,
    mspId: read.mspId,
    channel: read.channel,
    genesis: read.genesis,
    administrator: path(read.administrator),
    peer: read.peer && nodeOf(read.peer),
    orderers: (read.orderers ?? []).map(nodeOf),
  };
}

/** The administrator's certificate and key. @throws RefusedCeremonyError where they are not there */
export function administratorOf({ mspId, administrator }: OwnPlace): SigningIdentity {
  return {
    mspId,
    certificate: onlyFileIn(join(administrator, 'signcerts'), 'certificate'),
    key: onlyFileIn(join(administrator, 'keystore'), 'key'),
  };
}

function onlyFileIn(folder: string, what: string): string {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  if (names.length !== 1)
    refuse(`${folder} holds ${names.length} files: it has to hold the administrator's one ${what}`);
  return readFileSync(join(folder, names[0]!), 'utf8');
}

/** Files that stand in for the own peer, on a machine that reaches none. */
export interface BlockFiles {
  /** A block that holds the present configuration. */
  readonly configuration?: string | undefined;
}

/**
 * The place as a review needs it.
 *
 * @throws RefusedCeremonyError where the peer's channel is another than the one that was agreed on; FabricNodeError
 */
export async function placeOf(
  own: OwnPlace,
  { configuration }: BlockFiles,
  now = new Date(),
): Promise<Place> {
  const { channel, genesis, peer, secondPeer, agreed } = own;
  const known = { channel, genesis, now, ...(agreed && { agreed }) };
  if (configuration !== undefined)
    return { ...known, configuration: configurationIn(readFileSync(configuration)) };
  if (peer === undefined || genesis === undefined) return { ...known, configuration: undefined };
  try {
    return { ...known, configuration: await configurationAt(peer, own, genesis) };
  } catch (error) {
    const isAway = error instanceof FabricNodeError && !error.refuses;
    if (!isAway || secondPeer === undefined) throw error;
    return { ...known, configuration: await configurationAt(secondPeer, own, genesis) };
  }
}

/** @throws as placeOf */
async function configurationAt(peer: FabricNode, own: OwnPlace, genesis: string) {
  const asking = { channel: own.channel, identity: administratorOf(own) };
  const first = digestOfFirstBlock(await fetchBlock(peer, 0, asking));
  if (first !== genesis) {
    refuse(`${peer.address} is in a channel whose first block is ${first}, and ${own.file} names ${genesis}`);
  }
  const newest = await fetchBlock(peer, 'newest', asking);
  return configurationIn(await fetchBlock(peer, lastConfigurationOf(newest), asking));
}
