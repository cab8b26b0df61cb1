// The review of a change to a channel's configuration: of the update's own bytes, compared with the configuration that
// the reviewer's own peer has. Nothing that the file's sender says counts, but the bytes that would be signed.

import {
  type ChangedItem,
  ChannelConfiguration,
  type ConfigGroup,
  type ConfigPolicy,
  type ConfigValue,
  readGroup,
  renamed,
  resultOfUpdate,
  UnreadableError,
} from '@consilium/verify/channel';
import fabricProtos from '@hyperledger/fabric-protos';
import type { Ceremony } from './ceremony-file.ts';
import { updateBytes } from './compute-update.ts';
import { policyWords, valueWords } from './configuration-words.ts';
import { sameBytes } from './digests.ts';
import { orderersIn } from './orderer-set.ts';
import { lookOf, plainName } from './plain-text.ts';
import { refuse } from './refused-ceremony.ts';
import { readWhole } from './whole-messages.ts';

const { common } = fabricProtos;

/** One item that changes: lines that were true and are no more, and lines that become true. */
export interface ItemChange {
  /** '/Channel/Orderer/BatchTimeout'. */
  readonly place: string;
  readonly kind: 'group' | 'value' | 'policy';
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

/** A change of the configuration, taken apart. */
export interface ReviewedUpdate {
  readonly after: ChannelConfiguration;
  readonly changes: readonly ItemChange[];
  /** The policies of the present configuration that its signatures have to meet. */
  readonly policies: readonly string[];
}

/**
 * What an update does to a configuration.
 *
 * @throws RefusedCeremonyError where it is for another channel or another configuration, where it says anything that
 * this review would not show, or where Fabric would refuse its result
 */
export function reviewUpdate(ceremony: Ceremony, before: ChannelConfiguration): ReviewedUpdate {
  const { channel, bytes, sequence } = ceremony;
  const update = readWhole(common.ConfigUpdate, bytes, 'update');
  if (update.getChannelId() !== channel) {
    refuse(
      `the file is for the channel ${channel}, and its update for ${JSON.stringify(update.getChannelId())}`,
    );
  }
  if (sequence !== before.sequence) {
    refuse(
      `the file changes the configuration number ${sequence}, and the channel has number ${before.sequence}: ` +
        'it is outdated, or your peer is behind. Propose the change again',
    );
  }
  const [readSet, writeSet] = [setOf(update.getReadSet()), setOf(update.getWriteSet())];
  const result = resultOfUpdate(before.root, { readSet, writeSet });
  if ('problem' in result) return refuse(`the update does not fit the channel: ${result.problem}`);
  if (result.after === undefined) return refuse('the update lists an item that it does not bring');
  const after = configurationOf(before.sequence + 1, result.after);
  if (!sameBytes(updateBytes(channel, before.root, after.root), bytes)) {
    refuse(
      'the update is not written as this version writes it: it leaves open which configuration it changes, ' +
        'or carries ' +
        'what a review would not show. Propose the change with this version',
    );
  }
  checkNames(before.root, after.root);
  const name = renamed(before, after);
  if (name !== undefined) refuse(`Fabric would refuse it: ${name}`);
  checkOrderers(before, after);
  return {
    after,
    changes: result.changed.map((item) => changeOf(item, before.root)),
    policies: [
      ...new Set(result.changed.flatMap(({ policy }) => (policy === undefined ? [] : [policy]))),
    ].sort(),
  };
}

const setOf = (group: InstanceType<typeof common.ConfigGroup> | undefined): ConfigGroup =>
  readGroup(group?.serializeBinary() ?? new Uint8Array());

function configurationOf(sequence: number, root: ConfigGroup): ChannelConfiguration {
  try {
    return new ChannelConfiguration({ sequence, root });
  } catch (cause) {
    if (!(cause instanceof UnreadableError)) throw cause;
    return refuse(`Fabric would refuse it: ${cause.message}`, { cause });
  }
}

/** New names have to be plain, and none may look like one that is there. @throws RefusedCeremonyError */
export function checkNames(before: ConfigGroup | undefined, after: ConfigGroup, place = '/Channel'): void {
  for (const kind of ['groups', 'values', 'policies'] as const) {
    const names = [...after[kind].keys()];
    for (const name of names) {
      if (before?.[kind].has(name)) continue;
      plainName(name, `new item in ${place}`);
      const like = names.find((other) => other !== name && lookOf(other) === lookOf(name));
      if (like !== undefined)
        refuse(`${place} would have ${name} beside ${like}, which looks like it: choose another name`);
    }
  }
  for (const [name, group] of after.groups) checkNames(before?.groups.get(name), group, `${place}/${name}`);
}

/** As Fabric: Raft changes one orderer at a time. */
function checkOrderers(before: ChannelConfiguration, after: ChannelConfiguration): void {
  const [old, next] = [before, after].map(({ root }) =>
    orderersIn(root).map(({ clientTls }) => Buffer.from(clientTls).toString()),
  );
  const added = next!.filter((pem) => !old!.includes(pem)).length;
  const removed = old!.filter((pem) => !next!.includes(pem)).length;
  if (before.consensus === 'etcdraft' && after.consensus === 'etcdraft' && Math.max(added, removed) > 1) {
    refuse(
      `Fabric would refuse it: Raft changes one orderer at a time, and this adds ${added} and removes ${removed}`,
    );
  }
}

function changeOf(changed: ChangedItem, before: ConfigGroup): ItemChange {
  const { kind, path, name, old, item } = changed;
  const place = ['', ...path, ...(kind === 'group' ? [] : [name])].join('/');
  const was = old === undefined ? [] : linesOf(kind, { item: old, name, place, isNew: false });
  const is = linesOf(kind, { item, name, place, isNew: true });
  const removed = linesOnlyIn(was, is);
  const added = linesOnlyIn(is, was);
  if (kind === 'group') removed.push(...goneIn(path, before, item as ConfigGroup));
  if (removed.length + added.length > 0) return { place, kind, removed, added };
  // Its version counts up all the same.
  if (old !== undefined) return { place, kind, removed: [], added: ['the same in another order or form'] };
  return { place, kind, removed: [], added: ['there, and empty'] };
}

/** Each line as often as it is there more. */
function linesOnlyIn(lines: readonly string[], others: readonly string[]): string[] {
  const left = [...others];
  return lines.filter((line) => {
    const at = left.indexOf(line);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

interface Item {
  readonly item: ChangedItem['item'];
  readonly name: string;
  readonly place: string;
  readonly isNew: boolean;
}

const governed = (modPolicy: string, isNew: boolean): string => {
  if (isNew && modPolicy !== '')
    for (const part of modPolicy.split('/').slice(modPolicy.startsWith('/') ? 1 : 0))
      plainName(part, 'policy');
  return `changes need ${modPolicy === '' ? 'a policy that is not named, so that nobody can make any' : modPolicy}`;
};

/** Everything that an item says. */
function linesOf(kind: ItemChange['kind'], { item, name, place, isNew }: Item): string[] {
  const governor = governed(item.modPolicy, isNew);
  if (kind === 'value')
    return [...valueWords(name, { place, bytes: (item as ConfigValue).value, isNew }), governor];
  if (kind === 'policy') {
    const { type, value } = item as ConfigPolicy;
    return [`met by ${policyWords(type, { place, bytes: value, isNew })}`, governor];
  }
  const { groups, values, policies } = item as ConfigGroup;
  const named = (what: string, names: Iterable<string>) =>
    [...names].sort().map((one) => `has the ${what} ${one}`);
  const isOfOrganisations = /^\/Channel\/(Application|Orderer)$/.test(place);
  return [
    ...named(isOfOrganisations ? 'organisation' : 'group', groups.keys()),
    ...named('value', values.keys()),
    ...named('policy', policies.keys()),
    governor,
  ];
}

/** What goes with a group's items that are no longer listed. */
function goneIn(path: readonly string[], before: ConfigGroup, item: ConfigGroup): string[] {
  let old: ConfigGroup | undefined = before;
  for (const name of path.slice(1)) old = old?.groups.get(name);
  return [...(old?.groups ?? [])]
    .filter(([name]) => !item.groups.has(name))
    .flatMap(([name, group]) => {
      const msp = group.values.get('MSP');
      if (msp === undefined) return [];
      const place = ['', ...path, name, 'MSP'].join('/');
      return valueWords('MSP', { place, bytes: msp.value, isNew: false })
        .filter((line) => line.startsWith('authority:'))
        .map((line) => `with ${name} its ${line}`);
    });
}
