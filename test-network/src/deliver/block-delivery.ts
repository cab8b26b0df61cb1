/**
 * Delivery of blocks from any height: a client sends a signed request for a range, gets its blocks as they
 * exist or come to exist, then a status, and may ask again on the same stream.
 */
import { common, orderer } from '../fabric-protos.ts';
import type { Block } from '../ledger/block.ts';
import type { Committer } from '../ledger/committer.ts';
import type { LedgerStore } from '../ledger/ledger-store.ts';
import { parseHeader } from '../ledger/transaction.ts';
import { envelopeSignature, type Membership, type SignedData } from '../msp/identity.ts';
import { channelPolicyFailure } from '../policy/channel-policies.ts';

const { Status } = common;
export type DeliverStatus = (typeof Status)[keyof typeof Status];
type Envelope = InstanceType<typeof common.Envelope>;
type SeekInfo = InstanceType<typeof orderer.SeekInfo>;

/** Fabric's `peer.authentication.timewindow`. */
const TIME_WINDOW_MS = 15 * 60_000;

export interface DeliveryContext {
  readonly channel: string;
  readonly membership: Membership;
  readonly store: LedgerStore;
  readonly committer: Committer;
}

interface Range {
  readonly first: number;
  readonly last: number;
  readonly failIfNotReady: boolean;
  readonly headersOnly: boolean;
}

/**
 * Sends what one request asks for. @returns the status that ends it. @throws the signal's reason when the
 * client goes away first.
 */
export async function deliver(
  envelope: Envelope,
  context: DeliveryContext,
  options: {
    readonly send: (block: Block, requester: SignedData) => Promise<void>;
    readonly signal: AbortSignal;
  },
): Promise<DeliverStatus> {
  let payload: InstanceType<typeof common.Payload>;
  let header: ReturnType<typeof parseHeader>;
  try {
    payload = common.Payload.deserializeBinary(envelope.getPayload_asU8());
    header = parseHeader(payload.getHeader());
  } catch {
    return Status.BAD_REQUEST;
  }
  const timestamp = header.channelHeader.getTimestamp();
  if (!timestamp || Math.abs(timestamp.toDate().getTime() - Date.now()) > TIME_WINDOW_MS) {
    return Status.BAD_REQUEST;
  }
  if (header.channelHeader.getChannelId() !== context.channel) return Status.NOT_FOUND;
  const requester = envelopeSignature(envelope, header.signatureHeader.getCreator_asU8());
  if (!mayRead(context.membership, requester)) return Status.FORBIDDEN;
  let range: Range | undefined;
  try {
    range = resolveRange(orderer.SeekInfo.deserializeBinary(payload.getData_asU8()), context.store);
  } catch {
    return Status.BAD_REQUEST;
  }
  if (!range) return Status.BAD_REQUEST;
  for (let number = range.first; ; number += 1) {
    if (range.failIfNotReady && number >= context.store.latest.height()) return Status.NOT_FOUND;
    const block = await context.committer.block(number, options.signal);
    if (!mayRead(context.membership, requester)) return Status.FORBIDDEN;
    await options.send(range.headersOnly && number > 0 ? withoutData(block) : block, requester);
    if (number === range.last) return Status.SUCCESS;
  }
}

function mayRead(membership: Membership, requester: SignedData): boolean {
  if (channelPolicyFailure(membership, 'Readers', requester)) return false;
  return membership.deserialize(requester.identity).notAfter.getTime() >= Date.now();
}

function resolveRange(seek: SeekInfo, store: LedgerStore): Range | undefined {
  const { TypeCase } = orderer.SeekPosition;
  const [start, stop] = [seek.getStart(), seek.getStop()];
  if (!start || !stop) return undefined;
  const height = store.latest.height();
  let first: number;
  switch (start.getTypeCase()) {
    case TypeCase.OLDEST:
      first = 0;
      break;
    case TypeCase.NEWEST:
      first = height - 1;
      break;
    case TypeCase.NEXT_COMMIT:
      first = height;
      break;
    case TypeCase.SPECIFIED:
      first = start.getSpecified()!.getNumber();
      // Fabric has no iterator beyond the next block.
      if (first > height) return nothing(first);
      break;
    default:
      return nothing(height);
  }
  let last: number;
  switch (stop.getTypeCase()) {
    case TypeCase.OLDEST:
      last = first;
      break;
    case TypeCase.NEWEST:
      last = start.getTypeCase() === TypeCase.NEWEST ? first : height - 1;
      break;
    case TypeCase.SPECIFIED:
      last = stop.getSpecified()!.getNumber();
      if (last < first) return undefined;
      break;
    default:
      last = 0;
  }
  return {
    first,
    last,
    failIfNotReady: seek.getBehavior() === orderer.SeekInfo.SeekBehavior.FAIL_IF_NOT_READY,
    headersOnly: seek.getContentType() === orderer.SeekInfo.SeekContentType.HEADER_WITH_SIG,
  };
}

/** A range that answers NOT_FOUND at once. */
function nothing(first: number): Range {
  return { first, last: first, failIfNotReady: true, headersOnly: false };
}

function withoutData(block: Block): Block {
  const bare = new common.Block();
  bare.setHeader(block.getHeader());
  bare.setMetadata(block.getMetadata());
  return bare;
}
