// Trainers of a small consortium, all in this process, each with the parts that a test gives it. Graphs are worked with
// and files read on this thread too where a test does not ask for processes and threads of their own: their start takes
// longer than the study.
import { pino } from 'pino';
import { MemberKeyRing } from '../artefacts/index.ts';
import { buildTrainer, type Trainer, type TrainerParts } from '../assemble-trainer.ts';
import { answerDataTask } from '../data/answer-data-task.ts';
import { Journal } from '../journal/journal.ts';
import { TRAINER_KEY } from './asserted-request.ts';
import { graphEngineOnThisThread } from './graph-engine-on-this-thread.ts';
import type { Hospital, SmallConsortium } from './small-consortium.ts';

export interface RunningTrainer extends Trainer {
  readonly journal: Journal;
}

export interface RunningConsortium {
  readonly trainers: ReadonlyMap<string, RunningTrainer>;
  /** Returns once a condition holds; it is looked at after each event of the ledger, and now and then. */
  until(holds: () => boolean): Promise<void>;
  stop(): Promise<void>;
}

type Chosen = Partial<TrainerParts> & Pick<TrainerParts, 'store'>;
const LOOK_AGAIN_MS = 20;

export function runTrainers(
  { consortium, hospitals }: SmallConsortium,
  partsOf: (hospital: Hospital) => Chosen,
): RunningConsortium {
  const stopping = new AbortController();
  const trainers = new Map<string, RunningTrainer>();
  const runs = hospitals.map((hospital) => {
    const { mspId, directory, keys } = hospital;
    const journal = new Journal(directory);
    const trainer = buildTrainer({
      mspId,
      trainerKey: TRAINER_KEY,
      takeoverMs: 60_000,
      pollMs: 1000,
      maxPollMs: 1000,
      minPauseMs: 5,
      maxPauseMs: 40,
      ledger: consortium.as(mspId),
      journal,
      dataFolders: [directory],
      keys: MemberKeyRing.of(keys),
      log: pino({ level: process.env.LOG ?? 'silent' }),
      signal: stopping.signal,
      graphs: graphEngineOnThisThread,
      answerDataTask,
      ...partsOf(hospital),
    });
    trainers.set(mspId, { ...trainer, journal });
    consortium.onEvent((data) => trainer.service.notice({ name: data.name, data }));
    return trainer.service.run();
  });
  return {
    trainers,
    async until(holds) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const look = () => {
        if (holds()) resolve();
      };
      const stop = consortium.onEvent(look);
      const timer = setInterval(look, LOOK_AGAIN_MS);
      await Promise.race([promise, ...runs]);
      clearInterval(timer);
      stop();
    },
    async stop() {
      stopping.abort();
      await Promise.all(runs);
      for (const { journal, http } of trainers.values()) {
        await http.close();
        journal.close();
      }
    },
  };
}
