// A whole channel, checked block by block as it grows: what the verifier of evidence asks of the blocks of a file,
// with a state that may be anywhere. Bounded in memory by one block, and by what the state keeps.

import { type BlockNeeds, NeedsOfBlock } from '../bundle/block-needs.ts';
import type { ShownBlock } from '../bundle/bundle-file.ts';
import { configurationOf } from '../channel/organisations.ts';
import type { Identity } from '../identity/msp.ts';
import { UnreadableError } from '../wire/protobuf-reader.ts';
import { headerHash } from './block-header.ts';
import { BlockReplay, type JudgedTransaction } from './block-replay.ts';
import { BrokenChainError, LinkedHeaders } from './chain-links.ts';
import { ChainWalk } from './chain-walk.ts';
import type { FabricBlock } from './fabric-block.ts';
import { organisationsOf } from './ledger-replay.ts';
import type { LedgerState } from './ledger-state.ts';
import { checkOrderers } from './orderer-check.ts';
import { collectionId, type NamespaceSet, type Write } from './read-write-set.ts';
import { readEnvelope } from './transaction.ts';

/** A row as a transaction wrote it: of a chaincode, or of a private collection, by the digest of its key. */
export interface RowWrite extends Write {
  readonly namespace: string;
}

/** One transaction of a checked block, whether it took effect or not. */
export interface BlockTransaction {
  /** Its number in the block, from 0. */
  readonly place: number;
  readonly transactionId: string;
  /** Since 1970, as its sender says. */
  readonly milliseconds: number;
  readonly chaincode: string;
  /** What was asked: the function, and its arguments. None where that cannot be read. */
  readonly input: readonly Uint8Array[];
  readonly sender: Sender;
  /** Organisations whose peers endorsed it, in the order of their names. */
  readonly endorsers: readonly string[];
  /** The validation code by the peer that sent the block: 0 where it took effect, which was checked. */
  readonly code: number;
  /** What it wrote; nothing where it took no effect. */
  readonly writes: readonly RowWrite[];
}

/** Who sent a transaction: what the certificate says, where it is one of the organisation's. */
export interface Sender {
  readonly mspId: string;
  readonly commonName: string | undefined;
  /** What Fabric CA writes into certificates, such as a role. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** A block all of which holds. */
export interface CheckedBlock {
  readonly number: number;
  /** SHA-256 of its header. */
  readonly hash: Uint8Array;
  /** Organisations whose orderers signed it, in the order of their names; none of block 0, which nobody signs. */
  readonly signedBy: readonly string[];
  /** The block that holds the configuration in force after it; its own number where it is one. */
  readonly configurationBlock: number;
  readonly transactions: readonly BlockTransaction[];
  /** The hash of its data, and which earlier blocks it needs beside it in evidence; of a configuration none. */
  readonly dataHash: Uint8Array;
  readonly needs: BlockNeeds;
  /**
   * Places of transactions that the block's flags call invalid for no reason that is known here. They take no effect,
   * as at the peer: peers of other organisations say whether that is so, since nobody signs flags.
   */
  readonly unexplained: readonly number[];
  /** Transactions that took effect by the word of peers alone, each with its number in the block, and why. */
  readonly unjudged: readonly { readonly place: number; readonly text: string }[];
}

/** Where a check goes on that was interrupted. */
export interface CheckedSoFar {
  /** How many blocks were checked. */
  readonly blocks: number;
  /** SHA-256 of the last one's header. */
  readonly hash: Uint8Array;
  /** The block that holds the configuration in force, by its number and whole. */
  readonly configurationBlock: number;
  readonly configuration: Uint8Array;
}

/** What is checked, from which digest on, and where what it needs of earlier blocks is kept. */
export interface CheckerOptions {
  readonly channel: string;
  /** SHA-256 of block 0's header in hexadecimal. */
  readonly genesis: string;
  /** What the blocks so far left: the checker writes each block's rows into it. */
  readonly state: LedgerState;
  /** Under which the rules are deployed. */
  readonly chaincode?: string;
}

/** After a block that does not hold nothing more may be asked of it: begin again where the last good block ended. */
export class ChannelChecker {
  readonly #links: LinkedHeaders;
  readonly #walk: ChainWalk;
  readonly #chaincode: string;
  #blocks: number;
  #judged: JudgedTransaction[] = [];
  #needs: NeedsOfBlock;

