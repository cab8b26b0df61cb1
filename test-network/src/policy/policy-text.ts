/**
 * Endorsement policies as people write them: `OutOf(2,'Org1MSP.peer','Org2MSP.peer')`, `AND(...)`, `OR(...)`
 * nested at will, and `ANY`, `MAJORITY` or `ALL Endorsement` over the channel's organisations.
 */
import { common, msp } from '../fabric-protos.ts';

export type SignaturePolicyEnvelope = InstanceType<typeof common.SignaturePolicyEnvelope>;
type SignaturePolicy = InstanceType<typeof common.SignaturePolicy>;

export class PolicyTextError extends Error {
  override readonly name = 'PolicyTextError';
}

const ROLES: Readonly<Record<string, number>> = {
  member: msp.MSPRole.MSPRoleType.MEMBER,
  admin: msp.MSPRole.MSPRoleType.ADMIN,
  client: msp.MSPRole.MSPRoleType.CLIENT,
  peer: msp.MSPRole.MSPRoleType.PEER,
  orderer: msp.MSPRole.MSPRoleType.ORDERER,
};
const MAX_DEPTH = 32;

/** @throws PolicyTextError saying where the text stops making sense. */
export function parsePolicy(text: string, mspIds: readonly string[]): SignaturePolicyEnvelope {
  const named = /^\s*(ANY|MAJORITY|ALL)(?:\s+Endorsement)?\s*$/i.exec(text);
  if (named) return endorsementPolicy(named[1]!.toUpperCase() as ImplicitRule, mspIds);
  return new Parser(text).parse();
}

export type ImplicitRule = 'ANY' | 'MAJORITY' | 'ALL';

/** The implicit policy over each organisation's own `Endorsement` policy, which is one of its peers. */
export function endorsementPolicy(rule: ImplicitRule, mspIds: readonly string[]): SignaturePolicyEnvelope {
  const count = { ANY: 1, MAJORITY: Math.floor(mspIds.length / 2) + 1, ALL: mspIds.length }[rule];
  return outOfRoles(count, 'peer', mspIds);
}

/** `count` out of the given organisations, by one role. */
export function outOfRoles(
  count: number,
  role: keyof typeof ROLES,
  mspIds: readonly string[],
): SignaturePolicyEnvelope {
  const envelope = new common.SignaturePolicyEnvelope();
  envelope.setIdentitiesList(mspIds.map((mspId) => rolePrincipal(mspId, ROLES[role]!)));
  envelope.setRule(
    nOutOf(
      count,
      mspIds.map((_, index) => signedBy(index)),
    ),
  );
  return envelope;
}

class Parser {
  readonly #text: string;
  #at = 0;
  readonly #principals: InstanceType<typeof msp.MSPPrincipal>[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  parse(): SignaturePolicyEnvelope {
    const rule = this.#gate(0);
    this.#skipSpace();
    if (this.#at < this.#text.length) throw this.#problem('nothing more');
    const envelope = new common.SignaturePolicyEnvelope();
    envelope.setIdentitiesList(this.#principals);
    envelope.setRule(rule);
    return envelope;
  }

  #gate(depth: number): SignaturePolicy {
    if (depth > MAX_DEPTH) throw new PolicyTextError(`policy nested deeper than ${MAX_DEPTH}`);
    const word = this.#match(/[A-Za-z]+/y)?.toLowerCase();
    if (word !== 'and' && word !== 'or' && word !== 'outof') throw this.#problem('AND, OR or OutOf');
    this.#expect('(');
    let count: number | undefined;
    if (word === 'outof') {
      const digits = this.#match(/\d+/y);
      if (digits === undefined) throw this.#problem('a number');
      count = Number(digits);
      this.#expect(',');
    }
    const rules: SignaturePolicy[] = [];
    do {
      rules.push(this.#peek("'") || this.#peek('"') ? this.#principal() : this.#gate(depth + 1));
    } while (this.#accept(','));
    this.#expect(')');
    if (count !== undefined && count > rules.length + 1) {
      throw new PolicyTextError(`invalid t-out-of-n predicate, t ${count}, n ${rules.length}`);
    }
    return nOutOf(count ?? (word === 'and' ? rules.length : 1), rules);
  }

  #principal(): SignaturePolicy {
    const quoted = this.#match(/'[^']*'|"[^"]*"/y);
    const parts = /^([A-Za-z0-9.-]+)\.(member|admin|client|peer|orderer)$/.exec(quoted?.slice(1, -1) ?? '');
    if (!parts) throw this.#problem("a principal such as 'Org1MSP.peer'");
    this.#principals.push(rolePrincipal(parts[1]!, ROLES[parts[2]!]!));
    return signedBy(this.#principals.length - 1);
  }

  #skipSpace(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at += 1;
  }

  #peek(character: string): boolean {
    this.#skipSpace();
    return this.#text[this.#at] === character;
  }

  #accept(character: string): boolean {
    if (!this.#peek(character)) return false;
    this.#at += 1;
    return true;
  }

  #expect(character: string): void {
    if (!this.#accept(character)) throw this.#problem(`"${character}"`);
  }

  #match(pattern: RegExp): string | undefined {
    this.#skipSpace();
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #problem(expected: string): PolicyTextError {
    return new PolicyTextError(`policy ${JSON.stringify(this.#text)}: expected ${expected} at ${this.#at}`);
  }
}

function rolePrincipal(mspId: string, role: number): InstanceType<typeof msp.MSPPrincipal> {
  const mspRole = new msp.MSPRole();
  mspRole.setMspIdentifier(mspId);
  mspRole.setRole(role as never);
  const principal = new msp.MSPPrincipal();
  principal.setPrincipalClassification(msp.MSPPrincipal.Classification.ROLE);
  principal.setPrincipal(mspRole.serializeBinary());
  return principal;
}

function signedBy(index: number): SignaturePolicy {
  const policy = new common.SignaturePolicy();
  policy.setSignedBy(index);
  return policy;
}

function nOutOf(count: number, rules: readonly SignaturePolicy[]): SignaturePolicy {
  const gate = new common.SignaturePolicy.NOutOf();
  gate.setN(count);
  gate.setRulesList([...rules]);
  const policy = new common.SignaturePolicy();
  policy.setNOutOf(gate);
  return policy;
}
