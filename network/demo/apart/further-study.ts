// A study after the first, of the same datasets, for the steps that were not through when the first had ended.
import { GATEWAY_PATHS } from '@consilium/domain';
import { agreeOnStudy, startStudy } from '../enrolment.ts';
import { progressView } from '../progress-view.ts';
import { StageClock } from '../stage-clock.ts';
import type { StudyPlan } from '../study-plan.ts';
import { watchStudy } from '../study-watch.ts';
import type { Room } from './room.ts';
import type { StepsInStudy } from './run-steps.ts';

const ROUNDS = 4;

export async function furtherStudy(room: Room, plan: StudyPlan, inStudy: StepsInStudy): Promise<string[]> {
  const { source, signal } = room;
  const sites = room.founders();
  const view = progressView(process.stderr);
  const study = { ...plan.study, rounds: ROUNDS };
  const { studyId } = await agreeOnStudy({
    ...{ sites, source, plan: { ...plan, study }, ipfsUrl: sites[1]!.ipfsUrl },
    clock: new StageClock(),
    say: (line) => view.line(`  ${line}`),
  });
  const { client } = sites[0]!;
  const { height: fromBlock } = await client.get<{ height: number }>(GATEWAY_PATHS.ledger);
  await startStudy(sites[0]!, studyId);
  const onRound = (round: number) => inStudy.begin(studyId, round);
  await watchStudy({ sites, studyId, rounds: ROUNDS, fromBlock, view, signal, onRound });
  return [];
}
