// What a change makes weaker, as sentences that a reader sees before anything else: a policy that fewer or others can
// meet, fewer orderers that may fail, one organisation that could decide or stop alone, a revocation taken back.
import { type ChannelConfiguration, type ConfigGroup, isIssuedBy } from '@consilium/verify/channel';
import { readableCertificate } from './certificates-in-words.ts';
import { sameBytes, sha256Hex } from './digests.ts';
import { msOf } from './durations.ts';
import { governorChanges } from './governor-warnings.ts';
import { blockPolicy, type OrdererEntry, orderersIn, quorumOf } from './orderer-set.ts';
import { authoritiesOf, revokedIn } from './organisation-facts.ts';
import { COMPARED_MAX, isWithin, listed, policiesOf, sufficientSets } from './sufficient-signers.ts';
import { accessOf, batchOf, capabilitiesOf, consensusStateOf, optionsOf } from './value-facts.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** Who holds these alone holds the channel. */
const DECIDING = [
  '/Channel/Admins',
  '/Channel/Application/Admins',
  '/Channel/Application/Endorsement',
  '/Channel/Application/LifecycleEndorsement',
  '/Channel/Orderer/Admins',
] as const;

export interface Change {
  readonly before: ChannelConfiguration;
  readonly after: ChannelConfiguration;
  readonly now: Date;
}

/** Sentences, the gravest first; none where nothing is weaker. */
export function weakenings(change: Change): string[] {
  return [
    ...heldAlone(change),
    ...fewerSigners(change),
    ...governorWarnings(change),
    ...ordererWarnings(change),
    ...sharedAuthorities(change.after),
    ...revocationsTakenBack(change),
    ...organisationWarnings(change),
    ...valueWarnings(change),
  ];
}

/** What a new channel would suffer from. */
export function foundingWarnings(configuration: ChannelConfiguration, now: Date): string[] {
  const entries = orderersIn(configuration.root);
  const { failing } = quorumOf(configuration.consensus, entries.length);
  return [
    ...[...aloneIn(configuration)].map(([path, mspId]) => decidesAlone(mspId, path)),
    ...(failing === 0 ? [`of ${entries.length} orderers none may fail`] : []),
    ...ordererCounts(configuration, { entries, failing }),
    ...expiring(entries, now),
    ...sharedAuthorities(configuration),
  ];
}

const decidesAlone = (mspId: string, path: string): string =>
  mspId === 'anyone'
    ? `anyone could meet ${path}, without a signature of any organisation`
    : `${mspId} alone could meet ${path}: one organisation would decide for all`;

const organisationsOf = ({ mspIds, ordererMspIds }: ChannelConfiguration): string[] =>
  [...new Set([...mspIds, ...ordererMspIds])].sort();

/** By whom alone each policy is met, by its path. */
function aloneIn(configuration: ChannelConfiguration): Map<string, string> {
  const mspIds = organisationsOf(configuration);
  const policies = policiesOf(configuration.root);
  const found = new Map<string, string>();
  if (mspIds.length < 2 || mspIds.length > COMPARED_MAX) return found;
  for (const path of DECIDING) {
    const policy = policies.get(path);
    if (policy === undefined) continue;
    const [smallest] = sufficientSets(policy.group, policy.name, mspIds);
    if (smallest?.size === 1) found.set(path, [...smallest][0]!);
    if (smallest?.size === 0) found.set(path, 'anyone');
  }
  return found;
}

function heldAlone({ before, after }: Change): string[] {
  const was = aloneIn(before);
  return [...aloneIn(after)]
    .filter(([path, mspId]) => was.get(path) !== mspId)
    .map(([path, mspId]) => decidesAlone(mspId, path));
}

function fewerSigners({ before, after }: Change): string[] {
  const mspIds = [...new Set([...organisationsOf(before), ...organisationsOf(after)])].sort();
  if (mspIds.length > COMPARED_MAX) {
    return [
      `the channel has more than ${COMPARED_MAX} organisations: whether fewer could meet a policy is not compared`,
    ];
  }
  const old = policiesOf(before.root);
  const members = organisationsOf(before);
  const newcomers = new Set(mspIds.filter((mspId) => !members.includes(mspId)));
  return [...policiesOf(after.root)].flatMap(([path, { group, name }]) => {
    const sets = sufficientSets(group, name, mspIds);
    const was = old.get(path);
    if (was === undefined) return ownPolicy(path, sets);
    const earlier = sufficientSets(was.group, was.name, mspIds);
    // A newcomer stands beside those who could meet it before: nothing is weaker by that alone.
    const joins = (set: ReadonlySet<string>) =>
      [...set].some((mspId) => newcomers.has(mspId)) && set.size >= (earlier[0]?.size ?? 0);
    const weaker = sets.filter((set) => !earlier.some((one) => isWithin(one, set)) && !joins(set));
    const [first] = weaker;
    if (first === undefined) return sets.length === 0 && earlier.length > 0 ? [nobodyMeets(path)] : [];
    return [`${path} could be met by ${listed(first)}, who could not meet it before${moreOf(weaker.length)}`];
  });
}

