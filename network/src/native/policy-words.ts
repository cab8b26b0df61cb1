// Policies as `configtxlator` decodes them, in the words in which people write them.
import { MAJORITY } from '../config.ts';
import { canonicalRule, type SignatureRule } from '../signature-policy.ts';

/** A protos.ApplicationPolicy: a chaincode's endorsement policy. */
export interface ApplicationPolicy {
  readonly channel_config_policy_reference?: string;
  readonly signature_policy?: SignaturePolicyEnvelope;
}

/** A common.SignaturePolicyEnvelope. */
export interface SignaturePolicyEnvelope {
  readonly rule: SignaturePolicy;
  readonly identities: readonly {
    readonly principal: string | { readonly msp_identifier: string; readonly role?: string };
  }[];
}

interface SignaturePolicy {
  readonly signed_by?: number;
  readonly n_out_of?: { readonly n?: number; readonly rules?: readonly SignaturePolicy[] };
}

/** The policy of the channel that MAJORITY stands for. */
const CHANNEL_ENDORSEMENT = '/Channel/Application/Endorsement';

/** MAJORITY, a canonical signature rule, or another channel policy's path. */
export function endorsementRuleOf(policy: ApplicationPolicy): string {
  if (policy.signature_policy !== undefined) return signatureText(policy.signature_policy);
  const reference = policy.channel_config_policy_reference ?? '';
  return reference === CHANNEL_ENDORSEMENT ? MAJORITY : reference;
}

const UNNAMED = { mspId: 'an identity', role: 'of its own' } as const;
/** Of a common.MSPRole, by its number. */
const ROLES = ['member', 'admin', 'client', 'peer', 'orderer'] as const;

/**
 * A common.MSPRole in its bytes: `configtxlator` opens principals in a channel's configuration, and leaves them closed
 * in a chaincode's policy. Field 1 is the MSP id, field 2 the role.
 */
function roleIn(bytes: Uint8Array): { readonly mspId: string; readonly role: string } {
  const length = bytes[1] ?? 0;
  const end = 2 + length;
  const rest = bytes.subarray(end);
  const isRole = rest.length === 0 || (rest.length === 2 && rest[0] === 0x10);
  const role = ROLES[rest[1] ?? 0];
  if (bytes[0] !== 0x0a || length >= 0x80 || end > bytes.length || !isRole || role === undefined)
    return UNNAMED;
  return { mspId: Buffer.from(bytes.subarray(2, end)).toString('utf8'), role };
}

export function signatureText({ rule, identities }: SignaturePolicyEnvelope): string {
  const ruleOf = ({ signed_by: at, n_out_of: gate }: SignaturePolicy): SignatureRule => {
    if (gate !== undefined) return { n: gate.n ?? 0, of: (gate.rules ?? []).map(ruleOf) };
    const principal = identities[at ?? 0]?.principal;
    if (principal === undefined) return UNNAMED;
    if (typeof principal === 'string') return roleIn(Buffer.from(principal, 'base64'));
    return { mspId: principal.msp_identifier, role: (principal.role ?? 'MEMBER').toLowerCase() };
  };
  return canonicalRule(ruleOf(rule));
}

/** A common.ImplicitMetaPolicy: so many of the groups below must agree. */
export interface ImplicitMetaPolicy {
  readonly rule: string;
  readonly sub_policy: string;
}

/** Such as `MAJORITY Admins`, or a canonical signature rule. */
export const policyWords = (policy: ImplicitMetaPolicy | SignaturePolicyEnvelope): string =>
  'sub_policy' in policy ? `${policy.rule} ${policy.sub_policy}` : signatureText(policy);
