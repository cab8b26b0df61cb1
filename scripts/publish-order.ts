// Prints the published packages in an order in which each comes after what it depends on (RELEASING.md).
import { join } from 'node:path';
import { type Package, readPackages } from './packages.ts';

/** @throws Error where packages depend on each other in a circle */
export function publishOrder(packages: readonly Pick<Package, 'name' | 'dependencies'>[]): string[] {
  const names = new Set(packages.map(({ name }) => name));
  const order = new Set<string>();
  while (order.size < packages.length) {
    const ready = packages.find(
      ({ name, dependencies }) =>
        !order.has(name) && dependencies.every((other) => !names.has(other) || order.has(other)),
    );
    if (ready === undefined) throw new Error('these packages depend on each other in a circle');
    order.add(ready.name);
  }
  return [...order];
}

if (process.argv[1] === import.meta.filename) {
  const packages = readPackages(join(import.meta.dirname, '../..'));
  console.log(publishOrder(packages.filter(({ isPrivate }) => !isPrivate)).join('\n'));
}
