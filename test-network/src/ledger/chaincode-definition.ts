/**
 * Chaincode definitions, kept where Fabric keeps them: in the state of `_lifecycle`, written by ordinary
 * transactions. A transaction reads its chaincode's sequence, so an upgrade between its endorsement and its
 * commit is an ordinary read conflict.
 */
import { peer } from '../fabric-protos.ts';
import { endorsementPolicy, type SignaturePolicyEnvelope } from '../policy/policy-text.ts';
import type { StateReader } from './state-reader.ts';

export const LIFECYCLE = '_lifecycle';
/** How Fabric names the channel's default endorsement policy. */
export const DEFAULT_ENDORSEMENT = '/Channel/Application/Endorsement';

const { lifecycle } = peer;

export interface ChaincodeDefinition {
  readonly name: string;
  readonly version: string;
  readonly sequence: number;
  readonly policy: SignaturePolicyEnvelope;
}

export function sequenceKey(name: string): string {
  return `namespaces/fields/${name}/Sequence`;
}

export function readDefinition(
  reader: StateReader,
  name: string,
  mspIds: readonly string[],
): ChaincodeDefinition | undefined {
  const field = (suffix: string) => {
    const found = reader.state(LIFECYCLE, `namespaces/fields/${name}/${suffix}`);
    return found && lifecycle.StateData.deserializeBinary(found.value);
  };
  const sequence = field('Sequence')?.getInt64();
  if (!sequence) return undefined;
  const endorsement = lifecycle.ChaincodeEndorsementInfo.deserializeBinary(
    field('EndorsementInfo')!.getBytes_asU8(),
  );
  const validation = lifecycle.ChaincodeValidationInfo.deserializeBinary(
    field('ValidationInfo')!.getBytes_asU8(),
  );
  const applied = peer.ApplicationPolicy.deserializeBinary(validation.getValidationParameter_asU8());
  const policy = applied.getSignaturePolicy() ?? endorsementPolicy('MAJORITY', mspIds);
  return { name, version: endorsement.getVersion(), sequence, policy };
}

export function definedChaincodes(reader: StateReader): string[] {
  const prefix = 'namespaces/metadata/';
  return reader
    .stateRange({ ns: LIFECYCLE, start: prefix, end: `${prefix}\u{10ffff}`, after: undefined, limit: 1000 })
    .map((entry) => entry.key.slice(prefix.length));
}

/** What a commit of the definition writes; `policy` undefined stands for the channel's default. */
export function definitionWrites(definition: {
  readonly name: string;
  readonly version: string;
  readonly sequence: number;
  readonly policy: SignaturePolicyEnvelope | undefined;
}): [string, Uint8Array][] {
  const { name } = definition;
  const endorsement = new lifecycle.ChaincodeEndorsementInfo();
  endorsement.setVersion(definition.version);
  endorsement.setEndorsementPlugin('escc');
  const applied = new peer.ApplicationPolicy();
  if (definition.policy) applied.setSignaturePolicy(definition.policy);
  else applied.setChannelConfigPolicyReference(DEFAULT_ENDORSEMENT);
  const validation = new lifecycle.ChaincodeValidationInfo();
  validation.setValidationPlugin('vscc');
  validation.setValidationParameter(applied.serializeBinary());
  const metadata = new lifecycle.StateMetadata();
  metadata.setDatatype('ChaincodeDefinition');
  metadata.setFieldsList(['Sequence', 'EndorsementInfo', 'ValidationInfo', 'Collections']);
  const sequence = new lifecycle.StateData();
  sequence.setInt64(definition.sequence);
  return [
    [`namespaces/metadata/${name}`, metadata.serializeBinary()],
    [sequenceKey(name), sequence.serializeBinary()],
    [`namespaces/fields/${name}/EndorsementInfo`, stateBytes(endorsement.serializeBinary())],
    [`namespaces/fields/${name}/ValidationInfo`, stateBytes(validation.serializeBinary())],
    [
      `namespaces/fields/${name}/Collections`,
      stateBytes(new peer.CollectionConfigPackage().serializeBinary()),
    ],
  ];
}

function stateBytes(bytes: Uint8Array): Uint8Array {
  const data = new lifecycle.StateData();
  data.setBytes(bytes);
  return data.serializeBinary();
}
