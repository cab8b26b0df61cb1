// What an operator watches of a trainer, in Prometheus' text format: sums alone, since whoever reaches the port reads
// them. Written by hand: there are a handful.
import type { Logger } from 'pino';
import type { ArtefactStore } from '../artefacts/index.ts';
import type { Journal } from '../journal/journal.ts';
import type { JobBoard } from '../study/job-board.ts';

/** How old what IPFS said may be. */
const PINS_KEPT_MS = 60_000;

export interface TrainerMetricsOptions {
  readonly board: Pick<JobBoard, 'list'>;
  readonly journal: Pick<Journal, 'artefactsForGood'>;
  readonly store: Pick<ArtefactStore, 'unpinnedOf'>;
  readonly log: Pick<Logger, 'warn'>;
  readonly nowMs: () => number;
}

interface Figure {
  readonly name: string;
  readonly kind: 'gauge' | 'counter';
  readonly help: string;
  readonly value: number | undefined;
}

export class TrainerMetrics {
  readonly #options: TrainerMetricsOptions;
  #unpinned: number | undefined;
  #askedMs = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> = Promise.resolve();

  constructor(options: TrainerMetricsOptions) {
    this.#options = options;
  }

  /** Does not wait for IPFS, which may be silent: the next text says what was found. */
  text(): string {
    const { board, nowMs } = this.#options;
    if (nowMs() - this.#askedMs >= PINS_KEPT_MS) {
      this.#askedMs = nowMs();
      this.#asking = this.#askPins();
    }
    const jobs = board.list();
    const { user, system } = process.cpuUsage();
    const figures: Figure[] = [
      {
        name: 'process_resident_memory_bytes',
        kind: 'gauge',
        help: 'Memory of this process.',
        value: process.memoryUsage.rss(),
      },
      {
        name: 'process_cpu_seconds_total',
        kind: 'counter',
        help: 'Processor time of this process.',
        value: (user + system) / 1e6,
      },
      {
        name: 'consilium_trainer_jobs',
        kind: 'gauge',
        help: 'Studies that this trainer works on.',
        value: jobs.length,
      },
      {
        name: 'consilium_trainer_jobs_failing',
        kind: 'gauge',
        help: 'Those in which something outside fails and is tried again.',
        value: jobs.filter(({ error }) => error !== undefined).length,
      },
      {
        name: 'consilium_trainer_kept_keys',
        kind: 'gauge',
        help: 'Keys for updates of withdrawn datasets that could not be destroyed: /local/jobs names them.',
        value: jobs.reduce((sum, { keptKeys = [] }) => sum + keptKeys.length, 0),
      },
      {
        name: 'consilium_artefacts_unpinned',
        kind: 'gauge',
        help: 'Artefacts that this trainer put into IPFS for good and its node does not pin; absent while not known.',
        value: this.#unpinned,
      },
    ];
    return figures.map(textOf).join('');
  }

  /** Resolves when IPFS has answered what was asked last. */
  settled(): Promise<void> {
    return this.#asking;
  }

  async #askPins(): Promise<void> {
    const { journal, store, log } = this.#options;
    try {
      this.#unpinned = (await store.unpinnedOf(journal.artefactsForGood())).length;
    } catch (err) {
      this.#unpinned = undefined;
      log.warn({ err }, 'metrics do not know which artefacts are pinned');
    }
  }
}

const textOf = ({ name, kind, help, value }: Figure): string =>
  value === undefined ? '' : `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n${name} ${value}\n`;
