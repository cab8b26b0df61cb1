// The steps of the test, in their order, and the study beside which they run. Each family has a file of its own.
import { UsageError } from '@consilium/command-line';
import type { StudyPlan } from '../../study-plan.ts';
import { joinStep, nextStudyStep } from './join.ts';
import { killSteps } from './kill.ts';
import { leaveStep } from './leave.ts';
import { linkStep } from './link.ts';
import { renewOrdererStep } from './renew-orderer.ts';
import { RENEWAL_STEPS } from './renewal.ts';
import { restoreStep } from './restore.ts';
import { revokeStep } from './revoke.ts';
import { rollingRestartStep } from './rolling-restart.ts';
import { secondPeerStep } from './second-peer.ts';
import type { Step } from './step.ts';
import { upgradeStep } from './upgrade.ts';
import { wipePeerStep } from './wipe-peer.ts';

export const STEPS: readonly Step[] = [
  ...killSteps(1),
  ...RENEWAL_STEPS,
  linkStep(2),
  revokeStep(3),
  renewOrdererStep(3),
  upgradeStep(4),
  wipePeerStep(5),
  secondPeerStep(5),
  rollingRestartStep(5),
  joinStep(6),
  nextStudyStep,
  leaveStep,
  restoreStep,
];

const EVERY = 'all';

/**
 * @param names `all`, or some; all but the long ones where absent
 * @throws UsageError where a name is none of a step
 */
export function chooseSteps(names: readonly string[] | undefined, all = STEPS): readonly Step[] {
  if (names === undefined) return all.filter(({ isLong }) => isLong !== true);
  if (names.length === 1 && names[0] === EVERY) return all;
  const unknown = names.filter((name) => !all.some((step) => step.name === name));
  if (unknown.length > 0)
    throw new UsageError(
      `no step ${unknown.join(', ')}; there are ${all.map(({ name }) => name).join(', ')}, or ${EVERY}`,
    );
  return fromFirstRound(all.filter(({ name }) => names.includes(name)));
}

/** Nobody waits for rounds in which nothing is to be done. */
function fromFirstRound(steps: readonly Step[]): Step[] {
  const first = Math.min(
    ...steps.map(({ when }) => (typeof when === 'string' ? Number.POSITIVE_INFINITY : when.round)),
  );
  return steps.map((step) =>
    typeof step.when === 'string' ? step : { ...step, when: { round: step.when.round - first + 1 } },
  );
}

/** Of a round, however fast the machine: a step beside the study must find it running. */
const ROUND_SECONDS = 20;
/** Nobody is left out of a round for being cut off or restarted. */
const DEADLINE_SECONDS = 900;
const STEPS_PER_ROUND = 2;
/** For as many studies as the steps need. */
const BUDGET = '9';

/** The same study in shorter rounds, which wait for everybody, where steps run beside it. */
export function planBeside(steps: readonly Step[], plan: StudyPlan): StudyPlan {
  if (steps.every(({ when }) => typeof when === 'string')) return plan;
  const { study } = plan;
  return {
    ...plan,
    budget: { ...plan.budget, epsilon: BUDGET },
    study: {
      ...study,
      training: { ...study.training, stepsPerRound: STEPS_PER_ROUND },
      roundDeadlineSeconds: DEADLINE_SECONDS,
      notBefore: { updateSeconds: ROUND_SECONDS, verdictSeconds: 0 },
    },
  };
}
