/** Evaluation of signature policies: which sets of signers satisfy one. */
import { common } from '../fabric-protos.ts';
import type { Membership, SignedData } from '../msp/identity.ts';
import { satisfiesPrincipal } from '../msp/principal.ts';
import type { SignaturePolicyEnvelope } from './policy-text.ts';

type SignaturePolicy = InstanceType<typeof common.SignaturePolicy>;
/** Whether the signer at one index satisfies the principal at another. */
type Satisfies = (signer: number, principalIndex: number) => boolean;

/**
 * Whether the valid, distinct signers among `signatures` satisfy the policy. A signer is used up by the first
 * principal it satisfies and then not reconsidered, as in Fabric: the evaluation is greedy, not a search.
 */
export function satisfiesPolicy(
  membership: Membership,
  envelope: SignaturePolicyEnvelope,
  signatures: readonly SignedData[],
): boolean {
  const rule = envelope.getRule();
  if (!rule || envelope.getVersion() !== 0) return false;
  const principals = envelope.getIdentitiesList();
  const signers = membership.validSigners(signatures);
  return satisfiesRule(rule, signers.length, (signer, index) => {
    const principal = principals[index];
    return principal !== undefined && satisfiesPrincipal(membership, signers[signer]!, principal);
  });
}

/** Whether so many signers satisfy a rule, greedily, in their order. */
export const satisfiesRule = (rule: SignaturePolicy, signers: number, satisfies: Satisfies): boolean =>
  evaluate(rule, { used: Array.from({ length: signers }, () => false), satisfies });

interface Evaluation {
  /** Which signers an earlier principal has taken; changed only by what is satisfied. */
  readonly used: boolean[];
  readonly satisfies: Satisfies;
}

function evaluate(policy: SignaturePolicy, evaluation: Evaluation): boolean {
  const { used, satisfies } = evaluation;
  if (policy.getTypeCase() === common.SignaturePolicy.TypeCase.SIGNED_BY) {
    const index = used.findIndex((taken, at) => !taken && satisfies(at, policy.getSignedBy()));
    if (index < 0) return false;
    used[index] = true;
    return true;
  }
  const gate = policy.getNOutOf();
  if (!gate) return false;
  let verified = 0;
  for (const rule of gate.getRulesList()) {
    const attempt = [...used];
    if (evaluate(rule, { used: attempt, satisfies })) {
      verified += 1;
      attempt.forEach((value, at) => {
        used[at] = value;
      });
    }
  }
  return verified >= gate.getN();
}

/** @throws Error in Fabric's words when the bytes are no signature policy. */
export function decodePolicy(bytes: Uint8Array): SignaturePolicyEnvelope {
  try {
    return common.SignaturePolicyEnvelope.deserializeBinary(bytes);
  } catch (error) {
    const reason = (error as Error).message;
    throw new Error(`error unmarshalling SignaturePolicyEnvelope: ${reason}`, { cause: error });
  }
}

/** @throws Error when the bytes are no signature policy this evaluator understands. */
export function parsePolicyBytes(bytes: Uint8Array): SignaturePolicyEnvelope {
  const envelope = decodePolicy(bytes);
  if (envelope.getVersion() !== 0) throw new Error(`policy version ${envelope.getVersion()} is unknown`);
  if (!envelope.getRule()) throw new Error('the policy has no rule');
  return envelope;
}
