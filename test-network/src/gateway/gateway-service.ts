/**
 * The Fabric Gateway service of one organisation's peer: evaluate, endorse, submit, commit status and
 * chaincode events, answering as Fabric 3.1's does, down to the codes and words of its refusals.
 */
import { status } from '@grpc/grpc-js';
import { common, gateway, peer } from '../fabric-protos.ts';
import type { Committer } from '../ledger/committer.ts';
import type { StateReader } from '../ledger/state-reader.ts';
import type { InFlight } from '../orderer/in-flight.ts';
import type { Orderer } from '../orderer/orderer.ts';
import type { ProposalResponse } from '../peer/proposal-response.ts';
import { accessFailure } from '../policy/channel-policies.ts';
import { chaincodeEvents } from './chaincode-events.ts';
import { EndorsementPlan } from './endorsement-plan.ts';
import {
  type Selection,
  type SelectionContext,
  SelectionError,
  selectEndorsers,
} from './endorser-selection.ts';
import { type EndorsingPeer, errorDetail } from './endorsing-peer.ts';
import { parseTarget, readTarget, type Target } from './proposal-target.ts';
import { type ErrorDetail, RpcError } from './rpc-error.ts';
import { prepareTransaction } from './transaction-assembly.ts';

export interface GatewayOptions extends SelectionContext {
  /** This gateway's own peer, also among `peers`. */
  readonly local: EndorsingPeer;
  readonly orderer: Orderer;
  readonly committer: Committer;
  readonly inFlight: InFlight;
}

export class GatewayService {
  readonly #options: GatewayOptions;

  constructor(options: GatewayOptions) {
    this.#options = options;
  }

  async evaluate(
    request: InstanceType<typeof gateway.EvaluateRequest>,
  ): Promise<InstanceType<typeof gateway.EvaluateResponse>> {
    const { local, channel } = this.#options;
    const target = readTarget(request.getProposedTransaction());
    if (target.channel !== channel) {
      const reason = `could not get last config for channel ${target.channel}`;
      throw new RpcError(
        status.UNAVAILABLE,
        `failed to get config for channel [${target.channel}]: ${reason}`,
      );
    }
    let organisations = request.getTargetOrganizationsList();
    const isProtected = target.hasTransient && organisations.length === 0;
    if (isProtected) organisations = [local.mspId];
    const candidates = this.#evaluators(target.chaincode, organisations);
    if (candidates.length === 0) {
      const reason = `no peers available to evaluate chaincode ${target.chaincode} in channel ${channel}`;
      const hint =
        "no endorsers found in the gateway's organization; retry specifying target organization(s) to " +
        `protect transient data: ${reason}`;
      throw new RpcError(status.FAILED_PRECONDITION, isProtected ? hint : reason);
    }
    const details: ErrorDetail[] = [];
    let code = status.UNAVAILABLE;
    for (const candidate of candidates) {
      const judged = await candidate.process(target.signed);
      if (judged.ok) return evaluateResponse(judged.response);
      details.push(errorDetail(candidate, judged.message));
      code = judged.code;
      if (!judged.retry) {
        throw new RpcError(code, `evaluate call to endorser returned error: ${judged.message}`, details);
      }
    }
    throw new RpcError(code, 'failed to evaluate transaction, see attached details for more info', details);
  }

  async endorse(
    request: InstanceType<typeof gateway.EndorseRequest>,
  ): Promise<InstanceType<typeof gateway.EndorseResponse>> {
    const proposed = request.getProposedTransaction();
    if (!proposed || proposed.getProposalBytes_asU8().length === 0) {
      throw new RpcError(status.INVALID_ARGUMENT, 'the proposed transaction must contain a signed proposal');
    }
    const target = parseTarget(proposed);
    // All endorsers see one height: the peers of this network share their ledger.
    const { store, inFlight } = this.#options;
    const view = store.snapshot();
    try {
      const organisations = request.getEndorsingOrganizationsList();
      return await inFlight.endorsing(target.txId, () => this.#collect(target, organisations, view));
    } finally {
      store.release(view);
    }
  }

  async #collect(
    target: Target,
    organisations: readonly string[],
    view: StateReader,
  ): Promise<InstanceType<typeof gateway.EndorseResponse>> {
    const plan =
      organisations.length > 0
        ? this.#planForOrganisations(target, organisations)
        : await this.#planFromFirstEndorser(target, view);
    while (!plan.completed) {
      const next = plan.next();
      if (!next) break;
      await Promise.all(
        next.map(async (candidate) => {
          const judged = await candidate.process(target.signed, view);
          if (judged.ok) plan.accept(candidate, judged.response);
          else plan.refuse(candidate, judged.message);
        }),
      );
    }
    if (!plan.completed) {
      throw new RpcError(
        status.ABORTED,
        'failed to collect enough transaction endorsements, see attached details for more info',
        plan.errorDetails,
      );
    }
    const response = new gateway.EndorseResponse();
    response.setPreparedTransaction(prepareTransaction(target.signed, plan.payload, plan.completed));
    return response;
  }

