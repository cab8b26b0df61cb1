// Key-level endorsement policies. One laid on a key replaces the chaincode's policy for every later change of
// that key (never for its first write), so each of these says everything that a change needs.
//
// The shim's own KeyEndorsementPolicy can only say "all of these", hence the envelopes built here.
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

/** The smallest majority of a number of members. */
export const majorityOf = (members: number): number => Math.floor(members / 2) + 1;

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
 * The owner's peer and, with it, a majority of the members.
 *
 * Fabric lets one signature satisfy one leaf of a policy only, so the owner's must not be asked for twice: the
 * rule is "the owner, and one fewer than a majority out of the others".
 *
 * Limits: the members are those registered when the policy was laid. A dataset's policies are laid again by each
 * consent and each vote for an amendment, so that members that joined since have their say in the rows that a study
 * of theirs relies on; over other rows they gain none, and one that leaves keeps it.
 */
export function ownerAndMajority(owner: string, members: readonly string[]): Uint8Array {
  const others = [...new Set(members)].filter((mspId) => mspId !== owner).sort(byCodeUnit);
  const needed = majorityOf(others.length + 1) - 1;
  const ownerSigns = signedBy(0);
  if (needed === 0) return envelope([owner], outOf(1, [ownerSigns]));
  const othersSign = outOf(
    needed,
    others.map((_, i) => signedBy(i + 1)),
  );
  return envelope([owner, ...others], outOf(2, [ownerSigns, othersSign]));
}
