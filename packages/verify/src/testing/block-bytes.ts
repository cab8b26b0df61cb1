// A block of a synthetic channel as a peer sends it, in Fabric's own encoding.
import fabricProtos from '@hyperledger/fabric-protos';
import type { ShownBlock } from '../bundle/bundle-file.ts';

const { common } = fabricProtos;

/** @param codes of its transactions; those of the block where absent: 0 or, where it is called invalid, 255 */
export function blockBytes(
  { header, envelopes, invalid, orderers }: ShownBlock,
  codes: readonly number[] = envelopes.map((_, i) => (invalid.includes(i) ? 255 : 0)),
): Uint8Array {
  const block = new common.Block();
  const message = new common.BlockHeader();
  message.setNumber(header.number);
  message.setPreviousHash(header.previousHash);
  message.setDataHash(header.dataHash);
  block.setHeader(message);
  const data = new common.BlockData();
  data.setDataList([...envelopes]);
  block.setData(data);
  const signed = new common.Metadata();
  signed.setValue(orderers?.value ?? new Uint8Array());
  signed.setSignaturesList(
    (orderers?.signatures ?? []).map(({ signatureHeader, identifierHeader, signature }) => {
      const one = new common.MetadataSignature();
      one.setSignatureHeader(signatureHeader);
      one.setIdentifierHeader(identifierHeader);
      one.setSignature(signature);
      return one;
    }),
  );
  const metadata = new common.BlockMetadata();
  const nothing = new Uint8Array();
  metadata.setMetadataList([signed.serializeBinary(), nothing, Uint8Array.from(codes), nothing, nothing]);
  block.setMetadata(metadata);
  return block.serializeBinary();
}
