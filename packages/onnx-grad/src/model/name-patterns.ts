// Patterns by which studies and graphs name parameters: local ones, frozen ones, those of one layer.

/** Whether a name is one of the patterns: names, or prefixes ending in `*`. */
export function matchesPattern(name: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) =>
    pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
  );
}
