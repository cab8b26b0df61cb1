// Several organisations' peers over one ledger, in memory: every transaction runs on all of them, each with its
// own clock and time zone; endorsements must be equal to the byte; key-level policies and version conflicts
// decide what commits. It exists to try whole studies, and attacks on them, in milliseconds.
import { strict as assert } from 'node:assert';
import {
  type Argument,
  canonicalJson,
  DomainError,
  parseDomainError,
  type Role,
  TRANSACTIONS,
  type TransactionName,
} from '@consilium/domain';
import { majorityOf } from '@consilium/domain/rules';
import fabricProtos from '@hyperledger/fabric-protos';
import { execute } from './execute.ts';
import { MemoryStub, type Proposal, type Results, versionsUnder, type World } from './memory-stub.ts';
import { outcomeOf, record, refusalText } from './recording.ts';

const { common, msp } = fabricProtos;

/** What a transaction answered: tests look into it freely. */
// biome-ignore lint/suspicious/noExplicitAny: the answer's shape is what a test asserts
export type Answer = any;

export interface Caller {
  readonly mspId: string;
  readonly role: Role | null;
  /** Who within the organisation; the role's one person by default. */
  readonly person?: string;
  /** The certificate, where a test needs a real one. */
  readonly certificate?: string;
}

interface Endorsement {
  readonly mspId: string;
  readonly response: string;
  readonly results: Results;
}
/** A transaction that peers have signed and nobody has committed yet. */
export interface Endorsed {
  readonly proposal: Proposal;
  readonly endorsements: readonly Endorsement[];
  readonly refusals: readonly { readonly mspId: string; readonly error: Error }[];
}
export type CommitCode =
  | 'VALID'
  | 'MVCC_READ_CONFLICT'
  | 'PHANTOM_READ_CONFLICT'
  | 'ENDORSEMENT_POLICY_FAILURE';

const PEER_CIRCUMSTANCES = [
  { timeZone: 'UTC', skewMs: 0 },
  { timeZone: 'Asia/Kolkata', skewMs: 120_000 },
  { timeZone: 'America/St_Johns', skewMs: -200_000 },
  { timeZone: 'Pacific/Kiritimati', skewMs: 60_001 },
  { timeZone: 'Europe/Zurich', skewMs: 999 },
] as const;

/** The zone outside transactions. To change it is dear: all that the process knows of time is read again. */
const OWN_ZONE = process.env.TZ;
function setZone(zone: string | undefined): void {
  if (process.env.TZ === zone) return;
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
}

/** Where every first peer's transactions are recorded, for the determinism guard to replay. */
const RECORDING = process.env.CONSILIUM_RECORDING;
const SUBMITS = new Set<string>(TRANSACTIONS.filter(({ kind }) => kind === 'submit').map(({ name }) => name));

export class MemoryConsortium {
  readonly mspIds: readonly string[];
  readonly world: World = { rows: new Map(), history: new Map() };
  /** Events and transactions in the order in which they were committed. */
  readonly events: { name: string; payload: Record<string, unknown> }[] = [];
  readonly committed: {
    name: string;
    argument: string;
    results: Results;
    proposal: Proposal;
    signers: readonly string[];
  }[] = [];
  /** What peers wrote to their logs. */
  readonly log: string[] = [];
  /** The consortium's time; transactions carry it. */
  now = Date.parse('2026-03-01T08:00:00.000Z');
  /** The signed proposal that peers see a transaction come in, where a test needs a real one. */
  sent: { readonly proposal: string; readonly signature: string } | undefined;
  remembered = '';
  /** How much of their usual error the peers' clocks have. */
  clockError = 1;
  #transactions = 0;
  #clientSkewMs = 0;

  constructor(mspIds: readonly string[]) {
    this.mspIds = mspIds;
  }

