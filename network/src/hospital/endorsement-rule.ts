// What a chaincode's endorsement policy asks of its organisations: how many can be away, and how many must agree. Read
// from the policy's text, so that one that names nobody, or that nobody can meet, is refused before anything starts.

export class PolicyError extends Error {
  override readonly name = 'PolicyError';
}

export interface Endorsers {
  /** The fewest organisations that can have a transaction endorsed; undefined where nobody can. */
  readonly fewest: number | undefined;
  /** With this many organisations at work, whichever they are, a transaction is endorsed. Undefined as above. */
  readonly most: number | undefined;
}

type Rule = { readonly mspId: string } | { readonly least: number; readonly of: readonly Rule[] };

const DEEPEST = 20;
const TOKEN = /\s*(?:(')([^']*)'|([A-Za-z]+)|([0-9]+)|([(),]))/y;

/** AND, OR and OutOf in any case, as Fabric reads them. */
function parseRule(text: string, members: readonly string[]): Rule {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  for (let at = 0; text.slice(at).trim() !== ''; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(text);
    if (found === null) throw new PolicyError(`cannot be read from "${text.slice(at, at + 20)}" on`);
    tokens.push(found[1] ? `'${found[2]}` : (found[3] ?? found[4] ?? found[5])!);
  }
  let at = 0;
  const expect = (token: string) => {
    if (tokens[at] !== token)
      throw new PolicyError(`has ${tokens[at] ?? 'its end'} where ${token} is expected`);
    at += 1;
  };
  const rule = (depth: number): Rule => {
    const token = tokens[at];
    if (token === undefined || depth > DEEPEST) throw new PolicyError('ends too early, or is too deep');
    at += 1;
    if (token.startsWith("'")) return principal(token.slice(1), members);
    const kind = token.toLowerCase();
    if (!['and', 'or', 'outof'].includes(kind)) throw new PolicyError(`has ${token}, which is no rule`);
    expect('(');
    let least = kind === 'or' ? 1 : 0;
    if (kind === 'outof') {
      least = /^[0-9]{1,4}$/.test(tokens[at] ?? '') ? Number(tokens[at]) : -1;
      if (least < 1) throw new PolicyError('has an OutOf that does not begin with a number of at least 1');
      at += 1;
      expect(',');
    }
    const of = [rule(depth + 1)];
    while (tokens[at] === ',') {
      at += 1;
      of.push(rule(depth + 1));
    }
    expect(')');
    return { least: kind === 'and' ? of.length : least, of };
  };
  const whole = rule(0);
  if (at < tokens.length) throw new PolicyError(`goes on with ${tokens[at]} after its end`);
  return whole;
}

function principal(text: string, members: readonly string[]): Rule {
  const [, mspId, role] = /^(.+)[.]([a-z]+)$/.exec(text) ?? [];
  if (mspId === undefined || (role !== 'peer' && role !== 'member')) {
    throw new PolicyError(`names '${text}', which no peer endorses as: write the MSP id and .peer`);
  }
  if (!members.includes(mspId))
    throw new PolicyError(`names ${mspId}, which is no organisation of this file`);
  return { mspId };
}

/**
 * As Fabric's peers judge it, with one peer for each organisation: a signature that has met one mention of its
 * organisation meets no other, and rules take signatures in their order.
 */
function isMet(rule: Rule, at: ReadonlySet<string>, used: Set<string>): boolean {
  if ('mspId' in rule) {
    if (!at.has(rule.mspId) || used.has(rule.mspId)) return false;
    used.add(rule.mspId);
    return true;
  }
  let met = 0;
  for (const one of rule.of) {
    const tried = new Set(used);
    if (!isMet(one, at, tried)) continue;
    met += 1;
    for (const mspId of tried) used.add(mspId);
  }
  return met >= rule.least;
}

/** @throws PolicyError saying what is wrong with the text. */
export function endorsersOf(policy: string, members: readonly string[]): Endorsers {
  const majority = Math.floor(members.length / 2) + 1;
  if (policy === 'MAJORITY') return { fewest: majority, most: majority };
  const rule = parseRule(policy, members);
  let fewest: number | undefined;
  let largestUnmet = -1;
  for (let subset = 0; subset < 2 ** members.length; subset += 1) {
    const chosen = new Set(members.filter((_, bit) => (subset >> bit) & 1));
    if (isMet(rule, chosen, new Set())) fewest = Math.min(fewest ?? chosen.size, chosen.size);
    else largestUnmet = Math.max(largestUnmet, chosen.size);
  }
  const most = largestUnmet + 1;
  return { fewest, most: most > members.length ? undefined : most };
}
