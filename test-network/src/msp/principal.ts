/** Whether an identity satisfies a principal of a policy: a role, a certificate or an organisational unit. */
import { msp } from '../fabric-protos.ts';
import type { Identity, Membership } from './identity.ts';

type Principal = InstanceType<typeof msp.MSPPrincipal>;

export function satisfiesPrincipal(
  membership: Membership,
  identity: Identity,
  principal: Principal,
): boolean {
  const { Classification } = msp.MSPPrincipal;
  switch (principal.getPrincipalClassification()) {
    case Classification.ROLE:
      return satisfiesRole(identity, msp.MSPRole.deserializeBinary(principal.getPrincipal_asU8()));
    case Classification.IDENTITY:
      try {
        const named = membership.deserialize(principal.getPrincipal_asU8());
        return named.id === identity.id && named.mspId === identity.mspId && !named.invalidBecause;
      } catch {
        return false;
      }
    case Classification.ORGANIZATION_UNIT: {
      const unit = msp.OrganizationUnit.deserializeBinary(principal.getPrincipal_asU8());
      return (
        unit.getMspIdentifier() === identity.mspId &&
        !identity.invalidBecause &&
        identity.organizationalUnits.includes(unit.getOrganizationalUnitIdentifier())
      );
    }
    case Classification.COMBINED: {
      const combined = msp.CombinedPrincipal.deserializeBinary(principal.getPrincipal_asU8());
      const parts = combined.getPrincipalsList();
      return parts.length > 0 && parts.every((part) => satisfiesPrincipal(membership, identity, part));
    }
    default:
      return false;
  }
}

function satisfiesRole(identity: Identity, role: InstanceType<typeof msp.MSPRole>): boolean {
  if (role.getMspIdentifier() !== identity.mspId || identity.invalidBecause) return false;
  const { MSPRoleType } = msp.MSPRole;
  switch (role.getRole()) {
    case MSPRoleType.MEMBER:
      return true;
    case MSPRoleType.ADMIN:
      return identity.role === 'admin';
    case MSPRoleType.CLIENT:
      return identity.role === 'client';
    case MSPRoleType.PEER:
      return identity.role === 'peer';
    case MSPRoleType.ORDERER:
      return identity.role === 'orderer';
    default:
      return false;
  }
}
