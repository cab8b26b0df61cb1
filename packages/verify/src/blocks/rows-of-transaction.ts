// What one transaction of a block read and wrote, for whoever shows it: nothing is checked by this.
import { UnreadableError } from '../wire/protobuf-reader.ts';
import type { FabricBlock } from './fabric-block.ts';
import type { NamespaceSet } from './read-write-set.ts';
import { readEnvelope, readTransaction } from './transaction.ts';

/**
 * The rows of each chaincode that the transaction at a place of the block read and wrote.
 *
 * @throws UnreadableError where there is none, or it is none of a chaincode
 */
export function rowsOfTransaction({ envelopes }: FabricBlock, place: number): readonly NamespaceSet[] {
  const bytes = envelopes[place];
  if (bytes === undefined) throw new UnreadableError(`the block has no transaction ${place}`);
  const envelope = readEnvelope(bytes);
  if (envelope.kind !== 'transaction') throw new UnreadableError('not a transaction of a chaincode');
  return readTransaction(envelope).sets;
}
