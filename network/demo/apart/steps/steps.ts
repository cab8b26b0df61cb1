// The steps of the test, in their order. Each family has a file of its own.
import { UsageError } from '@consilium/command-line';
import { RENEWAL_STEPS } from './renewal.ts';
import type { Step } from './step.ts';

export const STEPS: readonly Step[] = [...RENEWAL_STEPS];

/** @throws UsageError where a name is none of a step. */
export function chooseSteps(names: readonly string[] | undefined, all = STEPS): readonly Step[] {
  if (names === undefined) return all;
  const unknown = names.filter((name) => !all.some((step) => step.name === name));
  if (unknown.length > 0)
    throw new UsageError(
      `no step ${unknown.join(', ')}; there are ${all.map(({ name }) => name).join(', ')}`,
    );
  return all.filter(({ name }) => names.includes(name));
}
