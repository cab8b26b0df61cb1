// Which organisations' signatures suffice for each policy of a configuration, so that a change that lets fewer or
// others act is said as such, however its policies are written.
import {
  type ConfigGroup,
  type ConfigPolicy,
  Message,
  type Rule,
  readSignaturePolicy,
  type SignaturePolicy,
} from '@consilium/verify/channel';

const TYPE = { signature: 1, implicit: 3 } as const;
const RULES = ['any', 'all', 'majority'] as const;
/** All sets of more organisations are too many to look at. */
export const COMPARED_MAX = 12;

/** Every policy of a tree, by its path: '/Channel/Application/Admins'. */
export function policiesOf(
  root: ConfigGroup,
): Map<string, { readonly group: ConfigGroup; readonly name: string }> {
  const found = new Map<string, { readonly group: ConfigGroup; readonly name: string }>();
  const visit = (group: ConfigGroup, path: string): void => {
    for (const name of group.policies.keys()) found.set(`${path}/${name}`, { group, name });
    for (const [name, child] of group.groups) visit(child, `${path}/${name}`);
  };
  visit(root, '/Channel');
  return found;
}

/** Whether a signer of every role of each of these organisations would satisfy a policy. */
export function suffices(group: ConfigGroup, name: string, mspIds: ReadonlySet<string>): boolean {
  const policy = group.policies.get(name);
  if (policy === undefined) return false;
  if (policy.type === TYPE.signature) {
    const read = signaturePolicyOf(policy);
    return holds(read.rule, read, mspIds);
  }
  const { rule, subPolicy } = implicitPolicyOf(policy);
  const children = [...group.groups.values()];
  if (rule === undefined) return false;
  // As Fabric: a policy over no group is always met.
  if (children.length === 0) return true;
  const needed = { any: 1, all: children.length, majority: Math.floor(children.length / 2) + 1 }[rule];
  return children.filter((child) => suffices(child, subPolicy, mspIds)).length >= needed;
}

export function implicitPolicyOf({ value }: ConfigPolicy) {
  const message = new Message('implicit policy', value);
  return { rule: RULES[message.int32(2)], subPolicy: message.text(1) };
}

const read = new WeakMap<ConfigPolicy, SignaturePolicy>();
function signaturePolicyOf(policy: ConfigPolicy): SignaturePolicy {
  let found = read.get(policy);
  if (found === undefined) {
    found = readSignaturePolicy(policy.value);
    read.set(policy, found);
  }
  return found;
}

function holds(rule: Rule, policy: SignaturePolicy, mspIds: ReadonlySet<string>): boolean {
  if (rule.signedBy !== undefined) {
    const principal = policy.principals[rule.signedBy];
    if (principal === undefined) return false;
    const all = 'all' in principal ? principal.all : [principal];
    return all.every((one) => 'mspId' in one && mspIds.has(one.mspId));
  }
  return rule.rules.filter((part) => holds(part, policy, mspIds)).length >= rule.least;
}

/** The smallest sets of these organisations that satisfy a policy, the fewest first; none of them holds another. */
export const sufficientSets = (
  group: ConfigGroup,
  name: string,
  mspIds: readonly string[],
): ReadonlySet<string>[] => smallestSets(mspIds, (set) => suffices(group, name, set));

/** The same of a signature policy of its own. */
export const ruleSets = (policy: SignaturePolicy, mspIds: readonly string[]): ReadonlySet<string>[] =>
  smallestSets(mspIds, (set) => holds(policy.rule, policy, set));

function smallestSets(
  mspIds: readonly string[],
  isEnough: (set: ReadonlySet<string>) => boolean,
): ReadonlySet<string>[] {
  const found: ReadonlySet<string>[] = [];
  for (const set of subsets(mspIds)) {
    if (found.some((smaller) => isWithin(smaller, set))) continue;
    if (isEnough(set)) found.push(set);
  }
  return found;
}

export const isWithin = (a: ReadonlySet<string>, b: ReadonlySet<string>): boolean =>
  [...a].every((one) => b.has(one));

/** All of them, the smaller first. */
function subsets(mspIds: readonly string[]): ReadonlySet<string>[] {
  const all = Array.from({ length: 2 ** mspIds.length }, (_, bits) =>
    mspIds.filter((_, i) => (bits >> i) & 1),
  );
  return all.sort((a, b) => a.length - b.length).map((names) => new Set(names));
}

/** 'AlphaMSP and BetaMSP'; of a set of no one, whose signature is not asked for, anyone. */
export const listed = (names: Iterable<string>): string => {
  const all = [...names];
  return all.length > 1 ? `${all.slice(0, -1).join(', ')} and ${all.at(-1)}` : (all[0] ?? 'anyone');
};
