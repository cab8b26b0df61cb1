// The tree of a channel's configuration: groups of groups, values and policies, each with its version and the policy
// that governs its change.
import { hex } from '../wire/digests.ts';
import { Message, UnreadableError } from '../wire/protobuf-reader.ts';

const DEPTH_MAX = 10;

/** What every item of a configuration has: how often it changed, and the policy that governs its change. */
export interface ConfigItem {
  readonly version: number;
  readonly modPolicy: string;
}
/** A value, in the bytes of its own message. */
export interface ConfigValue extends ConfigItem {
  readonly value: Uint8Array;
}
/** A policy: of signatures (type 1), or of the groups below (type 3), in the bytes of its message. */
export interface ConfigPolicy extends ConfigItem {
  readonly type: number;
  readonly value: Uint8Array;
}
/** A group: further groups, values and policies by their names. */
export interface ConfigGroup extends ConfigItem {
  readonly groups: ReadonlyMap<string, ConfigGroup>;
  readonly values: ReadonlyMap<string, ConfigValue>;
  readonly policies: ReadonlyMap<string, ConfigPolicy>;
}

const mapped = <T>(map: ReadonlyMap<string, Uint8Array>, read: (bytes: Uint8Array) => T): Map<string, T> =>
  new Map([...map].map(([name, bytes]) => [name, read(bytes)]));

/** @throws UnreadableError */
export function readGroup(bytes: Uint8Array, depth = 0): ConfigGroup {
  if (depth > DEPTH_MAX) throw new UnreadableError('a configuration that is nested too deep');
  const message = new Message('group of the configuration', bytes);
  return {
    version: message.number(1),
    groups: mapped(message.map(2), (group) => readGroup(group, depth + 1)),
    values: mapped(message.map(3), readValue),
    policies: mapped(message.map(4), readPolicy),
    modPolicy: message.text(5),
  };
}

function readValue(bytes: Uint8Array): ConfigValue {
  const message = new Message('value of the configuration', bytes);
  return { version: message.number(1), value: message.bytes(2), modPolicy: message.text(3) };
}

function readPolicy(bytes: Uint8Array): ConfigPolicy {
  const message = new Message('policy of the configuration', bytes);
  const policy = message.message(2, 'policy');
  return {
    version: message.number(1),
    type: policy.int32(1),
    value: policy.bytes(2),
    modPolicy: message.text(3),
  };
}

/** Everything that a group says, as one text: equal texts are equal configurations. */
export function textOf(group: ConfigGroup): string {
  const sorted = <T>(map: ReadonlyMap<string, T>, write: (item: T) => unknown) =>
    [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, item]) => [name, write(item)]);
  const write = ({ version, modPolicy, groups, values, policies }: ConfigGroup): unknown => [
    version,
    modPolicy,
    sorted(groups, write),
    sorted(values, (item) => [item.version, item.modPolicy, hex(item.value)]),
    sorted(policies, (item) => [item.version, item.modPolicy, item.type, hex(item.value)]),
  ];
  return JSON.stringify(write(group));
}
