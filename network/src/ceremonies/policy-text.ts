// Policies as people write them: "MAJORITY Admins", or in Fabric's language of signatures "AND('AlphaMSP.admin', …)".
import type { ConfigPolicy } from '@consilium/verify/channel';
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

const DEPTH_MAX = 10;
const TOKEN = /\s*(?:(AND|OR|OutOf)\s*\(|'([^']+)'|(\d{1,3})|([,)]))/y;
const PRINCIPAL = /^(.+)\.(member|admin|client|peer|orderer)$/;

/** @throws RefusedCeremonyError where the text is no policy */
export function readPolicyText(text: string): ConfigPolicy {
  const implicit = /^(ANY|ALL|MAJORITY) ([A-Za-z0-9]+)$/.exec(text.trim());
  if (implicit !== null) return implicitPolicy(implicit[1] as 'ANY' | 'ALL' | 'MAJORITY', implicit[2]!);
  const principals = new Map<string, { readonly at: number; readonly message: PrincipalMessage }>();
  const tokens = tokensOf(text);
  const rule = readRule(tokens, principals, 0);
  if (tokens.length > 0) wrong(text);
  return signaturePolicy(
    rule,
    [...principals.values()].map(({ message }) => message),
  );
}

const wrong = (text: string): never =>
  refuse(
    `${JSON.stringify(text)} is no policy: write "MAJORITY Admins", or "OutOf(2, 'AlphaMSP.admin', 'BetaMSP.admin')"`,
  );

type Token =
  | { readonly open: 'AND' | 'OR' | 'OutOf' }
  | { readonly signer: string }
  | { readonly number: number }
  | ','
  | ')';

function tokensOf(text: string): Token[] {
  const found: Token[] = [];
  const pattern = new RegExp(TOKEN);
  while (pattern.lastIndex < text.trimEnd().length) {
    const match = pattern.exec(text);
    if (match === null) return wrong(text);
    const [, open, signer, number, mark] = match;
    if (open !== undefined) found.push({ open: open as 'AND' | 'OR' | 'OutOf' });
    else if (signer !== undefined) found.push({ signer });
    else if (number !== undefined) found.push({ number: Number(number) });
    else found.push(mark as ',' | ')');
  }
  return found;
}

function readRule(
  tokens: Token[],
  principals: Map<string, { at: number; message: PrincipalMessage }>,
  depth: number,
): PolicyRule {
  const token = tokens.shift();
  if (token === undefined || typeof token === 'string' || 'number' in token || depth > DEPTH_MAX)
    return wrong('it');
  if ('signer' in token) return principalAt(token.signer, principals);
  const least = token.open === 'OutOf' ? numberFirst(tokens) : undefined;
  const rules: PolicyRule[] = [];
  do rules.push(readRule(tokens, principals, depth + 1));
  while (tokens[0] === ',' && tokens.shift());
  if (tokens.shift() !== ')') wrong('it');
  const needed = least ?? (token.open === 'AND' ? rules.length : 1);
  if (needed < 1 || needed > rules.length) refuse(`a policy asks for ${needed} of ${rules.length}`);
  return { least: needed, rules };
}

function numberFirst(tokens: Token[]): number {
  const [number, comma] = [tokens.shift(), tokens.shift()];
  if (typeof number !== 'object' || !('number' in number) || comma !== ',') return wrong('OutOf');
  return number.number;
}

function principalAt(
  signer: string,
  principals: Map<string, { at: number; message: PrincipalMessage }>,
): number {
  const known = principals.get(signer);
  if (known !== undefined) return known.at;
  const [, mspId, role] = PRINCIPAL.exec(signer) ?? wrong(signer);
  const message = roleOf(plainName(mspId!, 'organisation of a policy'), role as Role);
  const at = principals.size;
  principals.set(signer, { at, message });
  return at;
}
