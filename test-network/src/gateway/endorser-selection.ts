/** Discovery: which sets of organisations' peers can together satisfy all policies a transaction touches. */
import type { peer } from '../fabric-protos.ts';
import { readDefinition } from '../ledger/chaincode-definition.ts';
import { ownerOfImplicitCollection } from '../ledger/implicit-collection.ts';
import type { LedgerStore } from '../ledger/ledger-store.ts';
import type { Membership } from '../msp/identity.ts';
import { satisfiesPrincipal } from '../msp/principal.ts';
import { outOfRoles, type SignaturePolicyEnvelope } from '../policy/policy-text.ts';
import {
  type Candidates,
  combinationsOf,
  fewestSignatures,
  isSatisfiedBy,
  MAX_COMBINATIONS,
  type PeerSet,
  setsSatisfying,
  setsSatisfyingAll,
  sparingSet,
} from '../policy/satisfying-sets.ts';
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

export interface Selection {
  /** Sets of organisations, each enough: all there are, or one where there are too many to look at. */
  readonly layouts: readonly PeerSet[];
  /** One more set where not all were looked at: out of these organisations, the first rather than the last. */
  another(usable: readonly string[]): PeerSet | undefined;
}

/**
 * Layouts for a transaction's interest: those with `preferred` first, each group shuffled, so that load
 * spreads and nobody relies on an order. @throws SelectionError when there is none.
 */
export function selectEndorsers(
  channel: string,
  interest: ChaincodeInterest,
  preferred: string | undefined,
  context: SelectionContext,
): Selection {
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
  const demands = policies.map((policy) => ({ policy, candidates: candidatesFor(policy, members, context) }));
  const isAble = ({ endorser }: EndorsingPeer) => [...names].every((name) => endorser.hasChaincode(name));
  const choice = { demands, members, able: new Set(members.filter(isAble).map(({ mspId }) => mspId)) };
  const combinations = demands.reduce(
    (product, { policy, candidates }) => product * combinationsOf(policy, candidates),
    1,
  );
  return combinations > MAX_COMBINATIONS
    ? oneAtATime(choice, preferred)
    : { layouts: allLayouts(choice, preferred), another: () => undefined };
}

interface Choice {
  readonly demands: readonly { readonly policy: SignaturePolicyEnvelope; readonly candidates: Candidates }[];
  readonly members: readonly EndorsingPeer[];
  /** Whose peers have every chaincode that is called. */
  readonly able: ReadonlySet<string>;
}

const noneSatisfies = () => new SelectionError('no peer combination can satisfy the endorsement policy');
const noneIsAble = () => new SelectionError('required chaincodes are not installed on sufficient peers');

function allLayouts({ demands, able }: Choice, preferred: string | undefined): PeerSet[] {
  const sets = setsSatisfyingAll(demands.map(({ policy, candidates }) => setsSatisfying(policy, candidates)));
  if (sets.length === 0) throw noneSatisfies();
  const possible = sets.filter((set) => set.every((mspId) => able.has(mspId)));
  if (possible.length === 0) throw noneIsAble();
  const isPreferred = (set: PeerSet) => preferred !== undefined && set.includes(preferred);
  return [...shuffle(possible.filter(isPreferred)), ...shuffle(possible.filter((set) => !isPreferred(set)))];
}

function oneAtATime({ demands, members, able }: Choice, preferred: string | undefined): Selection {
  const isEnough = (mspIds: readonly string[]) =>
    demands.every(({ policy, candidates }) => isSatisfiedBy(policy, candidates, mspIds));
  const another = (usable: readonly string[]) =>
    sparingSet(
      usable.filter((mspId) => able.has(mspId)),
      isEnough,
    );
  const all = members.map(({ mspId }) => mspId);
  if (!isEnough(all)) throw noneSatisfies();
  const first = all.filter((mspId) => mspId === preferred);
  const layout = another([...first, ...shuffle(all.filter((mspId) => mspId !== preferred))]);
  if (layout === undefined) throw noneIsAble();
  return { layouts: [layout], another };
}

/** Whether any signers at all could satisfy the policy: it names some, and asks for no more than it names. */
function canBeSatisfied(policy: SignaturePolicyEnvelope): boolean {
  const fewest = fewestSignatures(policy);
  return fewest > 0 && Number.isFinite(fewest);
}

function candidatesFor(
  policy: SignaturePolicyEnvelope,
  peers: readonly EndorsingPeer[],
  { membership }: SelectionContext,
): Candidates {
  const satisfying = policy
    .getIdentitiesList()
    .map((principal) =>
      peers
        .filter(({ endorser }) =>
          satisfiesPrincipal(membership, membership.deserialize(endorser.identity.serialized), principal),
        )
        .map((candidate) => candidate.mspId),
    );
  return (index) => satisfying[index] ?? [];
}

function shuffle<T>(items: readonly T[]): T[] {
  const shuffled = [...items];
  for (let at = shuffled.length - 1; at > 0; at -= 1) {
    const other = Math.floor(Math.random() * (at + 1));
    [shuffled[at], shuffled[other]] = [shuffled[other]!, shuffled[at]!];
  }
  return shuffled;
}
