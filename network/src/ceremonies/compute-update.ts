// The update that leads from one configuration to another, as `configtxlator compute_update` writes it: what changes,
// each with its next version, and of what stays in a changed group the version alone. Besides, it names the versions of
// the whole configuration as read, so that orderers refuse it on any other than the one that people reviewed.

import type { ConfigGroup, ConfigItem, ConfigPolicy, ConfigValue } from '@consilium/verify/channel';
import fabricProtos from '@hyperledger/fabric-protos';
import { sameBytes } from './digests.ts';
import { refuse } from './refused-ceremony.ts';

const { common } = fabricProtos;

/** What an update reads and writes. */
export interface UpdateSets {
  readonly readSet: ConfigGroup;
  readonly writeSet: ConfigGroup;
}

/** As Fabric's own tool computes them. @throws RefusedCeremonyError where nothing differs */
export function computeUpdate(original: ConfigGroup, updated: ConfigGroup): UpdateSets {
  const sets = groupUpdate(original, updated);
  return sets.isChanged ? sets : refuse('nothing would change: the channel has this configuration already');
}

/** The bytes that are signed. @throws RefusedCeremonyError where nothing differs */
export function updateBytes(channel: string, original: ConfigGroup, updated: ConfigGroup): Uint8Array {
  const { writeSet } = computeUpdate(original, updated);
  return serializeUpdate(channel, { readSet: versionsOf(original), writeSet });
}

export function serializeUpdate(channel: string, { readSet, writeSet }: UpdateSets): Uint8Array {
  const update = new common.ConfigUpdate();
  update.setChannelId(channel);
  update.setReadSet(groupMessage(readSet));
  update.setWriteSet(groupMessage(writeSet));
  return update.serializeBinary();
}

const NOTHING = new Uint8Array();
const bare = ({ version }: ConfigItem) => ({ version, modPolicy: '' });
const bareValue = (item: ConfigItem): ConfigValue => ({ ...bare(item), value: NOTHING });
const barePolicy = (item: ConfigItem): ConfigPolicy => ({ ...bare(item), type: NO_POLICY, value: NOTHING });
const bareGroup = (item: ConfigItem): ConfigGroup => ({ ...bare(item), ...noItems() });
const noItems = () => ({ groups: new Map(), values: new Map(), policies: new Map() });
/** Of an item that says its version alone. */
const NO_POLICY = -1;

/** The versions of all items of a tree, and nothing else. */
export function versionsOf(group: ConfigGroup): ConfigGroup {
  const each = <A, B>(map: ReadonlyMap<string, A>, write: (item: A) => B) =>
    new Map([...map].map(([name, item]) => [name, write(item)]));
  return {
    ...bare(group),
    groups: each(group.groups, versionsOf),
    values: each(group.values, bareValue),
    policies: each(group.policies, barePolicy),
  };
}

interface Compared<T> {
  readonly read: Map<string, T>;
  readonly written: Map<string, T>;
  readonly same: Map<string, T>;
  readonly hasOtherMembers: boolean;
}

function compare<T extends ConfigItem>(
  original: ReadonlyMap<string, T>,
  updated: ReadonlyMap<string, T>,
  {
    isSame,
    shorten,
  }: { readonly isSame: (a: T, b: T) => boolean; readonly shorten: (item: ConfigItem) => T },
): Compared<T> {
  const written = new Map<string, T>();
  const same = new Map<string, T>();
  for (const [name, before] of original) {
    const after = updated.get(name);
    if (after === undefined) continue;
    if (before.modPolicy === after.modPolicy && isSame(before, after)) same.set(name, shorten(before));
    else written.set(name, { ...after, version: before.version + 1 });
  }
  for (const [name, item] of updated) if (!original.has(name)) written.set(name, { ...item, version: 0 });
  return { read: new Map(), written, same, hasOtherMembers: hasOthers(original, updated) };
}

const hasOthers = (a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): boolean =>
  a.size !== b.size || [...a.keys()].some((name) => !b.has(name));

function compareGroups(
  original: ReadonlyMap<string, ConfigGroup>,
  updated: ReadonlyMap<string, ConfigGroup>,
): Compared<ConfigGroup> {
  const [read, written, same] = [new Map(), new Map(), new Map<string, ConfigGroup>()];
  for (const [name, before] of original) {
    const after = updated.get(name);
    if (after === undefined) continue;
    const { isChanged, readSet, writeSet } = groupUpdate(before, after);
    if (!isChanged) same.set(name, readSet);
    else {
      read.set(name, readSet);
      written.set(name, writeSet);
    }
  }
  for (const [name, group] of updated) {
    if (original.has(name)) continue;
    const { writeSet } = groupUpdate({ version: 0, modPolicy: '', ...noItems() }, group);
    written.set(name, { ...writeSet, version: 0, modPolicy: group.modPolicy });
  }
  return { read, written, same, hasOtherMembers: hasOthers(original, updated) };
}

function groupUpdate(
  original: ConfigGroup,
  updated: ConfigGroup,
): UpdateSets & { readonly isChanged: boolean } {
  const values = compare(original.values, updated.values, {
    isSame: (a, b) => sameBytes(a.value, b.value),
    shorten: bareValue,
  });
  const policies = compare(original.policies, updated.policies, {
    isSame: (a, b) => a.type === b.type && sameBytes(a.value, b.value),
    shorten: barePolicy,
  });
  const groups = compareGroups(original.groups, updated.groups);
  const all: readonly Compared<ConfigItem>[] = [values, policies, groups];
  const set = (from: 'read' | 'written', withSame: boolean) => {
    const merged = <T>(part: Compared<T>) => new Map([...part[from], ...(withSame ? part.same : [])]);
    return { groups: merged(groups), values: merged(values), policies: merged(policies) };
  };
  const isOther =
    all.some(({ hasOtherMembers }) => hasOtherMembers) || original.modPolicy !== updated.modPolicy;
  if (!isOther) {
    const isChanged = all.some(({ read, written }) => read.size > 0 || written.size > 0);
    const sets = {
      readSet: { ...bare(original), ...set('read', false) },
      writeSet: { ...bare(original), ...set('written', false) },
    };
    return isChanged
      ? { ...sets, isChanged }
      : { readSet: bareGroup(original), writeSet: bareGroup(original), isChanged };
  }
  const { version } = original;
  return {
    readSet: { ...bare(original), ...set('read', true) },
    writeSet: { version: version + 1, modPolicy: updated.modPolicy, ...set('written', true) },
    isChanged: true,
  };
}

/** A tree as Fabric's message of it. */
export function groupMessage(group: ConfigGroup): InstanceType<typeof common.ConfigGroup> {
  const made = new common.ConfigGroup();
  made.setVersion(group.version);
  made.setModPolicy(group.modPolicy);
  for (const [name, child] of group.groups) made.getGroupsMap().set(name, groupMessage(child));
  for (const [name, { version, modPolicy, value }] of group.values) {
    const written = new common.ConfigValue();
    written.setVersion(version);
    written.setModPolicy(modPolicy);
    written.setValue(value);
    made.getValuesMap().set(name, written);
  }
  for (const [name, { version, modPolicy, type, value }] of group.policies) {
    const written = new common.ConfigPolicy();
    written.setVersion(version);
    written.setModPolicy(modPolicy);
    if (type !== NO_POLICY) {
      const policy = new common.Policy();
      policy.setType(type);
      policy.setValue(value);
      written.setPolicy(policy);
    }
    made.getPoliciesMap().set(name, written);
  }
  return made;
}
