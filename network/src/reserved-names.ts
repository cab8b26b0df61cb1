// Names that no organisation may have: its folder would be one that the tool keeps for itself beside it.
import type { Found } from './yaml-document.ts';

/** Folders and files of a consortium's directory, and of a hospital's folder. */
const RESERVED: ReadonlySet<string> = new Set([
  'agreed',
  'ca',
  'definitions',
  'fabric',
  'ipfs',
  'ledger',
  'lock',
  'logs',
  'snapshot',
  'watching',
]);

/** Each organisation with such a name. */
export function* reservedNames({
  organisations,
}: {
  readonly organisations: readonly { readonly name: string }[];
}): Generator<Found> {
  for (const [index, { name }] of organisations.entries()) {
    if (!RESERVED.has(name)) continue;
    const path = ['organisations', index, 'name'];
    yield { path, text: 'is the name of a folder of our own', remedy: `choose another than ${name}` };
  }
}
