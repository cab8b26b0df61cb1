/** The private data collection every organisation has without defining it. */
const PREFIX = '_implicit_org_';

/** The organisation a collection belongs to, or undefined when the name is not an implicit collection's. */
export function ownerOfImplicitCollection(collection: string): string | undefined {
  return collection.startsWith(PREFIX) ? collection.slice(PREFIX.length) : undefined;
}
