// A checked block in the terms of the index: names instead of numbers and bytes.
import { argumentLimitsOf, DomainError, parseArgument, ROLE_ATTRIBUTE } from '@consilium/domain/ledger';
import type { BlockTransaction, CheckedBlock, FabricBlock } from '@consilium/verify';
import { validationCodeName } from '../fabric/validation-codes.ts';
import type { IndexedBlock, IndexedTransaction } from './ledger-index.ts';

/** As Fabric CA writes it; contracts name people so. */
const ENROLMENT_ATTRIBUTE = 'hf.EnrollmentID';
/** More than a transaction id or the name of anything honest has. */
const NAME_MAX = 200;

/** @param bytes the whole block, in Fabric's encoding */
export function indexedBlock(
  checked: CheckedBlock,
  { codes }: Pick<FabricBlock, 'codes'>,
  bytes: Uint8Array,
): IndexedBlock {
  const { number, hash, signedBy, configurationBlock, dataHash, needs } = checked;
  return {
    number,
    hash,
    signedBy,
    configuration: configurationBlock,
    codes,
    dataHash,
    needs,
    bytes: configurationBlock === number ? bytes : undefined,
    transactions: checked.transactions.map(indexedTransaction),
  };
}

/** Any member can send transactions that take no effect: what they call themselves must not fill every answer. */
function indexedTransaction(transaction: BlockTransaction): IndexedTransaction {
  const { place, transactionId, milliseconds, chaincode, input, sender, endorsers, code } = transaction;
  const { mspId, commonName, attributes } = sender;
  const name = textOf(input[0]) ?? '';
  return {
    place,
    transactionId: shortened(transactionId),
    atMs: milliseconds,
    chaincode: shortened(chaincode),
    name: shortened(name),
    argument: input.length === 2 ? argumentOf(name, input[1]!) : undefined,
    sender: {
      mspId,
      role: shortened(attributes[ROLE_ATTRIBUTE]),
      person: shortened(attributes[ENROLMENT_ATTRIBUTE] ?? commonName),
    },
    code: validationCodeName(code),
    endorsers,
    writes: transaction.writes,
  };
}

function shortened(text: string): string;
function shortened(text: string | undefined): string | undefined;
function shortened(text: string | undefined): string | undefined {
  return text === undefined || text.length <= NAME_MAX ? text : `${text.slice(0, NAME_MAX)}…`;
}

function textOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes && Buffer.from(bytes).toString('utf8');
}

/** The argument's text; undefined where it is none that the rules would read. */
function argumentOf(name: string, bytes: Uint8Array): string | undefined {
  const limits = argumentLimitsOf({ name, kind: 'submit' });
  if (bytes.length > limits.bytes) return undefined;
  const text = textOf(bytes)!;
  try {
    parseArgument(text, limits);
    return text;
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return undefined;
  }
}
