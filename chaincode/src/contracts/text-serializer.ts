// How the runtime reads arguments and writes answers: as the texts that they are. Its own serializer makes JSON of each
// argument several times over, before any rule sees it, so that a flood of arguments of a megabyte, which are all
// refused, would hold up whatever else a chaincode does.

import { ARGUMENT_BYTES_MAX } from '@consilium/domain';
import { JSONSerializer } from 'fabric-contract-api';

export class TextSerializer extends JSONSerializer {
  /** What is too long for every transaction is read no further than to be refused as that. */
  override fromBuffer(data: Uint8Array): { readonly value: string; readonly validateData: string } {
    const bytes = data.subarray(0, ARGUMENT_BYTES_MAX + 1);
    // The runtime checks, and logs, what it is to validate: that a text is one.
    return {
      value: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8'),
      validateData: 'text',
    };
  }
}

export const serializers = { transaction: 'text', serializers: { text: TextSerializer } };
