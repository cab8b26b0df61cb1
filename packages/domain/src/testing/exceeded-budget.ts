// A budget that is exceeded by the rules themselves, for tests of what is documented of refusals.
import { costOfEvent, timesCost } from '../accounting/privacy-cost.ts';
import type { Dataset } from '../dataset.ts';
import { openBudgets, reserve } from '../rules/budget-rules.ts';
import { plannedTrainingEvent } from '../rules/plan-cost.ts';
import { impliedBy } from '../rules/population-rules.ts';
import type { Study } from '../study.ts';

/** Reserves a study's training against a dataset's account again and again. @throws DomainError BUDGET_EXCEEDED */
export function exceedBudget(dataset: Dataset, study: Study): never {
  const cost = timesCost(costOfEvent(plannedTrainingEvent(study)), study.rounds);
  for (let account = openBudgets(dataset, impliedBy(dataset).block)[0]!; ; account = reserve(account, cost));
}