const moreOf = (sets: number): string =>
  sets > 1 ? ` (and so could ${sets - 1} other sets of organisations)` : '';
const nobodyMeets = (path: string): string =>
  `${path} could be met by nobody any more: what it governs could never change again`;

/** A new organisation's own policy speaks in its name: '/Channel/Application/DeltaMSP/Admins'. */
function ownPolicy(path: string, sets: readonly ReadonlySet<string>[]): string[] {
  const parts = path.split('/');
  const owner = parts.length === 5 ? parts[3] : undefined;
  const foreign = sets.find((set) => owner !== undefined && !set.has(owner));
  if (foreign === undefined) return sets.length === 0 ? [nobodyMeets(path)] : [];
  return [`${path} could be met by ${listed(foreign)}, in the name of ${owner}`];
}

/** The organisation of an orderer: named under BFT; under Raft the one whose authority issued its TLS certificate. */
function ownerOf(entry: OrdererEntry, { root }: ChannelConfiguration): string | undefined {
  if (entry.bft !== undefined) return entry.bft.mspId;
  const groups = root.groups.get('Orderer')?.groups ?? new Map<string, ConfigGroup>();
  const certificate = readableCertificate(entry.clientTls, `certificate of the orderer ${entry.host}`);
  for (const group of groups.values()) {
    const { mspId, tls } = authoritiesOf(group);
    if (tls.some((authority) => isIssuedBy(certificate, authority))) return mspId;
  }
  return undefined;
}

function ordererWarnings({ before, after, now }: Change): string[] {
  const [old, entries] = [orderersIn(before.root), orderersIn(after.root)];
  const isSame =
    entries.length === old.length && entries.every((one) => old.some((other) => isSameEntry(one, other)));
  if (entries.length === 0 || isSame) return [];
  const was = quorumOf(before.consensus, old.length);
  const { failing, quorum } = quorumOf(after.consensus, entries.length);
  const found: string[] = [];
  if (failing < was.failing) {
    found.push(
      `of ${entries.length} orderers ${failing} may fail, and ${was.failing} of ${old.length} before`,
    );
  }
  const added = entries.filter((one) => !old.some((other) => isSameEntry(one, other)));
  const working = entries.length - added.length;
  if (added.length > 0 && working < quorum) {
    found.push(
      `until the new orderer works there is no quorum: ${quorum} of ${entries.length} have to agree, and ${working} do`,
    );
  } else if (added.length > 0 && working === quorum) {
    found.push('until the new orderer works none of the others may fail');
  }
  found.push(...ordererCounts(after, { entries, failing }));
  found.push(...expiring(added, now));
  return found;
}

function expiring(entries: readonly OrdererEntry[], now: Date): string[] {
  const found = entries.flatMap(({ host, port, clientTls, serverTls }) =>
    [clientTls, serverTls].flatMap((pem) => {
      const { validToDate } = readableCertificate(pem, `certificate of ${host}`);
      const left = validToDate.getTime() - now.getTime();
      if (left < 0) return [`the orderer ${host}:${port} has a certificate that expired`];
      return left < 30 * DAY_MS
        ? [`the orderer ${host}:${port} has a certificate that expires within 30 days`]
        : [];
    }),
  );
  return [...new Set(found)];
}

const isSameEntry = (a: OrdererEntry, b: OrdererEntry): boolean =>
  a.host === b.host &&
  a.port === b.port &&
  Buffer.compare(a.clientTls, b.clientTls) === 0 &&
  Buffer.compare(a.serverTls, b.serverTls) === 0;

/** An organisation with more orderers than may fail could stop the channel alone; under BFT also fork it. */
function ordererCounts(
  after: ChannelConfiguration,
  { entries, failing }: { readonly entries: readonly OrdererEntry[]; readonly failing: number },
): string[] {
  const counts = new Map<string, number>();
  for (const entry of entries) {
    const owner = ownerOf(entry, after);
    if (owner !== undefined) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  }
  if (counts.size < 2) return [];
  return [...counts]
    .filter(([, count]) => count > Math.max(failing, 1))
    .map(
      ([mspId, count]) =>
        `${mspId} would have ${count} of ${entries.length} orderers: it could stop the channel alone`,
    );
}

/** Two organisations whose identities one authority issues are one hospital with two votes. */
function sharedAuthorities(after: ChannelConfiguration): string[] {
  const holders = new Map<string, Set<string>>();
  for (const section of ['Application', 'Orderer']) {
    for (const group of after.root.groups.get(section)?.groups.values() ?? []) {
      const { mspId, identity } = authoritiesOf(group);
      for (const authority of identity) {
        // Of one key, however many certificates it has.
        const key = sha256Hex(authority.keyInfo);
        holders.set(key, (holders.get(key) ?? new Set()).add(mspId));
      }
    }
  }
  return [...holders.values()]
    .filter((mspIds) => mspIds.size > 1)
    .map((mspIds) => `${listed(mspIds)} share an authority: who holds it has the votes of all of them`);
}

