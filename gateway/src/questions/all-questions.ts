// Every question, in the order in which compliance teams ask them.
import { ACTS_OF_DAY } from './acts-of-day.ts';
import { BUDGETS } from './budgets.ts';
import { ORIGINS_OF_MODEL } from './model-origins.ts';
import type { Question } from './question.ts';
import { REFUSALS_OF_HOSPITAL } from './refusals.ts';
import { STUDIES_OF_PURPOSE } from './studies-of-purpose.ts';
import { USES_OF_DATASET, USES_OF_POPULATION } from './uses.ts';
import { WITHDRAWALS_AND_ERASURES } from './withdrawals.ts';

export const QUESTIONS: readonly Question[] = [
  USES_OF_DATASET,
  USES_OF_POPULATION,
  ORIGINS_OF_MODEL,
  REFUSALS_OF_HOSPITAL,
  STUDIES_OF_PURPOSE,
  BUDGETS,
  WITHDRAWALS_AND_ERASURES,
  ACTS_OF_DAY,
];
