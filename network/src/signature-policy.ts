// Fabric's signature policies as text, such as OutOf(2, 'A.peer', 'B.peer', 'C.peer'): read as Fabric reads them, so
// that one that cannot be met is refused before anything starts.

/** A role of an organisation. */
export interface Principal {
  readonly mspId: string;
  readonly role: string;
}

/** Who must sign: a role of an organisation, or N of several rules. */
export type SignatureRule = Principal | { readonly n: number; readonly of: readonly SignatureRule[] };

/** The text is no signature policy. */
export class PolicySyntaxError extends Error {
  override readonly name = 'PolicySyntaxError';
}

const TOKEN = /\s*(?:([(),])|(\d+)|([A-Za-z]+)|'([^']*)'|"([^"]*)")/y;
const PRINCIPAL = /^([A-Za-z0-9.-]+)\.(admin|member|client|peer|orderer)$/;
const GATES: Readonly<Record<string, 'and' | 'or' | 'outof'>> = {
  And: 'and',
  and: 'and',
  AND: 'and',
  Or: 'or',
  or: 'or',
  OR: 'or',
  OutOf: 'outof',
  outof: 'outof',
  OUTOF: 'outof',
};
const DEPTH_MAX = 20;

type Token =
  | { readonly kind: 'mark' | 'word' | 'principal'; readonly text: string }
  | { readonly kind: 'number'; readonly value: number };

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  for (TOKEN.lastIndex = 0; text.slice(TOKEN.lastIndex).trim() !== ''; ) {
    const at = TOKEN.lastIndex;
    const found = TOKEN.exec(text);
    if (found === null)
      throw new PolicySyntaxError(`cannot be read from ${quoted(text.slice(at).trim())} on`);
    const [, mark, number, word, single, double] = found;
    if (mark !== undefined) tokens.push({ kind: 'mark', text: mark });
    else if (number !== undefined) tokens.push({ kind: 'number', value: Number(number) });
    else if (word !== undefined) tokens.push({ kind: 'word', text: word });
    else tokens.push({ kind: 'principal', text: single ?? double! });
  }
  return tokens;
}

const quoted = (text: string): string => JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);

/** A role of an organisation, as Fabric's own tools read it. */
function principalOf(text: string): Principal | undefined {
  const found = PRINCIPAL.exec(text);
  return found === null ? undefined : { mspId: found[1]!, role: found[2]! };
}

/**
 * @param readPrincipal where names of organisations are others than in Fabric's own tools; undefined for what is none
 * @throws PolicySyntaxError saying from where it cannot be read.
 */
export function parseSignaturePolicy(text: string, readPrincipal = principalOf): SignatureRule {
  const tokens = tokensOf(text);
  let at = 0;
  const isMark = (mark: string) => {
    const token = tokens[at];
    return token?.kind === 'mark' && token.text === mark;
  };
  const expect = (mark: string) => {
    if (!isMark(mark)) throw new PolicySyntaxError(`misses ${quoted(mark)}`);
    at += 1;
  };
  const rule = (depth: number): SignatureRule => {
    if (depth > DEPTH_MAX) throw new PolicySyntaxError(`is deeper than ${DEPTH_MAX} levels`);
    const token = tokens[at];
    at += 1;
    if (token?.kind === 'principal') {
      const principal = readPrincipal(token.text);
      if (principal !== undefined) return principal;
      throw new PolicySyntaxError(`names ${quoted(token.text)}, which is no 'MSPID.role'`);
    }
    const gate = token?.kind === 'word' ? GATES[token.text] : undefined;
    if (gate === undefined)
      throw new PolicySyntaxError("has a part that is none of AND, OR, OutOf, 'MSPID.role'");
    expect('(');
    let n: number | undefined;
    if (gate === 'outof') {
      const number = tokens[at];
      if (number?.kind !== 'number') throw new PolicySyntaxError('has an OutOf without a number first');
      n = number.value;
      at += 1;
      expect(',');
    }
    const of = [rule(depth + 1)];
    while (isMark(',')) {
      at += 1;
      of.push(rule(depth + 1));
    }
    expect(')');
    return { n: n ?? (gate === 'and' ? of.length : 1), of };
  };
  const whole = rule(0);
  if (at < tokens.length) throw new PolicySyntaxError('goes on after its end');
  return whole;
}

/** One text for rules that are the same, however they were written. */
export const canonicalRule = (rule: SignatureRule): string =>
  'n' in rule ? `OutOf(${rule.n},${rule.of.map(canonicalRule).join(',')})` : `${rule.mspId}.${rule.role}`;

