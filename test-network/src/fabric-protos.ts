/**
 * The one door through which the generated protobuf classes enter, Fabric's and Google's. They are CommonJS;
 * everything else imports from here, so that another generator would touch one file.
 */

import anyModule from 'google-protobuf/google/protobuf/any_pb.js';
import timestampModule from 'google-protobuf/google/protobuf/timestamp_pb.js';

export { common, gateway, google, ledger, msp, orderer, peer } from '@hyperledger/fabric-protos';

export const { Any } = anyModule;
export const { Timestamp } = timestampModule;
