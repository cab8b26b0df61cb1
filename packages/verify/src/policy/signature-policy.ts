// Signature policies: which signers satisfy one. A signer is used up by the first principal that it satisfies and is
// not reconsidered, as in Fabric: the evaluation is greedy, not a search.

import {
  type Membership,
  readIdentity,
  type SignedBytes,
  type UnjudgedSigner,
} from '../identity/membership.ts';
import type { Identity } from '../identity/msp.ts';
import { hex, latin1Text } from '../wire/bytes.ts';
import { Message, UnreadableError } from '../wire/protobuf-reader.ts';

const DEPTH_MAX = 20;
const CLASSIFICATION = { role: 0, unit: 1, identity: 2, combined: 4 } as const;
const ROLES = ['member', 'admin', 'client', 'peer', 'orderer'] as const;

/** A signer by the number of a principal, or so many of further rules. */
export type Rule =
  | { readonly signedBy: number }
  | { readonly least: number; readonly rules: readonly Rule[]; readonly signedBy?: undefined };

/** Whom a policy names. */
export type Principal =
  | { readonly mspId: string; readonly role: (typeof ROLES)[number] }
  | { readonly mspId: string; readonly unit: string; readonly authoritiesSha256: string }
  | { readonly mspId: string; readonly pem: Uint8Array }
  | { readonly all: readonly Principal[] };

/** A signature policy envelope, taken apart. */
export interface SignaturePolicy {
  readonly rule: Rule;
  readonly principals: readonly Principal[];
}

/** Policies that are kept taken apart: those of a chaincode's rows are few, and each is asked for with every row. */
const KEPT_MAX = 1024;
const KEPT_BYTES_MAX = 16_384;
const kept = new Map<string, SignaturePolicy>();

/** @throws UnreadableError */
export function readSignaturePolicy(bytes: Uint8Array): SignaturePolicy {
  if (bytes.length > KEPT_BYTES_MAX) return takeApart(bytes);
  const key = latin1Text(bytes);
  let policy = kept.get(key);
  if (policy === undefined) {
    policy = takeApart(bytes);
    if (kept.size >= KEPT_MAX) kept.clear();
    kept.set(key, policy);
  }
  return policy;
}

function takeApart(bytes: Uint8Array): SignaturePolicy {
  const message = new Message('signature policy', bytes);
  if (message.int32(1) !== 0) throw new UnreadableError('not a signature policy of version 0');
  const principals = message.list(3).map((principal) => readPrincipal(principal, 0));
  return { rule: readRule(message.merged(2), 0), principals };
}

function readRule(bytes: Uint8Array, depth: number): Rule {
  if (depth > DEPTH_MAX) throw new UnreadableError('a signature policy that is nested too deep');
  const message = new Message('rule of a signature policy', bytes);
  const choice = message.choice({ numbers: [1], messages: [2] });
  if (choice === undefined) throw new UnreadableError('a signature policy without a rule');
  if (choice.field === 1) return { signedBy: message.int32(1) };
  const threshold = new Message('rule of a signature policy', choice.bytes);
  return { least: threshold.int32(1), rules: threshold.list(2).map((rule) => readRule(rule, depth + 1)) };
}

function readPrincipal(bytes: Uint8Array, depth: number): Principal {
  if (depth > DEPTH_MAX) throw new UnreadableError('a principal that is nested too deep');
  const message = new Message('principal', bytes);
  const content = message.bytes(2);
  switch (message.int32(1)) {
    case CLASSIFICATION.role: {
      const role = new Message('role', content);
      const name = ROLES[role.int32(2)];
      if (name === undefined) throw new UnreadableError('a principal of no known role');
      return { mspId: role.text(1), role: name };
    }
    case CLASSIFICATION.unit: {
      const unit = new Message('organisational unit', content);
      return { mspId: unit.text(1), unit: unit.text(2), authoritiesSha256: hex(unit.bytes(3)) };
    }
    case CLASSIFICATION.identity:
      return readIdentity(content);
    case CLASSIFICATION.combined: {
      const parts = new Message('principal', content).list(1);
      return { all: parts.map((part) => readPrincipal(part, depth + 1)) };
    }
    default:
      throw new UnreadableError('a principal of no known kind');
  }
}

