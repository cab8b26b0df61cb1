// What this gateway saw of the ledger, signed: of blocks alone that it checked itself.
import {
  type FabricBlock,
  headerHash,
  makeHistoryFile,
  readBlock,
  statementBytes,
  statementOrdererProblem,
  type WitnessStatement,
} from '@consilium/verify';
import type { Ledger } from '../fabric/ledger.ts';
import { GatewayRefusal } from '../gateway-errors.ts';
import type { CheckedBlocks } from '../read-model/checked-blocks.ts';
import type { WatchedHistory } from '../read-model/index-in-thread.ts';
import type { StatementSigner } from './statement-signer.ts';

export interface OwnStatementsOptions {
  readonly ledger: Pick<Ledger, 'block' | 'channel'>;
  readonly history: Pick<WatchedHistory, 'blocks'>;
  readonly signer: StatementSigner | undefined;
}

const NEWEST_KEPT_MS = 1_000;

export class OwnStatements {
  readonly #options: OwnStatementsOptions;
  /** Many ask for the newest at one time. */
  #newest:
    | { readonly block: number; readonly untilMs: number; readonly statement: Promise<WitnessStatement> }
    | undefined;

  constructor(options: OwnStatementsOptions) {
    this.#options = options;
  }

  /**
   * A statement on a block, the last one that was checked where none is named.
   *
   * @throws GatewayRefusal HISTORY_UNAVAILABLE, IDENTITY_MISSING, BLOCK_NOT_CHECKED, EVIDENCE_UNPROVEN; LedgerError
   */
  async on(number?: number): Promise<WitnessStatement> {
    const { blocks, last } = this.#checked();
    if (number !== undefined && number !== last) return this.#sign(number, blocks);
    const nowMs = Date.now();
    if (this.#newest?.block !== last || this.#newest.untilMs < nowMs) {
      const statement = this.#sign(last, blocks);
      this.#newest = { block: last, untilMs: nowMs + NEWEST_KEPT_MS, statement };
      statement.catch(() => {
        this.#newest = undefined;
      });
    }
    return this.#newest.statement;
  }

  /** The same as a file that can be checked alone. */
  async file(number?: number): Promise<Uint8Array> {
    const statement = await this.on(number);
    const { blocks } = this.#checked();
    return makeHistoryFile(statement, blocks.configurations(statement.header.number));
  }

  /** A block of the own peer, where it is the one that was checked. */
  async block(number: number): Promise<FabricBlock> {
    const block = readBlock(await this.#options.ledger.block(number));
    const known = this.#checked().blocks.block(number);
    if (known === undefined || Buffer.compare(headerHash(block.header), known.hash) !== 0) {
      throw new GatewayRefusal(
        'EVIDENCE_UNPROVEN',
        `The own peer sends another block ${number} than before.`,
      );
    }
    return block;
  }

  #checked(): { readonly blocks: CheckedBlocks; readonly last: number } {
    const { blocks } = this.#options.history;
    const tip = blocks?.tip();
    if (blocks === undefined || tip === undefined) throw new GatewayRefusal('HISTORY_UNAVAILABLE');
    return { blocks, last: tip.blocks - 1 };
  }

  async #sign(number: number, blocks: CheckedBlocks): Promise<WitnessStatement> {
    const { ledger, signer } = this.#options;
    const known = blocks.block(number);
    if (known?.configuration === undefined) throw new GatewayRefusal('BLOCK_NOT_CHECKED');
    if (signer === undefined) {
      throw new GatewayRefusal(
        'IDENTITY_MISSING',
        'Statements are signed by the operator, and the connection file has none with a key on P-256.',
      );
    }
    const { header, orderers } = await this.block(number);
    const unsigned = statementOrdererProblem({ header, orderers }, known.configuration);
    if (unsigned !== undefined)
      throw new GatewayRefusal('EVIDENCE_UNPROVEN', `Block ${number}: ${unsigned}.`);
    const statement = {
      channel: ledger.channel,
      genesis: genesisOf(blocks),
      header,
      orderers,
      mspId: signer.mspId,
      certificate: signer.certificate,
      at: new Date().toISOString(),
    };
    return { ...statement, signature: signer.sign(statementBytes(statement)) };
  }
}

/** SHA-256 of block 0's header in hexadecimal. */
export const genesisOf = (blocks: CheckedBlocks): string =>
  Buffer.from(blocks.block(0)!.hash).toString('hex');
