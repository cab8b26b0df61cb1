// The world as the blocks of one peer show it: what each row holds, which policy it carries and whose transaction wrote
// it last; and what became of every transaction that was ordered, valid or not.

import { canonicalJson } from '@consilium/domain';
import fabricProtos from '@hyperledger/fabric-protos';
import { type FabricConsortium, validationName } from './fabric-consortium.ts';

const { common, ledger, msp, peer } = fabricProtos;
const { KVRWSet } = ledger.rwset.kvrwset;

export interface RowInBlocks {
  readonly value: Uint8Array;
  readonly policy: Uint8Array | undefined;
  /** The organisation whose client sent the transaction that wrote it last. */
  readonly author: string;
}
interface Ordered {
  readonly transactionId: string;
  readonly author: string;
  readonly results: Uint8Array;
}

export class RowsInBlocks {
  readonly #consortium: FabricConsortium;
  readonly #mspId: string;
  readonly #rows = new Map<string, RowInBlocks>();
  readonly #outcomes = new Map<string, string>();
  #next = 0n;

  constructor(consortium: FabricConsortium, mspId: string) {
    this.#consortium = consortium;
    this.#mspId = mspId;
  }

  /** Rows by their composite keys. */
  get rows(): ReadonlyMap<string, RowInBlocks> {
    return this.#rows;
  }

  /** The validation code of a transaction, by its id. */
  outcome(transactionId: string): string | undefined {
    return this.#outcomes.get(transactionId);
  }

  /** All of the world as one text, to see that nothing changed. */
  snapshot(): string {
    const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('base64');
    return canonicalJson(
      [...this.#rows]
        .map(([key, { value, policy, author }]) => [key, text(value), text(policy), author] as const)
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  }

  /** Reads on up to this block, and waits for it where the peer does not have it yet. */
  async readTo(last: bigint): Promise<void> {
    if (this.#next > last) return;
    const network = this.#consortium.network(this.#mspId);
    const blocks = await network.getBlockEvents({ startBlock: this.#next });
    try {
      for await (const block of blocks) {
        this.#read(block);
        this.#next = BigInt(block.getHeader()!.getNumber()) + 1n;
        if (this.#next > last) return;
      }
    } finally {
      blocks.close();
    }
  }

  #read(block: InstanceType<typeof common.Block>): void {
    const filter = block.getMetadata()!.getMetadataList_asU8()[
      common.BlockMetadataIndex.TRANSACTIONS_FILTER
    ]!;
    for (const [at, bytes] of block.getData()!.getDataList_asU8().entries()) {
      const ordered = orderedIn(bytes);
      if (ordered === undefined) continue;
      const code = validationName(filter[at]!);
      this.#outcomes.set(ordered.transactionId, code);
      if (code === 'VALID') this.#apply(ordered);
    }
  }

  #apply({ author, results }: Ordered): void {
    const sets = ledger.rwset.TxReadWriteSet.deserializeBinary(results).getNsRwsetList();
    for (const set of sets.filter((one) => one.getNamespace() === this.#consortium.chaincode)) {
      const { writesList, metadataWritesList } = writesIn(set.getRwset_asU8());
      for (const write of writesList) {
        const key = write.getKey();
        if (write.getIsDelete()) this.#rows.delete(key);
        else {
          const policy = this.#rows.get(key)?.policy;
          this.#rows.set(key, { value: write.getValue_asU8(), policy, author });
        }
      }
      for (const write of metadataWritesList) {
        const row = this.#rows.get(write.getKey());
        if (row === undefined) continue;
        const [entry] = write.getEntriesList();
        this.#rows.set(write.getKey(), { ...row, policy: entry?.getValue_asU8() });
      }
    }
  }
}

function writesIn(bytes: Uint8Array) {
  const set = KVRWSet.deserializeBinary(bytes);
  return { writesList: set.getWritesList(), metadataWritesList: set.getMetadataWritesList() };
}

/** A chaincode's transaction in an envelope; undefined for everything else that orderers put into blocks. */
function orderedIn(bytes: Uint8Array): Ordered | undefined {
  const payload = common.Payload.deserializeBinary(
    common.Envelope.deserializeBinary(bytes).getPayload_asU8(),
  );
  const header = payload.getHeader();
  if (header === undefined) return undefined;
  const channelHeader = common.ChannelHeader.deserializeBinary(header.getChannelHeader_asU8());
  if (channelHeader.getType() !== common.HeaderType.ENDORSER_TRANSACTION) return undefined;
  const signed = common.SignatureHeader.deserializeBinary(header.getSignatureHeader_asU8());
  const creator = msp.SerializedIdentity.deserializeBinary(signed.getCreator_asU8());
  const [action] = peer.Transaction.deserializeBinary(payload.getData_asU8()).getActionsList();
  const results = action === undefined ? new Uint8Array() : resultsOf(action.getPayload_asU8());
  return { transactionId: channelHeader.getTxId(), author: creator.getMspid(), results };
}

function resultsOf(bytes: Uint8Array): Uint8Array {
  const action = peer.ChaincodeActionPayload.deserializeBinary(bytes).getAction();
  const said = peer.ProposalResponsePayload.deserializeBinary(action!.getProposalResponsePayload_asU8());
  return peer.ChaincodeAction.deserializeBinary(said.getExtension_asU8()).getResults_asU8();
}
