/** Blocks as a peer's deliver service gives them, and the facts that make a chain of them. */

import { createHash } from 'node:crypto';
import { common, orderer, peer } from '@hyperledger/fabric-protos';
import { serializedIdentity } from './forgery.ts';
import type { LedgerClient } from './ledger-client.ts';

/** SHA-256 of the header's DER form: SEQUENCE of number INTEGER, previous and data OCTET STRING. */
export function headerHash(block: common.Block): string {
  return sha256(headerBytes(block)).toString('hex');
}

export function headerBytes(block: common.Block): Buffer {
  const header = block.getHeader()!;
  const parts = [
    integer(BigInt(header.getNumber())),
    tagged(0x04, Buffer.from(header.getPreviousHash_asU8())),
    tagged(0x04, Buffer.from(header.getDataHash_asU8())),
  ];
  return tagged(0x30, Buffer.concat(parts));
}

export function dataHash(block: common.Block): string {
  return sha256(Buffer.concat(block.getData()!.getDataList_asU8())).toString('hex');
}

/** The validation codes a peer wrote into the block, one number per transaction. */
export function transactionFilter(block: common.Block): number[] {
  const index = common.BlockMetadataIndex.TRANSACTIONS_FILTER;
  return [...block.getMetadata()!.getMetadataList_asU8()[index]!];
}

export function channelHeaders(block: common.Block): common.ChannelHeader[] {
  return block
    .getData()!
    .getDataList_asU8()
    .map((bytes) => {
      const payload = common.Payload.deserializeBinary(
        common.Envelope.deserializeBinary(bytes).getPayload_asU8(),
      );
      return common.ChannelHeader.deserializeBinary(payload.getHeader()!.getChannelHeader_asU8());
    });
}

export type Position = bigint | 'oldest' | 'newest';

export interface Seek {
  readonly start: Position;
  readonly stop: Position;
  readonly channel: string;
  /** Fail at a block that is not there instead of waiting for it. */
  readonly failIfNotReady?: boolean;
  readonly filtered?: boolean;
  /** How far the envelope's timestamp is from now. */
  readonly skewSeconds?: number;
}

export interface Delivered {
  readonly numbers: number[];
  /** The status the peer ended with, by name. */
  readonly status: string;
}

/** Seeks with every freedom the protocol has, and reads until the peer gives its final status. */
export async function seek(client: LedgerClient, options: Seek): Promise<Delivered> {
  const method = options.filtered ? 'DeliverFiltered' : 'Deliver';
  const stream = client.channel.makeBidiStreamRequest(
    `/protos.Deliver/${method}`,
    (message: common.Envelope) => Buffer.from(message.serializeBinary()),
    (bytes: Buffer) => peer.DeliverResponse.deserializeBinary(bytes),
    { deadline: Date.now() + 20_000 },
  );
  stream.write(await seekEnvelope(client, options));
  const numbers: number[] = [];
  for await (const response of stream as AsyncIterable<peer.DeliverResponse>) {
    const block = response.getBlock()?.getHeader() ?? response.getFilteredBlock();
    if (block) {
      numbers.push(Number(block.getNumber()));
      continue;
    }
    stream.cancel();
    stream.on('error', () => {});
    return { numbers, status: statusName(response.getStatus()) };
  }
  return { numbers, status: 'stream ended' };
}

async function seekEnvelope(client: LedgerClient, options: Seek): Promise<common.Envelope> {
  const info = new orderer.SeekInfo();
  info.setStart(position(options.start));
  info.setStop(position(options.stop));
  const { FAIL_IF_NOT_READY, BLOCK_UNTIL_READY } = orderer.SeekInfo.SeekBehavior;
  info.setBehavior(options.failIfNotReady ? FAIL_IF_NOT_READY : BLOCK_UNTIL_READY);
  const channelHeader = new common.ChannelHeader();
  channelHeader.setType(common.HeaderType.DELIVER_SEEK_INFO);
  channelHeader.setChannelId(options.channel);
  channelHeader.setTimestamp(timestamp(options.skewSeconds ?? 0));
  const signatureHeader = new common.SignatureHeader();
  signatureHeader.setCreator(serializedIdentity(client));
  signatureHeader.setNonce(crypto.getRandomValues(new Uint8Array(24)));
  const header = new common.Header();
  header.setChannelHeader(channelHeader.serializeBinary());
  header.setSignatureHeader(signatureHeader.serializeBinary());
  const payload = new common.Payload();
  payload.setHeader(header);
  payload.setData(info.serializeBinary());
  const envelope = new common.Envelope();
  envelope.setPayload(payload.serializeBinary());
  envelope.setSignature(await client.sign(payload.serializeBinary()));
  return envelope;
}

function timestamp(skewSeconds: number) {
  const header = new common.ChannelHeader();
  const bytes = Buffer.alloc(16);
  let seconds = BigInt(Math.floor(Date.now() / 1000) + skewSeconds);
  let length = 0;
  for (; seconds > 127n; seconds >>= 7n) bytes[length++] = Number(seconds & 127n) | 128;
  bytes[length++] = Number(seconds);
  // ChannelHeader.timestamp (field 3) holding Timestamp.seconds (field 1): spares the well-known types.
  const wire = Buffer.concat([Buffer.from([0x1a, length + 1, 0x08]), bytes.subarray(0, length)]);
  return common.ChannelHeader.deserializeBinary(wire).getTimestamp() ?? header.getTimestamp();
}

function position(at: Position): orderer.SeekPosition {
  const result = new orderer.SeekPosition();
  if (at === 'oldest') result.setOldest(new orderer.SeekOldest());
  else if (at === 'newest') result.setNewest(new orderer.SeekNewest());
  else {
    const specified = new orderer.SeekSpecified();
    specified.setNumber(Number(at));
    result.setSpecified(specified);
  }
  return result;
}

function statusName(status: number): string {
  return Object.entries(common.Status).find(([, value]) => value === status)?.[0] ?? String(status);
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function integer(value: bigint): Buffer {
  let hex = value.toString(16);
  if (hex.length % 2 === 1) hex = `0${hex}`;
  const bytes = Buffer.from(hex, 'hex');
  return tagged(0x02, bytes[0]! > 127 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}

/** DER with a length of at most 127, which all parts of a block header have. */
function tagged(tag: number, content: Buffer): Buffer {
  if (content.length > 127) throw new Error('block headers have no parts this long');
  return Buffer.concat([Buffer.from([tag, content.length]), content]);
}
