/**
 * gRPC errors with Fabric's `ErrorDetail`s, in the trailer where Go and every Fabric client put and look for
 * them.
 */
import { Metadata, type StatusObject, type status } from '@grpc/grpc-js';
import { Any, gateway, google } from '../fabric-protos.ts';

const DETAILS_TRAILER = 'grpc-status-details-bin';

export interface ErrorDetail {
  readonly address: string;
  readonly mspId: string;
  readonly message: string;
}

export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly code: status;
  readonly errorDetails: readonly ErrorDetail[];

  constructor(code: status, message: string, errorDetails: readonly ErrorDetail[] = []) {
    super(message);
    this.code = code;
    this.errorDetails = errorDetails;
  }

  toStatus(): StatusObject {
    const metadata = new Metadata();
    if (this.errorDetails.length > 0) metadata.set(DETAILS_TRAILER, this.#statusBytes());
    return { code: this.code, details: this.message, metadata };
  }

  #statusBytes(): Buffer {
    const message = new google.rpc.Status();
    message.setCode(this.code);
    message.setMessage(this.message);
    message.setDetailsList(
      this.errorDetails.map((detail) => {
        const packed = new gateway.ErrorDetail();
        packed.setAddress(detail.address);
        packed.setMspId(detail.mspId);
        packed.setMessage(detail.message);
        const any = new Any();
        any.pack(packed.serializeBinary(), 'gateway.ErrorDetail');
        return any;
      }),
    );
    return Buffer.from(message.serializeBinary());
  }
}
