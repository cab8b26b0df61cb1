/**
 * Which sets of peers can satisfy a policy: the question Fabric's discovery answers for its gateway. Sets are
 * of organisations, because this network has one peer in each.
 */
import { common } from '../fabric-protos.ts';
import type { SignaturePolicyEnvelope } from './policy-text.ts';
import { satisfiesRule } from './signature-policy.ts';

type SignaturePolicy = InstanceType<typeof common.SignaturePolicy>;

/** A set of organisations, sorted and without repetition. */
export type PeerSet = readonly string[];

/** Which organisations' peers satisfy the principal at an index of a policy. */
export type Candidates = (principalIndex: number) => readonly string[];

/** Fabric does not enumerate more combinations either. */
export const MAX_COMBINATIONS = 10_000;

/** How many sets enumerating a policy looks at: of 20 organisations, a majority can be chosen in 167,960 ways. */
export function combinationsOf(envelope: SignaturePolicyEnvelope, candidates: Candidates): number {
  const count = (policy: SignaturePolicy): number => {
    if (policy.getTypeCase() === common.SignaturePolicy.TypeCase.SIGNED_BY) {
      return candidates(policy.getSignedBy()).length;
    }
    const gate = policy.getNOutOf();
    if (!gate) return 0;
    // ways[k]: to satisfy k of the rules looked at so far.
    let ways = [1];
    for (const own of gate.getRulesList().map(count)) {
      ways = [...ways, 0].map((without, k) => without + own * (ways[k - 1] ?? 0));
    }
    return ways[gate.getN()] ?? 0;
  };
  const rule = envelope.getRule();
  return rule ? count(rule) : 0;
}

/** Fewest signatures that satisfy a policy, no matter whose they are; Infinity where none do. */
export function fewestSignatures(envelope: SignaturePolicyEnvelope): number {
  const fewest = (policy: SignaturePolicy): number => {
    if (policy.getTypeCase() === common.SignaturePolicy.TypeCase.SIGNED_BY) return 1;
    const gate = policy.getNOutOf();
    if (!gate || gate.getN() > gate.getRulesList().length) return Number.POSITIVE_INFINITY;
    const each = gate.getRulesList().map(fewest);
    return each
      .toSorted((a, b) => a - b)
      .slice(0, gate.getN())
      .reduce((sum, one) => sum + one, 0);
  };
  const rule = envelope.getRule();
  return rule ? fewest(rule) : Number.POSITIVE_INFINITY;
}

/** Whether one peer of each of these organisations satisfies a policy, judged as a validator does. */
export function isSatisfiedBy(
  envelope: SignaturePolicyEnvelope,
  candidates: Candidates,
  mspIds: readonly string[],
): boolean {
  const rule = envelope.getRule();
  if (!rule) return false;
  return satisfiesRule(rule, mspIds.length, (signer, index) => candidates(index).includes(mspIds[signer]!));
}

/**
 * A set that needs each of its members, found without looking at all sets: the last member in `order` is left
 * out first. Undefined where not even all of them are enough.
 */
export function sparingSet(
  order: readonly string[],
  isEnough: (mspIds: readonly string[]) => boolean,
): PeerSet | undefined {
  if (!isEnough(order)) return undefined;
  let kept = order;
  for (const mspId of order.toReversed()) {
    const fewer = kept.filter((other) => other !== mspId);
    if (isEnough(fewer)) kept = fewer;
  }
  return kept;
}

/**
 * The minimal sets that satisfy one policy. `candidates` says which organisations' peers satisfy the
 * principal at an index of the policy. Within one policy a peer signs for one principal only.
 */
export function setsSatisfying(envelope: SignaturePolicyEnvelope, candidates: Candidates): PeerSet[] {
  const rule = envelope.getRule();
  if (!rule) return [];
  return minimal(enumerate(rule, candidates));
}

/** The minimal sets that satisfy all policies at once; a peer's signature counts for each policy. */
export function setsSatisfyingAll(perPolicy: readonly (readonly PeerSet[])[]): PeerSet[] {
  let combined: PeerSet[] = [[]];
  for (const sets of perPolicy) {
    combined = minimal(combined.flatMap((left) => sets.map((right) => union(left, right))));
  }
  return combined;
}

function enumerate(policy: SignaturePolicy, candidates: Candidates): PeerSet[] {
  if (policy.getTypeCase() === common.SignaturePolicy.TypeCase.SIGNED_BY) {
    return candidates(policy.getSignedBy()).map((mspId) => [mspId]);
  }
  const gate = policy.getNOutOf();
  if (!gate) return [];
  const options = gate.getRulesList().map((rule) => enumerate(rule, candidates));
  return choose(options, gate.getN());
}

/** Every way to satisfy `count` of the options with disjoint sets. */
function choose(options: readonly PeerSet[][], count: number): PeerSet[] {
  let partial: { chosen: number; set: PeerSet }[] = [{ chosen: 0, set: [] }];
  options.forEach((sets, at) => {
    const remaining = options.length - at - 1;
    const next: { chosen: number; set: PeerSet }[] = [];
    for (const { chosen, set } of partial) {
      if (chosen + remaining >= count) next.push({ chosen, set });
      if (chosen === count) continue;
      for (const addition of sets) {
        if (addition.some((mspId) => set.includes(mspId))) continue;
        next.push({ chosen: chosen + 1, set: union(set, addition) });
      }
    }
    partial = next;
  });
  return partial.filter(({ chosen }) => chosen >= count).map(({ set }) => set);
}

function union(left: PeerSet, right: PeerSet): PeerSet {
  return [...new Set([...left, ...right])].sort();
}

function minimal(sets: readonly PeerSet[]): PeerSet[] {
  const distinct = [...new Map(sets.map((set) => [set.join('\n'), set])).values()];
  distinct.sort((left, right) => left.length - right.length);
  const kept: PeerSet[] = [];
  for (const set of distinct) {
    // Another set of the same size is no part of it.
    const larger = kept.findIndex((other) => other.length === set.length);
    const smaller = larger < 0 ? kept : kept.slice(0, larger);
    if (!smaller.some((other) => other.every((mspId) => set.includes(mspId)))) kept.push(set);
  }
  return kept;
}
