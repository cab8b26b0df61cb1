// Whether a configuration has an organisation as its own definition says, and in words what a definition says. Whoever
// proposes a founding could add an authority of its own to another's, and nobody would miss a signature.
import type { ConfigGroup } from '@consilium/verify/channel';
import { groupMessage } from './compute-update.ts';
import { valueWords } from './configuration-words.ts';
import { sameBytes } from './digests.ts';
import { applicationGroup, ordererGroup } from './founding.ts';
import { entryOf, orderersIn } from './orderer-set.ts';
import { definitionDigest, type OrganisationDefinition } from './organisation-definition.ts';
import { refuse } from './refused-ceremony.ts';

/** @throws RefusedCeremonyError where a definition's organisation is not there, or otherwise than it says */
export function checkDefinitions(root: ConfigGroup, definitions: readonly OrganisationDefinition[]): void {
  for (const definition of definitions) {
    const { mspId, orderers } = definition;
    check(root, ['Application', mspId], applicationGroup(definition));
    if (orderers.length > 0) check(root, ['Orderer', mspId], ordererGroup(definition));
    for (const node of orderers) {
      const own = entryOf(node);
      const entry = orderersIn(root).find(({ host, port }) => host === own.host && port === own.port);
      const isSame =
        entry === undefined ||
        (sameBytes(entry.clientTls, own.clientTls) &&
          sameBytes(entry.serverTls, own.serverTls) &&
          (entry.bft === undefined || sameBytes(entry.bft.identity, Buffer.from(node.identity))));
      if (!isSame) refuse(`the orderer ${own.host}:${own.port} has other certificates than ${mspId} defined`);
    }
  }
}

/**
 * Organisations and orderers that a change brings in, against what all agreed on.
 *
 * @returns a warning for each that consortium.yaml does not name, or whose definition is not here
 * @throws RefusedCeremonyError where one comes otherwise than it defined itself
 */
export function checkNewcomers(
  { before, after }: { readonly before: ConfigGroup; readonly after: ConfigGroup },
  agreed: readonly OrganisationDefinition[] | undefined,
): string[] {
  if (agreed === undefined) return [];
  const newcomers = new Set(
    ['Application', 'Orderer'].flatMap((section) =>
      [...(after.groups.get(section)?.groups.keys() ?? [])].filter(
        (mspId) => before.groups.get(section)?.groups.has(mspId) !== true,
      ),
    ),
  );
  const addressOf = ({ host, port }: { readonly host: string; readonly port: number }) => `${host}:${port}`;
  const earlier = new Set(orderersIn(before).map(addressOf));
  const added = orderersIn(after)
    .map(addressOf)
    .filter((address) => !earlier.has(address));
  const known = agreed.filter(
    ({ mspId, orderers }) => newcomers.has(mspId) || orderers.some((one) => added.includes(addressOf(one))),
  );
  checkDefinitions(after, known);
  const isKnown = new Set(known.map(({ mspId }) => mspId));
  const addresses = new Set(known.flatMap(({ orderers }) => orderers.map(addressOf)));
  const why = 'your consortium.yaml does not name it, or its definition is not in your mailbox';
  return [
    ...[...newcomers].filter((mspId) => !isKnown.has(mspId)).map((mspId) => `${mspId} comes in: ${why}`),
    ...added
      .filter((address) => !addresses.has(address))
      .map((address) => `the orderer ${address} comes in: ${why}`),
  ];
}

function check(root: ConfigGroup, [section, mspId]: readonly [string, string], own: ConfigGroup): void {
  const found = root.groups.get(section)?.groups.get(mspId);
  const place = `/Channel/${section}/${mspId}`;
  if (found === undefined) refuse(`there is no ${place}, and the definition of ${mspId} was given`);
  const bytesOf = (group: ConfigGroup) => groupMessage(unversioned(group)).serializeBinary();
  if (!sameBytes(bytesOf(found), bytesOf(own))) {
    refuse(`${place} is not what ${mspId} defined: compare it with the definition, line by line`);
  }
}

/** How often its items changed does not count. */
function unversioned(group: ConfigGroup): ConfigGroup {
  const each = <T extends object>(map: ReadonlyMap<string, T>) =>
    new Map([...map].map(([name, item]) => [name, { ...item, version: 0 }]));
  const groups = new Map([...group.groups].map(([name, child]) => [name, unversioned(child)]));
  return { ...group, version: 0, groups, values: each(group.values), policies: each(group.policies) };
}

/** Lines for people, with the digest that they compare. */
export function definitionInWords(definition: OrganisationDefinition): string[] {
  const { mspId, msp, anchorPeers, orderers } = definition;
  return [
    `Definition of ${mspId}, signed by its administrator`,
    `Digest: ${definitionDigest(definition)}`,
    ...valueWords('MSP', { place: `definition of ${mspId}`, bytes: msp, isNew: true }).map(
      (line) => `  ${line}`,
    ),
    ...anchorPeers.map(({ host, port }) => `  anchor peer: ${host}:${port}`),
    ...orderers.map(({ host, port }) => `  orderer: ${host}:${port}`),
  ];
}
