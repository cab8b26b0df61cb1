/**
 * One organisation's peer as an endorser: checks a proposal, runs its chaincode against a snapshot of the
 * ledger, and signs what came out. Refusals are worded as Fabric's peer words them.
 */
import { peer } from '../fabric-protos.ts';
import {
  type ChaincodeDefinition,
  LIFECYCLE,
  readDefinition,
  sequenceKey,
} from '../ledger/chaincode-definition.ts';
import type { LedgerStore } from '../ledger/ledger-store.ts';
import type { StateReader } from '../ledger/state-reader.ts';
import { TransactionSimulator } from '../ledger/transaction-simulator.ts';
import { expiryOf, type Membership } from '../msp/identity.ts';
import type { SigningIdentity } from '../msp/signing-identity.ts';
import { accessFailure } from '../policy/channel-policies.ts';
import { chaincodeInterest } from './chaincode-interest.ts';
import type { ChaincodeRegistry } from './chaincode-registry.ts';
import { queryLedger } from './ledger-queries.ts';
import {
  type ParsedProposal,
  parseProposal,
  proposalRefusal,
  proposalSignature,
  type SignedProposal,
} from './proposal.ts';
import {
  type ChaincodeEvent,
  type ChaincodeResponse,
  endorse,
  type ProposalResponse,
  refusal,
  responsePayload,
} from './proposal-response.ts';
import type { OpenQuery } from './query-response.ts';

const LEDGER_QUERIES = 'qscc';
const NOT_OFFERED: readonly string[] = [LIFECYCLE, 'cscc', 'lscc'];
const SYSTEM_CHAINCODES: readonly string[] = [LEDGER_QUERIES, ...NOT_OFFERED];
const SYSTEM_VERSION = 'syscc';
const ERROR_THRESHOLD = 400;
const ERROR = 500;
/** Fabric's `peer.authentication.timewindow`. */
const TIME_WINDOW_MS = 15 * 60_000;

export interface EndorserOptions {
  readonly channel: string;
  readonly identity: SigningIdentity;
  readonly membership: Membership;
  /** The application's organisations. */
  readonly mspIds: readonly string[];
  readonly store: LedgerStore;
  readonly chaincodes: ChaincodeRegistry;
  /** As clients reach it; it appears in error details. */
  readonly address: string;
}

/**
 * As Fabric: `error` without a response would be a transport failure, both together a refused proposal, and a
 * response alone is the answer, good or bad.
 */
export interface ProposalOutcome {
  readonly response: ProposalResponse | undefined;
  readonly error: string | undefined;
}

interface Executed {
  readonly response: ChaincodeResponse;
  readonly event: ChaincodeEvent | undefined;
}

export class Endorser {
  readonly #options: EndorserOptions;

  constructor(options: EndorserOptions) {
    this.#options = options;
  }

  get mspId(): string {
    return this.#options.identity.mspId;
  }

  get address(): string {
    return this.#options.address;
  }

  get identity(): SigningIdentity {
    return this.#options.identity;
  }

  /** Whether this peer can run the chaincode. */
  hasChaincode(name: string): boolean {
    return SYSTEM_CHAINCODES.includes(name) || this.#options.chaincodes.connection(name) !== undefined;
  }

