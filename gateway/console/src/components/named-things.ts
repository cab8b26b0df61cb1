// Things that have an id and a title, found by what is typed.

/** Something with an id, and the title that its owner gave it. */
export interface Named {
  readonly id: string;
  readonly title: string;
}

/** How many are offered at a time: whoever looks for one among more types on. */
export const OFFERED_MOST = 100;

/** Those whose title or id has what was typed, by their titles. */
export function findNamed(items: readonly Named[], text: string): Named[] {
  const wanted = text.trim().toLowerCase();
  return items
    .filter(({ id, title }) => title.toLowerCase().includes(wanted) || id.toLowerCase().includes(wanted))
    .toSorted((a, b) => a.title.localeCompare(b.title) || a.id.localeCompare(b.id))
    .slice(0, OFFERED_MOST);
}

/**
 * The id that a text means: of the one thing of that title, else the text itself. Titles are strangers' text: one that
 * two things have, or that is the id of another, means neither.
 */
export function idOfText(items: readonly Named[], text: string): string {
  const wanted = text.trim();
  if (items.some(({ id }) => id === wanted)) return wanted;
  const titled = items.filter(({ title }) => title === wanted);
  return titled.length === 1 ? titled[0]!.id : wanted;
}
