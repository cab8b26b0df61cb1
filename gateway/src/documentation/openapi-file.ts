// docs/reference/openapi.json: the document that a gateway serves, as a file that shows in a review what changed.

/** How deep each value has a line of its own: fields of operations and of schemas. */
const DEPTH = 5;

function written(value: unknown, depth: number): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || depth === DEPTH) {
    return JSON.stringify(value);
  }
  const lines = Object.entries(value).map(
    ([key, inside]) => `${' '.repeat(depth + 1)}${JSON.stringify(key)}: ${written(inside, depth + 1)}`,
  );
  return lines.length === 0 ? '{}' : `{\n${lines.join(',\n')}\n${' '.repeat(depth)}}`;
}

/** The text of the file. */
export const writtenDocument = (document: object): string => `${written(document, 0)}\n`;
