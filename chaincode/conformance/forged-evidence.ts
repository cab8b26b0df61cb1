// Files of evidence as a dishonest gateway would like them: blocks shown that were left out, tails cut off, answers put
// into the mouths of peers whose keys it has.
import assert from 'node:assert/strict';
import { sign } from 'node:crypto';
import { canonicalJson } from '@consilium/domain';
import { readBlock } from '@consilium/verify';
import {
  type BundlePart,
  dataHashOf,
  headerBytes,
  isAnswer,
  isBlock,
  rewritten,
  type ShownBlock,
} from '@consilium/verify/testing/rewritten-bundle';
import { lowS } from '@consilium/verify/testing/signature-forms';
import fabricProtos from '@hyperledger/fabric-protos';
import type { Credentials } from './fabric-consortium.ts';
import { endorseOtherwise, type PeerKey } from './forged-row.ts';

const { common } = fabricProtos;

/** The key of some row of a kind that the bundle's transactions wrote. */
export function rowOf(file: Uint8Array, kind: string): string {
  let found: string | undefined;
  rewritten(file, (parts) => {
    for (const block of parts.filter(isBlock)) {
      const text = Buffer.concat(block.envelopes.map((one) => Buffer.from(one))).toString('latin1');
      const match = new RegExp(`\\u0000${kind}\\u0000[^\\u0000]+\\u0000[^\\u0000]+\\u0000`).exec(text);
      found ??= match?.[0];
    }
    return parts;
  });
  assert.ok(found);
  return found;
}

/** The same parts with one more block shown, all of whose transactions are called valid. */
export function showing(
  parts: readonly BundlePart[],
  blocks: readonly Uint8Array[],
  number: number,
): BundlePart[] {
  const { header, envelopes, orderers } = readBlock(blocks[number]!);
  const block: BundlePart = { kind: 'block', header, envelopes, invalid: [], orderers };
  return parts.flatMap((part): BundlePart[] => {
    if (part.kind === 'hidden') {
      const at = number - part.from;
      const { from, dataHashes } = part;
      if (at < 0 || at >= dataHashes.length) return [part];
      const before = dataHashes.slice(0, at);
      const rest = dataHashes.slice(at + 1);
      return [
        ...(before.length > 0 ? [{ kind: 'hidden' as const, from, dataHashes: before }] : []),
        block,
        ...(rest.length > 0 ? [{ kind: 'hidden' as const, from: number + 1, dataHashes: rest }] : []),
      ];
    }
    return 'header' in part && part.header.number === number ? [block] : [part];
  });
}

/** The parts without the last blocks that are shown. */
export function withoutTail(
  file: Uint8Array,
  count: number,
): { parts: readonly BundlePart[]; height: number } {
  let kept: readonly BundlePart[] = [];
  rewritten(file, (parts) => {
    const shown = parts.filter(isBlock);
    const last = shown.at(-1 - count)!;
    kept = parts.slice(0, parts.indexOf(last) + 1);
    return parts;
  });
  const last = kept.at(-1) as ShownBlock;
  return { parts: kept, height: last.header.number + 1 };
}

/** The answers in a file. */
export function answersIn(file: Uint8Array): readonly BundlePart[] {
  let found: readonly BundlePart[] = [];
  rewritten(file, (parts) => {
    found = parts.filter(isAnswer);
    return parts;
  });
  return found;
}

/** The same question as an envelope's, answered otherwise by these. */
export async function answeredOtherwise(
  envelope: Uint8Array,
  answer: object,
  endorsers: readonly PeerKey[],
): Promise<Uint8Array> {
  const message = common.Envelope.deserializeBinary(envelope);
  await endorseOtherwise(message, endorsers, (outcome) => {
    outcome.getResponse()!.setPayload(Buffer.from(canonicalJson(answer)));
  });
  return message.serializeBinary();
}

/** The last block that is shown, with other transactions, signed by an organisation's peer in the orderers' place. */
export function forkedBy(
  { mspId, certificate, privateKey }: Credentials & { readonly mspId: string },
  file: Uint8Array,
  otherwise: (envelopes: readonly Uint8Array[]) => readonly Uint8Array[],
): Buffer {
  return rewritten(file, (parts) => {
    const at = parts.findLastIndex(isBlock);
    const block = parts[at] as ShownBlock;
    const envelopes = otherwise(block.envelopes);
    const header = { ...block.header, dataHash: dataHashOf(envelopes) };
    const { value } = block.orderers!;
    const signatureHeader = signatureHeaderOf(mspId, certificate);
    const signed = Buffer.concat([value, signatureHeader, headerBytes(header)]);
    const signature = lowS(sign('sha256', signed, privateKey));
    const one = { signatureHeader, identifierHeader: new Uint8Array(), signature };
    const last = { ...block, header, envelopes, orderers: { value, signatures: [one] } };
    return [...parts.slice(0, at), last, ...parts.slice(at + 1)];
  });
}

/** Who an organisation's peer says that it is, when it signs as an orderer. */
function signatureHeaderOf(mspId: string, certificate: string): Uint8Array {
  const identity = new fabricProtos.msp.SerializedIdentity();
  identity.setMspid(mspId);
  identity.setIdBytes(Buffer.from(certificate));
  const header = new common.SignatureHeader();
  header.setCreator(identity.serializeBinary());
  header.setNonce(Buffer.alloc(24, 1));
  return header.serializeBinary();
}
