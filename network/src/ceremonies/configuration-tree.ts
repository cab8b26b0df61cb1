// Parts of a channel's configuration as they are written: groups, values and policies, and a tree with one of them
// changed. Trees are never changed in place.

import type { ConfigGroup, ConfigPolicy, ConfigValue } from '@consilium/verify/channel';
import fabricProtos from '@hyperledger/fabric-protos';
import { refuse } from './refused-ceremony.ts';

const { common, msp } = fabricProtos;
const MOD_POLICY = 'Admins';

interface Written {
  serializeBinary(): Uint8Array;
}

export const newValue = (message: Written): ConfigValue => ({
  version: 0,
  modPolicy: MOD_POLICY,
  value: message.serializeBinary(),
});

export interface GroupParts {
  readonly groups?: Iterable<readonly [string, ConfigGroup]>;
  readonly values?: Iterable<readonly [string, ConfigValue]>;
  readonly policies?: Iterable<readonly [string, ConfigPolicy]>;
}

export const newGroup = ({ groups = [], values = [], policies = [] }: GroupParts): ConfigGroup => ({
  version: 0,
  modPolicy: MOD_POLICY,
  groups: new Map(groups),
  values: new Map(values),
  policies: new Map(policies),
});

const newPolicy = (type: number, message: Written): ConfigPolicy => ({
  version: 0,
  modPolicy: MOD_POLICY,
  type,
  value: message.serializeBinary(),
});

/** Of the groups below: any, all or a majority of their policies of a name. */
export function implicitPolicy(rule: 'ANY' | 'ALL' | 'MAJORITY', subPolicy: string): ConfigPolicy {
  const policy = new common.ImplicitMetaPolicy();
  policy.setRule(common.ImplicitMetaPolicy.Rule[rule]);
  policy.setSubPolicy(subPolicy);
  return newPolicy(common.Policy.PolicyType.IMPLICIT_META, policy);
}

export type Role = 'member' | 'admin' | 'client' | 'peer' | 'orderer';

export type PrincipalMessage = InstanceType<typeof msp.MSPPrincipal>;

/** Someone of a role of an organisation. */
export function roleOf(mspId: string, role: Role): PrincipalMessage {
  const of = new msp.MSPRole();
  of.setMspIdentifier(mspId);
  of.setRole(msp.MSPRole.MSPRoleType[role.toUpperCase() as Uppercase<Role>]);
  return principal(msp.MSPPrincipal.Classification.ROLE, of.serializeBinary());
}

/** One very certificate. */
export const identityOf = (identity: Uint8Array): PrincipalMessage =>
  principal(msp.MSPPrincipal.Classification.IDENTITY, identity);

function principal(classification: 0 | 1 | 2 | 3 | 4, bytes: Uint8Array): PrincipalMessage {
  const made = new msp.MSPPrincipal();
  made.setPrincipalClassification(classification);
  made.setPrincipal(bytes);
  return made;
}

/** A rule over principals by their numbers. */
export type PolicyRule = number | { readonly least: number; readonly rules: readonly PolicyRule[] };

/** As the rule asks for its principals' signatures. */
export function signaturePolicy(rule: PolicyRule, principals: readonly PrincipalMessage[]): ConfigPolicy {
  const envelope = new common.SignaturePolicyEnvelope();
  envelope.setRule(ruleMessage(rule));
  envelope.setIdentitiesList([...principals]);
  return newPolicy(common.Policy.PolicyType.SIGNATURE, envelope);
}

function ruleMessage(rule: PolicyRule): InstanceType<typeof common.SignaturePolicy> {
  const made = new common.SignaturePolicy();
  if (typeof rule === 'number') made.setSignedBy(rule);
  else {
    const threshold = new common.SignaturePolicy.NOutOf();
    threshold.setN(rule.least);
    threshold.setRulesList(rule.rules.map(ruleMessage));
    made.setNOutOf(threshold);
  }
  return made;
}

/** One signer of any of these roles. */
export const anyRole = (mspId: string, roles: readonly Role[]): ConfigPolicy =>
  signaturePolicy(
    { least: 1, rules: roles.map((_, at) => at) },
    roles.map((role) => roleOf(mspId, role)),
  );

/** The group at a place: ['Application', 'AlphaMSP']. @throws RefusedCeremonyError where there is none */
export function groupAt(root: ConfigGroup, path: readonly string[]): ConfigGroup {
  let group: ConfigGroup | undefined = root;
  for (const name of path) group = group?.groups.get(name);
  return group ?? refuse(`the channel has no /Channel/${path.join('/')}`);
}

/** The tree with another group at a place. @throws RefusedCeremonyError where there is none */
export function withGroup(
  root: ConfigGroup,
  path: readonly string[],
  change: (group: ConfigGroup) => ConfigGroup,
): ConfigGroup {
  const [name, ...below] = path;
  if (name === undefined) return change(root);
  const child = groupAt(root, [name]);
  return { ...root, groups: new Map(root.groups).set(name, withGroup(child, below, change)) };
}

/** The tree with another value, under the policy that governed it. */
export const withValue = (
  root: ConfigGroup,
  path: readonly string[],
  [name, message]: readonly [string, Written],
): ConfigGroup =>
  withGroup(root, path, (group) => {
    const value = { ...(group.values.get(name) ?? newValue(message)), value: message.serializeBinary() };
    return { ...group, values: new Map(group.values).set(name, value) };
  });

/** The tree with another policy, under the policy that governed it. */
export const withPolicy = (
  root: ConfigGroup,
  path: readonly string[],
  [name, { type, value }]: readonly [string, ConfigPolicy],
): ConfigGroup =>
  withGroup(root, path, (group) => {
    const { version = 0, modPolicy = MOD_POLICY } = group.policies.get(name) ?? {};
    return { ...group, policies: new Map(group.policies).set(name, { version, modPolicy, type, value }) };
  });

export const without = <T>(map: ReadonlyMap<string, T>, name: string): Map<string, T> =>
  new Map([...map].filter(([key]) => key !== name));
