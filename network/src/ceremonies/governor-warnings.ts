// Who may change what afterwards: each item of a configuration names the policy that governs it, and a change of that
// name gives an item into other hands as a change of the policy does.
import { type ConfigGroup, placesOf } from '@consilium/verify/channel';
import { isWithin, listed, policiesOf, sufficientSets } from './sufficient-signers.ts';

/** Where a governor is: '/Channel/Application/Admins'. */
function policyOf({ path, modPolicy }: Governed): string {
  if (modPolicy.startsWith('/')) return modPolicy;
  // As Fabric: a group's own policies govern it.
  return ['', ...path, modPolicy].join('/');
}

interface Governed {
  readonly path: readonly string[];
  readonly modPolicy: string;
}

/**
 * A sentence for each item that fewer, or others, could change after than before. A new item is held against the
 * administrators of the group that it comes into.
 */
export function governorChanges(
  { before, after }: { readonly before: ConfigGroup; readonly after: ConfigGroup },
  mspIds: readonly string[],
): string[] {
  const old = placesOf(before);
  const [oldPolicies, policies] = [policiesOf(before), policiesOf(after)];
  const setsOf = (found: ReturnType<typeof policiesOf>, path: string) => {
    const policy = found.get(path);
    return policy === undefined ? [] : sufficientSets(policy.group, policy.name, mspIds);
  };
  return [...placesOf(after)].flatMap(([key, { path, item }]) => {
    const { modPolicy } = item;
    const earlier = old.get(key)?.item.modPolicy;
    if (earlier === modPolicy) return [];
    const now = setsOf(policies, policyOf({ path, modPolicy }));
    const expected =
      earlier === undefined
        ? setsOf(policies, policyOf({ path, modPolicy: 'Admins' }))
        : setsOf(oldPolicies, policyOf({ path, modPolicy: earlier }));
    const place = key.split(' ')[1]!;
    if (now.length === 0)
      return expected.length === 0 ? [] : [`${place} could be changed by nobody any more`];
    const weaker = now.find((set) => !expected.some((one) => isWithin(one, set)));
    if (weaker === undefined) return [];
    return [`${place} could be changed by ${listed(weaker)}, under ${modPolicy}`];
  });
}
