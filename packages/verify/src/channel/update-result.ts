// What an update makes of a configuration: the items that it changes, and the tree that follows. An update names what
// it read by versions, and writes what it changes with the version that comes next.
import type { ConfigGroup, ConfigItem, ConfigPolicy, ConfigValue } from './config-group.ts';

/** Groups hold values, policies and further groups. */
export type ItemKind = 'group' | 'value' | 'policy';

/** An item of a configuration, and where it is. */
export interface PlacedItem {
  readonly kind: ItemKind;
  /** Groups above it, from the channel on; of a group, itself is the last. */
  readonly path: readonly string[];
  readonly name: string;
  readonly item: ConfigItem;
}

/** An item that an update writes with another version than it read. */
export interface ChangedItem extends PlacedItem {
  /** Its kind and place: 'value /Channel/Orderer/BatchTimeout'. */
  readonly key: string;
  /** As it was; undefined where it is new. */
  readonly old: ConfigItem | undefined;
  /** The policy that governs the change; undefined where it is new: then the group's that it comes into does. */
  readonly policy: string | undefined;
}

/** What an update does. */
export interface UpdateResult {
  readonly changed: readonly ChangedItem[];
  /** Undefined where a group of it lists an item that is nowhere. */
  readonly after: ConfigGroup | undefined;
}

/** What an update makes of a configuration, whoever signed it; or why it is none of it. */
export function resultOfUpdate(
  before: ConfigGroup,
  { readSet, writeSet }: { readonly readSet: ConfigGroup; readonly writeSet: ConfigGroup },
): UpdateResult | { readonly problem: string } {
  const present = placesOf(before);
  const read = placesOf(readSet);
  for (const [key, { item }] of read) {
    if (present.get(key)?.item.version !== item.version) {
      return { problem: `its update read another version of ${key}` };
    }
  }
  const changed: ChangedItem[] = [];
  for (const [key, placed] of placesOf(writeSet)) {
    const { version } = placed.item;
    if (read.get(key)?.item.version === version) continue;
    const old = present.get(key)?.item;
    if (version !== (old === undefined ? 0 : old.version + 1)) {
      return { problem: `its update gives ${key} the version ${version}` };
    }
    changed.push({ ...placed, key, old, policy: old && policyPath(placed, old.modPolicy) });
  }
  if (changed.length === 0) return { problem: 'its update changes nothing' };
  const result = new Map(present);
  for (const { key, kind, path, name, item } of changed) result.set(key, { kind, path, name, item });
  return { changed, after: build(result) };
}

function policyPath({ path }: Pick<PlacedItem, 'path'>, modPolicy: string): string {
  if (modPolicy.startsWith('/')) return modPolicy;
  return ['', 'Channel', ...path.slice(1), modPolicy].join('/');
}

const keyOf = (kind: ItemKind, path: readonly string[], name: string): string =>
  `${kind} ${['', ...path, ...(kind === 'group' ? [] : [name])].join('/')}`;

/** Every item of a tree under its kind and place. */
export function placesOf(root: ConfigGroup): Map<string, PlacedItem> {
  const found = new Map<string, PlacedItem>();
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
function build(items: ReadonlyMap<string, PlacedItem>): ConfigGroup | undefined {
  const missing = Symbol('missing');
  const take = <T extends ConfigItem>(kind: ItemKind, path: readonly string[], name: string): T => {
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
