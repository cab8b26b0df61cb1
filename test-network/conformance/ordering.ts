/** How the channel is ordered, as its configuration says, and how each way passes on an orderer's refusal. */

import assert from 'node:assert/strict';
import { common, orderer } from '@hyperledger/fabric-protos';
import type { Refusal } from './outcome.ts';

export interface Ordering {
  readonly isBft: boolean;
  /** With BFT: the orderers' certificates (PEM) by the number that signs for them. */
  readonly consenters: ReadonlyMap<number, string>;
}

/** Reads the channel's first configuration block. */
export function orderingOf(configBlock: common.Block): Ordering {
  const [bytes] = configBlock.getData()!.getDataList_asU8();
  const payload = common.Payload.deserializeBinary(
    common.Envelope.deserializeBinary(bytes!).getPayload_asU8(),
  );
  const { ConfigEnvelope } = common;
  const group = ConfigEnvelope.deserializeBinary(payload.getData_asU8()).getConfig()?.getChannelGroup();
  const values = group?.getGroupsMap().get('Orderer')?.getValuesMap();
  const type = values?.get('ConsensusType')?.getValue_asU8();
  const isBft = type !== undefined && orderer.ConsensusType.deserializeBinary(type).getType() === 'BFT';
  const mapping = values?.get('Orderers')?.getValue_asU8();
  const consenters = mapping ? common.Orderers.deserializeBinary(mapping).getConsenterMappingList() : [];
  const certificates = consenters.map(
    (consenter) => [consenter.getId(), Buffer.from(consenter.getIdentity_asU8()).toString()] as const,
  );
  return { isBft, consenters: new Map(certificates) };
}

const WORDS = 'received unsuccessful response from orderer: ';
const QUORUM =
  '14 UNAVAILABLE: insufficient number of orderers could successfully process transaction to satisfy ' +
  'quorum requirement';

/** Raft's gateway gives the one orderer's words in the message, BFT's each orderer's words in the details. */
export function assertOrdererRefused(ordering: Ordering, answer: Refusal, words: RegExp): void {
  assert.equal(answer.error, 'SubmitError');
  const said = ordering.isBft
    ? answer.details.map((detail) => detail.slice(detail.indexOf(' ') + 1))
    : [answer.message.replace(/^10 ABORTED: /, '')];
  if (ordering.isBft) assert.equal(answer.message, QUORUM);
  assert.equal(answer.code, ordering.isBft ? 14 : 10);
  assert.ok(said.length > 0);
  for (const text of said) {
    assert.ok(text.startsWith(WORDS), text);
    assert.match(text.slice(WORDS.length), words);
  }
}