/**
 * Whether the valid, distinct signers satisfy the policy.
 *
 * @param isLenient whether those who cannot be judged count as whomever of their organisation it names
 */
export function satisfies(
  { rule, principals }: SignaturePolicy,
  { membership, isLenient = false }: { readonly membership: Membership; readonly isLenient?: boolean },
  signatures: readonly SignedBytes[],
): boolean {
  const signers = isLenient ? membership.possibleSignersOf(signatures) : membership.signersOf(signatures);
  const fits = (signer: Signer, index: number): boolean => {
    const principal = principals[index];
    return principal !== undefined && isPrincipal(membership, signer, principal);
  };
  return evaluate(rule, { used: signers.map(() => false), signers, fits });
}

type Signer = Identity | UnjudgedSigner;

interface Evaluation {
  readonly used: boolean[];
  readonly signers: readonly Signer[];
  readonly fits: (signer: Signer, index: number) => boolean;
}

function evaluate(rule: Rule, { used, signers, fits }: Evaluation): boolean {
  if (rule.signedBy !== undefined) {
    const at = signers.findIndex((signer, i) => !used[i] && fits(signer, rule.signedBy));
    if (at >= 0) used[at] = true;
    return at >= 0;
  }
  let satisfied = 0;
  for (const part of rule.rules) {
    const tried = [...used];
    if (!evaluate(part, { used: tried, signers, fits })) continue;
    satisfied += 1;
    for (const [i, taken] of tried.entries()) used[i] = taken;
  }
  return satisfied >= rule.least;
}

function isPrincipal(membership: Membership, signer: Signer, principal: Principal): boolean {
  if ('all' in principal) {
    return principal.all.length > 0 && principal.all.every((part) => isPrincipal(membership, signer, part));
  }
  if (principal.mspId !== signer.mspId) return false;
  if ('unjudgedBecause' in signer) return true;
  if ('role' in principal && principal.role === 'admin') return membership.isAdmin(signer);
  if (signer.invalidBecause !== undefined) return false;
  if ('unit' in principal) {
    return (
      signer.certificate.organizationalUnits.includes(principal.unit) &&
      signer.authoritiesSha256 === principal.authoritiesSha256
    );
  }
  if ('pem' in principal) {
    try {
      return membership.judge(principal).certificate.sha256 === signer.certificate.sha256;
    } catch {
      return false;
    }
  }
  return principal.role === 'member' || (principal.role !== 'admin' && signer.roles.has(principal.role));
}

/** N of these organisations, each by a signer of one role. */
export const anyOf = (
  least: number,
  mspIds: readonly string[],
  role: 'peer' | 'member',
): SignaturePolicy => ({
  rule: { least, rules: mspIds.map((_, i) => ({ signedBy: i })) },
  principals: mspIds.map((mspId) => ({ mspId, role })),
});

/** Whose signatures a policy asks for, in a few words. */
export function wordsOf({ rule, principals }: SignaturePolicy): string {
  const nameOf = (principal: Principal | undefined): string => {
    if (principal === undefined) return 'nobody';
    if ('all' in principal) return principal.all.map(nameOf).join(' and ');
    if ('role' in principal) return `${principal.mspId}.${principal.role}`;
    return 'unit' in principal
      ? `${principal.mspId}, ${principal.unit}`
      : `one certificate of ${principal.mspId}`;
  };
  const write = (part: Rule): string =>
    part.signedBy !== undefined
      ? nameOf(principals[part.signedBy])
      : `${part.least} of (${part.rules.map(write).join(', ')})`;
  return write(rule);
}
