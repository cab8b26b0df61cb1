/**
 * Which sets of peers can satisfy a policy: the question Fabric's discovery answers for its gateway. Sets are
 * of organisations, because this network has one peer in each.
 */
import { common } from '../fabric-protos.ts';
import type { SignaturePolicyEnvelope } from './policy-text.ts';

type SignaturePolicy = InstanceType<typeof common.SignaturePolicy>;

/** A set of organisations, sorted and without repetition. */
export type PeerSet = readonly string[];

/** Fabric gives up enumerating beyond this many combinations too. */
const MAX_COMBINATIONS = 10_000;

/**
 * The minimal sets that satisfy one policy. `candidates` says which organisations' peers satisfy the
 * principal at an index of the policy. Within one policy a peer signs for one principal only.
 */
export function setsSatisfying(
  envelope: SignaturePolicyEnvelope,
  candidates: (principalIndex: number) => readonly string[],
): PeerSet[] {
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

function enumerate(policy: SignaturePolicy, candidates: (index: number) => readonly string[]): PeerSet[] {
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
    partial = next.slice(0, MAX_COMBINATIONS);
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
    if (!kept.some((smaller) => smaller.every((mspId) => set.includes(mspId)))) kept.push(set);
    if (kept.length >= MAX_COMBINATIONS) break;
  }
  return kept;
}
