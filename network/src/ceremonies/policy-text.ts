// Policies as people write them: "MAJORITY Admins", or in Fabric's language of signatures "AND('AlphaMSP.admin', …)".
import type { ConfigPolicy } from '@consilium/verify/channel';
import {
  PolicySyntaxError,
  type Principal,
  parseSignaturePolicy,
  type SignatureRule,
} from '../signature-policy.ts';
import {
  implicitPolicy,
  type PolicyRule,
  type PrincipalMessage,
  type Role,
  roleOf,
  signaturePolicy,
} from './configuration-tree.ts';
import { plainName } from './plain-text.ts';
import { refuse } from './refused-ceremony.ts';

/** Organisations have names here that Fabric's own tools do not take in this language. */
const PRINCIPAL = /^(.+)\.(member|admin|client|peer|orderer)$/;

/** @throws RefusedCeremonyError where the text is no policy */
export function readPolicyText(text: string): ConfigPolicy {
  const implicit = /^(ANY|ALL|MAJORITY) ([A-Za-z0-9]+)$/.exec(text.trim());
  if (implicit !== null) return implicitPolicy(implicit[1] as 'ANY' | 'ALL' | 'MAJORITY', implicit[2]!);
  const principals = new Principals();
  const rule = numbered(signatureRuleOf(text), principals);
  return signaturePolicy(rule, principals.messages);
}

function signatureRuleOf(text: string): SignatureRule {
  try {
    return parseSignaturePolicy(text, readPrincipal);
  } catch (error) {
    if (!(error instanceof PolicySyntaxError)) throw error;
    return refuse(
      `${JSON.stringify(text)} is no policy: it ${error.message}. Write "MAJORITY Admins", or ` +
        `"OutOf(2, 'AlphaMSP.admin', 'BetaMSP.admin')"`,
    );
  }
}

function readPrincipal(text: string): Principal | undefined {
  const [, mspId, role] = PRINCIPAL.exec(text) ?? [];
  if (mspId === undefined || role === undefined) return undefined;
  return { mspId: plainName(mspId, 'organisation of a policy'), role };
}

/** Those of one policy, each once, in the order in which they are named. */
class Principals {
  readonly #numbers = new Map<string, number>();
  readonly messages: PrincipalMessage[] = [];

  numberOf({ mspId, role }: Principal): number {
    const name = `${mspId}.${role}`;
    const known = this.#numbers.get(name) ?? this.messages.length;
    if (known === this.messages.length) this.messages.push(roleOf(mspId, role as Role));
    this.#numbers.set(name, known);
    return known;
  }
}

/** The rule with numbers for principals, as Fabric writes it. */
function numbered(rule: SignatureRule, principals: Principals): PolicyRule {
  if (!('n' in rule)) return principals.numberOf(rule);
  const { n, of } = rule;
  if (n < 1 || n > of.length) refuse(`a policy asks for ${n} of ${of.length}`);
  return { least: n, rules: of.map((one) => numbered(one, principals)) };
}
