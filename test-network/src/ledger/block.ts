/**
 * Blocks: the hash chain over their headers, their data hash, and what the orderer and peer write beside
 * them.
 */
import { common } from '../fabric-protos.ts';
import type { SigningIdentity } from '../msp/signing-identity.ts';
import { sha256 } from './sha256.ts';

export type Block = InstanceType<typeof common.Block>;
type BlockHeader = InstanceType<typeof common.BlockHeader>;

/** The header as Fabric hashes it: an ASN.1 sequence of number, previous hash and data hash. */
export function blockHeaderBytes(header: BlockHeader): Buffer {
  const body = Buffer.concat([
    encode(0x02, integerBytes(header.getNumber())),
    encode(0x04, header.getPreviousHash_asU8()),
    encode(0x04, header.getDataHash_asU8()),
  ]);
  return encode(0x30, body);
}

export function blockHash(header: BlockHeader): Buffer {
  return sha256(blockHeaderBytes(header));
}

/** A block of the orderer: not yet validated, signed as Raft orderers sign. */
export function createBlock(options: {
  readonly number: number;
  readonly previousHash: Uint8Array;
  readonly envelopes: readonly Uint8Array[];
  readonly orderer: SigningIdentity | undefined;
  readonly nonce: Uint8Array;
}): Block {
  const header = new common.BlockHeader();
  header.setNumber(options.number);
  header.setPreviousHash(options.previousHash);
  header.setDataHash(sha256(...options.envelopes));
  const data = new common.BlockData();
  data.setDataList([...options.envelopes]);
  const metadata = new common.BlockMetadata();
  metadata.setMetadataList([
    options.orderer ? signatureMetadata(header, options.orderer, options.nonce) : new Uint8Array(),
    lastConfigMetadata(),
    new Uint8Array(),
    new Uint8Array(),
    new Uint8Array(),
  ]);
  const block = new common.Block();
  block.setHeader(header);
  block.setData(data);
  block.setMetadata(metadata);
  return block;
}

/** One validation code per transaction, as a byte. */
export function setTransactionsFilter(block: Block, codes: readonly number[]): void {
  const list = [...block.getMetadata()!.getMetadataList_asU8()];
  list[common.BlockMetadataIndex.TRANSACTIONS_FILTER] = Uint8Array.from(codes);
  block.getMetadata()!.setMetadataList(list);
}

export function transactionsFilter(block: Block): Uint8Array {
  const list = block.getMetadata()?.getMetadataList_asU8() ?? [];
  return list[common.BlockMetadataIndex.TRANSACTIONS_FILTER] ?? new Uint8Array();
}

function signatureMetadata(header: BlockHeader, orderer: SigningIdentity, nonce: Uint8Array): Uint8Array {
  const lastConfig = new common.LastConfig();
  lastConfig.setIndex(0);
  const value = new common.OrdererBlockMetadata();
  value.setLastConfig(lastConfig);
  value.setConsenterMetadata(new common.Metadata().serializeBinary());
  const valueBytes = value.serializeBinary();
  const signatureHeader = new common.SignatureHeader();
  signatureHeader.setCreator(orderer.serialized);
  signatureHeader.setNonce(nonce);
  const signatureHeaderBytes = signatureHeader.serializeBinary();
  const signature = new common.MetadataSignature();
  signature.setSignatureHeader(signatureHeaderBytes);
  signature.setSignature(
    orderer.sign(Buffer.concat([valueBytes, signatureHeaderBytes, blockHeaderBytes(header)])),
  );
  const metadata = new common.Metadata();
  metadata.setValue(valueBytes);
  metadata.setSignaturesList([signature]);
  return metadata.serializeBinary();
}

function lastConfigMetadata(): Uint8Array {
  const metadata = new common.Metadata();
  metadata.setValue(new common.LastConfig().serializeBinary());
  return metadata.serializeBinary();
}

function encode(tag: number, content: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([tag]), lengthBytes(content.length), content]);
}

function lengthBytes(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const digits = integerBytes(length);
  const trimmed = digits[0] === 0 ? digits.subarray(1) : digits;
  return Buffer.concat([Buffer.from([0x80 | trimmed.length]), trimmed]);
}

/** Big-endian two's complement of a non-negative integer, as short as can be. */
function integerBytes(value: number): Buffer {
  let hex = BigInt(value).toString(16);
  if (hex.length % 2) hex = `0${hex}`;
  const bytes = Buffer.from(hex, 'hex');
  return bytes[0]! & 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes;
}