  submit(request: InstanceType<typeof gateway.SubmitRequest>): InstanceType<typeof gateway.SubmitResponse> {
    const { channel, orderer } = this.#options;
    const envelope = request.getPreparedTransaction();
    if (!envelope) throw new RpcError(status.INVALID_ARGUMENT, 'a prepared transaction is required');
    if (envelope.getSignature_asU8().length === 0) {
      throw new RpcError(status.INVALID_ARGUMENT, 'prepared transaction must be signed');
    }
    const requested = request.getChannelId();
    if (requested !== channel) {
      const reason = `could not get last config for channel ${requested}`;
      throw new RpcError(
        status.FAILED_PRECONDITION,
        `failed to get config for channel [${requested}]: ${reason}`,
      );
    }
    const result = orderer.broadcast(envelope);
    if (result.status === common.Status.SUCCESS) return new gateway.SubmitResponse();
    if (result.status >= 400 && result.status < 500) {
      const name = Object.entries(common.Status).find(([, value]) => value === result.status)![0];
      throw new RpcError(
        status.ABORTED,
        `received unsuccessful response from orderer: status=${name}, info=${result.info}`,
      );
    }
    throw new RpcError(status.UNAVAILABLE, 'no orderers could successfully process transaction');
  }

  async commitStatus(
    signed: InstanceType<typeof gateway.SignedCommitStatusRequest>,
    signal: AbortSignal,
  ): Promise<InstanceType<typeof gateway.CommitStatusResponse>> {
    const bytes = signed.getRequest_asU8();
    if (bytes.length === 0) {
      throw new RpcError(status.INVALID_ARGUMENT, 'a commit status request is required');
    }
    const request = decode(bytes, gateway.CommitStatusRequest, 'invalid status request');
    if (request.getIdentity_asU8().length === 0) {
      throw new RpcError(status.INVALID_ARGUMENT, 'no identity provided');
    }
    if (request.getChannelId() === '') {
      throw new RpcError(status.INVALID_ARGUMENT, 'no channel ID provided');
    }
    if (request.getTransactionId() === '') {
      throw new RpcError(status.INVALID_ARGUMENT, 'transaction ID should not be empty');
    }
    this.#authorise(request.getChannelId(), {
      data: bytes,
      identity: request.getIdentity_asU8(),
      signature: signed.getSignature_asU8(),
    });
    const committed = await this.#options.committer.status(request.getTransactionId(), signal);
    const response = new gateway.CommitStatusResponse();
    response.setResult(committed.code as never);
    response.setBlockNumber(committed.block);
    return response;
  }

  /** Checks the request; the iteration then yields responses until the signal aborts. */
  chaincodeEvents(
    signed: InstanceType<typeof gateway.SignedChaincodeEventsRequest>,
    signal: AbortSignal,
  ): AsyncGenerator<InstanceType<typeof gateway.ChaincodeEventsResponse>> {
    const bytes = signed.getRequest_asU8();
    if (bytes.length === 0) {
      throw new RpcError(status.INVALID_ARGUMENT, 'a chaincode events request is required');
    }
    const request = decode(bytes, gateway.ChaincodeEventsRequest, 'invalid chaincode events request');
    this.#authorise(request.getChannelId(), {
      data: bytes,
      identity: request.getIdentity_asU8(),
      signature: signed.getSignature_asU8(),
    });
    return chaincodeEvents(request, this.#options, signal);
  }

  #evaluators(chaincode: string, organisations: readonly string[]): EndorsingPeer[] {
    const { local, peers } = this.#options;
    const able = peers.filter(
      (candidate) =>
        candidate.endorser.hasChaincode(chaincode) &&
        (organisations.length === 0 || organisations.includes(candidate.mspId)),
    );
    return [...able.filter((one) => one === local), ...able.filter((one) => one !== local)];
  }

  #planForOrganisations(target: Target, organisations: readonly string[]): EndorsementPlan {
    const { peers, channel } = this.#options;
    const able =
      target.channel === channel
        ? peers.filter((candidate) => candidate.endorser.hasChaincode(target.chaincode))
        : [];
    const missing = organisations.filter((mspId) => !able.some((candidate) => candidate.mspId === mspId));
    if (missing.length > 0) {
      throw new RpcError(
        status.UNAVAILABLE,
        `failed to find any endorsing peers for org(s): ${missing.join(', ')}`,
      );
    }
    return new EndorsementPlan({ layouts: [organisations], another: () => undefined }, peers);
  }

  async #planFromFirstEndorser(target: Target, view: StateReader): Promise<EndorsementPlan> {
    const { local, channel, peers } = this.#options;
    const defaultInterest = new peer.ChaincodeInterest();
    const call = new peer.ChaincodeCall();
    call.setName(target.chaincode);
    defaultInterest.addChaincodes(call);
    let first = local;
    if (target.channel !== channel || !local.endorser.hasChaincode(target.chaincode)) {
      if (target.hasTransient) {
        throw new RpcError(
          status.FAILED_PRECONDITION,
          "no endorsers found in the gateway's organization; retry specifying endorsing organization(s) to " +
            'protect transient data',
        );
      }
      const { layouts } = this.#select(target, defaultInterest, undefined);
      first = peers.find((candidate) => candidate.mspId === layouts[0]![0])!;
    }
    const judged = await first.process(target.signed, view);
    if (!judged.ok) {
      throw new RpcError(
        status.ABORTED,
        'failed to endorse transaction, see attached details for more info',
        [errorDetail(first, judged.message)],
      );
    }
    const touched = judged.response.getInterest();
    const interest = touched && touched.getChaincodesList().length > 0 ? touched : defaultInterest;
    const selection = target.hasTransient
      ? this.#selectProtected(target, interest, first.mspId)
      : this.#select(target, interest, first.mspId);
    const plan = new EndorsementPlan(selection, peers);
    plan.accept(first, judged.response);
    return plan;
  }

  /** With transient data only organisations that may see the collections are asked, read or written alike. */
  #selectProtected(
    target: Target,
    interest: InstanceType<typeof peer.ChaincodeInterest>,
    preferred: string,
  ): Selection {
    const careful = interest.clone() as typeof interest;
    const collections: string[] = [];
    for (const call of careful.getChaincodesList()) {
      if (!call.getNoPrivateReads()) continue;
      call.setNoPrivateReads(false);
      collections.push(...call.getCollectionNamesList());
    }
    try {
      return this.#select(target, careful, preferred);
    } catch (error) {
      if (collections.length === 0) throw error;
      this.#select(target, interest, preferred);
      throw new RpcError(
        status.FAILED_PRECONDITION,
        'requires endorsement from organisation(s) that are not in the distribution policy of the private ' +
          `data collection(s): [${collections.join(' ')}]; retry specifying trusted endorsing ` +
          'organizations to protect transient data',
      );
    }
  }

  #select(
    target: Target,
    interest: InstanceType<typeof peer.ChaincodeInterest>,
    preferred: string | undefined,
  ): Selection {
    try {
      return selectEndorsers(target.channel, interest, preferred, this.#options);
    } catch (error) {
      if (!(error instanceof SelectionError)) throw error;
      throw new RpcError(status.FAILED_PRECONDITION, error.message);
    }
  }

  #authorise(
    requested: string,
    signature: { data: Uint8Array; identity: Uint8Array; signature: Uint8Array },
  ): void {
    const { channel, membership } = this.#options;
    const failure =
      requested === channel
        ? accessFailure({ membership, channel, policy: 'Readers', signature })
        : `Failed to get policy manager for channel [${requested}]`;
    if (failure) throw new RpcError(status.PERMISSION_DENIED, failure);
  }
}

function decode<T>(bytes: Uint8Array, type: { deserializeBinary(bytes: Uint8Array): T }, what: string): T {
  try {
    return type.deserializeBinary(bytes);
  } catch (error) {
    throw new RpcError(status.INVALID_ARGUMENT, `${what}: ${(error as Error).message}`);
  }
}

function evaluateResponse(answer: ProposalResponse): InstanceType<typeof gateway.EvaluateResponse> {
  const result = answer.getResponse()!;
  const payload = peer.ProposalResponsePayload.deserializeBinary(answer.getPayload_asU8());
  const action = peer.ChaincodeAction.deserializeBinary(payload.getExtension_asU8());
  result.setPayload(action.getResponse()?.getPayload_asU8() ?? new Uint8Array());
  const response = new gateway.EvaluateResponse();
  response.setResult(result);
  return response;
}
