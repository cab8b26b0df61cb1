// What this trainer does by itself, as spans: each action of a study begins a trace, and what it asks of the gateway is
// below it. Waiting is no action.
import { SPAN_KINDS, type Tracer } from '@consilium/traces';
import { named } from '../errors.ts';
import { describeFailure } from '../failure.ts';
import type { Action } from './next-action.ts';

/** Runs an action in a trace of its own, whatever woke its study; without a tracer it only runs it. */
export function traceAction<T>(
  tracer: Tracer | undefined,
  kind: Action['kind'],
  work: () => Promise<T>,
): Promise<T> {
  if (tracer === undefined || kind === 'wait' || kind === 'done') return work();
  const name = `study ${kind}`;
  const attributes = { 'consilium.action': kind };
  const outcomeOf = (error: unknown) => describeFailure(named(error)).code;
  return tracer.within(undefined, () =>
    tracer.around({ name, kind: SPAN_KINDS.internal, attributes, outcomeOf }, work),
  );
}
