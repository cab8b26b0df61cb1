/**
 * The ordering service, alone in its consortium of one: checks who sends, gathers transactions into blocks by
 * count, size and time as Fabric's block cutter does, and hands each block to the committer.
 */
import { randomBytes } from 'node:crypto';
import { common } from '../fabric-protos.ts';
import { createBlock } from '../ledger/block.ts';
import type { Committer } from '../ledger/committer.ts';
import { parseHeader } from '../ledger/transaction.ts';
import { envelopeSignature, expiryOf, type Membership } from '../msp/identity.ts';
import type { SigningIdentity } from '../msp/signing-identity.ts';
import { channelPolicyFailure } from '../policy/channel-policies.ts';
import type { InFlight } from './in-flight.ts';

const { Status } = common;

/** How long a block waits for other transactions at least. */
const COMPANY_MS = 5;

export interface OrdererOptions {
  readonly channel: string;
  readonly membership: Membership;
  readonly identity: SigningIdentity;
  readonly committer: Committer;
  readonly inFlight: InFlight;
  readonly batchTimeoutMs: number;
  readonly maxMessageCount: number;
  readonly absoluteMaxBytes: number;
  readonly preferredMaxBytes: number;
}

export interface BroadcastResult {
  readonly status: (typeof Status)[keyof typeof Status];
  readonly info: string;
}

export class Orderer {
  readonly #options: OrdererOptions;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: OrdererOptions) {
    this.#options = options;
  }

  broadcast(envelope: InstanceType<typeof common.Envelope>): BroadcastResult {
    const refused = this.#refusal(envelope);
    if (refused) return refused;
    const size = envelope.getPayload_asU8().length + envelope.getSignature_asU8().length;
    this.#options.inFlight.arrived(transactionId(envelope));
    this.#enqueue(envelope.serializeBinary(), size);
    return { status: Status.SUCCESS, info: '' };
  }

  /** Cuts what is pending, so that nothing accepted is lost at a clean stop. */
  stop(): void {
    this.#stopped = true;
    this.#cut();
  }

  #refusal(envelope: InstanceType<typeof common.Envelope>): BroadcastResult | undefined {
    const { channel, membership, absoluteMaxBytes } = this.#options;
    const bad = (info: string) => ({ status: Status.BAD_REQUEST, info });
    if (this.#stopped) return { status: Status.SERVICE_UNAVAILABLE, info: 'the orderer is stopping' };
    let header: ReturnType<typeof parseHeader>;
    try {
      const payload = common.Payload.deserializeBinary(envelope.getPayload_asU8());
      header = parseHeader(payload.getHeader());
    } catch (error) {
      return bad(`could not determine channel ID: ${(error as Error).message}`);
    }
    const { channelHeader, signatureHeader } = header;
    if (channelHeader.getChannelId() !== channel) return bad('channel does not exist');
    const type = channelHeader.getType();
    if (type === common.HeaderType.CONFIG) {
      return bad('message is of type that cannot be processed directly');
    }
    if (type === common.HeaderType.ORDERER_TRANSACTION) {
      return bad('message is of type that is no longer supported');
    }
    const size = envelope.getPayload_asU8().length + envelope.getSignature_asU8().length;
    if (size > absoluteMaxBytes) {
      return bad(`message payload is ${size} bytes and exceeds maximum allowed ${absoluteMaxBytes} bytes`);
    }
    const creator = signatureHeader.getCreator_asU8();
    const expiry = expiryOf(creator);
    if (expiry && expiry.getTime() < Date.now()) return bad('broadcast client identity expired');
    const failure = channelPolicyFailure(membership, 'Writers', envelopeSignature(envelope, creator));
    if (failure) return { status: Status.FORBIDDEN, info: `${failure}: permission denied` };
    if (type === common.HeaderType.CONFIG_UPDATE)
      return bad('this network does not change its configuration');
    return undefined;
  }

  #enqueue(bytes: Uint8Array, size: number): void {
    const { preferredMaxBytes, maxMessageCount, batchTimeoutMs } = this.#options;
    if (size > preferredMaxBytes || this.#pendingBytes + size > preferredMaxBytes) this.#cut();
    this.#pending.push(bytes);
    this.#pendingBytes += size;
    if (size > preferredMaxBytes || this.#pending.length >= maxMessageCount) {
      this.#cut();
      return;
    }
    if (this.#timer) return;
    const latest = Date.now() + batchTimeoutMs;
    this.#timer = setTimeout(() => this.#cutWhenAlone(latest), Math.min(COMPANY_MS, batchTimeoutMs));
  }

  /** Waits for what is on its way, but not beyond the batch timeout. */
  #cutWhenAlone(latest: number): void {
    if (Date.now() >= latest || !this.#options.inFlight.any) {
      this.#cut();
      return;
    }
    const remaining = Math.max(latest - Date.now(), 1);
    this.#timer = setTimeout(() => this.#cutWhenAlone(latest), Math.min(COMPANY_MS, remaining));
  }

  #cut(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#pending.length === 0) return;
    const { committer, identity } = this.#options;
    const block = createBlock({
      number: committer.height,
      previousHash: committer.lastHash,
      envelopes: this.#pending,
      orderer: identity,
      nonce: randomBytes(24),
    });
    this.#pending = [];
    this.#pendingBytes = 0;
    committer.commit(block);
  }
}

function transactionId(envelope: InstanceType<typeof common.Envelope>): string {
  const payload = common.Payload.deserializeBinary(envelope.getPayload_asU8());
  return parseHeader(payload.getHeader()).channelHeader.getTxId();
}
