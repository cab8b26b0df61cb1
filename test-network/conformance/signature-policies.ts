/** Signature policies in Fabric's wire form, for keys that carry their own. */

import { common, msp } from '@hyperledger/fabric-protos';

export type Role = keyof typeof msp.MSPRole.MSPRoleType;

/** One signature by a role of an organisation, or n of several rules. */
export type Rule =
  | { readonly mspId: string; readonly role: Role }
  | { readonly n: number; readonly of: readonly Rule[] };

export function peerOf(mspId: string): Rule {
  return { mspId, role: 'PEER' };
}

export function outOf(n: number, rules: readonly Rule[]): Rule {
  return { n, of: rules };
}

export function allOf(rules: readonly Rule[]): Rule {
  return outOf(rules.length, rules);
}

/** The serialised SignaturePolicyEnvelope in base64, as the probe's setPolicy takes it. */
export function encodePolicy(rule: Rule): string {
  const principals: { mspId: string; role: Role }[] = [];
  const envelope = new common.SignaturePolicyEnvelope();
  envelope.setVersion(0);
  envelope.setRule(toWire(rule, principals));
  envelope.setIdentitiesList(principals.map(toPrincipal));
  return Buffer.from(envelope.serializeBinary()).toString('base64');
}

function toWire(rule: Rule, principals: { mspId: string; role: Role }[]): common.SignaturePolicy {
  const wire = new common.SignaturePolicy();
  if ('n' in rule) {
    const nOutOf = new common.SignaturePolicy.NOutOf();
    nOutOf.setN(rule.n);
    nOutOf.setRulesList(rule.of.map((inner) => toWire(inner, principals)));
    wire.setNOutOf(nOutOf);
    return wire;
  }
  const known = principals.findIndex(({ mspId, role }) => mspId === rule.mspId && role === rule.role);
  wire.setSignedBy(known < 0 ? principals.push(rule) - 1 : known);
  return wire;
}

function toPrincipal({ mspId, role }: { mspId: string; role: Role }): msp.MSPPrincipal {
  const mspRole = new msp.MSPRole();
  mspRole.setMspIdentifier(mspId);
  mspRole.setRole(msp.MSPRole.MSPRoleType[role]);
  const principal = new msp.MSPPrincipal();
  principal.setPrincipalClassification(msp.MSPPrincipal.Classification.ROLE);
  principal.setPrincipal(mspRole.serializeBinary());
  return principal;
}
