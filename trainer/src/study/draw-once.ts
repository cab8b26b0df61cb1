// One draw for one charge, whatever fails: patients are drawn at most once for a (study, round, dataset, pool), and
// what follows a failure is read in the table of `retries.ts`.
import { describeFailure } from '../failure.ts';
import type { Draw, Release, ReleaseKey } from '../journal/journal-records.ts';
import { type Ending, RETRIES } from './retries.ts';
import type { TrainerContext } from './trainer-context.ts';

export interface Mechanism {
  readonly key: ReleaseKey;
  readonly work: 'train' | 'score';
  /** On the hospital's patients. Calls `onDrawing` once, before the first of them is drawn, and waits for it. */
  readonly onPatients: (onDrawing: () => void) => Promise<Draw>;
  /** The same on no patients at all. It depends on none, so that it may be done again. */
  readonly onNobody: () => Promise<Draw>;
}

/**
 * The release for a key, on disk when it returns.
 *
 * **Guarantee.** Let M be the mechanism, M(∅) its output on no patients, and F the event that a draw on the patients
 * fails after it was begun. The release is M(D) where F did not occur and an independent M(∅) where it did, so:
 * 1. Anybody who sees it learns no more than from M(D) or, where F occurred, from the word "failed": replacing that by
 *    fresh M(∅) uses no patient, and is post-processing. It costs and is charged what M(D) is.
 * 2. Where F does not depend on the patients (a power cut, a full disk), the release has the privacy of M: Rényi
 *    divergence is quasi-convex, and both mixtures have the same weight on the same M(∅).
 * 3. Where F depends on a patient, no later replacement can undo it, and neither can the ledger: that graphs do not
 *    fail because of a row is a matter of how they are lowered. What is promised here is that such an event is
 *    observed at most once for each charge, rather than until it does not occur.
 *
 * @throws what either function throws: before a patient was drawn, when the operator stops the trainer, or on nobody
 */
export async function drawOnce(context: TrainerContext, mechanism: Mechanism): Promise<Release> {
  const { journal, afterStep } = context;
  const { key, work } = mechanism;
  const id = JSON.stringify(key);
  const draw = journal.held.get(id) ?? (await drawnBy(context, mechanism));
  journal.held.set(id, draw);
  afterStep(`${work}: drawn, not written down`);
  const release = journal.recordRelease(key, draw);
  journal.held.delete(id);
  afterStep(`${work}: written down`);
  return release;
}

async function drawnBy(context: TrainerContext, mechanism: Mechanism): Promise<Draw> {
  const { journal, afterStep, signal } = context;
  const { key, work, onPatients } = mechanism;
  if (journal.drawOutcome(key) !== undefined) return instead(context, mechanism, 'dies');
  let isBegun = false;
  try {
    return await onPatients(() => {
      journal.beginDraw(key, context.nowMs());
      isBegun = true;
      afterStep(`${work}: begun`);
    });
  } catch (error) {
    const ending: Ending = signal.aborted ? 'stops' : 'fails';
    const next = RETRIES[isBegun ? 'drawing' : 'none'][ending];
    if (next === 'nobody') return instead(context, mechanism, 'fails', error);
    // Of a draw that another began there is nothing to take back.
    if (isBegun) journal.cancelDraw(key);
    throw error;
  }
}

/** Said to this hospital only. What failed may be said in words that hold a patient's value: its code alone is. */
async function instead(
  { log }: TrainerContext,
  { key, work, onNobody }: Mechanism,
  ending: Ending,
  error?: unknown,
): Promise<Draw> {
  const code = error === undefined ? undefined : describeFailure(error).code;
  log.error(
    { ...key, work, ending, ...(code !== undefined && { code }) },
    'patients may have been drawn and the release is lost: it is charged, and one of noise alone takes its place',
  );
  return { ...(await onNobody()), isOfNobody: true };
}
