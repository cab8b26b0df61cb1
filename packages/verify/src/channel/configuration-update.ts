// Whether a new configuration follows from the one before it: the update that it carries names what it changes, was
// signed as each changed item's own policy asks, and leads to exactly this configuration.
import { readSigner, type SignedBytes } from '../identity/membership.ts';
import { Message } from '../wire/protobuf-reader.ts';
import { ChannelConfiguration } from './channel-configuration.ts';
import {
  type ConfigGroup,
  type ConfigItem,
  type ConfigPolicy,
  type ConfigValue,
  readGroup,
  textOf,
} from './config-group.ts';

type Kind = 'group' | 'value' | 'policy';
interface Placed {
  readonly kind: Kind;
  /** Groups above it, from the channel on; of a group, itself is the last. */
  readonly path: readonly string[];
  readonly name: string;
  readonly item: ConfigItem;
}

/** Why it does not follow; undefined where it does. @param envelope of the configuration. @throws UnreadableError */
export function updateProblem(
  before: ChannelConfiguration,
  after: ChannelConfiguration,
  { channel, lastUpdate }: { readonly channel: string; readonly lastUpdate: Uint8Array },
): string | undefined {
  if (after.sequence !== before.sequence + 1) {
    return `it has the number ${after.sequence}, and the one before it ${before.sequence}`;
  }
  const payload = new Message('envelope', lastUpdate).inBytes(1, 'payload');
  const signed = new Message('signed update', payload.bytes(2));
  const update = signed.bytes(1);
  const message = new Message('update', update);
  if (message.text(1) !== channel) return `its update is for the channel ${message.text(1)}`;
  const present = flatten(before.root);
  const read = flatten(readGroup(message.merged(2)));
  for (const [key, { item }] of read) {
    if (present.get(key)?.item.version !== item.version) return `its update read another version of ${key}`;
  }
  const written = flatten(readGroup(message.merged(3)));
  const changed = [...written].filter(([key, { item }]) => read.get(key)?.item.version !== item.version);
  if (changed.length === 0) return 'its update changes nothing';
  const signatures = signed.list(2).map((bytes) => signatureOf(bytes, update));
  for (const [key, { item, ...place }] of changed) {
    const old = present.get(key)?.item;
    if (item.version !== (old === undefined ? 0 : old.version + 1)) {
      return `its update gives ${key} the version ${item.version}`;
    }
    if (old === undefined) continue;
    const policy = policyPath(place, old.modPolicy);
    if (!before.satisfies(policy, signatures)) {
      return `its update changes ${key} without the signatures that ${policy} asks for`;
    }
  }
  const result = new Map(present);
  for (const [key, placed] of changed) result.set(key, placed);
  const made = build(result);
  if (made === undefined || textOf(made) !== textOf(after.root)) {
    return 'it is not what its signed update makes of the one before it';
  }
  return renamed(before, after);
}

/** As Fabric: an organisation keeps its name, under which others count its signatures. */
function renamed(before: ChannelConfiguration, after: ChannelConfiguration): string | undefined {
  for (const [place, { msp }] of before.organisations) {
    const mspId = after.organisations.get(place)?.msp.mspId ?? msp.mspId;
    if (mspId !== msp.mspId) return `it gives ${place} the name ${mspId}, and it was ${msp.mspId}`;
  }
  return undefined;
}

function signatureOf(bytes: Uint8Array, update: Uint8Array): SignedBytes {
  const message = new Message('signature of an update', bytes);
  const header = message.bytes(1);
  return {
    identity: readSigner(new Message('signature header', header).bytes(1)),
    get data() {
      return Buffer.concat([header, update]);
    },
    signature: message.bytes(2),
  };
}

function policyPath({ path }: Pick<Placed, 'path'>, modPolicy: string): string {
  if (modPolicy.startsWith('/')) return modPolicy;
  return ['', 'Channel', ...path.slice(1), modPolicy].join('/');
}

const keyOf = (kind: Kind, path: readonly string[], name: string): string =>
  `${kind} ${['', ...path, ...(kind === 'group' ? [] : [name])].join('/')}`;

/** Every item of a tree under its place. */
function flatten(root: ConfigGroup): Map<string, Placed> {
  const found = new Map<string, Placed>();
  const visit = (group: ConfigGroup, name: string, above: readonly string[]): void => {
    const path = [...above, name];
    found.set(keyOf('group', path, name), { kind: 'group', path, name, item: group });
    for (const [key, item] of group.values) {
      found.set(keyOf('value', path, key), { kind: 'value', path, name: key, item });
    }
    for (const [key, item] of group.policies) {
      found.set(keyOf('policy', path, key), { kind: 'policy', path, name: key, item });
    }
    for (const [key, child] of group.groups) visit(child, key, path);
  };
  visit(root, 'Channel', []);
  return found;
}

/** The tree of items by place; a group's own lists say which of them are in it. */
function build(items: ReadonlyMap<string, Placed>): ConfigGroup | undefined {
  const missing = Symbol('missing');
  const take = <T extends ConfigItem>(kind: Kind, path: readonly string[], name: string): T => {
    const found = items.get(keyOf(kind, path, name));
    if (found === undefined) throw missing;
    return found.item as T;
  };
  const visit = (path: readonly string[], name: string): ConfigGroup => {
    const group = take<ConfigGroup>('group', path, name);
    const named = <T>(map: ReadonlyMap<string, unknown>, read: (key: string) => T) =>
      new Map([...map.keys()].map((key) => [key, read(key)]));
    return {
      version: group.version,
      modPolicy: group.modPolicy,
      groups: named(group.groups, (key) => visit([...path, key], key)),
      values: named(group.values, (key) => take<ConfigValue>('value', path, key)),
      policies: named(group.policies, (key) => take<ConfigPolicy>('policy', path, key)),
    };
  };
  try {
    return visit(['Channel'], 'Channel');
  } catch (error) {
    if (error === missing) return undefined;
    throw error;
  }
}

/** The configuration in an envelope of a block. @throws UnreadableError */
export function readConfigEnvelope(data: Uint8Array): {
  readonly configuration: ChannelConfiguration;
  readonly lastUpdate: Uint8Array;
} {
  const message = new Message('configuration envelope', data);
  return { configuration: new ChannelConfiguration(message.merged(1)), lastUpdate: message.merged(2) };
}