  /** Becomes what another consortium of the same organisations is now. After that they are apart. */
  continueFrom(other: MemoryConsortium): void {
    assert.deepEqual(this.mspIds, other.mspIds);
    assert.equal(this.#transactions, 0, 'nothing was done here before');
    for (const [key, row] of other.world.rows) this.world.rows.set(key, row);
    for (const [key, versions] of other.world.history) this.world.history.set(key, versions);
    this.events.push(...other.events);
    this.committed.push(...other.committed);
    this.log.push(...other.log);
    this.now = other.now;
    this.#transactions = other.#transactions;
  }

  /** All of the world's state as one text, to see that nothing changed. */
  snapshot(): string {
    return canonicalJson(
      [...this.world.rows].map(([key, { value, version }]) => [key, Buffer.from(value).toString(), version]),
    );
  }

  /** Remembers the world as it is now, for a comparison with what comes after. */
  baseline(): void {
    this.remembered = this.snapshot();
  }

  async evaluate<N extends TransactionName>(
    caller: Caller,
    name: N,
    argument: Argument<N> | string,
    peer = caller.mspId,
  ): Promise<Answer> {
    const executed = this.#execute(peer, this.#propose(caller), name, argument);
    const { response, results } = await executed.finally(() => setZone(OWN_ZONE));
    assert.deepEqual(results.writes, []);
    assert.equal(results.event, null);
    return JSON.parse(response);
  }

  /** Runs a transaction on the given peers (all of them by default); each endorses or refuses. */
  async endorse<N extends TransactionName>(
    caller: Caller,
    name: N,
    argument: Argument<N> | string,
    peers: readonly string[] = this.mspIds,
  ): Promise<Endorsed> {
    const proposal = this.#propose(caller);
    const endorsements: Endorsement[] = [];
    const refusals: { mspId: string; error: Error }[] = [];
    for (const mspId of peers) {
      try {
        endorsements.push({ mspId, ...(await this.#execute(mspId, proposal, name, argument)) });
      } catch (error) {
        assert.ok(error instanceof Error);
        refusals.push({ mspId, error });
      }
    }
    setZone(OWN_ZONE);
    const [first, ...others] = endorsements;
    for (const other of others) {
      assert.equal(other.response, first!.response, 'endorsers answer the same');
      assert.deepEqual(other.results, first!.results, 'endorsers read and write the same');
    }
    return { proposal, endorsements, refusals };
  }

  /** Validates and commits as Fabric does: policies of the keys written, then versions of the keys read. */
  commit(name: string, argument: string, { proposal, endorsements }: Endorsed): CommitCode {
    const [first] = endorsements;
    if (first === undefined) return 'ENDORSEMENT_POLICY_FAILURE';
    const { writes, policies, reads, ranges, found, event } = first.results;
    const signers = [...new Set(endorsements.map(({ mspId }) => mspId))];
    for (const key of new Set([...writes, ...policies].map(([written]) => written))) {
      const policy = this.world.rows.get(key)?.policy;
      const satisfied =
        policy === undefined ? signers.length >= majorityOf(this.mspIds.length) : satisfies(policy, signers);
      if (!satisfied) return 'ENDORSEMENT_POLICY_FAILURE';
    }
    for (const [key, version] of reads) {
      if ((this.world.rows.get(key)?.version ?? -1) !== version) return 'MVCC_READ_CONFLICT';
    }
    const now = ranges.map((prefix) => versionsUnder(this.world, prefix));
    if (canonicalJson(now) !== canonicalJson(found)) return 'PHANTOM_READ_CONFLICT';
    const laid = new Map(policies);
    for (const [key, value] of writes) {
      const before = this.world.rows.get(key);
      const policy = laid.get(key);
      const isDelete = value === '';
      if (isDelete) this.world.rows.delete(key);
      else
        this.world.rows.set(key, {
          value: Buffer.from(value),
          version: (before?.version ?? 0) + 1,
          policy: policy === undefined ? before?.policy : Buffer.from(policy, 'base64'),
        });
      const timestamp = {
        seconds: Math.floor(proposal.at.getTime() / 1000),
        nanos: (proposal.at.getTime() % 1000) * 1e6,
      };
      const version = { txId: proposal.txId, timestamp, isDelete, value: Buffer.from(value) };
      this.world.history.set(key, [...(this.world.history.get(key) ?? []), version]);
    }
    for (const [key, policy] of laid) {
      const row = this.world.rows.get(key);
      if (row === undefined || writes.some(([written]) => written === key)) continue;
      this.world.rows.set(key, { ...row, version: row.version + 1, policy: Buffer.from(policy, 'base64') });
    }
    if (event !== null) this.events.push({ name: event.name, payload: JSON.parse(event.payload) });
    this.committed.push({ name, argument, results: first.results, proposal, signers });
    return 'VALID';
  }

  /** Endorses and commits; throws the refusal where too few peers endorse. */
  async submit<N extends TransactionName>(
    caller: Caller,
    name: N,
    argument: Argument<N> | string,
    peers: readonly string[] = this.mspIds,
  ): Promise<Answer> {
    this.now += 1000;
    const endorsed = await this.endorse(caller, name, argument, peers);
    const text = typeof argument === 'string' ? argument : canonicalJson(argument);
    const code = this.commit(name, text, endorsed);
    if (code === 'VALID') return JSON.parse(endorsed.endorsements[0]!.response);
    throw endorsed.refusals[0]?.error ?? new Error(code);
  }

  /** Submits with a client's clock that is wrong by some milliseconds. */
  async submitDated<N extends TransactionName>(
    byMs: number,
    caller: Caller,
    name: N,
    argument: Argument<N>,
  ): Promise<Answer> {
    this.#clientSkewMs = byMs;
    try {
      return await this.submit(caller, name, argument);
    } finally {
      this.#clientSkewMs = 0;
    }
  }

  #propose({ mspId, role, person = `${role}.${mspId}`, certificate = `of ${person}` }: Caller): Proposal {
    this.#transactions++;
    // Ids that begin alike in much, as only somebody who looks for them finds any.
    const txId = this.#transactions
      .toString(16)
      .padStart(16 + 16, '0')
      .padEnd(64, 'f');
    return { txId, at: new Date(this.now + this.#clientSkewMs), mspId, role, person, certificate };
  }

  async #execute(
    peer: string,
    proposal: Proposal,
    name: string,
    argument: unknown,
  ): Promise<{ response: string; results: Results }> {
    const { timeZone, skewMs } = PEER_CIRCUMSTANCES[this.mspIds.indexOf(peer) % PEER_CIRCUMSTANCES.length]!;
    const stub = new MemoryStub(this.world, proposal, peer);
    setZone(timeZone);
    const text = typeof argument === 'object' ? canonicalJson(argument) : (argument as string);
    const now = this.now + skewMs * this.clockError;
    const { sent, world, clockError } = this;
    const recorded = (outcome: string) => {
      // Of a submit the other peers are compared here and now; finalising is each peer's own.
      const compared = SUBMITS.has(name) && peer !== this.mspIds[0] && name !== 'round:finalize';
      if (RECORDING === undefined || compared) return;
      const asked = {
        name,
        text,
        peer,
        proposal: { ...proposal, at: proposal.at.toJSON() ?? '' },
        sent,
        now,
        clockError,
      };
      record(RECORDING, { ...asked, world, stub, outcome });
    };
    try {
      const log = (line: string) => this.log.push(line);
      const response = await execute(name, text, { stub, proposal, sent, now, log });
      recorded(outcomeOf(stub, response));
      return { response, results: stub.results };
    } catch (error) {
      // How many others are in line is the process's own, and no part of what it is asked.
      if (!(error as Error).message.startsWith('TOO_MANY_AT_ONCE')) recorded(refusalText(error));
      // What crosses the wire is the text alone.
      throw parseDomainError((error as Error).message) ?? error;
    }
  }
}

/** Whether peers of these organisations satisfy a policy; one signature counts once, as in Fabric. */
export function satisfies(policy: Uint8Array, signers: readonly string[]): boolean {
  const envelope = common.SignaturePolicyEnvelope.deserializeBinary(policy);
  const identities = envelope.getIdentitiesList().map((principal) => {
    const role = msp.MSPRole.deserializeBinary(principal.getPrincipal_asU8());
    assert.equal(role.getRole(), msp.MSPRole.MSPRoleType.PEER);
    return role.getMspIdentifier();
  });
  type Rule = InstanceType<typeof common.SignaturePolicy>;
  const judge = (rule: Rule, used: Set<string>): Set<string> | undefined => {
    const gate = rule.getNOutOf();
    if (gate === undefined || gate === null) {
      const wanted = identities[rule.getSignedBy()]!;
      return signers.includes(wanted) && !used.has(wanted) ? new Set([...used, wanted]) : undefined;
    }
    let taken = used;
    let verified = 0;
    for (const part of gate.getRulesList()) {
      const after = judge(part, taken);
      if (after === undefined) continue;
      taken = after;
      verified++;
    }
    return verified >= gate.getN() ? taken : undefined;
  };
  return judge(envelope.getRule()!, new Set()) !== undefined;
}

/** The code of the refusal that an attempt meets. */
export async function refusalOf(attempt: Promise<unknown>): Promise<DomainError> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
  return assert.fail('was not refused');
}
