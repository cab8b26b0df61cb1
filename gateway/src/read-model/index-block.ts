// A checked block in the terms of the index: names instead of numbers and bytes.
import { ROLE_ATTRIBUTE } from '@consilium/domain';
import type { BlockTransaction, CheckedBlock, FabricBlock } from '@consilium/verify';
import { validationCodeName } from '../fabric/validation-codes.ts';
import type { IndexedBlock, IndexedTransaction } from './ledger-index.ts';

/** As Fabric CA writes it; contracts name people so. */
const ENROLMENT_ATTRIBUTE = 'hf.EnrollmentID';

/** @param bytes the whole block, in Fabric's encoding */
export function indexedBlock(
  checked: CheckedBlock,
  { codes }: Pick<FabricBlock, 'codes'>,
  bytes: Uint8Array,
): IndexedBlock {
  const { number, hash, configurationBlock } = checked;
  const transactions = checked.transactions.map(indexedTransaction);
  const times = transactions.map(({ atMs }) => atMs);
  return {
    number,
    hash,
    atMs: times.length === 0 ? undefined : times.reduce((latest, time) => Math.max(latest, time)),
    configuration: configurationBlock,
    codes,
    bytes: configurationBlock === number ? bytes : undefined,
    transactions,
  };
}

function indexedTransaction(transaction: BlockTransaction): IndexedTransaction {
  const { place, transactionId, milliseconds, chaincode, input, sender, endorsers, code } = transaction;
  const { mspId, commonName, attributes } = sender;
  return {
    place,
    transactionId,
    atMs: milliseconds,
    chaincode,
    name: textOf(input[0]) ?? '',
    argument: input.length === 2 ? jsonOf(input[1]) : undefined,
    sender: {
      mspId,
      role: attributes[ROLE_ATTRIBUTE],
      person: attributes[ENROLMENT_ATTRIBUTE] ?? commonName,
    },
    code: validationCodeName(code),
    endorsers,
    writes: transaction.writes,
  };
}

function textOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes && Buffer.from(bytes).toString('utf8');
}

function jsonOf(bytes: Uint8Array | undefined): string | undefined {
  const text = textOf(bytes);
  if (text === undefined) return undefined;
  try {
    JSON.parse(text);
    return text;
  } catch {
    return undefined;
  }
}
