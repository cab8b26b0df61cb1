// What the verified history says to those who watch over a hospital: in sums alone, since /metrics is public and which
// populations and studies there are is not.
import { type Round, type Study, statementOf } from '@consilium/domain';
import { GatewayRefusal } from './gateway-errors.ts';
import { accountsIn } from './questions/accounts.ts';
import type { HistorySource } from './read-model/ledger-history.ts';
import { ALL } from './read-model/lookups.ts';

export interface HistoryFigures {
  /** Of the own privacy accounts the least share of a budget that is neither spent nor reserved; none without one. */
  readonly leastLeftRatio: number | undefined;
  /** Running rounds whose deadline has passed; a pause stops the clock. */
  readonly overdueRounds: number;
}

/** What is left of one account. */
export interface AccountFigures {
  readonly populationId: string;
  readonly block: number;
  readonly pool: string;
  readonly leftEpsilon: number;
}

interface Read {
  readonly blocks: number;
  readonly accounts: readonly AccountFigures[];
  readonly leastLeftRatio: number | undefined;
  /** Of running rounds, in milliseconds since 1970. */
  readonly deadlinesMs: readonly number[];
}

/** Reads the history once for each height of the ledger. */
export class HistoryMetrics {
  readonly #history: HistorySource;
  readonly #mspId: string;
  readonly #warn: (error: unknown) => void;
  #read: Read | undefined;
  #hasWarned = false;

  constructor(history: HistorySource, mspId: string, warn: (error: unknown) => void = () => {}) {
    this.#history = history;
    this.#mspId = mspId;
    this.#warn = warn;
  }

  /** Of the own accounts what is left of each; none where there is no history that can be read. */
  accounts(): readonly AccountFigures[] {
    return this.figures() === undefined ? [] : (this.#read?.accounts ?? []);
  }

  /** Undefined where there is no history that can be read; the first reason that is no usual one is warned of. */
  figures(nowMs = Date.now()): HistoryFigures | undefined {
    try {
      this.#read = this.#history.read((history) => {
        const { blocks } = history.edge();
        if (this.#read?.blocks === blocks) return this.#read;
        const own = [...accountsIn(history, { mspId: this.#mspId })];
        const statements = own.map(({ now: { account } }) => ({ account, ...statementOf(account) }));
        const ratios = statements.map(
          ({ leftEpsilon, budget }) => Math.max(0, Number(leftEpsilon)) / Number(budget.epsilon),
        );
        const isPaused = ({ studyId }: Round) =>
          history.row<Study>('study', [studyId])?.row?.state === 'paused';
        const running = [...history.lookUp<Round>('runningRounds', ALL)].flatMap(({ row }) =>
          row !== undefined && row.state !== 'finalized' && row.state !== 'aborted' ? [row] : [],
        );
        return {
          blocks,
          accounts: statements.map(({ account: { populationId, block, pool }, leftEpsilon }) => ({
            ...{ populationId, block, pool },
            leftEpsilon: Math.max(0, Number(leftEpsilon)),
          })),
          leastLeftRatio: ratios.length === 0 ? undefined : Math.min(...ratios),
          deadlinesMs: running.filter((one) => !isPaused(one)).map(({ deadline }) => Date.parse(deadline)),
        };
      });
    } catch (error) {
      // It is not there yet, or not any more; or another member's chaincode is newer than this gateway.
      if (!(error instanceof GatewayRefusal) && !this.#hasWarned) {
        this.#hasWarned = true;
        this.#warn(error);
      }
      return undefined;
    }
    const { leastLeftRatio, deadlinesMs } = this.#read;
    return { leastLeftRatio, overdueRounds: deadlinesMs.filter((deadline) => deadline < nowMs).length };
  }
}