  /**
   * Endorses, or says why not. `view` is the height to simulate at; without one it is the present height.
   */
  async processProposal(signed: SignedProposal, view?: StateReader): Promise<ProposalOutcome> {
    let proposal: ParsedProposal;
    try {
      proposal = parseProposal(signed);
    } catch (error) {
      const { message } = error as Error;
      return { response: refusal(message), error: message };
    }
    if (this.#hasExpired(proposal)) return filtered('proposal client identity expired');
    const untimely = untimeliness(proposal);
    if (untimely) return filtered(untimely);
    if (NOT_OFFERED.includes(proposal.chaincode)) return refused(notOffered(proposal.chaincode));
    const { channel, membership } = this.#options;
    // A proposal to no channel reaches the peer's own chaincodes only; its answer is not endorsed.
    const isChannelless = proposal.channel === '' && proposal.chaincode === LEDGER_QUERIES;
    if (proposal.channel !== channel && !isChannelless) {
      return { response: refusal(`channel '${proposal.channel}' not found`), error: undefined };
    }
    const invalid = proposalRefusal(proposal, membership);
    if (invalid) return refused(`error validating proposal: ${invalid}`);
    const { store } = this.#options;
    if (store.latest.transaction(proposal.txId)) {
      const creator = Buffer.from(proposal.creator).toString('hex');
      return refused(`duplicate transaction found [${proposal.txId}]. Creator [${creator}]`);
    }
    if (!SYSTEM_CHAINCODES.includes(proposal.chaincode)) {
      const signature = proposalSignature(proposal);
      const denied = accessFailure({ membership, channel, policy: 'Writers', signature });
      if (denied) return refused(denied);
    }
    try {
      return { response: await this.#endorse(proposal, view), error: undefined };
    } catch (error) {
      return { response: refusal((error as Error).message), error: undefined };
    }
  }

  #hasExpired({ creator }: ParsedProposal): boolean {
    const expiry = expiryOf(creator);
    return expiry !== undefined && expiry.getTime() < Date.now();
  }

  async #endorse(proposal: ParsedProposal, view: StateReader | undefined): Promise<ProposalResponse> {
    if (proposal.chaincode === LEDGER_QUERIES) return this.#answerLedgerQuery(proposal);
    const { store, mspIds, channel } = this.#options;
    const reader = view ?? store.snapshot();
    try {
      const simulator = new TransactionSimulator({ reader, txId: proposal.txId, mspId: this.mspId, mspIds });
      const definition = this.#definition(proposal.chaincode, simulator, (reason) => {
        const hint = `make sure the chaincode ${proposal.chaincode} has been successfully defined on channel`;
        return new Error(`${hint} ${channel} and try again: ${reason}`);
      });
      let executed: Executed;
      try {
        executed = await this.#execute(proposal, proposal.chaincode, proposal.input, simulator);
      } catch (error) {
        const reason = (error as Error).message;
        throw new Error(`error in simulation: failed to execute transaction ${proposal.txId}: ${reason}`, {
          cause: error,
        });
      }
      return this.#sign(proposal, definition.version, executed, simulator);
    } finally {
      if (!view) store.release(reader);
    }
  }

  #definition(
    name: string,
    simulator: TransactionSimulator,
    problem: (reason: string) => Error,
  ): ChaincodeDefinition {
    const { mspIds, chaincodes } = this.#options;
    simulator.getState(LIFECYCLE, sequenceKey(name));
    const definition = readDefinition(simulator.reader, name, mspIds);
    if (!definition) throw problem(`chaincode ${name} not found`);
    if (!chaincodes.connection(name)) {
      throw problem(`chaincode definition for '${name}' exists, but chaincode is not installed`);
    }
    return definition;
  }

  async #execute(
    proposal: ParsedProposal,
    name: string,
    input: InstanceType<typeof peer.ChaincodeInput>,
    simulator: TransactionSimulator,
  ): Promise<Executed> {
    if (input.getIsInit()) {
      const refused = 'does not require initialization but called as init';
      throw new Error(`invalid invocation: chaincode '${name}' ${refused}`);
    }
    const message = await this.#invoke(proposal, name, input, simulator);
    const payload = message.getPayload_asU8();
    if (message.getType() === peer.ChaincodeMessage.Type.ERROR) {
      throw new Error(`transaction returned with failure: ${Buffer.from(payload).toString('utf8')}`);
    }
    const response = peer.Response.deserializeBinary(payload);
    const event = message.getChaincodeEvent();
    if (!event || response.getStatus() >= ERROR_THRESHOLD) return { response, event: undefined };
    event.setChaincodeId(name);
    event.setTxId(proposal.txId);
    return { response, event };
  }

  #invoke(
    proposal: ParsedProposal,
    name: string,
    input: InstanceType<typeof peer.ChaincodeInput>,
    simulator: TransactionSimulator,
  ): Promise<InstanceType<typeof peer.ChaincodeMessage>> {
    const { channel, chaincodes, store } = this.#options;
    return chaincodes.connection(name)!.execute({
      channel,
      ns: name,
      txId: proposal.txId,
      input: input.serializeBinary(),
      signedProposal: proposal.signed,
      simulator,
      store,
      queries: new Map<string, OpenQuery>(),
      invoke: (spec) => this.#invokeOther(proposal, spec, simulator),
    });
  }

  /** Chaincode calling chaincode: the same transaction and channel, the other's namespace. */
  async #invokeOther(
    proposal: ParsedProposal,
    spec: InstanceType<typeof peer.ChaincodeSpec>,
    simulator: TransactionSimulator,
  ): Promise<Uint8Array> {
    const { channel } = this.#options;
    const [nameAndVersion = '', otherChannel] = (spec.getChaincodeId()?.getName() ?? '').split('/', 2);
    const name = nameAndVersion.split(':', 1)[0]!;
    if (otherChannel && otherChannel !== channel) {
      throw new Error(`Failed to get policy manager for channel [${otherChannel}]`);
    }
    if (SYSTEM_CHAINCODES.includes(name)) throw new Error(`execute failed: ${notOffered(name)}`);
    this.#definition(name, simulator, (reason) => {
      const context = `[channel ${channel}] failed to get chaincode container info for ${name}`;
      return new Error(`execute failed: invalid invocation: ${context}: ${reason}`);
    });
    try {
      const input = spec.getInput() ?? new peer.ChaincodeInput();
      return (await this.#invoke(proposal, name, input, simulator)).serializeBinary();
    } catch (error) {
      throw new Error(`execute failed: ${(error as Error).message}`, { cause: error });
    }
  }

  #sign(
    proposal: ParsedProposal,
    version: string,
    { response, event }: Executed,
    simulator: TransactionSimulator,
  ): ProposalResponse {
    const { store } = this.#options;
    const results = simulator.finish();
    const height = store.latest.height();
    for (const writes of results.privateWrites) {
      store.keepTransient({ txId: proposal.txId, ...writes, height });
    }
    const isSystem = (ns: string) => SYSTEM_CHAINCODES.includes(ns);
    let interest: InstanceType<typeof peer.ChaincodeInterest>;
    try {
      interest = chaincodeInterest(simulator, results.namespaces, isSystem);
    } catch (error) {
      throw new Error(`error in simulation: ${(error as Error).message}`, { cause: error });
    }
    const payload = responsePayload({ proposal, version, response, event, results: results.publicBytes });
    const status = response.getStatus();
    const answer = new peer.ProposalResponse();
    answer.setResponse(response);
    if (status >= ERROR) {
      answer.setPayload(payload);
      answer.setInterest(interest);
    } else if (status < ERROR_THRESHOLD) {
      answer.setVersion(1);
      answer.setPayload(payload);
      answer.setInterest(interest);
      answer.setEndorsement(endorse(this.identity, payload));
    }
    return answer;
  }

  #answerLedgerQuery(proposal: ParsedProposal): ProposalResponse {
    const { channel, store, membership } = this.#options;
    const response = queryLedger(proposal.input.getArgsList_asU8(), {
      channel,
      store,
      accessFailure: () =>
        accessFailure({ membership, channel, policy: 'Readers', signature: proposalSignature(proposal) }),
    });
    const payload = responsePayload({
      proposal,
      version: SYSTEM_VERSION,
      response,
      event: undefined,
      results: new Uint8Array(),
    });
    const answer = new peer.ProposalResponse();
    answer.setResponse(response);
    if (proposal.channel === '') return answer;
    answer.setPayload(payload);
    if (response.getStatus() < ERROR_THRESHOLD) {
      answer.setVersion(1);
      answer.setEndorsement(endorse(this.identity, payload));
    }
    return answer;
  }
}

function notOffered(name: string): string {
  const deploying = name === LIFECYCLE ? ' Deploy with `consilium-test-network deploy` instead.' : '';
  return (
    `This stand-in for a Fabric peer does not offer the system chaincode ${name}. ` +
    `It offers ${LEDGER_QUERIES}, to clients only.${deploying}`
  );
}

/** Fabric's filters stand before the endorser, so their refusals come without a response. */
function filtered(message: string): ProposalOutcome {
  return { response: undefined, error: message };
}

function untimeliness({ header }: ParsedProposal): string | undefined {
  const time = header.channelHeader.getTimestamp()?.toDate() ?? new Date(0);
  const now = new Date();
  if (Math.abs(time.getTime() - now.getTime()) <= TIME_WINDOW_MS) return undefined;
  const [claimed, ours] = [time, now].map((date) => `${date.toISOString().slice(0, 19)}Z`);
  return (
    `request unauthorized due to incorrect timestamp ${claimed}, peer time ${ours}, ` +
    'peer.authentication.timewindow 15m0s'
  );
}

function refused(message: string): ProposalOutcome {
  return { response: refusal(message), error: message };
}
