// Key-level endorsement policies. One laid on a key replaces the chaincode's policy for every later change of
// that key (never for its first write), so each of these says everything that a change needs.
//
// The shim's own KeyEndorsementPolicy can only say "all of these", hence the envelopes built here.
import { majorityOf } from '@consilium/domain/rules';
import fabricProtos from '@hyperledger/fabric-protos';

const { common, msp } = fabricProtos;
type Policy = InstanceType<typeof common.SignaturePolicy>;

const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function peerOf(mspId: string): InstanceType<typeof msp.MSPPrincipal> {
  const role = new msp.MSPRole();
  role.setMspIdentifier(mspId);
  role.setRole(msp.MSPRole.MSPRoleType.PEER);
  const principal = new msp.MSPPrincipal();
  principal.setPrincipalClassification(msp.MSPPrincipal.Classification.ROLE);
  principal.setPrincipal(role.serializeBinary());
  return principal;
}

function signedBy(index: number): Policy {
  const policy = new common.SignaturePolicy();
  policy.setSignedBy(index);
  return policy;
}

function outOf(n: number, rules: Policy[]): Policy {
  const gate = new common.SignaturePolicy.NOutOf();
  gate.setN(n);
  gate.setRulesList(rules);
  const policy = new common.SignaturePolicy();
  policy.setNOutOf(gate);
  return policy;
}

function envelope(mspIds: readonly string[], rule: Policy): Uint8Array {
  const policy = new common.SignaturePolicyEnvelope();
  policy.setVersion(0);
  policy.setIdentitiesList(mspIds.map(peerOf));
  policy.setRule(rule);
  return policy.serializeBinary();
}

/**
 * Peers of at least n of these members. The same bytes whatever the order in which members are given.
 *
 * @throws RangeError where n is not between 1 and the number of distinct members
 */
export function anyOfPeers(n: number, mspIds: readonly string[]): Uint8Array {
  const sorted = [...new Set(mspIds)].sort(byCodeUnit);
  if (!Number.isInteger(n) || n < 1 || n > sorted.length) {
    throw new RangeError(`no policy of ${n} out of ${sorted.length} members`);
  }
  return envelope(
    sorted,
    outOf(
      n,
      sorted.map((_, i) => signedBy(i)),
    ),
  );
}

/**
 * All of these organisations' peers and, with them, a majority of the members.
 *
 * Fabric lets one signature satisfy one leaf of a policy only, so that of a named one must not be asked for twice: the
 * rule is "all of these, and as many of the others as a majority has more".
 *
 * @throws RangeError where nobody is named
 */
export function allAndMajority(named: readonly string[], members: readonly string[]): Uint8Array {
  const first = [...new Set(named)].sort(byCodeUnit);
  if (first.length === 0) throw new RangeError('no policy of nobody');
  const others = [...new Set(members)].filter((mspId) => !first.includes(mspId)).sort(byCodeUnit);
  const needed = majorityOf(others.length + first.length) - first.length;
  const signed = first.map((_, i) => signedBy(i));
  if (needed <= 0) return envelope(first, outOf(signed.length, signed));
  const othersSign = outOf(
    needed,
    others.map((_, i) => signedBy(first.length + i)),
  );
  return envelope([...first, ...others], outOf(signed.length + 1, [...signed, othersSign]));
}

/**
 * The owner's peer and, with it, a majority of the members.
 *
 * Limits: the members are those of the time when the policy was laid. A dataset's policies are laid again by each
 * consent and each vote for an amendment, and by `audit:renewPolicies`, which is itself a change that the policy of
 * before has to allow: of the other members of that time, half have to be there still.
 */
export const ownerAndMajority = (owner: string, members: readonly string[]): Uint8Array =>
  allAndMajority([owner], members);
