// Which tests say first whether a change is right: those that changed, those beside it, and those that import it.

export interface Choice {
  /** Source files of tests to run now. */
  readonly near: readonly string[];
  /** How many others reach the change by way of other files. */
  readonly further: number;
}

/** @param graph source files and the files that they import */
export function testsOf(changed: readonly string[], graph: ReadonlyMap<string, readonly string[]>): Choice {
  const isTest = (file: string) => file.endsWith('.test.ts');
  const importers = new Map<string, string[]>();
  for (const [file, targets] of graph) {
    for (const target of targets) importers.set(target, [...(importers.get(target) ?? []), file]);
  }
  const near = new Set<string>();
  for (const file of changed) {
    const beside = file.replace(/\.ts$/, '.test.ts');
    for (const test of [file, beside, ...(importers.get(file) ?? [])]) {
      if (isTest(test) && graph.has(test)) near.add(test);
    }
  }
  const reached = new Set(changed);
  for (const file of reached) for (const importer of importers.get(file) ?? []) reached.add(importer);
  const further = [...reached].filter((file) => isTest(file) && !near.has(file)).length;
  return { near: [...near].sort(), further };
}
