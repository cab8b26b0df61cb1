// Signatures of a channel's blocks, each with what was signed and by whom, for a second opinion on them.
import { readBlock } from '@consilium/verify';
import { headerBytes, Message } from '@consilium/verify/testing/rewritten-bundle';

export interface Sample {
  readonly pem: Uint8Array;
  readonly data: Uint8Array;
  readonly signature: Uint8Array;
}

/** The senders' signatures on transactions, and the orderers' on blocks, where they name themselves. */
export function signaturesIn(blocks: readonly Uint8Array[]): Sample[] {
  return blocks.slice(1).flatMap((bytes) => {
    const { header, envelopes, orderers } = readBlock(bytes);
    const ofSenders = envelopes.map((one): Sample => {
      const envelope = new Message('envelope', one);
      const payload = envelope.message(1, 'payload').message(1, 'header').message(2, 'signature header');
      const pem = payload.message(1, 'identity').bytes(2);
      return { pem, data: envelope.bytes(1), signature: envelope.bytes(2) };
    });
    const ofOrderers = orderers.signatures.flatMap(({ signatureHeader, signature }): Sample[] => {
      if (signatureHeader.length === 0) return [];
      const pem = new Message('signature header', signatureHeader).message(1, 'identity').bytes(2);
      const data = Buffer.concat([orderers.value, signatureHeader, headerBytes(header)]);
      return [{ pem, data, signature }];
    });
    return [...ofSenders, ...ofOrderers];
  });
}