const principalsOf = (rule: SignatureRule): Principal[] =>
  'n' in rule ? rule.of.flatMap(principalsOf) : [rule];

/** A peer is a `peer` and a `member` of its organisation, and nothing else. */
const isPeerRole = (role: string): boolean => role === 'peer' || role === 'member';

/** As a peer of Fabric judges: a signature counts once, for the first principal that it fits. */
function isMet(rule: SignatureRule, unused: Set<string>): boolean {
  if (!('n' in rule)) return isPeerRole(rule.role) && unused.delete(rule.mspId);
  let met = 0;
  for (const one of rule.of) {
    const left = new Set(unused);
    if (!isMet(one, left)) continue;
    met += 1;
    for (const mspId of unused) if (!left.has(mspId)) unused.delete(mspId);
  }
  return met >= rule.n;
}

/** Beyond this many organisations, not all sets of them are tried. */
const TRIED_MAX = 12;

/** Whether some of the organisations' peers together meet it: fewer may, where a greater set uses up signatures. */
function canBeMet(rule: SignatureRule): boolean {
  const named = [...new Set(principalsOf(rule).map(({ mspId }) => mspId))];
  if (named.length > TRIED_MAX) return true;
  for (let set = 1; set < 2 ** named.length; set += 1) {
    if (isMet(rule, new Set(named.filter((_, at) => (set >> at) & 1)))) return true;
  }
  return false;
}

function* gatesOf(rule: SignatureRule): Generator<{ readonly n: number; readonly of: number }> {
  if (!('n' in rule)) return;
  yield { n: rule.n, of: rule.of.length };
  for (const one of rule.of) yield* gatesOf(one);
}

/**
 * Why transactions could never meet an endorsement policy, or anybody would, where each of these organisations has one
 * peer. Undefined where it can be met.
 */
export function endorsementProblem(
  policy: string,
  mspIds: readonly string[],
): { readonly text: string; readonly remedy: string } | undefined {
  const example = `write MAJORITY, or a policy such as OutOf(1, '${mspIds[0]}.peer')`;
  let rule: SignatureRule;
  try {
    rule = parseSignaturePolicy(policy);
  } catch (error) {
    if (!(error instanceof PolicySyntaxError)) throw error;
    return { text: error.message, remedy: example };
  }
  const known = new Set(mspIds);
  const strangers = [...new Set(principalsOf(rule).map(({ mspId }) => mspId))].filter((id) => !known.has(id));
  if (strangers.length > 0) {
    return {
      text: `names ${strangers.join(', ')}, which is the mspId of no organisation here`,
      remedy: `name some of ${mspIds.join(', ')}`,
    };
  }
  const other = principalsOf(rule).find(({ role }) => !isPeerRole(role));
  if (other !== undefined) {
    return {
      text: `names ${other.mspId}.${other.role}, and only peers endorse`,
      remedy: `write '${other.mspId}.peer'`,
    };
  }
  for (const { n, of } of gatesOf(rule)) {
    if (n >= 1 && n <= of) continue;
    return {
      text: `asks for ${n} of ${of}, ${n < 1 ? 'so nobody has to sign' : 'which cannot be met'}`,
      remedy: of === 1 ? 'write OutOf(1, …)' : `write a number from 1 to ${of}`,
    };
  }
  if (canBeMet(rule)) return undefined;
  return {
    text: 'cannot be met: each organisation has one peer, and the signature of a peer counts once',
    remedy: 'ask for no more signatures of an organisation than it has peers',
  };
}

/** How many organisations an endorsement takes, where each has one peer. */
export interface EndorsersNeeded {
  /** The fewest that can have a transaction endorsed. */
  readonly fewest: number;
  /** With this many at work, whichever they are, a transaction is endorsed. */
  readonly always: number;
}

/** @param policy one of which `endorsementProblem` finds nothing, or MAJORITY; of at most 16 organisations */
export function endorsersNeeded(policy: string, mspIds: readonly string[]): EndorsersNeeded {
  const majority = Math.floor(mspIds.length / 2) + 1;
  if (policy === 'MAJORITY') return { fewest: majority, always: majority };
  const rule = parseSignaturePolicy(policy);
  let fewest = mspIds.length;
  let mostUnmet = 0;
  for (let set = 1; set < 2 ** mspIds.length; set += 1) {
    const chosen = mspIds.filter((_, at) => (set >> at) & 1);
    if (isMet(rule, new Set(chosen))) fewest = Math.min(fewest, chosen.length);
    else mostUnmet = Math.max(mostUnmet, chosen.length);
  }
  return { fewest, always: mostUnmet + 1 };
}
