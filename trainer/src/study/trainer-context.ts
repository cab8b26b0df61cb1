// What every action works with: the ledger, the journal, the artefacts, and a way to say how far it is.
import type { Tracer } from '@consilium/traces';
import type { Logger } from 'pino';
import type { ArtefactExchange } from '../artefacts/artefact-exchange.ts';
import type { GraphEngine } from '../containment/graph-engine.ts';
import type { DataFiles } from '../data/data-files.ts';
import type { Ledger } from '../gateway/gateway-client.ts';
import type { RequestWork } from '../http/request-work.ts';
import type { Journal } from '../journal/journal.ts';
import type { StudyModels } from './fetched-graphs.ts';

export interface TrainerContext {
  readonly mspId: string;
  readonly ledger: Ledger;
  readonly journal: Journal;
  readonly dataFiles: DataFiles;
  readonly requestWork: RequestWork;
  readonly exchange: ArtefactExchange;
  readonly models: StudyModels;
  /** Where all is done that is done with studies' graphs. */
  readonly graphs: GraphEngine;
  readonly log: Logger;
  /** Nothing is traced where it is undefined. */
  readonly tracer: Tracer | undefined;
  readonly nowMs: () => number;
  /** How long an artefact that IPFS does not find is waited for before it counts as unreachable. */
  readonly patienceMs: number;
  readonly signal: AbortSignal;
  /** Called between any two durable steps, with the step that has just become durable. */
  readonly afterStep: (step: string) => void;
  readonly onProgress: (studyId: string, step: number, steps: number) => void;
}
