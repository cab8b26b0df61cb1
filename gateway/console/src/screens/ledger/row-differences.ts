// What changed from one version of a row to the next, field by field.

/** One field that is another than before. */
export interface Difference {
  /** Names from the outside in: `plan.rounds`. */
  readonly field: string;
  /** As text; undefined where it was not there. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** Deeper than any row, so that a hostile one ends. */
const DEPTH_MAX = 12;

/** The leaves of a value by their paths; lists and objects without content are leaves too. */
function leavesOf(value: unknown, path: string, depth: number, found: Map<string, string>): void {
  if (typeof value !== 'object' || value === null || depth >= DEPTH_MAX) {
    found.set(path, typeof value === 'string' ? value : JSON.stringify(value));
    return;
  }
  const entries = Array.isArray(value)
    ? value.map((one, at) => [`${path}[${at + 1}]`, one] as const)
    : Object.entries(value).map(([name, one]) => [path === '' ? name : `${path}.${name}`, one] as const);
  if (entries.length === 0 && path !== '') found.set(path, Array.isArray(value) ? '[]' : '{}');
  for (const [name, one] of entries) leavesOf(one, name, depth + 1, found);
}

function fieldsOf(row: object | null | undefined): Map<string, string> {
  const found = new Map<string, string>();
  leavesOf(row ?? {}, '', 0, found);
  return found;
}

/** In the order of the fields: of the newer version first, then those that are gone. */
export function differencesOf(
  before: object | null | undefined,
  after: object | null | undefined,
): Difference[] {
  const [old, now] = [fieldsOf(before), fieldsOf(after)];
  const changed = [...now].filter(([field, value]) => old.get(field) !== value);
  const gone = [...old].filter(([field]) => !now.has(field));
  return [
    ...changed.map(([field, value]) => ({ field, before: old.get(field), after: value })),
    ...gone.map(([field, value]) => ({ field, before: value, after: undefined })),
  ];
}
