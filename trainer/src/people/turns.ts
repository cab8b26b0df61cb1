// What changes a register of patients, and what removes its files, happens one after the other.

const LAST = new WeakMap<object, Promise<unknown>>();

/** Runs some work when all that was given before for the same journal has ended. */
export async function inRegisterTurn<T>(journal: object, work: () => Promise<T>): Promise<T> {
  const before = LAST.get(journal) ?? Promise.resolve();
  const turn = before.then(work, work);
  LAST.set(
    journal,
    turn.catch(() => undefined),
  );
  return turn;
}
