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

export function signatureText({ rule, identities }: SignaturePolicyEnvelope): string {
  const ruleOf = ({ signed_by: at, n_out_of: gate }: SignaturePolicy): SignatureRule => {
    if (gate !== undefined) return { n: gate.n ?? 0, of: (gate.rules ?? []).map(ruleOf) };
    const principal = identities[at ?? 0]?.principal;
    if (principal === undefined || typeof principal === 'string')
      return { mspId: 'an identity', role: 'of its own' };
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
