/** Discovery: which sets of organisations' peers can together satisfy all policies a transaction touches. */
import type { peer } from '../fabric-protos.ts';
import { readDefinition } from '../ledger/chaincode-definition.ts';
import { ownerOfImplicitCollection } from '../ledger/implicit-collection.ts';
import type { LedgerStore } from '../ledger/ledger-store.ts';
import type { Membership } from '../msp/identity.ts';
import { satisfiesPrincipal } from '../msp/principal.ts';
import { outOfRoles, type SignaturePolicyEnvelope } from '../policy/policy-text.ts';
import { type PeerSet, setsSatisfying, setsSatisfyingAll } from '../policy/satisfying-sets.ts';
import type { EndorsingPeer } from './endorsing-peer.ts';

type ChaincodeInterest = InstanceType<typeof peer.ChaincodeInterest>;

export interface SelectionContext {
  readonly channel: string;
  readonly store: LedgerStore;
  readonly membership: Membership;
  readonly mspIds: readonly string[];
  readonly peers: readonly EndorsingPeer[];
}

export class SelectionError extends Error {
  override readonly name = 'SelectionError';

  constructor(reason: string) {
    super(`no combination of peers can be derived which satisfy the endorsement policy: ${reason}`);
  }
}

/**
 * Layouts for a transaction's interest: those with `preferred` first, each group shuffled, so that load
 * spreads and nobody relies on an order. @throws SelectionError when there is none.
 */
export function endorsementLayouts(
  channel: string,
  interest: ChaincodeInterest,
  preferred: string | undefined,
  context: SelectionContext,
): PeerSet[] {
  const policies: SignaturePolicyEnvelope[] = [];
  const names = new Set<string>();
  let readers: ReadonlySet<string> | undefined;
  for (const call of interest.getChaincodesList()) {
    const name = call.getName();
    names.add(name);
    const definition = readDefinition(context.store.latest, name, context.mspIds);
    if (channel !== context.channel || !definition) {
      throw new SelectionError(`No metadata was found for chaincode ${name} in channel ${channel}`);
    }
    const collections = call.getCollectionNamesList();
    if (collections.length === 0 && !call.getDisregardNamespacePolicy()) policies.push(definition.policy);
    for (const coll of collections) {
      const owner = ownerOfImplicitCollection(coll);
      if (owner === undefined) continue;
      // A collection with a policy of its own is not held to the chaincode's.
      policies.push(outOfRoles(1, 'member', [owner]));
      if (!call.getNoPrivateReads()) {
        readers = new Set(!readers || readers.has(owner) ? [owner] : []);
      }
    }
    for (const policy of call.getKeyPoliciesList()) {
      if (!canBeSatisfied(policy)) {
        throw new SelectionError('state based endorsement policy cannot be satisfied');
      }
      policies.push(policy);
    }
  }
  if (!policies.every(canBeSatisfied)) throw new SelectionError('endorsement policy cannot be satisfied');
  const members = context.peers.filter((candidate) => !readers || readers.has(candidate.mspId));
  const sets = setsSatisfyingAll(policies.map((policy) => setsFor(policy, members, context)));
  if (sets.length === 0) throw new SelectionError('no peer combination can satisfy the endorsement policy');
  const able = sets.filter((set) =>
    set.every((mspId) => {
      const { endorser } = members.find((candidate) => candidate.mspId === mspId)!;
      return [...names].every((name) => endorser.hasChaincode(name));
    }),
  );
  if (able.length === 0) {
    throw new SelectionError('required chaincodes are not installed on sufficient peers');
  }
  const isPreferred = (set: PeerSet) => preferred !== undefined && set.includes(preferred);
  return [...shuffle(able.filter(isPreferred)), ...shuffle(able.filter((set) => !isPreferred(set)))];
}

/** Whether any signers at all could satisfy the policy: it names some, and asks for no more than it names. */
function canBeSatisfied(policy: SignaturePolicyEnvelope): boolean {
  let signers = 0;
  const sets = setsSatisfying(policy, () => {
    signers += 1;
    return [String(signers)];
  });
  return sets.length > 0 && sets.every((set) => set.length > 0);
}

function setsFor(
  policy: SignaturePolicyEnvelope,
  peers: readonly EndorsingPeer[],
  { membership }: SelectionContext,
): PeerSet[] {
  const principals = policy.getIdentitiesList();
  return setsSatisfying(policy, (index) => {
    const principal = principals[index];
    if (!principal) return [];
    return peers
      .filter(({ endorser }) =>
        satisfiesPrincipal(membership, membership.deserialize(endorser.identity.serialized), principal),
      )
      .map((candidate) => candidate.mspId);
  });
}

function shuffle<T>(items: readonly T[]): T[] {
  const shuffled = [...items];
  for (let at = shuffled.length - 1; at > 0; at -= 1) {
    const other = Math.floor(Math.random() * (at + 1));
    [shuffled[at], shuffled[other]] = [shuffled[other]!, shuffled[at]!];
  }
  return shuffled;
}