  /** @throws UnreadableError where the configuration to go on with is none */
  constructor({ channel, genesis, state, chaincode = 'consilium' }: CheckerOptions, from?: CheckedSoFar) {
    this.#chaincode = chaincode;
    this.#needs = new NeedsOfBlock(chaincode);
    const replay = new BlockReplay({
      channel,
      state,
      isShown: () => true,
      trustsFlags: true,
      onTransaction: (judged) => {
        this.#judged.push(judged);
        if (!judged.isValid) return;
        this.#needs.note(judged.transaction!.sets, (...row) => state.row(...row)?.version.block);
      },
    });
    this.#blocks = from?.blocks ?? 0;
    this.#links = new LinkedHeaders({ height: this.#blocks, previousHash: from?.hash });
    const resumed = from && {
      configuration: configurationOf(from.configuration),
      block: from.configurationBlock,
    };
    this.#walk = new ChainWalk({ channel, genesis, replay }, resumed);
  }

  /** The number of the next block. */
  get blocks(): number {
    return this.#blocks;
  }

  /** Checks the next block, and writes what it does into the state. @throws BrokenChainError with the place */
  check(block: FabricBlock): CheckedBlock {
    const place = `block ${block.header.number}`;
    this.#judged = [];
    this.#needs = new NeedsOfBlock(this.#chaincode);
    try {
      const part = shownOf(block);
      this.#links.follow(part);
      this.#walk.follow(part);
    } catch (error) {
      if (error instanceof UnreadableError) throw new BrokenChainError(place, error.message);
      throw error;
    }
    const problems = this.#walk.problems.splice(0);
    const problem = problems.find(({ unexplained }) => unexplained === undefined);
    if (problem !== undefined) throw new BrokenChainError(problem.place, problem.text);
    this.#blocks += 1;
    return {
      number: block.header.number,
      hash: headerHash(block.header),
      signedBy: this.#walk.signers,
      configurationBlock: this.#walk.configurationBlock!,
      dataHash: block.header.dataHash,
      needs: this.#needs.needs,
      transactions: this.#judged.flatMap((one) => transactionsOf(one, block.codes)),
      unexplained: problems.flatMap(({ unexplained }) => unexplained ?? []),
      unjudged: this.#judged.flatMap(({ place, isValid, unjudgedBecause: text }) =>
        isValid && text !== undefined ? [{ place, text }] : [],
      ),
    };
  }
}

/** Why those who order under this configuration did not sign the block's header; undefined where they did. */
export function ordererProblem(block: FabricBlock, configurationBlock: Uint8Array): string | undefined {
  try {
    const checked = checkOrderers(block.header, block.orderers, configurationOf(configurationBlock));
    return 'problem' in checked ? checked.problem : undefined;
  } catch (error) {
    if (error instanceof UnreadableError) return error.message;
    throw error;
  }
}

/** @throws BrokenChainError where it does not say which of its transactions are valid */
function shownOf({ header, envelopes, orderers, codes }: FabricBlock): ShownBlock {
  const place = `block ${header.number}`;
  // A block with the configuration has one envelope, which every peer finds valid.
  if (codes.length !== envelopes.length && !isConfiguration(envelopes)) {
    throw new BrokenChainError(
      place,
      `it has ${envelopes.length} transactions, and flags of ${codes.length}`,
    );
  }
  const invalid = codes.flatMap((code, i) => (code === 0 ? [] : [i]));
  return { kind: 'block', header, envelopes, invalid, orderers: header.number === 0 ? undefined : orderers };
}

function isConfiguration([first, ...more]: readonly Uint8Array[]): boolean {
  try {
    return first !== undefined && more.length === 0 && readEnvelope(first).kind === 'configuration';
  } catch (error) {
    if (error instanceof UnreadableError) return false;
    throw error;
  }
}

/** Of bytes that cannot be read there is nothing to say but that they are invalid. */
function transactionsOf(
  { place, envelope, transaction, isValid, configuration }: JudgedTransaction,
  codes: readonly number[],
): BlockTransaction[] {
  if (envelope === undefined) return [];
  const { transactionId, milliseconds, chaincode, creator } = envelope;
  const endorsers = transaction && organisationsOf(configuration, transaction.endorsements);
  return [
    {
      place,
      transactionId,
      milliseconds,
      chaincode,
      input: transaction?.input ?? [],
      sender: senderOf(creator.identity.mspId, () => configuration.membership.judge(creator.identity)),
      endorsers: endorsers ?? [],
      code: codes[place]!,
      writes: isValid ? transaction!.sets.flatMap(writesOf) : [],
    },
  ];
}

function senderOf(mspId: string, judge: () => Identity): Sender {
  try {
    const { commonName, attributes } = judge().certificate;
    return { mspId, commonName, attributes };
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    return { mspId, commonName: undefined, attributes: {} };
  }
}

const writesOf = ({ namespace, writes, collections }: NamespaceSet): RowWrite[] => [
  ...writes.map((write) => ({ namespace, ...write })),
  ...collections.flatMap(({ collection, writes: hashed }) =>
    hashed.map((write) => ({ namespace: collectionId(namespace, collection), ...write })),
  ),
];
