// Puts one hospital's trainer together: what the parts are is written out here and nowhere else.
import type { Tracer } from '@consilium/traces';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { ArtefactExchange } from './artefacts/artefact-exchange.ts';
import { type ArtefactStore, type MemberKeyRing, proveKey } from './artefacts/index.ts';
import { ContainedGraphEngine } from './containment/contained-graph-engine.ts';
import type { GraphEngine } from './containment/graph-engine.ts';
import { DataFiles, type DataFilesOptions } from './data/data-files.ts';
import type { Ledger } from './gateway/gateway-client.ts';
import { buildHttp } from './http/http.ts';
import { RequestWork } from './http/request-work.ts';
import { TrainerMetrics } from './http/trainer-metrics.ts';
import type { Journal } from './journal/journal.ts';
import { TrainerService } from './study/drive-studies.ts';
import { StudyModels } from './study/fetched-graphs.ts';
import type { TrainerContext } from './study/trainer-context.ts';

export interface TrainerParts {
  readonly mspId: string;
  readonly trainerKey: string;
  readonly takeoverMs: number;
  readonly pollMs: number;
  readonly maxPollMs?: number;
  readonly minPauseMs?: number;
  readonly maxPauseMs?: number;
  readonly ledger: Ledger;
  readonly journal: Journal;
  /** Where this hospital's files are; none is read where there is no folder. */
  readonly dataFolders: readonly string[];
  readonly store: ArtefactStore;
  readonly keys: MemberKeyRing;
  readonly log: Logger;
  /** Nothing is traced if absent. Who gives it closes it. */
  readonly tracer?: Tracer | undefined;
  readonly signal: AbortSignal;
  /** By default in processes of their own, which end with the signal. */
  readonly graphs?: GraphEngine;
  readonly graphMemoryBytes?: number;
  /** By default in threads of their own. */
  readonly answerDataTask?: DataFilesOptions['answer'];
  readonly nowMs?: () => number;
  readonly patienceMs?: number;
  readonly afterStep?: (step: string) => void;
  readonly onProgress?: (studyId: string, step: number, steps: number) => void;
}

export interface Trainer {
  readonly context: TrainerContext;
  readonly service: TrainerService;
  readonly http: FastifyInstance;
}

/** Time an artefact is looked for before it counts as unreachable. */
const PATIENCE_MS = 120_000;

function containedGraphs({ signal, graphMemoryBytes: memoryBytes }: TrainerParts): GraphEngine {
  return new ContainedGraphEngine({ signal, ...(memoryBytes !== undefined && { memoryBytes }) });
}

export function buildTrainer(parts: TrainerParts): Trainer {
  const { mspId, ledger, journal, store, keys, log, signal } = parts;
  const nowMs = parts.nowMs ?? Date.now;
  const afterStep = parts.afterStep ?? (() => undefined);
  const listMembers = () => ledger.listMembers();
  const exchange = new ArtefactExchange({
    mspId,
    keys,
    store,
    journal,
    listMembers,
    afterStep,
    nowMs,
    log,
  });
  const graphs = parts.graphs ?? containedGraphs(parts);
  const context: TrainerContext = {
    mspId,
    ledger,
    journal,
    dataFiles: new DataFiles({
      folders: parts.dataFolders,
      signal,
      ...(parts.answerDataTask !== undefined && { answer: parts.answerDataTask }),
    }),
    requestWork: new RequestWork({ signal }),
    exchange,
    models: new StudyModels(exchange, graphs, log),
    graphs,
    log,
    tracer: parts.tracer,
    nowMs,
    patienceMs: parts.patienceMs ?? PATIENCE_MS,
    signal,
    afterStep,
    onProgress: parts.onProgress ?? (() => undefined),
  };
  const service = new TrainerService(context, parts);
  const http = buildHttp({
    context,
    board: service.board,
    trainerKey: parts.trainerKey,
    metrics: new TrainerMetrics({ board: service.board, journal, store, log, nowMs }),
    proveKey: async () => {
      await keys.refresh();
      return proveKey(keys.newest, { mspId, channel: await ledger.channel() });
    },
    onChange: () => service.wakeAll(),
  });
  return { context, service, http };
}
