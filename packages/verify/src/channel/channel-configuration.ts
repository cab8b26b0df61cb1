// What a channel's configuration says at one block: its organisations, its policies by path, and who orders.
import { Membership, type SignedBytes } from '../identity/membership.ts';
import { Msp } from '../identity/msp.ts';
import { readSignaturePolicy, satisfies } from '../policy/signature-policy.ts';
import { sameBytes } from '../wire/digests.ts';
import { Message, UnreadableError } from '../wire/protobuf-reader.ts';
import { type ConfigGroup, type ConfigPolicy, readGroup } from './config-group.ts';

const POLICY = { signature: 1, implicit: 3 } as const;
const RULES = ['any', 'all', 'majority'] as const;

/** An orderer of a channel that is ordered by BFT: blocks name it by its number. */
export interface Consenter {
  readonly id: number;
  readonly mspId: string;
  readonly pem: Uint8Array;
}

/** An organisation as one of its groups in the channel defines it. */
export interface DefinedOrganisation {
  readonly msp: Msp;
  /** Of its group, in bytes. */
  readonly definition: Uint8Array;
}

/** A channel's configuration with its sequence: organisations, policies by path, and orderers. */
export class ChannelConfiguration {
  readonly sequence: number;
  readonly root: ConfigGroup;
  /** By the places of their groups: 'Application/Alpha'. */
  readonly organisations: ReadonlyMap<string, DefinedOrganisation>;
  readonly membership: Membership;
  /** The organisations of the application, whose peers endorse. */
  readonly mspIds: readonly string[];
  readonly ordererMspIds: readonly string[];
  /** As the configuration names it: etcdraft, BFT, or solo for a network of one machine. */
  readonly consensus: string;
  readonly consenters: readonly Consenter[];

  /** @param config with its sequence: its bytes, or its tree. @throws UnreadableError */
  constructor(config: Uint8Array | { readonly sequence: number; readonly root: ConfigGroup }) {
    const { sequence, root } = config instanceof Uint8Array ? readConfig(config) : config;
    this.sequence = sequence;
    this.root = root;
    const application = organisationsIn(this.root, 'Application');
    const orderers = organisationsIn(this.root, 'Orderer');
    this.organisations = new Map([...application, ...orderers]);
    this.membership = new Membership(defined(this.organisations.values()));
    this.mspIds = application.map(([, { msp }]) => msp.mspId);
    this.ordererMspIds = orderers.map(([, { msp }]) => msp.mspId);
    const ordering = this.root.groups.get('Orderer')?.values;
    this.consensus = new Message('type of consensus', ordering?.get('ConsensusType')?.value ?? nothing).text(
      1,
    );
    this.consenters = new Message('orderers', ordering?.get('Orderers')?.value ?? nothing)
      .list(1)
      .map((consenter) => {
        const message = new Message('orderer', consenter);
        return { id: message.number(1), mspId: message.text(4), pem: message.bytes(5) };
      });
  }

  /**
   * Whether signatures satisfy a policy of the configuration.
   *
   * @param path absolute: '/Channel/Application/Endorsement'
   * @param isLenient whether those who cannot be judged count as whomever of their organisation it names
   */
  satisfies(path: string, signatures: readonly SignedBytes[], isLenient = false): boolean {
    const names = path.split('/').slice(2);
    const policy = names.pop() ?? '';
    let group: ConfigGroup | undefined = this.root;
    for (const name of names) group = group?.groups.get(name);
    return (
      group !== undefined &&
      path.startsWith('/Channel/') &&
      this.#holds({ group, name: policy, isLenient }, signatures)
    );
  }

  /** Whether it is a policy of an organisation whose identities cannot be judged: of its own group, and of no other. */
  isUnjudged(path: string): boolean {
    const [, , ...names] = path.split('/');
    const place = names.slice(0, 2).join('/');
    return names.length > 2 && this.organisations.get(place)?.msp.unjudgedBecause !== undefined;
  }

  #holds({ group, name, isLenient }: AskedPolicy, signatures: readonly SignedBytes[]): boolean {
    const policy = group.policies.get(name);
    if (policy === undefined) return false;
    if (policy.type === POLICY.signature) {
      const { membership } = this;
      return satisfies(readSignaturePolicy(policy.value), { membership, isLenient }, signatures);
    }
    if (policy.type !== POLICY.implicit) throw new UnreadableError(`the policy ${name} is of no known kind`);
    return this.#implicitHolds({ group, isLenient }, policy, signatures);
  }

  #implicitHolds(
    { group, isLenient }: Omit<AskedPolicy, 'name'>,
    policy: ConfigPolicy,
    signatures: readonly SignedBytes[],
  ): boolean {
    const message = new Message('implicit policy', policy.value);
    const rule = RULES[message.int32(2)];
    const children = [...group.groups.values()];
    // Fabric lets a policy over no group pass; here it never holds.
    if (rule === undefined || children.length === 0) return false;
    const needed = { any: 1, all: children.length, majority: Math.floor(children.length / 2) + 1 }[rule];
    const name = message.text(1);
    const satisfied = children.filter((child) => this.#holds({ group: child, name, isLenient }, signatures));
    return satisfied.length >= needed;
  }
}

interface AskedPolicy {
  readonly group: ConfigGroup;
  readonly name: string;
  readonly isLenient: boolean;
}

const nothing = new Uint8Array();

function readConfig(bytes: Uint8Array) {
  const config = new Message('configuration', bytes);
  return { sequence: config.number(1), root: readGroup(config.merged(2)) };
}

/** From this capability of a channel on peers take keys of Ed25519. */
const WITH_ED25519 = 'V3_0';

function organisationsIn(root: ConfigGroup, section: string): [string, DefinedOrganisation][] {
  const capabilities = new Message('capabilities', root.values.get('Capabilities')?.value ?? nothing).map(1);
  const options = { takesEd25519: capabilities.has(WITH_ED25519) };
  return [...(root.groups.get(section)?.groups ?? [])].map(([name, { values }]) => {
    const msp = values.get('MSP');
    if (msp === undefined) throw new UnreadableError(`the organisation ${name} has no MSP`);
    return [`${section}/${name}`, { msp: new Msp(msp.value, options), definition: msp.value }];
  });
}

/**
 * Each organisation once. Who endorses and orders too is in the channel twice, and the same both times, as in Fabric:
 * an organisation that may change its own definition could otherwise sign in the name of another.
 */
function defined(organisations: Iterable<DefinedOrganisation>): Msp[] {
  const found = new Map<string, DefinedOrganisation>();
  for (const one of organisations) {
    const { mspId } = one.msp;
    const first = found.get(mspId);
    if (first !== undefined && !sameBytes(first.definition, one.definition)) {
      throw new UnreadableError(`it defines ${mspId} twice, and not the same`);
    }
    found.set(mspId, one);
  }
  return [...found.values()].map(({ msp }) => msp);
}