/** Nothing is compared in larger channels: `fewerSigners` says so. */
function governorWarnings({ before, after }: Change): string[] {
  const mspIds = [...new Set([...organisationsOf(before), ...organisationsOf(after)])].sort();
  return mspIds.length > COMPARED_MAX
    ? []
    : governorChanges({ before: before.root, after: after.root }, mspIds);
}

const groupIn = ({ root }: ChannelConfiguration, place: string): ConfigGroup | undefined => {
  const [section, name] = place.split('/');
  return root.groups.get(section!)?.groups.get(name!);
};

/** Of organisations that stay: whoever else could speak for one. */
function organisationWarnings({ before, after }: Change): string[] {
  const found = [...before.organisations.keys()].flatMap((place) => {
    const [old, next] = [groupIn(before, place), groupIn(after, place)];
    if (old === undefined || next === undefined) return [];
    const [was, is] = [authoritiesOf(old), authoritiesOf(next)];
    const isNew = (kind: 'identity' | 'tls') =>
      is[kind].some(({ sha256 }) => !was[kind].some((one) => one.sha256 === sha256));
    return [
      ...(isNew('identity')
        ? [`${is.mspId} would accept a further authority: who holds it speaks for ${is.mspId}`]
        : []),
      ...(isNew('tls')
        ? [`${is.mspId} would accept a further authority of TLS: who holds it can stand in for its nodes`]
        : []),
      ...(is.roles === was.roles
        ? []
        : [`${is.mspId} would make other certificates administrators, peers or clients`]),
    ];
  });
  return [...new Set(found)];
}

function revocationsTakenBack({ before, after }: Change): string[] {
  return [...before.organisations.keys()].flatMap((place) => {
    const [old, next] = [groupIn(before, place), groupIn(after, place)];
    if (old === undefined || next === undefined) return [];
    const kept = revokedIn(next);
    const back = [...revokedIn(old)].filter((serial) => !kept.has(serial));
    if (back.length === 0) return [];
    return [`${place} would take back ${back.length} revoked certificates: ${back.slice(0, 5).join(', ')}`];
  });
}

function valueWarnings({ before, after }: Change): string[] {
  const found: string[] = [];
  const [old, next] = [batchOf(before.root), batchOf(after.root)];
  if (next.messages > old.messages) {
    found.push(
      `a block could hold ${next.messages} transactions, and ${old.messages} before: with one alone nobody can ` +
        "keep another's from being validated",
    );
  }
  if (next.bytes < old.bytes) {
    found.push(
      `what has more than ${next.bytes} bytes could not be ordered any more, changes of the channel too`,
    );
  }
  if (msOf(next.timeout) > 10 * msOf(old.timeout)) {
    found.push(`a block could wait ${next.timeout} for more transactions, and ${old.timeout} before`);
  }
  for (const [section, names] of capabilitiesOf(after.root)) {
    const gained = [...names].filter((name) => !capabilitiesOf(before.root).get(section)?.has(name));
    if (gained.length > 0) {
      found.push(`${section} would gain the capability ${gained.join(', ')}: nodes that do not know it stop`);
    }
  }
  for (const [section, names] of capabilitiesOf(before.root)) {
    const lost = [...names].filter((name) => !capabilitiesOf(after.root).get(section)?.has(name));
    if (lost.length > 0)
      found.push(`${section} would lose the capability ${lost.join(', ')}: older rules would count`);
  }
  if (accessOf(before.root) !== accessOf(after.root)) {
    found.push('who may call what of a peer would change: read each line that begins with access');
  }
  if (optionsOf(before.root) !== optionsOf(after.root)) {
    found.push('how orderers agree would change: read each line of /Channel/Orderer/ConsensusType');
  }
  if (blocksAreOthers(after) && !blocksAreOthers(before)) {
    found.push(
      'blocks would not be signed by a quorum of the orderers, but by those whom BlockValidation names',
    );
  }
  if (before.consensus !== after.consensus) {
    found.push(`blocks would be ordered by ${after.consensus}, and by ${before.consensus} before`);
  }
  if (
    consensusStateOf(after.root) !== consensusStateOf(before.root) &&
    consensusStateOf(after.root) === 'maintenance'
  ) {
    found.push('the channel would go into maintenance: no transactions are taken until it leaves it');
  }
  return found;
}

/** Under BFT the policy of blocks has to be a quorum of the very orderers. */
function blocksAreOthers({ consensus, root }: ChannelConfiguration): boolean {
  if (consensus !== 'BFT') return false;
  const policy = root.groups.get('Orderer')?.policies.get('BlockValidation');
  return policy === undefined || !sameBytes(policy.value, blockPolicy(orderersIn(root)).value);
}
